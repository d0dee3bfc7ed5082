//! x · Φ(x), with the exact Φ.

use crate::math::normal;
use crate::output::{Output, split_numbers};
use crate::{dispatch, isa};

pub fn forward(x: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), x.len());
    let y = Output::new(n);
    split_numbers(n, 16 * n, |at| forward_of(isa, &x[at.clone()], unsafe { y.part(at) }));
    y.done()
}

/// dy · (Φ(x) + x · φ(x)).
pub fn gradient(x: &[f32], dy: &[f32]) -> Vec<f32> {
    let (isa, n) = (isa(), x.len());
    assert_eq!(dy.len(), n);
    let dx = Output::new(n);
    split_numbers(n, 16 * n, |at| gradient_of(isa, &x[at.clone()], &dy[at.clone()], unsafe { dx.part(at) }));
    dx.done()
}

dispatch! {
    fn forward_of(x: &[f32], y: &mut [f32]) = forward_body
}

dispatch! {
    fn gradient_of(x: &[f32], dy: &[f32], dx: &mut [f32]) = gradient_body
}

#[inline(always)]
unsafe fn forward_body<V>(x: &[f32], y: &mut [f32]) {
    y.iter_mut().zip(x).for_each(|(y, x)| *y = x * normal(*x).0);
}

#[inline(always)]
unsafe fn gradient_body<V>(x: &[f32], dy: &[f32], dx: &mut [f32]) {
    for ((dx, x), dy) in dx.iter_mut().zip(x).zip(dy) {
        let (below, density) = normal(*x);
        *dx = dy * (below + x * density);
    }
}
