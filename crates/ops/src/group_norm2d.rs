use crate::fused::fused;
use crate::norm2d::{self, Over, Tail};
use burn::tensor::Tensor;

/// Tail of (x − mean) / √(var + ε) · weight + bias, mean and biased variance over every image's channels of one group,
/// all pixels (Wu and He 2018): `x` `[n, c, h, w]`, `weight` and `bias` `[c]`, c a multiple of `groups`.
pub fn group_norm2d(
    x: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> Tensor<4> {
    if fused(&x) {
        return norm2d::by_itself(x, weight, bias, epsilon, tail, Over::Groups(groups)).0;
    }
    let shape @ [n, channels, height, width] = x.dims();
    let rows = x.reshape([n, groups, channels / groups * height * width]);
    let centred = rows.clone() - rows.mean_dim(2);
    let var = centred.clone().powi_scalar(2).mean_dim(2);
    let y = (centred / (var + epsilon).sqrt()).reshape(shape);
    let wide = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    tail.of(y * wide(weight) + wide(bias))
}
