//! x · weight + bias.

use crate::output::{Output, numbers, split_rows};
use crate::product::{Finish, Matrix, Panels, product};
use crate::threads::add_up;
use crate::{columns, isa, relu};

/// Rows of a part are a multiple of this, which the tiles of all instruction sets divide.
const ROWS: usize = 24;

/// `x [n, in]`, `weight [in, out]` → `[n, out]`.
pub fn forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, relu: bool, size: [usize; 3]) -> Vec<f32> {
    let [_, from, to] = size;
    let finish = Finish { bias, relu, ..Finish::default() };
    rows_times(x, Matrix::new(weight, [from, to], to), finish, size)
}

/// Of `x`. Give the output as `y` if there was a relu.
pub fn input_gradient(dy: &[f32], weight: &[f32], y: Option<&[f32]>, [n, from, to]: [usize; 3]) -> Vec<f32> {
    let dy = relu::through(dy, y);
    rows_times(&dy, Matrix::new(weight, [from, to], to).transposed(), Finish::default(), [n, to, from])
}

fn rows_times(x: &[f32], weight: Matrix, finish: Finish, [n, from, to]: [usize; 3]) -> Vec<f32> {
    let isa = isa();
    let weight = Panels::new(isa, weight);
    let y = Output::new(n * to);
    split_rows(n, ROWS, n * from * to, |rows| {
        let x = Matrix::new(&x[numbers(&rows, from)], [rows.len(), from], from);
        product(isa, x, &weight, unsafe { y.part(numbers(&rows, to)) }, to, finish);
    });
    y.done()
}

/// Of the weight, `[in, out]`, and of the bias.
///
/// Few samples: parts of the weight see all of them. Many: each part sees some and has its own sums.
pub fn weight_gradient(x: &[f32], dy: &[f32], y: Option<&[f32]>, [n, from, to]: [usize; 3]) -> (Vec<f32>, Vec<f32>) {
    /// Of this many it is worth to have sums by part.
    const MANY: usize = 1024;
    /// Samples whose numbers stay in the cache while the tiles pass over them.
    const BLOCK: usize = 256;
    let isa = isa();
    let dy = relu::through(dy, y);
    let work = n * from * to;
    if n < MANY {
        let (dw, panels) = (Output::new(from * to), Panels::new(isa, Matrix::new(&dy, [n, to], to)));
        split_rows(from, ROWS, work, |at| {
            let x = Matrix::new(&x[at.start..], [n, at.len()], from).transposed();
            product(isa, x, &panels, unsafe { dw.part(numbers(&at, to)) }, to, Finish::default());
        });
        return (dw.done(), columns::sums(isa, &dy, to));
    }
    let parts = split_rows(n, 64, work, |rows| {
        let mut dw = vec![0.0; from * to];
        for start in rows.clone().step_by(BLOCK) {
            let add = start > rows.start;
            let rows = start..rows.end.min(start + BLOCK);
            let x = Matrix::new(&x[numbers(&rows, from)], [rows.len(), from], from).transposed();
            let dy = Panels::new(isa, Matrix::new(&dy[numbers(&rows, to)], [rows.len(), to], to));
            product(isa, x, &dy, &mut dw, to, Finish { add, ..Finish::default() });
        }
        (dw, columns::sums(isa, &dy[numbers(&rows, to)], to))
    });
    let (dw, db) = parts.into_iter().unzip();
    (add_up(dw), add_up(db))
}
