//! Group normalisation.

use crate::norm2d::{self, Axes, Tail};
use crate::reference::fused;
use burn::tensor::Tensor;

/// (x − mean) / √(var + ε) · weight + bias, followed by `tail`; mean and biased variance are taken over all pixels of
/// one group of an image's channels (Wu and He 2018). `x` and the result are `[n, c, h, w]`, `weight` and `bias` `[c]`,
/// and c must be a multiple of `groups`.
pub fn group_norm2d(
    x: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> Tensor<4> {
    if fused(&x) {
        return norm2d::with_own_statistics(x, weight, bias, epsilon, tail, Axes::Groups(groups)).0;
    }
    let shape @ [n, channels, height, width] = x.dims();
    let rows = x.reshape([n, groups, channels / groups * height * width]);
    let centred = rows.clone() - rows.mean_dim(2);
    let var = centred.clone().powi_scalar(2).mean_dim(2);
    let y = (centred / (var + epsilon).sqrt()).reshape(shape);
    let wide = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    tail.of(y * wide(weight) + wide(bias))
}
