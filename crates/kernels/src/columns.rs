//! Sums over the rows of a matrix with few columns.
//!
//! Rows are taken together until they are wide enough for vectors and for many sums that do not wait for each other: a
//! row of 3 channels becomes one of 258.

use crate::dispatch;

/// How many rows of `c` are taken at once.
fn repeats(c: usize) -> usize {
    256_usize.div_ceil(c)
}

/// How many numbers are taken at once of rows of `c`.
pub fn wide(c: usize) -> usize {
    c * repeats(c)
}

/// What every column has, for all rows that are taken at once.
pub fn widen(columns: &[f32]) -> Vec<f32> {
    columns.repeat(repeats(columns.len()))
}

/// Sums of `c` columns from sums of the columns taken at once.
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
    /// Sums of the `c` columns of `x`.
    pub fn sums(x: &[f32], c: usize) -> Vec<f32> = sums_body
}

#[inline(always)]
unsafe fn sums_body<V>(x: &[f32], c: usize) -> Vec<f32> {
    let mut sums = vec![0.0; wide(c)];
    for row in x.chunks(wide(c)) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    narrow(&sums, c)
}
