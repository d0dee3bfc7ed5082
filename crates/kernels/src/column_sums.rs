//! Column sums of a row-major matrix with few columns.
//!
//! Several rows are treated as one, so that a row is long enough for vectors and for many independent accumulators: a
//! row of 3 channels becomes one of 258.

use crate::dispatch;

/// The number of rows of `c` elements that are treated as one.
fn repeats(c: usize) -> usize {
    256_usize.div_ceil(c)
}

/// The elements of a wide row: all rows of `c` elements that are treated as one.
pub fn wide(c: usize) -> usize {
    c * repeats(c)
}

/// One value per column, repeated to the length of a wide row.
pub fn widen(columns: &[f32]) -> Vec<f32> {
    columns.repeat(repeats(columns.len()))
}

/// Adds up the sums of a wide row into the sums of its `c` columns.
#[inline(always)]
pub fn narrow(sums: &[f32], c: usize) -> Vec<f32> {
    let (first, others) = sums.split_at(c);
    let mut all = first.to_vec();
    for sums in others.chunks_exact(c) {
        all.iter_mut().zip(sums).for_each(|(all, sum)| *all += sum);
    }
    all
}

dispatch! {
    /// The sums of the `c` columns of `x` `[rows, c]`.
    pub fn sums(x: &[f32], c: usize) -> Vec<f32> = sums_impl
}

#[inline(always)]
unsafe fn sums_impl<V>(x: &[f32], c: usize) -> Vec<f32> {
    let mut sums = vec![0.0; wide(c)];
    for row in x.chunks(wide(c)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    narrow(&sums, c)
}
