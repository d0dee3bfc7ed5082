//! Projections and steps of attacks on pixels.

use crate::flex::{elements, elements_mut, row_major};
use crate::reference::fused;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

#[cfg(feature = "gpu")]
mod cube;

/// One step of projected gradient ascent: x + α · sign(gradient), projected by [`project_linf`]. All tensors are `[n,
/// c, h, w]`, and nothing is on a tape.
pub fn step_linf(x: Tensor<4>, gradient: Tensor<4>, center: &Tensor<4>, alpha: f64, epsilon: f64) -> Tensor<4> {
    if fused(&x) {
        let (x, gradient, center) = (x.into_dispatch(), gradient.into_dispatch(), center.clone().into_dispatch());
        return Tensor::from_dispatch(<Dispatch as StepLinf>::step_linf(x, gradient, center, alpha, epsilon));
    }
    project_linf(x + gradient.sign().mul_scalar(alpha), center, epsilon)
}

/// The backends' part of [`step_linf`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait StepLinf: Backend {
    /// The projected step, `[n, c, h, w]`.
    #[fusion(dtype = x, shape = x)]
    fn step_linf(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        center: FloatTensor<Self>,
        alpha: f64,
        epsilon: f64,
    ) -> FloatTensor<Self>;
}

impl StepLinf for Flex {
    fn step_linf(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        center: FloatTensor<Self>,
        alpha: f64,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let (mut x, gradient, center) = (row_major(x), row_major(gradient), row_major(center));
        let [alpha, epsilon] = [alpha as f32, epsilon as f32];
        kernels::project::step(elements_mut(&mut x), elements(&gradient), elements(&center), alpha, epsilon);
        x
    }
}

/// Projects x `[n, c, h, w]` into the ball ‖x − center‖∞ ≤ ε, then into the box [0, 1].
pub fn project_linf(x: Tensor<4>, center: &Tensor<4>, epsilon: f64) -> Tensor<4> {
    let low = center.clone().sub_scalar(epsilon);
    let high = center.clone().add_scalar(epsilon);
    project_box(x.max_pair(low).min_pair(high))
}

/// Projects every sample of x `[n, c, h, w]` into the ball ‖x − center‖₂ ≤ ε, then clips it to the box [0, 1].
pub fn project_l2(x: Tensor<4>, center: &Tensor<4>, epsilon: f64) -> Tensor<4> {
    let delta = x - center.clone();
    // At the centre the length is 0; the guard keeps the factor finite, and min(·, 1) makes it exactly 1 there.
    let factor = length(delta.clone()).clamp_min(1e-12).recip().mul_scalar(epsilon).clamp_max(1.0);
    project_box(center.clone() + delta * factor)
}

/// Clips x to the box of valid inputs, [0, 1].
pub fn project_box(x: Tensor<4>) -> Tensor<4> {
    x.clamp(0.0, 1.0)
}

/// Every sample of x `[n, c, h, w]` divided by its Euclidean norm; one of zeros stays so. Its largest element is made 1
/// first, since squares of numbers below 1e-19 are 0 in single precision.
pub fn unit_l2(x: Tensor<4>) -> Tensor<4> {
    let largest = x.clone().abs().max_dim(1).max_dim(2).max_dim(3);
    let x = x / largest.clamp_min(f32::MIN_POSITIVE);
    x.clone() / length(x).clamp_min(1e-12)
}

/// The Euclidean norm of every sample, `[n, 1, 1, 1]`.
fn length(x: Tensor<4>) -> Tensor<4> {
    x.powi_scalar(2).sum_dim(1).sum_dim(2).sum_dim(3).sqrt()
}
