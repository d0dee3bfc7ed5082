//! Fully connected layer: x · weight + bias, with an optional relu. Matrices are row-major, and `size` is `[n, in,
//! out]`.

use crate::matmul::{Epilogue, Matrix, PackedRhs, matmul};
use crate::threads::{add_up, element_range, split_rows};
use crate::uninit::Uninit;
use crate::{column_sums, isa, relu};

/// The rows of a part are a multiple of this number, which the tile heights of all instruction sets divide.
const ROWS: usize = 24;

/// The output `[n, out]` of `x` `[n, in]`, `weight` `[in, out]` and `bias` `[out]`, clamped at 0 if `relu` is set.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, size: [usize; 3]) -> Vec<f32> {
    let [_, from, to] = size;
    let epilogue = Epilogue { bias, relu, ..Epilogue::default() };
    rows_times(x, Matrix::new(weight, [from, to], to), epilogue, size)
}

/// The gradient of `x` `[n, in]` from `dy` `[n, out]`. If the layer had a relu, pass its output as `y` `[n, out]`: `dy`
/// is masked where `y` is not positive.
///
/// # Panics
/// If the lengths do not fit.
pub fn input_gradient(dy: &[f32], weight: &[f32], y: Option<&[f32]>, [n, from, to]: [usize; 3]) -> Vec<f32> {
    let dy = relu::through(dy, y);
    rows_times(&dy, Matrix::new(weight, [from, to], to).transposed(), Epilogue::default(), [n, to, from])
}

fn rows_times(x: &[f32], weight: Matrix, epilogue: Epilogue, [n, from, to]: [usize; 3]) -> Vec<f32> {
    let isa = isa();
    let weight = PackedRhs::new(isa, weight);
    let y = Uninit::new(n * to);
    split_rows(n, ROWS, n * from * to, |rows| {
        let x = Matrix::new(&x[element_range(&rows, from)], [rows.len(), from], from);
        matmul(isa, x, &weight, unsafe { y.part(element_range(&rows, to)) }, to, epilogue);
    });
    y.done()
}

/// The gradients of the weight `[in, out]` and of the bias `[out]`; `y` is as in [`input_gradient`].
///
/// With few samples every thread computes some rows of the weight gradient from all samples. With many samples every
/// thread sums over some samples, and the partial sums are added.
///
/// # Panics
/// If the lengths do not fit.
pub fn weight_gradient(x: &[f32], dy: &[f32], y: Option<&[f32]>, [n, from, to]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    /// From this many samples on, partial sums per part are worth it.
    const MANY: usize = 1024;
    /// Samples whose elements stay in the cache while the tiles pass over them.
    const BLOCK: usize = 256;
    let isa = isa();
    let dy = relu::through(dy, y);
    let work = n * from * to;
    if n < MANY && to < isa.lanes() {
        return (narrow_weight_gradient(x, &dy, [n, from, to]), column_sums::sums(isa, &dy, to));
    }
    if n < MANY {
        let (dw, panels) = (Uninit::new(from * to), PackedRhs::new(isa, Matrix::new(&dy, [n, to], to)));
        split_rows(from, ROWS, work, |at| {
            let x = Matrix::new(&x[at.start..], [n, at.len()], from).transposed();
            matmul(isa, x, &panels, unsafe { dw.part(element_range(&at, to)) }, to, Epilogue::default());
        });
        return (dw.done(), column_sums::sums(isa, &dy, to));
    }
    let parts = split_rows(n, 64, work, |rows| {
        let mut dw = vec![0.0; from * to];
        for start in rows.clone().step_by(BLOCK) {
            let add = start > rows.start;
            let rows = start..rows.end.min(start + BLOCK);
            let x = Matrix::new(&x[element_range(&rows, from)], [rows.len(), from], from).transposed();
            let dy = PackedRhs::new(isa, Matrix::new(&dy[element_range(&rows, to)], [rows.len(), to], to));
            matmul(isa, x, &dy, &mut dw, to, Epilogue { add, ..Epilogue::default() });
        }
        (dw, column_sums::sums(isa, &dy[element_range(&rows, to)], to))
    });
    let (dw, db) = parts.into_iter().unzip();
    (add_up(dw), add_up(db))
}

/// The weight gradient of a layer with fewer outputs than a vector has elements. The vectors lie along the inputs,
/// where they are full; the gradient `[out, in]` is transposed at the end.
fn narrow_weight_gradient(x: &[f32], dy: &[f32], [n, from, to]: [usize; 3]) -> Vec<f32> {
    /// Inputs of a part: a multiple of the widest panel, whose columns stay in the cache until they are transposed.
    const INPUTS: usize = 64;
    let isa = isa();
    let dw = Uninit::new(from * to);
    let dy = Matrix::new(dy, [n, to], to).transposed();
    split_rows(from, INPUTS, n * from * to, |at| {
        let mut transposed = vec![0.0; to * at.len()];
        let x = PackedRhs::new(isa, Matrix::new(&x[at.start..], [n, at.len()], from));
        matmul(isa, dy, &x, &mut transposed, at.len(), Epilogue::default());
        let dw = unsafe { dw.part(element_range(&at, to)) };
        for (input, dw) in dw.chunks_exact_mut(to).enumerate() {
            for (output, dw) in dw.iter_mut().enumerate() {
                *dw = transposed[output * at.len() + input];
            }
        }
    });
    dw.done()
}
