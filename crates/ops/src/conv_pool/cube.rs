use super::ConvPool;
use crate::cube::{
    Conv, NOWHERE, clamped, in_rows, line, new, number, shape, strides, sum_of, threads, together, workgroups,
};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// Channels of `n` that one thread computes: every number of a patch is read once for all of them, and their sums have
/// to fit the registers.
fn group(n: usize, kernel: usize) -> usize {
    n.min(match kernel {
        1 | 3 => 4,
        5 => 2,
        _ => 1,
    })
}

/// One pooled pixel, `group` output channels: the four sums of every window from one patch of x, `(kernel + 1)²`.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    winners: &mut [i32],
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

    let mut lines = Array::<usize>::new(side);
    let mut columns = Array::<usize>::new(side);
    #[unroll]
    for i in 0..side {
        let pad = comptime!(kernel / 2);
        lines[i] = line(2 * py + i, pad, comptime!(conv.height), comptime!(strides[2])) + n * comptime!(strides[0]);
        columns[i] = line(2 * px + i, pad, comptime!(conv.width), comptime!(strides[3]));
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
                patch[i * side + j] = number(x, lines[i] + columns[j] + c * comptime!(strides[1]));
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
        let mut winner = 0i32;
        #[unroll]
        for place in 1..4usize {
            if sums[4 * o + place] > best {
                best = sums[4 * o + place];
                winner = i32::cast_from(place);
            }
        }
        if relu && best <= 0.0f32 {
            best = 0.0f32;
            winner = 4i32;
        }
        if first + o < outputs {
            let to = ((n * outputs + first + o) * height + py) * width + px;
            y[to] = best;
            winners[to] = winner;
        }
    }
}

/// Four pixels of x, 2 × 2, `group` input channels: dy is spread to its places before the pooling, `(kernel + 1)²` of
/// them from `((kernel + 1) / 2)²` windows, and convolved with the weight turned around. Nothing depends on where the
/// maxima were but what the patch holds, so all threads go one way.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    winners: &[i32],
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
    // Blocks begin where their patch begins with a window: one line before the image where pad is odd.
    let before = comptime!(pad % 2);
    let windows = comptime!(side / 2);
    let groups = comptime!(inputs.div_ceil(group));
    let (height, width) = comptime!(((conv.height + before).div_ceil(2), (conv.width + before).div_ceil(2)));
    let (bx, by) = (ABSOLUTE_POS % width, ABSOLUTE_POS / width % height);
    let first = ABSOLUTE_POS / comptime!(height * width) % groups * group;
    let n = ABSOLUTE_POS / comptime!(height * width * groups);

    // Of every window the place in dy and in the winners, channel 0.
    let mut lines = Array::<usize>::new(windows);
    let mut columns = Array::<usize>::new(windows);
    let mut winner_lines = Array::<usize>::new(windows);
    let mut winner_columns = Array::<usize>::new(windows);
    #[unroll]
    for i in 0..windows {
        let shift = comptime!((pad + before) / 2);
        let (high, wide) = comptime!((conv.height / 2, conv.width / 2));
        lines[i] = line(by + i, shift, high, comptime!(strides[2])) + n * comptime!(strides[0]);
        columns[i] = line(bx + i, shift, wide, comptime!(strides[3]));
        winner_lines[i] = line(by + i, shift, high, wide) + n * comptime!(outputs * high * wide);
        winner_columns[i] = line(bx + i, shift, wide, 1usize);
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
                let g = number(dy, lines[i] + columns[j] + o * comptime!(strides[1]));
                let at = winner_lines[i] + winner_columns[j] + o * comptime!(conv.height / 2 * (conv.width / 2));
                let winner = winners[select(at < NOWHERE, at, 0usize)];
                #[unroll]
                for place in 0..4usize {
                    let open = winner == i32::cast_from(place);
                    patch[(2 * i + place / 2) * side + 2 * j + place % 2] = select(open, g, 0.0f32);
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
        // The first line and column of blocks may lie outside.
        let (y, x) = (2 * by + place / 2, 2 * bx + place % 2);
        let inside = y >= before && y < comptime!(conv.height + before);
        if inside && x >= before && x < comptime!(conv.width + before) {
            #[unroll]
            for c in 0..group {
                if first + c < inputs {
                    let line = (n * inputs + first + c) * comptime!(conv.height) + y - before;
                    dx[line * comptime!(conv.width) + x - before] = sums[4 * c + place];
                }
            }
        }
    }
}

/// A workgroup computes `group` output channels of one input channel: every thread sums over windows of its own, then
/// all of them add up what they have.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    winners: &[i32],
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

    // Of every output channel its taps, and what its bias gets.
    let mut sums = Array::<f32>::new(comptime!(group * (taps + 1)));
    #[unroll]
    for i in 0..comptime!(group * (taps + 1)) {
        sums[i] = 0.0f32;
    }
    let mut window = thread;
    while window < windows {
        let (n, py, px) = (window / comptime!(height * width), window / width % height, window % width);
        let image = n * comptime!(x_strides[0]) + c * comptime!(x_strides[1]);
        let mut lines = Array::<usize>::new(side);
        let mut columns = Array::<usize>::new(side);
        #[unroll]
        for i in 0..side {
            let pad = comptime!(kernel / 2);
            lines[i] = line(2 * py + i, pad, comptime!(conv.height), comptime!(x_strides[2])) + image;
            columns[i] = line(2 * px + i, pad, comptime!(conv.width), comptime!(x_strides[3]));
        }
        let mut patch = Array::<f32>::new(comptime!(side * side));
        #[unroll]
        for i in 0..side {
            #[unroll]
            for j in 0..side {
                patch[i * side + j] = number(x, lines[i] + columns[j]);
            }
        }
        let from = n * comptime!(strides[0]) + py * comptime!(strides[2]) + px * comptime!(strides[3]);
        #[unroll]
        for o in 0..group {
            let output = clamped(first + o, outputs);
            let g = dy[from + output * comptime!(strides[1])];
            let winner = winners[((n * outputs + output) * height + py) * width + px];
            #[unroll]
            for place in 0..4usize {
                let g = select(winner == i32::cast_from(place), g, 0.0f32);
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

    let shared = together(&sums, comptime!(group * (taps + 1)), threads);
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

/// Output channels of a workgroup that sums `sums` numbers for each, and its threads.
fn shared(outputs: usize, inputs: usize, sums: usize) -> (usize, usize) {
    // What they share fits 16 KB, the least that a device has.
    const NUMBERS: usize = 4096;
    // Few channels make few workgroups, which then have more threads, for one channel each.
    let group = if outputs * inputs < 256 { 1 } else { group(outputs, sums.isqrt()) };
    let threads = [256, 128, 64, 32].into_iter().find(|threads| group * sums * threads <= NUMBERS);
    (group, threads.unwrap_or(16))
}

impl ConvPool for CubeBackend {
    fn conv_pool_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (weight, bias) = (in_rows(weight), in_rows(bias));
        let ([n, _, height, width], [outputs, _, kernel, _]) = (shape(&x), shape::<4>(&weight));
        let pooled = [n, outputs, height / 2, width / 2];
        let (y, winners) = (new(&x, pooled, DType::F32), new(&x, pooled, DType::I32));
        let (conv, group) = (Conv::new(shape(&x), outputs, kernel), group(outputs, kernel));
        let all = n * (height / 2) * (width / 2) * outputs.div_ceil(group);
        let ((count, dim), strides) = (threads(&x, all), strides(&x));
        // SAFETY: threads beyond `all` stop, and what lies outside of the image or beyond the channels is not touched.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                winners.clone().into_buffer_arg(),
                all,
                conv,
                group,
                relu,
                strides,
            );
        }
        (y, winners)
    }

    fn conv_pool_dx(
        dy: FloatTensor<Self>,
        winners: IntTensor<Self>,
        weight: FloatTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let weight = in_rows(weight);
        let ([n, ..], [outputs, inputs, kernel, _]) = (shape::<4>(&dy), shape(&weight));
        let x = [n, inputs, height, width];
        let dx = new(&dy, x, DType::F32);
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
                winners.into_buffer_arg(),
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
        winners: IntTensor<Self>,
        x: FloatTensor<Self>,
        kernel: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ([n, outputs, height, width], [_, inputs, ..]) = (shape(&dy), shape::<4>(&x));
        let dw = new(&dy, [outputs, inputs, kernel, kernel], DType::F32);
        let db = new(&dy, [outputs], DType::F32);
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
                winners.into_buffer_arg(),
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
