//! Convolution with pooling on graphics devices: one thread per pooled pixel forward, per 2 × 2 pixels for the input
//! gradient, one workgroup per input channel for the weight gradient.

use super::ConvPool;
use crate::cube::{
    Conv, OUTSIDE, clamped, empty, load_or_zero, offset, publish, row_major, shape, strides, sum_of, threads,
    workgroups,
};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// The channels, out of `n`, that one thread computes: every element of a patch is loaded once for all of them, and
/// their accumulators must fit the registers.
fn group(n: usize, kernel: usize) -> usize {
    n.min(match kernel {
        1 | 3 => 4,
        5 => 2,
        _ => 1,
    })
}

/// One pooled pixel, `group` output channels: the four sums of a window come from one patch of x of `(kernel + 1)²`
/// pixels.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    indices: &mut [i32],
    threads: usize,
    #[comptime] conv: Conv,
    #[comptime] group: usize,
    #[comptime] relu: bool,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let (taps, side) = comptime!((kernel * kernel, kernel + 1));
    let (height, width) = comptime!((conv.height / 2, conv.width / 2));
    let groups = comptime!(outputs.div_ceil(group));
    let (px, py) = (ABSOLUTE_POS % width, ABSOLUTE_POS / width % height);
    let first = ABSOLUTE_POS / comptime!(height * width) % groups * group;
    let n = ABSOLUTE_POS / comptime!(height * width * groups);

    let mut rows = Array::<usize>::new(side);
    let mut columns = Array::<usize>::new(side);
    #[unroll]
    for i in 0..side {
        let pad = comptime!(kernel / 2);
        rows[i] = offset(2 * py + i, pad, comptime!(conv.height), comptime!(strides[2])) + n * comptime!(strides[0]);
        columns[i] = offset(2 * px + i, pad, comptime!(conv.width), comptime!(strides[3]));
    }

    let mut sums = Array::<f32>::new(comptime!(4 * group));
    #[unroll]
    for o in 0..group {
        #[unroll]
        for place in 0..4usize {
            sums[4 * o + place] = bias[clamped(first + o, outputs)];
        }
    }
    for c in 0..inputs {
        let mut patch = Array::<f32>::new(comptime!(side * side));
        #[unroll]
        for i in 0..side {
            #[unroll]
            for j in 0..side {
                patch[i * side + j] = load_or_zero(x, rows[i] + columns[j] + c * comptime!(strides[1]));
            }
        }
        #[unroll]
        for o in 0..group {
            let from = (clamped(first + o, outputs) * inputs + c) * taps;
            #[unroll]
            for ky in 0..kernel {
                #[unroll]
                for kx in 0..kernel {
                    let w = weight[from + ky * kernel + kx];
                    #[unroll]
                    for place in 0..4usize {
                        sums[4 * o + place] += w * patch[(ky + place / 2) * side + kx + place % 2];
                    }
                }
            }
        }
    }

    #[unroll]
    for o in 0..group {
        let mut best = sums[4 * o];
        let mut index = 0i32;
        #[unroll]
        for place in 1..4usize {
            if sums[4 * o + place] > best {
                best = sums[4 * o + place];
                index = i32::cast_from(place);
            }
        }
        if relu && best <= 0.0f32 {
            best = 0.0f32;
            index = 4i32;
        }
        if first + o < outputs {
            let to = ((n * outputs + first + o) * height + py) * width + px;
            y[to] = best;
            indices[to] = index;
        }
    }
}

/// 2 × 2 pixels of dx, `group` input channels. dy is first unpooled into a patch of `(kernel + 1)²` pixels, which
/// `((kernel + 1) / 2)²` windows cover, and the patch is convolved with the flipped weights. Only the contents of the
/// patch depend on the argmax, so all threads take the same path.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    indices: &[i32],
    weight: &[f32],
    dx: &mut [f32],
    threads: usize,
    #[comptime] conv: Conv,
    #[comptime] group: usize,
    #[comptime] strides: [usize; 4],
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let (taps, side, pad) = comptime!((kernel * kernel, kernel + 1, kernel / 2));
    // A block of 2 × 2 pixels begins where its patch begins with a window: one pixel before the image if pad is odd.
    let before = comptime!(pad % 2);
    let windows = comptime!(side / 2);
    let groups = comptime!(inputs.div_ceil(group));
    let (height, width) = comptime!(((conv.height + before).div_ceil(2), (conv.width + before).div_ceil(2)));
    let (bx, by) = (ABSOLUTE_POS % width, ABSOLUTE_POS / width % height);
    let first = ABSOLUTE_POS / comptime!(height * width) % groups * group;
    let n = ABSOLUTE_POS / comptime!(height * width * groups);

    // The offsets of every window in dy and in the argmax indices, for channel 0.
    let mut rows = Array::<usize>::new(windows);
    let mut columns = Array::<usize>::new(windows);
    let mut index_rows = Array::<usize>::new(windows);
    let mut index_columns = Array::<usize>::new(windows);
    #[unroll]
    for i in 0..windows {
        let shift = comptime!((pad + before) / 2);
        let (high, wide) = comptime!((conv.height / 2, conv.width / 2));
        rows[i] = offset(by + i, shift, high, comptime!(strides[2])) + n * comptime!(strides[0]);
        columns[i] = offset(bx + i, shift, wide, comptime!(strides[3]));
        index_rows[i] = offset(by + i, shift, high, wide) + n * comptime!(outputs * high * wide);
        index_columns[i] = offset(bx + i, shift, wide, 1usize);
    }

    let mut sums = Array::<f32>::new(comptime!(4 * group));
    #[unroll]
    for i in 0..comptime!(4 * group) {
        sums[i] = 0.0f32;
    }
    for o in 0..outputs {
        let mut patch = Array::<f32>::new(comptime!(side * side));
        #[unroll]
        for i in 0..windows {
            #[unroll]
            for j in 0..windows {
                let g = load_or_zero(dy, rows[i] + columns[j] + o * comptime!(strides[1]));
                let at = index_rows[i] + index_columns[j] + o * comptime!(conv.height / 2 * (conv.width / 2));
                let index = indices[select(at < OUTSIDE, at, 0usize)];
                #[unroll]
                for place in 0..4usize {
                    let selected = index == i32::cast_from(place);
                    patch[(2 * i + place / 2) * side + 2 * j + place % 2] = select(selected, g, 0.0f32);
                }
            }
        }
        #[unroll]
        for c in 0..group {
            let from = (o * inputs + clamped(first + c, inputs)) * taps;
            #[unroll]
            for ky in 0..kernel {
                #[unroll]
                for kx in 0..kernel {
                    let w = weight[from + taps - 1 - ky * kernel - kx];
                    #[unroll]
                    for place in 0..4usize {
                        sums[4 * c + place] += w * patch[(ky + place / 2) * side + kx + place % 2];
                    }
                }
            }
        }
    }

    #[unroll]
    for place in 0..4usize {
        // The first row and column of blocks may lie partly outside the image.
        let (y, x) = (2 * by + place / 2, 2 * bx + place % 2);
        let inside = y >= before && y < comptime!(conv.height + before);
        if inside && x >= before && x < comptime!(conv.width + before) {
            #[unroll]
            for c in 0..group {
                if first + c < inputs {
                    let image_row = (n * inputs + first + c) * comptime!(conv.height) + y - before;
                    dx[image_row * comptime!(conv.width) + x - before] = sums[4 * c + place];
                }
            }
        }
    }
}

/// A workgroup computes `group` output channels of one input channel: every thread sums over its own windows, and then
/// the threads' sums are added.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    indices: &[i32],
    x: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
    windows: usize,
    #[comptime] conv: Conv,
    #[comptime] group: usize,
    #[comptime] threads: usize,
    #[comptime] strides: [usize; 4],
    #[comptime] x_strides: [usize; 4],
) {
    let (inputs, outputs, kernel) = comptime!((conv.inputs, conv.outputs, conv.kernel));
    let (taps, side) = comptime!((kernel * kernel, kernel + 1));
    let (height, width) = comptime!((conv.height / 2, conv.width / 2));
    let thread = UNIT_POS as usize;
    let c = CUBE_POS % inputs;
    let first = CUBE_POS / inputs * group;

    // For every output channel the sums of its weights, and of its bias.
    let mut sums = Array::<f32>::new(comptime!(group * (taps + 1)));
    #[unroll]
    for i in 0..comptime!(group * (taps + 1)) {
        sums[i] = 0.0f32;
    }
    let mut window = thread;
    while window < windows {
        let (n, py, px) = (window / comptime!(height * width), window / width % height, window % width);
        let image = n * comptime!(x_strides[0]) + c * comptime!(x_strides[1]);
        let mut rows = Array::<usize>::new(side);
        let mut columns = Array::<usize>::new(side);
        #[unroll]
        for i in 0..side {
            let pad = comptime!(kernel / 2);
            rows[i] = offset(2 * py + i, pad, comptime!(conv.height), comptime!(x_strides[2])) + image;
            columns[i] = offset(2 * px + i, pad, comptime!(conv.width), comptime!(x_strides[3]));
        }
        let mut patch = Array::<f32>::new(comptime!(side * side));
        #[unroll]
        for i in 0..side {
            #[unroll]
            for j in 0..side {
                patch[i * side + j] = load_or_zero(x, rows[i] + columns[j]);
            }
        }
        let from = n * comptime!(strides[0]) + py * comptime!(strides[2]) + px * comptime!(strides[3]);
        #[unroll]
        for o in 0..group {
            let output = clamped(first + o, outputs);
            let g = dy[from + output * comptime!(strides[1])];
            let index = indices[((n * outputs + output) * height + py) * width + px];
            #[unroll]
            for place in 0..4usize {
                let g = select(index == i32::cast_from(place), g, 0.0f32);
                #[unroll]
                for ky in 0..kernel {
                    #[unroll]
                    for kx in 0..kernel {
                        sums[o * (taps + 1) + ky * kernel + kx] += g * patch[(ky + place / 2) * side + kx + place % 2];
                    }
                }
                sums[o * (taps + 1) + taps] += g;
            }
        }
        window += threads;
    }

    let shared = publish(&sums, comptime!(group * (taps + 1)), threads);
    let mut i = thread;
    while i < comptime!(group * (taps + 1)) {
        let sum = sum_of(&shared, i, threads);
        let (o, tap) = (first + i / comptime!(taps + 1), i % comptime!(taps + 1));
        if o < outputs {
            if tap < taps {
                dw[(o * inputs + c) * taps + tap] = sum;
            } else if c == 0 {
                db[o] = sum;
            }
        }
        i += threads;
    }
}

/// The output channels of a workgroup whose threads keep `sums` accumulators for each, and the number of its threads.
fn shared(outputs: usize, inputs: usize, sums: usize) -> (usize, usize) {
    // The threads' sums must fit 16 KB of shared memory, the least that a device has.
    const ELEMENTS: usize = 4096;
    // With few channels there are few workgroups; these get more threads, and one output channel each.
    let group = if outputs * inputs < 256 { 1 } else { group(outputs, sums.isqrt()) };
    let threads = [256, 128, 64, 32].into_iter().find(|threads| group * sums * threads <= ELEMENTS);
    (group, threads.unwrap_or(16))
}

impl ConvPool for CubeBackend {
    fn conv_pool_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (weight, bias) = (row_major(weight), row_major(bias));
        let ([n, _, height, width], [outputs, _, kernel, _]) = (shape(&x), shape::<4>(&weight));
        let pooled = [n, outputs, height / 2, width / 2];
        let (y, indices) = (empty(&x, pooled, DType::F32), empty(&x, pooled, DType::I32));
        let (conv, group) = (Conv::new(shape(&x), outputs, kernel), group(outputs, kernel));
        let all = n * (height / 2) * (width / 2) * outputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads from `all` on stop, and elements outside the image or beyond the channels are not accessed.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                indices.clone().into_buffer_arg(),
                all,
                conv,
                group,
                relu,
                strides,
            );
        }
        (y, indices)
    }

    fn conv_pool_dx(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        weight: FloatTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let weight = row_major(weight);
        let ([n, ..], [outputs, inputs, kernel, _]) = (shape::<4>(&dy), shape(&weight));
        let x = [n, inputs, height, width];
        let dx = empty(&dy, x, DType::F32);
        let group = group(inputs, kernel);
        let blocks = |side: usize| (side + kernel / 2 % 2).div_ceil(2);
        let all = n * blocks(height) * blocks(width) * inputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&dy, all), strides(&dy));
        // SAFETY: as above.
        unsafe {
            input_gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dy.into_buffer_arg(),
                indices.into_buffer_arg(),
                weight.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                all,
                Conv::new(x, outputs, kernel),
                group,
                strides,
            );
        }
        dx
    }

    fn conv_pool_dw(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        x: FloatTensor<Self>,
        kernel: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ([n, outputs, height, width], [_, inputs, ..]) = (shape(&dy), shape::<4>(&x));
        let dw = empty(&dy, [outputs, inputs, kernel, kernel], DType::F32);
        let db = empty(&dy, [outputs], DType::F32);
        let (group, threads) = shared(outputs, inputs, kernel * kernel + 1);
        let (conv, of_dy, of_x) = (Conv::new(shape(&x), outputs, kernel), strides(&dy), strides(&x));
        let count = workgroups(&dy, outputs.div_ceil(group) * inputs);
        // SAFETY: workgroups beyond the channels write nothing.
        unsafe {
            weight_gradient::launch_unchecked(
                &dw.client,
                count,
                CubeDim::new_1d(threads as u32),
                dy.into_buffer_arg(),
                indices.into_buffer_arg(),
                x.into_buffer_arg(),
                dw.clone().into_buffer_arg(),
                db.clone().into_buffer_arg(),
                n * height * width,
                conv,
                group,
                threads,
                of_dy,
                of_x,
            );
        }
        (dw, db)
    }
}
