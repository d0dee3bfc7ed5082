use burn::tensor::Tensor;

/// (x − mean) / √(var + ε) · weight + bias, mean and biased variance over the last dimension d (Ba, Kiros and Hinton
/// 2016): `x` `[…, d]`, `weight` and `bias` `[d]`.
pub fn layer_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let var = centred.clone().powi_scalar(2).mean_dim(D - 1);
    centred / (var + epsilon).sqrt() * weight.unsqueeze() + bias.unsqueeze()
}
