use burn::tensor::{Tensor, module, ops::ConvOptions};

/// Convolution of `x` `[n, in, h, w]` with `weight` `[out, in, k, k]`, stride 1, zero padding `k / 2`:
/// `[n, out, h, w]` for odd `k`.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>) -> Tensor<4> {
    let pad = weight.dims()[2] / 2;
    module::conv2d(x, weight, bias, ConvOptions::new([1, 1], [pad, pad], [1, 1], 1))
}
