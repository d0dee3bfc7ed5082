//! softmax(q · kᵀ / √d) · v for every head.
//!
//! Queries, keys and values lie side by side in `qkv [b, t, 3, heads, d]`.

use crate::lanes::Lanes;
use crate::math::{dot, exp, largest, sum};
use crate::output::{Output, split_rows};
use crate::product::{Finish, Matrix, Panels, product};
use crate::{dispatch, isa};

/// → `[b, t, heads · d]`, and the probabilities `[b, heads, t, t]`.
pub fn forward(qkv: &[f32], size: [usize; 4]) -> (Vec<f32>, Vec<f32>) {
    let [b, t, heads, d] = size;
    let (isa, width) = (isa(), heads * d);
    assert_eq!(qkv.len(), b * t * 3 * width);
    let scale = 1.0 / (d as f32).sqrt();
    let (y, probabilities) = (Output::new(b * t * width), Output::new(b * heads * t * t));
    split_rows(b, 1, 2 * b * t * t * width, |images| {
        let mut memory = Vec::new();
        for i in images {
            let y = unsafe { y.part(i * t * width..(i + 1) * t * width) };
            for head in 0..heads {
                let [q, k, v] = three(qkv, size, i, head);
                let at = (i * heads + head) * t * t;
                let p = unsafe { probabilities.part(at..at + t * t) };
                let keys = Panels::in_memory(isa, k.transposed(), memory);
                product(isa, q, &keys, p, t, Finish::default());
                softmax(isa, p, t, scale);
                let values = Panels::in_memory(isa, v, keys.into_memory());
                product(isa, Matrix::new(p, [t, t], t), &values, &mut y[head * d..], width, Finish::default());
                memory = values.into_memory();
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

/// Of `qkv`; `probabilities` are what [`forward`] gave, `dy` is `[b, t, heads · d]`.
pub fn gradient(qkv: &[f32], probabilities: &[f32], dy: &[f32], size: [usize; 4]) -> Vec<f32> {
    let [b, t, heads, d] = size;
    let (isa, width) = (isa(), heads * d);
    assert!(qkv.len() == b * t * 3 * width && dy.len() == b * t * width);
    assert_eq!(probabilities.len(), b * heads * t * t);
    let dx = Output::new(qkv.len());
    split_rows(b, 1, 5 * b * t * t * width, |images| {
        let mut scores = vec![0.0; t * t];
        let mut memory = Vec::new();
        for i in images {
            let dx = unsafe { dx.part(i * t * 3 * width..(i + 1) * t * 3 * width) };
            for head in 0..heads {
                let [q, k, v] = three(qkv, size, i, head);
                let dy = Matrix::new(&dy[i * t * width + head * d..], [t, d], width);
                let p = &probabilities[(i * heads + head) * t * t..][..t * t];
                let mut times = |a: Matrix, b: Matrix, to: &mut [f32], step: usize| {
                    let panels = Panels::in_memory(isa, b, std::mem::take(&mut memory));
                    product(isa, a, &panels, to, step, Finish::default());
                    memory = panels.into_memory();
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
    /// Of every row of `t` scores times `scale`, in place.
    fn softmax(scores: &mut [f32], t: usize, scale: f32) = softmax_body
}

#[inline(always)]
unsafe fn softmax_body<V: Lanes>(scores: &mut [f32], t: usize, scale: f32) {
    for row in scores.chunks_exact_mut(t) {
        let most = unsafe { largest::<V>(row) };
        row.iter_mut().for_each(|x| *x = (*x - most) * scale);
    }
    // All rows as one: no ends in between that are too short for vectors.
    scores.iter_mut().for_each(|x| *x = exp(*x));
    for row in scores.chunks_exact_mut(t) {
        let inverse = 1.0 / unsafe { sum::<V>(row) };
        row.iter_mut().for_each(|x| *x *= inverse);
    }
}

dispatch! {
    /// From the gradient of the probabilities to that of the scores before they are scaled, in place.
    fn softmax_gradient(p: &[f32], dp: &mut [f32], t: usize, scale: f32) = softmax_gradient_body
}

#[inline(always)]
unsafe fn softmax_gradient_body<V: Lanes>(p: &[f32], dp: &mut [f32], t: usize, scale: f32) {
    for (p, dp) in p.chunks_exact(t).zip(dp.chunks_exact_mut(t)) {
        let along = unsafe { dot::<V>(p, dp) };
        dp.iter_mut().zip(p).for_each(|(dp, p)| *dp = p * (*dp - along) * scale);
    }
}
