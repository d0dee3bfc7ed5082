//! GELU, x · Φ(x) with the exact Φ (Hendrycks and Gimpel 2016), element by element.

use crate::math::normal;
use crate::threads::split_elements;
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// x · Φ(x) of every element.
pub fn forward(x: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), x.len());
    let y = Uninit::new(n);
    split_elements(n, 16 * n, |at| forward_of(isa, &x[at.clone()], unsafe { y.part(at) }));
    y.done()
}

/// The gradient of `x`: dy · (Φ(x) + x · φ(x)).
///
/// # Panics
/// If `x` and `dy` differ in length.
pub fn gradient(x: &[f32], dy: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), x.len());
    assert_eq!(dy.len(), n);
    let dx = Uninit::new(n);
    split_elements(n, 16 * n, |at| gradient_of(isa, &x[at.clone()], &dy[at.clone()], unsafe { dx.part(at) }));
    dx.done()
}

dispatch! {
    fn forward_of(x: &[f32], y: &mut [f32]) = forward_impl
}

dispatch! {
    fn gradient_of(x: &[f32], dy: &[f32], dx: &mut [f32]) = gradient_impl
}

#[inline(always)]
unsafe fn forward_impl<V>(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = x * normal(*x).0);
}

#[inline(always)]
unsafe fn gradient_impl<V>(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
        let (below, density) = normal(*x);
        *dx = dy * (below + x * density);
    }
}
