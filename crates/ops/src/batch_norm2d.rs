//! Batch normalisation with the statistics of the batch.

use crate::norm2d::{self, Axes, Tail};
use crate::reference::fused;
use burn::tensor::Tensor;

/// [`crate::norm2d`] with the mean and the biased variance of `x` `[n, c, h, w]` itself in every channel (Ioffe and
/// Szegedy 2015, algorithm 1). Returns the result `[n, c, h, w]` and both statistics `[c]`, which are not on a tape.
/// `weight` and `bias` are `[c]`.
pub fn batch_norm2d(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    if fused(&x) {
        return norm2d::with_own_statistics(x, weight, bias, epsilon, tail, Axes::Batch);
    }
    let [n, channels, height, width] = x.dims();
    let rows = x.clone().swap_dims(0, 1).reshape([channels, n * height * width]);
    let mean = rows.clone().mean_dim(1);
    let var = (rows - mean.clone()).powi_scalar(2).mean_dim(1);
    let (mean, var): (Tensor<1>, Tensor<1>) = (mean.squeeze_dim(1), var.squeeze_dim(1));
    let y = norm2d::reference(x, mean.clone(), var.clone(), weight, bias, epsilon, tail);
    (y, mean.without_autodiff(), var.without_autodiff())
}
