use crate::fused::fused;
use crate::norm2d::{self, Norm2d, Tail};
use burn::backend::Dispatch;
use burn::tensor::Tensor;

/// [`crate::norm2d`] with the mean and the biased variance that `x` `[n, c, h, w]` itself has in every channel (Ioffe
/// and Szegedy 2015, algorithm 1): the result, and both statistics `[c]` without a tape.
pub fn batch_norm2d(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    if fused(&x) {
        let (mean, var) = <Dispatch as Norm2d>::statistics2d(x.clone().without_autodiff().into_dispatch());
        let (mean, var): (Tensor<1>, Tensor<1>) = (Tensor::from_dispatch(mean), Tensor::from_dispatch(var));
        // The operation wants all of its tensors on one device.
        let beside = |v: &Tensor<1>| if x.is_autodiff() { Tensor::from_inner(v.clone()) } else { v.clone() };
        let (m, v) = (beside(&mean), beside(&var));
        return (norm2d::fused(x, m, v, weight, bias, epsilon, tail, true), mean, var);
    }
    let [n, channels, height, width] = x.dims();
    let rows = x.clone().swap_dims(0, 1).reshape([channels, n * height * width]);
    let mean = rows.clone().mean_dim(1);
    let var = (rows - mean.clone()).powi_scalar(2).mean_dim(1);
    let (mean, var): (Tensor<1>, Tensor<1>) = (mean.squeeze_dim(1), var.squeeze_dim(1));
    let y = norm2d::plain(x, mean.clone(), var.clone(), weight, bias, epsilon, tail);
    (y, mean.without_autodiff(), var.without_autodiff())
}
