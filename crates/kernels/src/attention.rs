//! Multi-head attention, softmax(q · kᵀ / √d) · v for every head.
//!
//! Queries, keys and values are interleaved in `qkv` `[b, t, 3, heads, d]`, row-major: b images of t tokens, heads of d
//! elements.

use crate::lanes::Lanes;
use crate::math::{dot, exp, largest, sum};
use crate::matmul::{Epilogue, Matrix, PackedRhs, matmul};
use crate::threads::split_rows;
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// The output `[b, t, heads · d]` and the attention probabilities `[b, heads, t, t]`; `size` is `[b, t, heads, d]`.
///
/// # Panics
/// If `qkv` does not have `b · t · 3 · heads · d` elements.
pub fn forward(qkv: &[f32], size: [usize; 4]) -> (Vec<f32>, Vec<f32>) {
    let [b, t, heads, d] = size;
    let (isa, width) = (isa(), heads * d);
    assert_eq!(qkv.len(), b * t * 3 * width);
    let scale = 1.0 / (d as f32).sqrt();
    let (y, probabilities) = (Uninit::new(b * t * width), Uninit::new(b * heads * t * t));
    split_rows(b, 1, 2 * b * t * t * width, |images| {
        let mut buffer = Vec::new();
        for i in images {
            let y = unsafe { y.part(i * t * width..(i + 1) * t * width) };
            for head in 0..heads {
                let [q, k, v] = three(qkv, size, i, head);
                let at = (i * heads + head) * t * t;
                let p = unsafe { probabilities.part(at..at + t * t) };
                let keys = PackedRhs::in_buffer(isa, k.transposed(), buffer);
                matmul(isa, q, &keys, p, t, Epilogue::default());
                softmax(isa, p, t, scale);
                let values = PackedRhs::in_buffer(isa, v, keys.into_buffer());
                matmul(isa, Matrix::new(p, [t, t], t), &values, &mut y[head * d..], width, Epilogue::default());
                buffer = values.into_buffer();
            }
        }
    });
    (y.done(), probabilities.done())
}

/// Queries, keys and values of one head of image `i`, each `[t, d]`.
fn three(qkv: &[f32], [_, t, heads, d]: [usize; 4], i: usize, head: usize) -> [Matrix<'_>; 3] {
    let row = 3 * heads * d;
    [0, 1, 2].map(|which| Matrix::new(&qkv[i * t * row + (which * heads + head) * d..], [t, d], row))
}

/// The gradient of `qkv`, of the same shape. `probabilities` `[b, heads, t, t]` is what [`forward`] returned, and `dy`
/// is `[b, t, heads · d]`.
///
/// # Panics
/// If a slice does not have the length that `size` gives.
pub fn gradient(qkv: &[f32], probabilities: &[f32], dy: &[f32], size: [usize; 4]) -> Vec<f32> {
    let [b, t, heads, d] = size;
    let (isa, width) = (isa(), heads * d);
    assert!(qkv.len() == b * t * 3 * width && dy.len() == b * t * width);
    assert_eq!(probabilities.len(), b * heads * t * t);
    let dx = Uninit::new(qkv.len());
    split_rows(b, 1, 5 * b * t * t * width, |images| {
        let mut scores = vec![0.0; t * t];
        let mut buffer = Vec::new();
        for i in images {
            let dx = unsafe { dx.part(i * t * 3 * width..(i + 1) * t * 3 * width) };
            for head in 0..heads {
                let [q, k, v] = three(qkv, size, i, head);
                let dy = Matrix::new(&dy[i * t * width + head * d..], [t, d], width);
                let p = &probabilities[(i * heads + head) * t * t..][..t * t];
                let mut times = |a: Matrix, b: Matrix, to: &mut [f32], stride: usize| {
                    let panels = PackedRhs::in_buffer(isa, b, std::mem::take(&mut buffer));
                    matmul(isa, a, &panels, to, stride, Epilogue::default());
                    buffer = panels.into_buffer();
                };
                times(dy, v.transposed(), &mut scores, t);
                softmax_gradient(isa, p, &mut scores, t, 1.0 / (d as f32).sqrt());
                let (p, dscores) = (Matrix::new(p, [t, t], t), Matrix::new(&scores, [t, t], t));
                times(dscores, k, &mut dx[head * d..], 3 * width);
                times(dscores.transposed(), q, &mut dx[width + head * d..], 3 * width);
                times(p.transposed(), dy, &mut dx[2 * width + head * d..], 3 * width);
            }
        }
    });
    dx.done()
}

dispatch! {
    /// softmax of every row of `t` scores times `scale`, in place.
    fn softmax(scores: &mut [f32], t: usize, scale: f32) = softmax_impl
}

#[inline(always)]
unsafe fn softmax_impl<V: Lanes>(scores: &mut [f32], t: usize, scale: f32) {
    for row in scores.chunks_exact_mut(t) {
        let most = unsafe { largest::<V>(row) };
        row.iter_mut().for_each(|x| *x = (*x - most) * scale);
    }
    // All rows at once, because a single row may be too short for vectors.
    scores.iter_mut().for_each(|x| *x = exp(*x));
    for row in scores.chunks_exact_mut(t) {
        let inverse = 1.0 / unsafe { sum::<V>(row) };
        row.iter_mut().for_each(|x| *x *= inverse);
    }
}

dispatch! {
    /// From the gradient of the probabilities to the gradient of the unscaled scores, in place.
    fn softmax_gradient(p: &[f32], dp: &mut [f32], t: usize, scale: f32) = softmax_gradient_impl
}

#[inline(always)]
unsafe fn softmax_gradient_impl<V: Lanes>(p: &[f32], dp: &mut [f32], t: usize, scale: f32) {
    for (p, dp) in p.chunks_exact(t).zip(dp.chunks_exact_mut(t)) {
        let along = unsafe { dot::<V>(p, dp) };
        dp.iter_mut().zip(p).for_each(|(dp, p)| *dp = p * (*dp - along) * scale);
    }
}
