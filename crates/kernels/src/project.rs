//! The step of projected gradient descent (PGD) in an ℓ∞ ball.

use crate::threads::{Shared, split_elements};
use crate::{dispatch, isa};

/// Moves `x` by `alpha` along the sign of `gradient`, projects it into the ball of radius `epsilon` around `center`,
/// and clamps it to 0 to 1; all are of one length. The result is bit-identical to these operations done one after the
/// other.
///
/// # Panics
/// If the lengths differ.
pub fn step(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) {
    let (isa, n) = (isa(), x.len());
    assert!(gradient.len() == n && center.len() == n);
    let x = Shared::new(x);
    split_elements(n, n, |at| {
        let to = unsafe { x.range(at.clone()) };
        step_on(isa, to, &gradient[at.clone()], &center[at], alpha, epsilon);
    });
}

dispatch! {
    fn step_on(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) = step_impl
}

#[inline(always)]
unsafe fn step_impl<V>(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) {
    for ((x, g), center) in x.iter_mut().zip(gradient).zip(center) {
        let along = if *g > 0.0 { alpha } else { 0.0 };
        let step = *x + if *g < 0.0 { -alpha } else { along };
        let (low, high) = (center - epsilon, center + epsilon);
        let step = if step < low { low } else { step };
        let step = if step > high { high } else { step };
        let step = if step < 0.0 { 0.0 } else { step };
        *x = if step > 1.0 { 1.0 } else { step };
    }
}
