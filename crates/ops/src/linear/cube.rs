use super::Linear;
use crate::cube::{clamped, in_rows, new, shape, threads};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// Side of the square of results that one thread computes: 2·side numbers are read for side² products, but there have
/// to be some threads.
fn side(results: usize) -> usize {
    const ENOUGH: usize = 256;
    [4, 2].into_iter().find(|side| results / (side * side) >= ENOUGH).unwrap_or(1)
}

/// dy where y is open.
#[cube]
fn gated(dy: &[f32], y: &[f32], at: usize, #[comptime] relu: bool) -> f32 {
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
    #[comptime] side: usize,
    #[comptime] relu: bool,
) {
    let columns = comptime!(outputs.div_ceil(side));
    let row = ABSOLUTE_POS / columns * side;
    let column = ABSOLUTE_POS % columns * side;
    if row >= n {
        terminate!();
    }
    let mut from = Array::<usize>::new(side);
    let mut sums = Array::<f32>::new(comptime!(side * side));
    #[unroll]
    for r in 0..side {
        from[r] = select(row + r < n, row + r, row) * inputs;
        #[unroll]
        for c in 0..side {
            sums[r * side + c] = bias[clamped(column + c, outputs)];
        }
    }
    for i in 0..inputs {
        #[unroll]
        for c in 0..side {
            let w = weight[i * outputs + clamped(column + c, outputs)];
            #[unroll]
            for r in 0..side {
                sums[r * side + c] += x[from[r] + i] * w;
            }
        }
    }
    #[unroll]
    for r in 0..side {
        #[unroll]
        for c in 0..side {
            if row + r < n && column + c < outputs {
                let sum = sums[r * side + c];
                y[(row + r) * outputs + column + c] = if relu { max(sum, 0.0f32) } else { sum };
            }
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
            let g = gated(dy, y, select(row + r < n, row + r, row) * outputs + o, relu);
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

/// dW = xᵀ·dy, and db as one row more, of an input that is always 1.
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
    #[comptime] side: usize,
    #[comptime] relu: bool,
) {
    let columns = comptime!(outputs.div_ceil(side));
    let row = ABSOLUTE_POS / columns * side;
    let column = ABSOLUTE_POS % columns * side;
    if row > inputs {
        terminate!();
    }
    let mut sums = Array::<f32>::new(comptime!(side * side));
    #[unroll]
    for i in 0..comptime!(side * side) {
        sums[i] = 0.0f32;
    }
    for sample in 0..n {
        let mut inputs_of = Array::<f32>::new(side);
        #[unroll]
        for r in 0..side {
            let input = x[sample * inputs + clamped(row + r, inputs)];
            inputs_of[r] = select(row + r < inputs, input, 1.0f32);
        }
        #[unroll]
        for c in 0..side {
            let g = gated(dy, y, sample * outputs + clamped(column + c, outputs), relu);
            #[unroll]
            for r in 0..side {
                sums[r * side + c] += inputs_of[r] * g;
            }
        }
    }
    #[unroll]
    for r in 0..side {
        #[unroll]
        for c in 0..side {
            if column + c < outputs {
                if row + r < inputs {
                    dw[(row + r) * outputs + column + c] = sums[r * side + c];
                } else if row + r == inputs {
                    db[column + c] = sums[r * side + c];
                }
            }
        }
    }
}

/// The launch of a kernel above for `lines` × `columns` results.
fn tiles(like: &CubeTensor, lines: usize, columns: usize) -> (CubeCount, CubeDim, usize) {
    let side = side(lines * columns);
    let (count, dim) = threads(like, lines.div_ceil(side) * columns.div_ceil(side));
    (count, dim, side)
}

impl Linear for CubeBackend {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (in_rows(x), in_rows(weight), in_rows(bias));
        let ([n, inputs], [_, outputs]) = (shape(&x), shape(&weight));
        let y = new(&x, [n, outputs], DType::F32);
        let (count, dim, side) = tiles(&x, n, outputs);
        // SAFETY: threads beyond the results stop, and clamped indices stay inside.
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
                side,
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
        let (dy, y, weight) = (in_rows(dy), in_rows(y), in_rows(weight));
        let ([n, outputs], [inputs, _]) = (shape(&dy), shape::<2>(&weight));
        let dx = new(&dy, [n, inputs], DType::F32);
        let (count, dim, side) = tiles(&dy, n, inputs);
        // SAFETY: as above.
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
        let (dy, y, x) = (in_rows(dy), in_rows(y), in_rows(x));
        let ([n, outputs], [_, inputs]) = (shape(&dy), shape::<2>(&x));
        let (dw, db) = (new(&dy, [inputs, outputs], DType::F32), new(&dy, [outputs], DType::F32));
        let (count, dim, side) = tiles(&dy, inputs + 1, outputs);
        // SAFETY: as above.
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
                side,
                relu,
            );
        }
        (dw, db)
    }
}
