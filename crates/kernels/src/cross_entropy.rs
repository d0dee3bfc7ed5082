//! Cross-entropy, −log softmax of the labelled class, and the log-odds against that class.

use crate::math::exp;
use crate::threads::{element_range, split_rows};
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// The loss of each row `[n]` and the softmax probabilities `[n, c]`, from `logits` `[n, c]` and one class per row.
///
/// With `odds` the loss is log((1 − p) / p) of the labelled class's probability p, and the probabilities are those of
/// the other classes among themselves, 0 at the label.
///
/// # Panics
/// If a label is not in `0..c`, or if `logits` does not have `n · c` elements.
pub fn forward(logits: &[f32], labels: &[i32], c: usize, odds: bool) -> (Vec<f32>, Vec<f32>) {
    let (isa, n) = (isa(), labels.len());
    assert_eq!(logits.len(), n * c);
    let (losses, probabilities) = (Uninit::new(n), Uninit::new(n * c));
    split_rows(n, 1, 16 * n * c, |rows| {
        let at = element_range(&rows, c);
        let (losses, p) = unsafe { (losses.part(rows.clone()), probabilities.part(at.clone())) };
        let (logits, labels) = (&logits[at], &labels[rows]);
        let largest = |x: &[f32]| x.iter().fold(f32::NEG_INFINITY, |most, x| if *x > most { *x } else { most });
        for ((p, logits), label) in p.chunks_exact_mut(c).zip(logits.chunks_exact(c)).zip(labels) {
            let own = class(*label, c);
            let most = if odds { largest(&logits[..own]).max(largest(&logits[own + 1..])) } else { largest(logits) };
            p.iter_mut().zip(logits).for_each(|(p, x)| *p = x - most);
        }
        for ((loss, label), p) in losses.iter_mut().zip(labels).zip(p.chunks_exact_mut(c)) {
            let own = &mut p[class(*label, c)];
            *loss = -*own;
            if odds {
                *own = f32::NEG_INFINITY;
            }
        }
        exp_all(isa, p);
        for ((loss, label), p) in losses.iter_mut().zip(labels).zip(p.chunks_exact_mut(c)) {
            if odds {
                p[class(*label, c)] = 0.0;
            }
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
