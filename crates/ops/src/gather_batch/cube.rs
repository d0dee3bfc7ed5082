//! The rows of one batch on graphics devices.

use super::GatherBatch;
use crate::cube::{as_i32, empty, shape, strides, threads};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per element of the batch; the thread of an image's first element copies the label as well.
#[cube(launch_unchecked)]
fn gather(
    inputs: &[f32],
    labels: &[i32],
    order: &[i32],
    x: &mut [f32],
    y: &mut [i32],
    n: usize,
    #[comptime] channels: usize,
    #[comptime] height: usize,
    #[comptime] width: usize,
    #[comptime] strides: [usize; 4],
) {
    let to = ABSOLUTE_POS;
    let (w, h) = (to % width, to / width % height);
    let c = to / comptime!(width * height) % channels;
    let image = to / comptime!(width * height * channels);
    if image >= n {
        terminate!();
    }
    let row = usize::cast_from(order[1 + usize::cast_from(order[0]) * n + image]);
    x[to] = inputs[row * comptime!(strides[0])
        + c * comptime!(strides[1])
        + h * comptime!(strides[2])
        + w * comptime!(strides[3])];
    if to == image * comptime!(channels * height * width) {
        y[image] = labels[row];
    }
}

impl GatherBatch for CubeBackend {
    fn gather_rows(
        inputs: FloatTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        size: usize,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let ([_, channels, height, width], n) = (shape(&inputs), size);
        let x = empty(&inputs, [n, channels, height, width], DType::F32);
        let y = empty(&inputs, [n], DType::I32);
        let strides = strides(&inputs);
        let (count, dim) = threads(&x, n * channels * height * width);
        // SAFETY: threads beyond the batch stop, and row indices are within the data set.
        unsafe {
            gather::launch_unchecked(
                &x.client,
                count,
                dim,
                inputs.into_buffer_arg(),
                as_i32(labels).into_buffer_arg(),
                as_i32(order).into_buffer_arg(),
                x.clone().into_buffer_arg(),
                y.clone().into_buffer_arg(),
                n,
                channels,
                height,
                width,
                strides,
            );
        }
        (x, y)
    }
}
