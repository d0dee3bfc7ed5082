//! Max pooling on graphics devices.

use super::MaxPool2d;
use crate::cube::{empty, row_major, shape, strides, threads};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per pooled pixel.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    y: &mut [f32],
    indices: &mut [i32],
    n: usize,
    #[comptime] sides: [usize; 3],
    #[comptime] relu: bool,
    #[comptime] strides: [usize; 4],
) {
    let i = ABSOLUTE_POS;
    if i >= n {
        terminate!();
    }
    let (channels, height, width) = comptime!((sides[0], sides[1] / 2, sides[2] / 2));
    let (px, py) = (i % width, i / width % height);
    let channel = i / comptime!(height * width) % channels;
    let first = i / comptime!(height * width * channels) * comptime!(strides[0])
        + channel * comptime!(strides[1])
        + 2 * py * comptime!(strides[2])
        + 2 * px * comptime!(strides[3]);
    let mut best = x[first];
    let mut index = 0i32;
    #[unroll]
    for place in 1..4usize {
        let value = x[first + comptime!(place / 2 * strides[2] + place % 2 * strides[3])];
        if value > best {
            best = value;
            index = i32::cast_from(place);
        }
    }
    if relu && best <= 0.0f32 {
        best = 0.0f32;
        index = 4i32;
    }
    y[i] = best;
    indices[i] = index;
}

/// One thread per pixel of dx.
#[cube(launch_unchecked)]
fn gradient(dy: &[f32], indices: &[i32], dx: &mut [f32], n: usize, #[comptime] sides: [usize; 2]) {
    let i = ABSOLUTE_POS;
    if i >= n {
        terminate!();
    }
    let (height, width) = comptime!((sides[0], sides[1]));
    let (x, y) = (i % width, i / width % height);
    // An odd last row or column is in no window.
    let inside = x < comptime!(width / 2 * 2) && y < comptime!(height / 2 * 2);
    let row = i / comptime!(height * width) * comptime!(height / 2) + y / 2;
    let at = select(inside, row * comptime!(width / 2) + x / 2, 0usize);
    let selected = inside && indices[at] == i32::cast_from(y % 2 * 2 + x % 2);
    dx[i] = select(selected, dy[at], 0.0f32);
}

impl MaxPool2d for CubeBackend {
    fn max_pool2d_forward(x: FloatTensor<Self>, relu: bool) -> (FloatTensor<Self>, IntTensor<Self>) {
        let [n, channels, height, width] = shape(&x);
        let pooled = [n, channels, height / 2, width / 2];
        let (y, indices) = (empty(&x, pooled, DType::F32), empty(&x, pooled, DType::I32));
        let all = pooled.iter().product();
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads from `all` on stop, and every window lies inside the image.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                indices.clone().into_buffer_arg(),
                all,
                [channels, height, width],
                relu,
                strides,
            );
        }
        (y, indices)
    }

    fn max_pool2d_dx(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let dy = row_major(dy);
        let [n, channels, ..] = shape::<4>(&dy);
        let dx = empty(&dy, [n, channels, height, width], DType::F32);
        let all = n * channels * height * width;
        let (count, dim) = threads(&dy, all);
        // SAFETY: as above.
        unsafe {
            gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dy.into_buffer_arg(),
                indices.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                all,
                [height, width],
            );
        }
        dx
    }
}
