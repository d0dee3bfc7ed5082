//! The gradient of max(0, x), from its output.

use crate::math::mask;
use crate::threads::split_elements;
use crate::uninit::Uninit;
use crate::{dispatch, isa};
use std::borrow::Cow;

/// `dy` where `y` is positive, else 0.
///
/// # Panics
/// If the lengths differ.
pub fn gradient(dy: &[f32], y: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), dy.len());
    assert_eq!(y.len(), n);
    let dx = Uninit::new(n);
    split_elements(n, n, |at| gradient_of(isa, &dy[at.clone()], &y[at.clone()], unsafe { dx.part(at) }));
    dx.done()
}

/// [`gradient`] if the layer had a relu, whose output is `y`; `dy` itself otherwise.
pub(crate) fn through<'a>(dy: &'a [f32], y: Option<&[f32]>) -> Cow<'a, [f32]> {
    y.map_or(Cow::Borrowed(dy), |y| Cow::Owned(gradient(dy, y)))
}

dispatch! {
    fn gradient_of(dy: &[f32], y: &[f32], dx: &mut [f32]) = gradient_impl
}

#[inline(always)]
unsafe fn gradient_impl<V>(dy: &[f32], y: &[f32], dx: &mut [f32]) {
    for ((dx, dy), y) in dx.iter_mut().zip(dy).zip(y) {
        *dx = mask(*y > 0.0, *dy);
    }
}
