//! The gradient of max(0, x), by its output.

use crate::math::where_open;
use crate::output::{Output, split_numbers};
use crate::{dispatch, isa};
use std::borrow::Cow;

/// `dy` where `y` is positive, else 0.
pub fn gradient(dy: &[f32], y: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), dy.len());
    assert_eq!(y.len(), n);
    let dx = Output::new(n);
    split_numbers(n, n, |at| gradient_of(isa, &dy[at.clone()], &y[at.clone()], unsafe { dx.part(at) }));
    dx.done()
}

/// [`gradient`] if there was a relu, whose output is `y`.
pub(crate) fn through<'a>(dy: &'a [f32], y: Option<&[f32]>) -> Cow<'a, [f32]> {
    y.map_or(Cow::Borrowed(dy), |y| Cow::Owned(gradient(dy, y)))
}

dispatch! {
    fn gradient_of(dy: &[f32], y: &[f32], dx: &mut [f32]) = gradient_body
}

#[inline(always)]
unsafe fn gradient_body<V>(dy: &[f32], y: &[f32], dx: &mut [f32]) {
    for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
        *dx = where_open(*y > 0.0, *dy);
    }
}
