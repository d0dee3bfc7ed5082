//! Layer normalisation (Ba, Kiros and Hinton 2016): every row of a row-major matrix `[n, d]` by its own mean and
//! variance.

use crate::lanes::Lanes;
use crate::math::{dot, sum};
use crate::threads::{add_up, element_range, split_rows};
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// (x − mean) / √(var + epsilon) · weight + bias `[n, d]`, and the mean and 1 / √(var + epsilon) of every row, both
/// `[n]`. `weight` and `bias` are `[d]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward(x: &[f32], weight: &[f32], bias: &[f32], epsilon: f32) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (isa, d) = (isa(), weight.len());
    assert!(bias.len() == d && x.len().is_multiple_of(d));
    let n = x.len() / d;
    let (y, mean, inverse) = (Uninit::new(n * d), Uninit::new(n), Uninit::new(n));
    split_rows(n, 1, 6 * n * d, |rows| {
        let at = element_range(&rows, d);
        let (y, mean, inverse) = unsafe { (y.part(at.clone()), mean.part(rows.clone()), inverse.part(rows)) };
        forward_rows(isa, &x[at], weight, bias, epsilon, y, mean, inverse);
    });
    (y.done(), mean.done(), inverse.done())
}

dispatch! {
    fn forward_rows(
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        epsilon: f32,
        y: &mut [f32],
        mean: &mut [f32],
        inverse: &mut [f32],
    ) = forward_impl
}

#[inline(always)]
unsafe fn forward_impl<V: Lanes>(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    epsilon: f32,
    y: &mut [f32],
    means: &mut [f32],
    inverses: &mut [f32],
) {
    let d = weight.len();
    for (((x, y), mean), inverse) in x.chunks_exact(d).zip(y.chunks_exact_mut(d)).zip(means).zip(inverses) {
        *mean = unsafe { sum::<V>(x) } / d as f32;
        y.iter_mut().zip(x).for_each(|(y, x)| *y = x - *mean);
        *inverse = 1.0 / (unsafe { dot::<V>(y, y) } / d as f32 + epsilon).sqrt();
        y.iter_mut().zip(weight).zip(bias).for_each(|((y, weight), bias)| *y = *y * *inverse * weight + bias);
    }
}

/// The gradients of `x` `[n, d]`, of the weight `[d]` and of the bias `[d]`; `mean` and `inverse` are what [`forward`]
/// returned.
///
/// # Panics
/// If the lengths do not fit.
pub fn gradient(
    x: &[f32],
    weight: &[f32],
    mean: &[f32],
    inverse: &[f32],
    dy: &[f32],
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (isa, d, n) = (isa(), weight.len(), mean.len());
    assert!(x.len() == n * d && dy.len() == n * d && inverse.len() == n);
    let dx = Uninit::new(n * d);
    let parts = split_rows(n, 1, 10 * n * d, |rows| {
        let at = element_range(&rows, d);
        let (mut dweight, mut dbias) = (vec![0.0; d], vec![0.0; d]);
        let (x, dy, to) = (&x[at.clone()], &dy[at.clone()], unsafe { dx.part(at) });
        let (mean, inverse) = (&mean[rows.clone()], &inverse[rows]);
        gradient_rows(isa, x, weight, mean, inverse, dy, to, &mut dweight, &mut dbias);
        (dweight, dbias)
    });
    let (dweight, dbias) = parts.into_iter().unzip();
    (dx.done(), add_up(dweight), add_up(dbias))
}

dispatch! {
    fn gradient_rows(
        x: &[f32],
        weight: &[f32],
        mean: &[f32],
        inverse: &[f32],
        dy: &[f32],
        dx: &mut [f32],
        dweight: &mut [f32],
        dbias: &mut [f32],
    ) = gradient_impl
}

#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn gradient_impl<V: Lanes>(
    x: &[f32],
    weight: &[f32],
    mean: &[f32],
    inverse: &[f32],
    dy: &[f32],
    dx: &mut [f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
) {
    let d = weight.len();
    let mut normal = vec![0.0; d];
    let rows = x.chunks_exact(d).zip(dy.chunks_exact(d)).zip(dx.chunks_exact_mut(d));
    for (((x, dy), dx), (mean, inverse)) in rows.zip(mean.iter().zip(inverse)) {
        for ((((dx, normal), x), dy), weight) in dx.iter_mut().zip(&mut normal).zip(x).zip(dy).zip(weight) {
            *normal = (x - mean) * inverse;
            *dx = dy * weight;
        }
        let along = unsafe { dot::<V>(dx, &normal) } / d as f32;
        let average = unsafe { sum::<V>(dx) } / d as f32;
        for (((dx, normal), dy), (dweight, dbias)) in
            dx.iter_mut().zip(&normal).zip(dy).zip(dweight.iter_mut().zip(dbias.iter_mut()))
        {
            *dx = (*dx - average - normal * along) * inverse;
            *dweight += dy * normal;
            *dbias += dy;
        }
    }
}
