use crate::fused::{fused, in_rows, numbers, numbers_mut};
#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;

#[cfg(feature = "gpu")]
mod cube;

/// Running means and variances `[c]` of batch normalisation, moved on in place by what a batch had
/// ([`crate::batch_norm2d`]): old ← (1 − share) · old + share · new, the variance made unbiased first, from `count`
/// numbers a channel. PyTorch's `momentum` is the share. Without a tape.
pub fn absorb(
    [mean, var]: [Tensor<1>; 2],
    [new_mean, new_var]: [Tensor<1>; 2],
    count: usize,
    share: f64,
) -> [Tensor<1>; 2] {
    let unbiased = share * count as f64 / (count as f64 - 1.0).max(1.0);
    if fused(&mean) {
        let [mean, var, new_mean, new_var] = [mean, var, new_mean, new_var].map(Tensor::into_dispatch);
        let (mean, var) = <Dispatch as Absorb>::absorb(mean, var, new_mean, new_var, share, unbiased);
        return [mean, var].map(Tensor::from_dispatch);
    }
    let mix = |old: Tensor<1>, new: Tensor<1>, taken: f64| old.mul_scalar(1.0 - share) + new.mul_scalar(taken);
    [mix(mean, new_mean, share), mix(var, new_var, unbiased)]
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Absorb: Backend {
    /// `taken` of the new variance.
    #[fusion(meta = both)]
    fn absorb(
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

impl Absorb for Flex {
    fn absorb(
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        new_mean: FloatTensor<Self>,
        new_var: FloatTensor<Self>,
        share: f64,
        taken: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let keep = (1.0 - share) as f32;
        let mix = |old: FloatTensor<Self>, new: FloatTensor<Self>, taken: f64| {
            let (mut old, new) = (in_rows(old), in_rows(new));
            let moved = numbers_mut(&mut old).iter_mut().zip(numbers(&new));
            moved.for_each(|(old, new)| *old = keep * *old + taken as f32 * new);
            old
        };
        (mix(mean, new_mean, share), mix(var, new_var, taken))
    }
}
