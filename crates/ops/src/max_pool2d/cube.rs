use super::MaxPool2d;
use crate::cube::{in_rows, new, shape, strides, threads};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One pooled pixel.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    y: &mut [f32],
    winners: &mut [i32],
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
    let mut winner = 0i32;
    #[unroll]
    for place in 1..4usize {
        let value = x[first + comptime!(place / 2 * strides[2] + place % 2 * strides[3])];
        if value > best {
            best = value;
            winner = i32::cast_from(place);
        }
    }
    if relu && best <= 0.0f32 {
        best = 0.0f32;
        winner = 4i32;
    }
    y[i] = best;
    winners[i] = winner;
}

/// One pixel of x.
#[cube(launch_unchecked)]
fn gradient(dy: &[f32], winners: &[i32], dx: &mut [f32], n: usize, #[comptime] sides: [usize; 2]) {
    let i = ABSOLUTE_POS;
    if i >= n {
        terminate!();
    }
    let (height, width) = comptime!((sides[0], sides[1]));
    let (x, y) = (i % width, i / width % height);
    // An odd last line and column are in no window.
    let inside = x < comptime!(width / 2 * 2) && y < comptime!(height / 2 * 2);
    let line = i / comptime!(height * width) * comptime!(height / 2) + y / 2;
    let at = select(inside, line * comptime!(width / 2) + x / 2, 0usize);
    let won = inside && winners[at] == i32::cast_from(y % 2 * 2 + x % 2);
    dx[i] = select(won, dy[at], 0.0f32);
}

impl MaxPool2d for CubeBackend {
    fn max_pool2d_forward(x: FloatTensor<Self>, relu: bool) -> (FloatTensor<Self>, IntTensor<Self>) {
        let [n, channels, height, width] = shape(&x);
        let pooled = [n, channels, height / 2, width / 2];
        let (y, winners) = (new(&x, pooled, DType::F32), new(&x, pooled, DType::I32));
        let all = pooled.iter().product();
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads beyond `all` stop, and every window lies inside.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                winners.clone().into_buffer_arg(),
                all,
                [channels, height, width],
                relu,
                strides,
            );
        }
        (y, winners)
    }

    fn max_pool2d_dx(
        dy: FloatTensor<Self>,
        winners: IntTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let dy = in_rows(dy);
        let [n, channels, ..] = shape::<4>(&dy);
        let dx = new(&dy, [n, channels, height, width], DType::F32);
        let all = n * channels * height * width;
        let (count, dim) = threads(&dy, all);
        // SAFETY: as above.
        unsafe {
            gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dy.into_buffer_arg(),
                winners.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                all,
                [height, width],
            );
        }
        dx
    }
}
