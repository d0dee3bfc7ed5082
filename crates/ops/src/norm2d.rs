use burn::tensor::Tensor;

/// (x − mean) / √(var + ε) · weight + bias by channel, `x` `[n, c, h, w]`, all others `[c]`.
pub fn norm2d(
    x: Tensor<4>,
    mean: Tensor<1>,
    var: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    let channels = mean.dims()[0];
    let wide = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    let scale = weight / (var + epsilon).sqrt();
    let shift = bias - mean * scale.clone();
    x * wide(scale) + wide(shift)
}

/// Mean and biased variance of every channel of a batch: `[n, c, h, w]` to `([c], [c])`.
pub fn batch_statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    let [n, channels, height, width] = x.dims();
    let rows = x.swap_dims(0, 1).reshape([channels, n * height * width]);
    let mean = rows.clone().mean_dim(1);
    let var = (rows - mean.clone()).powi_scalar(2).mean_dim(1);
    (mean.squeeze_dim(1), var.squeeze_dim(1))
}
