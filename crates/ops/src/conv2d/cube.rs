use super::Conv2d;
use crate::cube::{clamped, in_rows, new, shape, strides, threads, workgroups};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// What a kernel is built for; pad is kernel / 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sizes {
    inputs: usize,
    outputs: usize,
    height: usize,
    width: usize,
    kernel: usize,
    stride: usize,
}

impl Sizes {
    fn new([_, inputs, height, width]: [usize; 4], outputs: usize, kernel: usize, stride: usize) -> Self {
        Self { inputs, outputs, height, width, kernel, stride }
    }

    /// Of the result: its height and its width.
    fn out(&self) -> (usize, usize) {
        (self.height.div_ceil(self.stride), self.width.div_ceil(self.stride))
    }
}

/// Channels that one thread computes: every number is read once for all of them, and their sums have to fit the
/// registers.
fn group(n: usize) -> usize {
    n.min(4)
}

/// Threads of a workgroup of [`weight_gradient`]: what they share fits 16 KB, the least that a device has.
const THREADS: usize = 64;

/// Line `i` less `pad`, 0 where it is not one of `n`, and whether it is.
#[cube]
fn line(i: usize, #[comptime] pad: usize, #[comptime] n: usize) -> (usize, bool) {
    let inside = i >= pad && i < comptime!(pad + n);
    // In this order: a line that is known beforehand would be a number below zero.
    (select(inside, i, pad.runtime()) - pad, inside)
}

/// One pixel of y, `group` output channels.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    y: &mut [f32],
    threads: usize,
    #[comptime] conv: Sizes,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel, stride) = comptime!((conv.inputs, conv.outputs, conv.kernel, conv.stride));
    let (height, width) = comptime!(conv.out());
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
            let (row, high) = line(py * stride + ky, comptime!(kernel / 2), comptime!(conv.height));
            #[unroll]
            for kx in 0..kernel {
                let (column, wide) = line(px * stride + kx, comptime!(kernel / 2), comptime!(conv.width));
                let at = image + row * comptime!(strides[2]) + column * comptime!(strides[3]);
                let value = select(high && wide, x[at], 0.0f32);
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

/// One pixel of x, `group` input channels, from all pixels of y that it went into.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    threads: usize,
    #[comptime] conv: Sizes,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel, stride) = comptime!((conv.inputs, conv.outputs, conv.kernel, conv.stride));
    let (height, width) = comptime!(conv.out());
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
            // Pixel py was tap ky of pixel (py + pad − ky) / stride, where that is whole.
            let (row, high) =
                line(py + comptime!(kernel - 1 - ky), comptime!(kernel - 1 - kernel / 2), comptime!(height * stride));
            #[unroll]
            for kx in 0..kernel {
                let (column, wide) = line(
                    px + comptime!(kernel - 1 - kx),
                    comptime!(kernel - 1 - kernel / 2),
                    comptime!(width * stride),
                );
                let whole = row % stride == 0 && column % stride == 0;
                let at = image + row / stride * comptime!(strides[2]) + column / stride * comptime!(strides[3]);
                let g = select(high && wide && whole, dy[at], 0.0f32);
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
            let line = (n * inputs + first + c) * comptime!(conv.height) + py;
            dx[line * comptime!(conv.width) + px] = sums[c];
        }
    }
}

/// A workgroup computes one line of taps of `group` output channels of one input channel: every thread sums over pixels
/// of its own, then all of them add up what they have.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    x: &[f32],
    dw: &mut [f32],
    pixels: usize,
    #[comptime] conv: Sizes,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
    #[comptime] x_strides: [usize; 4],
) {
    let (inputs, outputs, kernel, stride) = comptime!((conv.inputs, conv.outputs, conv.kernel, conv.stride));
    let (height, width) = comptime!(conv.out());
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
        let (row, high) = line(py * stride + ky, comptime!(kernel / 2), comptime!(conv.height));
        let from = n * comptime!(x_strides[0]) + c * comptime!(x_strides[1]) + row * comptime!(x_strides[2]);
        let mut values = Array::<f32>::new(kernel);
        #[unroll]
        for kx in 0..kernel {
            let (column, wide) = line(px * stride + kx, comptime!(kernel / 2), comptime!(conv.width));
            values[kx] = select(high && wide, x[from + column * comptime!(x_strides[3])], 0.0f32);
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
    let mut shared = Shared::<[f32]>::new_slice(comptime!(group * kernel * THREADS));
    #[unroll]
    for i in 0..comptime!(group * kernel) {
        shared[comptime!(i * THREADS) + thread] = sums[i];
    }
    sync_cube();
    if thread < comptime!(group * kernel) {
        let mut sum = 0.0f32;
        for other in 0..THREADS {
            sum += shared[thread * comptime!(THREADS) + other];
        }
        let (o, kx) = (first + thread / kernel, thread % kernel);
        if o < outputs {
            dw[((o * inputs + c) * kernel + ky) * kernel + kx] = sum;
        }
    }
}

impl Conv2d for CubeBackend {
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        let weight = in_rows(weight);
        let ([n, ..], [outputs, _, kernel, _]) = (shape::<4>(&x), shape::<4>(&weight));
        let conv = Sizes::new(shape(&x), outputs, kernel, stride);
        let ((height, width), group) = (conv.out(), group(outputs));
        let y = new(&x, [n, outputs, height, width], DType::F32);
        let all = n * height * width * outputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads beyond `all` stop, and what lies outside of the image or beyond the channels is not touched.
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
        let weight = in_rows(weight);
        let ([n, ..], [outputs, inputs, kernel, _]) = (shape::<4>(&dy), shape(&weight));
        let x = [n, inputs, height, width];
        let dx = new(&dy, x, DType::F32);
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
                Sizes::new(x, outputs, kernel, stride),
                group,
                strides,
            );
        }
        dx
    }

    fn conv2d_dw(dy: FloatTensor<Self>, x: FloatTensor<Self>, kernel: usize, stride: usize) -> FloatTensor<Self> {
        let ([n, outputs, height, width], [_, inputs, ..]) = (shape(&dy), shape::<4>(&x));
        let dw = new(&dy, [outputs, inputs, kernel, kernel], DType::F32);
        let group = group(outputs);
        let (conv, of_dy, of_x) = (Sizes::new(shape(&x), outputs, kernel, stride), strides(&dy), strides(&x));
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
                group,
                of_dy,
                of_x,
            );
        }
        dw
    }
}
