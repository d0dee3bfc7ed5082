//! Cross-entropy: −log softmax of the labelled class.

use crate::math::exp;
use crate::threads::{element_range, split_rows};
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// The loss of each row `[n]` and the softmax probabilities `[n, c]`, from `logits` `[n, c]` and one class per row.
///
/// # Panics
/// If a label is not in `0..c`, or if `logits` does not have `n · c` elements.
pub fn forward(logits: &[f32], labels: &[i32], c: usize) -> (Vec<f32>, Vec<f32>) {
    let (isa, n) = (isa(), labels.len());
    assert_eq!(logits.len(), n * c);
    let (losses, probabilities) = (Uninit::new(n), Uninit::new(n * c));
    split_rows(n, 1, 16 * n * c, |rows| {
        let at = element_range(&rows, c);
        let (losses, p) = unsafe { (losses.part(rows.clone()), probabilities.part(at.clone())) };
        let logits = &logits[at];
        for (p, logits) in p.chunks_exact_mut(c).zip(logits.chunks_exact(c)) {
            let most = logits.iter().fold(f32::NEG_INFINITY, |most, x| if *x > most { *x } else { most });
            p.iter_mut().zip(logits).for_each(|(p, x)| *p = x - most);
        }
        for ((loss, label), p) in losses.iter_mut().zip(&labels[rows]).zip(p.chunks_exact(c)) {
            *loss = -p[class(*label, c)];
        }
        exp_all(isa, p);
        for (loss, p) in losses.iter_mut().zip(p.chunks_exact_mut(c)) {
            let sum: f32 = p.iter().sum();
            *loss += sum.ln();
            p.iter_mut().for_each(|p| *p /= sum);
        }
    });
    (losses.done(), probabilities.done())
}

/// The gradient of the logits `[n, c]`: `dloss · (probabilities − 1 at the label)` in every row. `dloss` `[n]` is the
/// gradient of each loss.
///
/// # Panics
/// If a label is not in `0..c`, or if the lengths do not fit.
pub fn gradient(probabilities: &[f32], labels: &[i32], dloss: &[f32], c: usize) -> Vec<f32> {
    assert!(probabilities.len() == labels.len() * c && dloss.len() == labels.len());
    let mut dx = probabilities.to_vec();
    for ((dx, label), dloss) in dx.chunks_exact_mut(c).zip(labels).zip(dloss) {
        dx[class(*label, c)] -= 1.0;
        dx.iter_mut().for_each(|dx| *dx *= dloss);
    }
    dx
}

fn class(label: i32, c: usize) -> usize {
    match usize::try_from(label) {
        Ok(label) if label < c => label,
        _ => panic!("the label {label} is none of {c} classes"),
    }
}

dispatch! {
    /// e^x of all rows at once, because a single row may be too short for vectors.
    fn exp_all(x: &mut [f32]) = exp_impl
}

#[inline(always)]
unsafe fn exp_impl<V>(x: &mut [f32]) {
    x.iter_mut().for_each(|x| *x = exp(*x));
}
