use burn::tensor::Tensor;

/// x·W + b for `x` `[n, in]`, `weight` `[in, out]`, `bias` `[out]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>) -> Tensor<2> {
    let y = x.matmul(weight);
    match bias {
        Some(bias) => y + bias.unsqueeze(),
        None => y,
    }
}
