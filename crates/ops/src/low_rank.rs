//! The low-rank branch of LoRA.

use crate::linear;
use crate::reference::fused;
use burn::tensor::Tensor;

/// The low-rank branch beside a linear layer (Hu et al. 2021), scale·(x·A)·B: `x` `[n, in]`, `a` `[in, r]` and `b` `[r,
/// out]` give `[n, out]`. The product A·B is never formed.
pub fn low_rank(x: Tensor<2>, a: Tensor<2>, b: Tensor<2>, scale: f64) -> Tensor<2> {
    if !fused(&x) {
        return x.matmul(a).matmul(b).mul_scalar(scale);
    }
    let product = |x: Tensor<2>, weight: Tensor<2>| {
        let zeros = Tensor::zeros([weight.dims()[1]], &x.device());
        linear(x, weight, Some(zeros), false)
    };
    product(product(x, a), b).mul_scalar(scale)
}
