//! The step of PGD in the ℓ∞ ball.

use crate::output::split_numbers;
use crate::threads::Shared;
use crate::{dispatch, isa};

/// `x` goes a step of `alpha` along the sign of the gradient, back into the ball of radius `epsilon` about `center`,
/// and into 0 to 1. It has the bits of these operations one after the other.
pub fn step(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) {
    let (isa, n) = (isa(), x.len());
    assert!(gradient.len() == n && center.len() == n);
    let x = Shared::new(x);
    split_numbers(n, n, |at| {
        let to = unsafe { x.range(at.clone()) };
        step_on(isa, to, &gradient[at.clone()], &center[at], alpha, epsilon);
    });
}

dispatch! {
    fn step_on(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) = step_body
}

#[inline(always)]
unsafe fn step_body<V>(x: &mut [f32], gradient: &[f32], center: &[f32], alpha: f32, epsilon: f32) {
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
