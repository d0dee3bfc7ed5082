//! Fully connected layer on graphics devices.

use super::Linear;
use crate::cube::{THREADS, clamped, empty, publish, row_major, shape, threads, workgroups};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// The side of the square of outputs that one thread computes. A larger square loads less, 2·side elements for side²
/// products, but leaves fewer threads; there should be at least 256.
fn side(results: usize) -> usize {
    const ENOUGH: usize = 256;
    [4, 2].into_iter().find(|side| results / (side * side) >= ENOUGH).unwrap_or(1)
}

/// The division of a kernel with long sums: outputs into squares of `side`², and the terms of each sum among `parts`
/// threads of one workgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Tiles {
    side: usize,
    parts: usize,
}

impl Tiles {
    /// The outputs of a square that each of its threads writes.
    fn share(&self) -> usize {
        (self.side * self.side).div_ceil(self.parts)
    }
}

/// The square of this thread, and its part of the sum.
#[cube]
fn place(#[comptime] tiles: Tiles) -> (usize, usize) {
    let squares = comptime!(THREADS / tiles.parts);
    let thread = UNIT_POS as usize;
    let part = if comptime!(tiles.parts > 1) { thread / squares } else { 0usize.runtime() };
    (CUBE_POS * squares + thread % squares, part)
}

/// Adds up the partial sums of a square, always in the same order. Each of the `parts` threads returns the outputs at
/// `part`, `part + parts` and so on, and writes these.
#[cube]
fn add_up(sums: Array<f32>, part: usize, #[comptime] tiles: Tiles) -> Array<f32> {
    if comptime!(tiles.parts > 1) {
        let (squares, results) = comptime!((THREADS / tiles.parts, tiles.side * tiles.side));
        let thread = UNIT_POS as usize;
        let shared = publish(&sums, results, THREADS);
        let mut all = Array::<f32>::new(comptime!(tiles.share()));
        #[unroll]
        for k in 0..comptime!(tiles.share()) {
            let i = clamped(k * tiles.parts + part, results);
            let mut sum = 0.0f32;
            for other in 0..tiles.parts {
                sum += shared[i * THREADS + other * squares + thread % squares];
            }
            all[k] = sum;
        }
        all
    } else {
        sums
    }
}

/// dy under the relu mask of y.
#[cube]
fn masked(dy: &[f32], y: &[f32], at: usize, #[comptime] relu: bool) -> f32 {
    if comptime!(relu) { select(y[at] > 0.0f32, dy[at], 0.0f32) } else { dy[at] }
}

/// y = x·W + b.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    n: usize,
    #[comptime] inputs: usize,
    #[comptime] outputs: usize,
    #[comptime] tiles: Tiles,
    #[comptime] relu: bool,
) {
    let side = comptime!(tiles.side);
    let columns = comptime!(outputs.div_ceil(side));
    let (square, part) = place(tiles);
    let row = square / columns * side;
    let column = square % columns * side;
    let mut from = Array::<usize>::new(side);
    let mut sums = Array::<f32>::new(comptime!(side * side));
    #[unroll]
    for r in 0..side {
        from[r] = min(row + r, n - 1) * inputs;
        #[unroll]
        for c in 0..side {
            sums[r * side + c] = select(part == 0, bias[clamped(column + c, outputs)], 0.0f32);
        }
    }
    let mut i = part;
    while i < inputs {
        #[unroll]
        for c in 0..side {
            let w = weight[i * outputs + clamped(column + c, outputs)];
            #[unroll]
            for r in 0..side {
                sums[r * side + c] += x[from[r] + i] * w;
            }
        }
        i += comptime!(tiles.parts);
    }
    let sums = add_up(sums, part, tiles);
    #[unroll]
    for k in 0..comptime!(tiles.share()) {
        let i = k * tiles.parts + part;
        let (row, column) = (row + i / side, column + i % side);
        if i < comptime!(side * side) && row < n && column < outputs {
            y[row * outputs + column] = if relu { max(sums[k], 0.0f32) } else { sums[k] };
        }
    }
}

/// dx = dy·Wᵀ.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    y: &[f32],
    weight: &[f32],
    dx: &mut [f32],
    n: usize,
    #[comptime] inputs: usize,
    #[comptime] outputs: usize,
    #[comptime] side: usize,
    #[comptime] relu: bool,
) {
    let columns = comptime!(inputs.div_ceil(side));
    let row = ABSOLUTE_POS / columns * side;
    let column = ABSOLUTE_POS % columns * side;
    if row >= n {
        terminate!();
    }
    let mut sums = Array::<f32>::new(comptime!(side * side));
    #[unroll]
    for i in 0..comptime!(side * side) {
        sums[i] = 0.0f32;
    }
    for o in 0..outputs {
        #[unroll]
        for r in 0..side {
            let g = masked(dy, y, select(row + r < n, row + r, row) * outputs + o, relu);
            #[unroll]
            for c in 0..side {
                sums[r * side + c] += g * weight[clamped(column + c, inputs) * outputs + o];
            }
        }
    }
    #[unroll]
    for r in 0..side {
        #[unroll]
        for c in 0..side {
            if row + r < n && column + c < inputs {
                dx[(row + r) * inputs + column + c] = sums[r * side + c];
            }
        }
    }
}

/// dW = xᵀ·dy, and db as one more row, for an input that is always 1.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    y: &[f32],
    x: &[f32],
    dw: &mut [f32],
    db: &mut [f32],
    n: usize,
    #[comptime] inputs: usize,
    #[comptime] outputs: usize,
    #[comptime] tiles: Tiles,
    #[comptime] relu: bool,
) {
    let side = comptime!(tiles.side);
    let columns = comptime!(outputs.div_ceil(side));
    let (square, part) = place(tiles);
    let row = square / columns * side;
    let column = square % columns * side;
    let mut sums = Array::<f32>::new(comptime!(side * side));
    #[unroll]
    for i in 0..comptime!(side * side) {
        sums[i] = 0.0f32;
    }
    let mut sample = part;
    while sample < n {
        let mut inputs_of = Array::<f32>::new(side);
        #[unroll]
        for r in 0..side {
            let input = x[sample * inputs + clamped(row + r, inputs)];
            inputs_of[r] = select(row + r < inputs, input, 1.0f32);
        }
        #[unroll]
        for c in 0..side {
            let g = masked(dy, y, sample * outputs + clamped(column + c, outputs), relu);
            #[unroll]
            for r in 0..side {
                sums[r * side + c] += inputs_of[r] * g;
            }
        }
        sample += comptime!(tiles.parts);
    }
    let sums = add_up(sums, part, tiles);
    #[unroll]
    for k in 0..comptime!(tiles.share()) {
        let i = k * tiles.parts + part;
        let (row, column) = (row + i / side, column + i % side);
        if i < comptime!(side * side) && column < outputs {
            if row < inputs {
                dw[row * outputs + column] = sums[k];
            } else if row == inputs {
                db[column] = sums[k];
            }
        }
    }
}

/// The launch size for `rows` × `columns` outputs, and the side of a thread's square.
fn squares(like: &CubeTensor, rows: usize, columns: usize) -> (CubeCount, CubeDim, usize) {
    let side = side(rows * columns);
    let (count, dim) = threads(like, rows.div_ceil(side) * columns.div_ceil(side));
    (count, dim, side)
}

/// The same for outputs that are sums of `terms` terms: if there are few outputs with many terms, several threads share
/// a sum.
fn shared_squares(like: &CubeTensor, rows: usize, columns: usize, terms: usize) -> (CubeCount, CubeDim, Tiles) {
    const PARTS: usize = 16;
    let few = rows * columns <= 32 * 1024;
    let parts = if few && terms >= 32 * PARTS { PARTS } else { 1 };
    let side = side(rows * columns * parts);
    let squares = rows.div_ceil(side) * columns.div_ceil(side);
    let count = workgroups(like, (squares * parts).div_ceil(THREADS));
    (count, CubeDim::new_1d(THREADS as u32), Tiles { side, parts })
}

impl Linear for CubeBackend {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (row_major(x), row_major(weight), row_major(bias));
        let ([n, inputs], [_, outputs]) = (shape(&x), shape(&weight));
        let y = empty(&x, [n, outputs], DType::F32);
        let (count, dim, tiles) = shared_squares(&x, n, outputs, inputs);
        // SAFETY: clamped indices stay in range, and threads beyond the outputs write nothing.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                n,
                inputs,
                outputs,
                tiles,
                relu,
            );
        }
        y
    }

    fn linear_dx(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (dy, y, weight) = (row_major(dy), row_major(y), row_major(weight));
        let ([n, outputs], [inputs, _]) = (shape(&dy), shape::<2>(&weight));
        let dx = empty(&dy, [n, inputs], DType::F32);
        let (count, dim, side) = squares(&dy, n, inputs);
        // SAFETY: threads beyond the outputs stop, and clamped indices stay in range.
        unsafe {
            input_gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dy.into_buffer_arg(),
                y.into_buffer_arg(),
                weight.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                n,
                inputs,
                outputs,
                side,
                relu,
            );
        }
        dx
    }

    fn linear_dw(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        x: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (dy, y, x) = (row_major(dy), row_major(y), row_major(x));
        let ([n, outputs], [_, inputs]) = (shape(&dy), shape::<2>(&x));
        let (dw, db) = (empty(&dy, [inputs, outputs], DType::F32), empty(&dy, [outputs], DType::F32));
        let (count, dim, tiles) = shared_squares(&dy, inputs + 1, outputs, n);
        // SAFETY: clamped indices stay in range, and threads beyond the outputs write nothing.
        unsafe {
            weight_gradient::launch_unchecked(
                &dw.client,
                count,
                dim,
                dy.into_buffer_arg(),
                y.into_buffer_arg(),
                x.into_buffer_arg(),
                dw.clone().into_buffer_arg(),
                db.clone().into_buffer_arg(),
                n,
                inputs,
                outputs,
                tiles,
                relu,
            );
        }
        (dw, db)
    }
}
