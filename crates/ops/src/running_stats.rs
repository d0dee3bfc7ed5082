//! Running statistics of batch normalisation.

use crate::flex::{elements, elements_mut, row_major};
use crate::reference::fused;
#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

#[cfg(feature = "gpu")]
mod cube;

/// Updates the running mean and variance `[c]` of batch normalisation in place with the statistics of a batch (see
/// [`crate::batch_norm2d`]): old ← (1 − share) · old + share · new. `share` is PyTorch's `momentum`. The variance is
/// made unbiased first; `count` is the number of elements of a channel. Nothing is on a tape.
pub fn update_running_stats(
    [mean, var]: [Tensor<1>; 2],
    [new_mean, new_var]: [Tensor<1>; 2],
    count: usize,
    share: f64,
) -> [Tensor<1>; 2] {
    let unbiased = share * count as f64 / (count as f64 - 1.0).max(1.0);
    if fused(&mean) {
        let [mean, var, new_mean, new_var] = [mean, var, new_mean, new_var].map(Tensor::into_dispatch);
        let (mean, var) =
            <Dispatch as RunningStats>::update_running_stats(mean, var, new_mean, new_var, share, unbiased);
        return [mean, var].map(Tensor::from_dispatch);
    }
    let mix = |old: Tensor<1>, new: Tensor<1>, taken: f64| old.mul_scalar(1.0 - share) + new.mul_scalar(taken);
    [mix(mean, new_mean, share), mix(var, new_var, unbiased)]
}

/// The backends' part of [`update_running_stats`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait RunningStats: Backend {
    /// The new running mean and variance; `taken` is the weight of the new variance.
    #[fusion(meta = both)]
    fn update_running_stats(
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        new_mean: FloatTensor<Self>,
        new_var: FloatTensor<Self>,
        share: f64,
        taken: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn both(
    mean: &TensorSpec,
    var: &TensorSpec,
    _: &TensorSpec,
    _: &TensorSpec,
    _: &f64,
    _: &f64,
) -> (TensorSpec, TensorSpec) {
    (mean.clone(), var.clone())
}

impl RunningStats for Flex {
    fn update_running_stats(
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        new_mean: FloatTensor<Self>,
        new_var: FloatTensor<Self>,
        share: f64,
        taken: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = (1.0 - share) as f32;
        let mix = |old: FloatTensor<Self>, new: FloatTensor<Self>, taken: f64| {
            let (mut old, new) = (row_major(old), row_major(new));
            let moved = elements_mut(&mut old).iter_mut().zip(elements(&new));
            moved.for_each(|(old, new)| *old = keep * *old + taken as f32 * new);
            old
        };
        (mix(mean, new_mean, share), mix(var, new_var, taken))
    }
}
