use burn::tensor::{Tensor, module, ops::ConvOptions};

/// Convolution of `x` `[n, in, h, w]` with `weight` `[out, in, k, k]`, zero padding `k / 2`: `[n, out, ⌈h/stride⌉,
/// ⌈w/stride⌉]` for odd `k`.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, stride: usize) -> Tensor<4> {
    let pad = weight.dims()[2] / 2;
    module::conv2d(x, weight, bias, ConvOptions::new([stride; 2], [pad; 2], [1, 1], 1))
}
