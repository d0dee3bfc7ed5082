//! Convolution on graphics devices: one thread per pixel forward and for the input gradient, one workgroup per kernel
//! row for the weight gradient.

use super::Conv2d;
use crate::cube::{
    Conv, OUTSIDE, THREADS, both, clamped, empty, load_or_zero, offset, publish, row_major, shape, strides, sum_of,
    threads, workgroups,
};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// Height and width of the output.
fn out(conv: &Conv, stride: usize) -> (usize, usize) {
    (conv.height.div_ceil(stride), conv.width.div_ceil(stride))
}

/// The channels that one thread computes: every element is loaded once for all of them, and their accumulators must fit
/// the registers.
fn group(n: usize) -> usize {
    n.min(4)
}

/// The offset, in steps of `distance`, of the output row (or column) `(i − pad) / stride`, or [`OUTSIDE`] if that is
/// not an integer or out of range.
#[cube]
#[allow(clippy::manual_is_multiple_of, reason = "unknown to cubecl")]
fn strided_offset(
    i: usize,
    #[comptime] pad: usize,
    #[comptime] n: usize,
    #[comptime] stride: usize,
    #[comptime] distance: usize,
) -> usize {
    let from = offset(i, pad, comptime!(n * stride), 1usize);
    select(both(from < OUTSIDE, from % stride == 0), from / stride * distance, OUTSIDE)
}

/// One pixel of y, `group` output channels.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    y: &mut [f32],
    threads: usize,
    #[comptime] conv: Conv,
    #[comptime] stride: usize,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let pad = comptime!(kernel / 2);
    let (height, width) = comptime!(out(&conv, stride));
    let groups = comptime!(outputs.div_ceil(group));
    let (px, py) = (ABSOLUTE_POS % width, ABSOLUTE_POS / width % height);
    let first = ABSOLUTE_POS / comptime!(height * width) % groups * group;
    let n = ABSOLUTE_POS / comptime!(height * width * groups);
    let mut sums = Array::<f32>::new(group);
    #[unroll]
    for o in 0..group {
        sums[o] = 0.0f32;
    }
    for c in 0..inputs {
        let image = n * comptime!(strides[0]) + c * comptime!(strides[1]);
        #[unroll]
        for ky in 0..kernel {
            let row = image + offset(py * stride + ky, pad, comptime!(conv.height), comptime!(strides[2]));
            #[unroll]
            for kx in 0..kernel {
                let column = offset(px * stride + kx, pad, comptime!(conv.width), comptime!(strides[3]));
                let value = load_or_zero(x, row + column);
                #[unroll]
                for o in 0..group {
                    let from = (clamped(first + o, outputs) * inputs + c) * comptime!(kernel * kernel);
                    sums[o] += value * weight[from + comptime!(ky * kernel + kx)];
                }
            }
        }
    }
    #[unroll]
    for o in 0..group {
        if first + o < outputs {
            y[((n * outputs + first + o) * height + py) * width + px] = sums[o];
        }
    }
}

/// One pixel of dx, `group` input channels: sums over all pixels of y that it contributed to.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    threads: usize,
    #[comptime] conv: Conv,
    #[comptime] stride: usize,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let pad = comptime!(kernel / 2);
    let (height, width) = comptime!(out(&conv, stride));
    let groups = comptime!(inputs.div_ceil(group));
    let (px, py) =
        (ABSOLUTE_POS % comptime!(conv.width), ABSOLUTE_POS / comptime!(conv.width) % comptime!(conv.height));
    let first = ABSOLUTE_POS / comptime!(conv.height * conv.width) % groups * group;
    let n = ABSOLUTE_POS / comptime!(conv.height * conv.width * groups);
    let mut sums = Array::<f32>::new(group);
    #[unroll]
    for c in 0..group {
        sums[c] = 0.0f32;
    }
    for o in 0..outputs {
        let image = n * comptime!(strides[0]) + o * comptime!(strides[1]);
        #[unroll]
        for ky in 0..kernel {
            // Pixel py is at kernel row ky of output row (py + pad − ky) / stride, if that is an integer.
            let row = image
                + strided_offset(
                    py + comptime!(kernel - 1 - ky),
                    comptime!(kernel - 1 - pad),
                    height,
                    stride,
                    comptime!(strides[2]),
                );
            #[unroll]
            for kx in 0..kernel {
                let tap = px + comptime!(kernel - 1 - kx);
                let column = strided_offset(tap, comptime!(kernel - 1 - pad), width, stride, comptime!(strides[3]));
                let g = load_or_zero(dy, row + column);
                #[unroll]
                for c in 0..group {
                    let from = (o * inputs + clamped(first + c, inputs)) * comptime!(kernel * kernel);
                    sums[c] += g * weight[from + comptime!(ky * kernel + kx)];
                }
            }
        }
    }
    #[unroll]
    for c in 0..group {
        if first + c < inputs {
            let image_row = (n * inputs + first + c) * comptime!(conv.height) + py;
            dx[image_row * comptime!(conv.width) + px] = sums[c];
        }
    }
}

/// A workgroup computes one kernel row of `group` output channels and one input channel: every thread sums over its own
/// pixels, and then the threads' sums are added.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    x: &[f32],
    dw: &mut [f32],
    pixels: usize,
    #[comptime] conv: Conv,
    #[comptime] stride: usize,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
    #[comptime] x_strides: [usize; 4],
) {
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let pad = comptime!(kernel / 2);
    let (height, width) = comptime!(out(&conv, stride));
    let thread = UNIT_POS as usize;
    let ky = CUBE_POS % kernel;
    let c = CUBE_POS / kernel % inputs;
    let first = CUBE_POS / comptime!(kernel * inputs) * group;
    let mut sums = Array::<f32>::new(comptime!(group * kernel));
    #[unroll]
    for i in 0..comptime!(group * kernel) {
        sums[i] = 0.0f32;
    }
    let mut pixel = thread;
    while pixel < pixels {
        let (n, py, px) = (pixel / comptime!(height * width), pixel / width % height, pixel % width);
        let row = offset(py * stride + ky, pad, comptime!(conv.height), comptime!(x_strides[2]));
        let from = n * comptime!(x_strides[0]) + c * comptime!(x_strides[1]) + row;
        let mut values = Array::<f32>::new(kernel);
        #[unroll]
        for kx in 0..kernel {
            values[kx] =
                load_or_zero(x, from + offset(px * stride + kx, pad, comptime!(conv.width), comptime!(x_strides[3])));
        }
        let at = n * comptime!(strides[0]) + py * comptime!(strides[2]) + px * comptime!(strides[3]);
        #[unroll]
        for o in 0..group {
            let g = dy[at + clamped(first + o, outputs) * comptime!(strides[1])];
            #[unroll]
            for kx in 0..kernel {
                sums[o * kernel + kx] += g * values[kx];
            }
        }
        pixel += comptime!(THREADS);
    }
    let shared = publish(&sums, comptime!(group * kernel), THREADS);
    if thread < comptime!(group * kernel) {
        let sum = sum_of(&shared, thread, THREADS);
        let (o, kx) = (first + thread / kernel, thread % kernel);
        if o < outputs {
            dw[((o * inputs + c) * kernel + ky) * kernel + kx] = sum;
        }
    }
}

impl Conv2d for CubeBackend {
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        let weight = row_major(weight);
        let ([n, ..], [outputs, _, kernel, _]) = (shape::<4>(&x), shape::<4>(&weight));
        let conv = Conv::new(shape(&x), outputs, kernel);
        let ((height, width), group) = (out(&conv, stride), group(outputs));
        let y = empty(&x, [n, outputs, height, width], DType::F32);
        let all = n * height * width * outputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads from `all` on stop, and elements outside the image or beyond the channels are not accessed.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                weight.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                all,
                conv,
                stride,
                group,
                strides,
            );
        }
        y
    }

    fn conv2d_dx(
        dy: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let weight = row_major(weight);
        let ([n, ..], [outputs, inputs, kernel, _]) = (shape::<4>(&dy), shape(&weight));
        let x = [n, inputs, height, width];
        let dx = empty(&dy, x, DType::F32);
        let group = group(inputs);
        let all = n * height * width * inputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&dy, all), strides(&dy));
        // SAFETY: as above.
        unsafe {
            input_gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dy.into_buffer_arg(),
                weight.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                all,
                Conv::new(x, outputs, kernel),
                stride,
                group,
                strides,
            );
        }
        dx
    }

    fn conv2d_dw(dy: FloatTensor<Self>, x: FloatTensor<Self>, kernel: usize, stride: usize) -> FloatTensor<Self> {
        let ([n, outputs, height, width], [_, inputs, ..]) = (shape(&dy), shape::<4>(&x));
        let dw = empty(&dy, [outputs, inputs, kernel, kernel], DType::F32);
        let group = group(outputs);
        let (conv, of_dy, of_x) = (Conv::new(shape(&x), outputs, kernel), strides(&dy), strides(&x));
        let count = workgroups(&dy, outputs.div_ceil(group) * inputs * kernel);
        // SAFETY: workgroups beyond the channels write nothing.
        unsafe {
            weight_gradient::launch_unchecked(
                &dw.client,
                count,
                CubeDim::new_1d(THREADS as u32),
                dy.into_buffer_arg(),
                x.into_buffer_arg(),
                dw.clone().into_buffer_arg(),
                n * height * width,
                conv,
                stride,
                group,
                of_dy,
                of_x,
            );
        }
        dw
    }
}
