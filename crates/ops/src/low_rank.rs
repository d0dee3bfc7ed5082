use burn::tensor::Tensor;

/// The branch beside a linear layer, scale·(x·A)·B for `x` `[n, in]`, `a` `[in, r]`, `b` `[r, out]`: the product A·B is
/// never formed.
pub fn low_rank(x: Tensor<2>, a: Tensor<2>, b: Tensor<2>, scale: f64) -> Tensor<2> {
    x.matmul(a).matmul(b).mul_scalar(scale)
}
