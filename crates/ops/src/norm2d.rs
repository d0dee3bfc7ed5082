use burn::tensor::{Tensor, activation};

/// What comes right behind a normalisation of images, in the same call: a fused body passes once over the values.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// Added to the normalised values, `[n, c, h, w]`: what went around a residual block.
    pub residual: Option<Tensor<4>>,
    /// max(0, ·) of it all.
    pub relu: bool,
}

impl Tail {
    pub(crate) fn of(self, y: Tensor<4>) -> Tensor<4> {
        let y = match self.residual {
            Some(residual) => y + residual,
            None => y,
        };
        if self.relu { activation::relu(y) } else { y }
    }
}

/// Tail of (x − mean) / √(var + ε) · weight + bias by channel, `x` `[n, c, h, w]`, all others `[c]`.
pub fn norm2d(
    x: Tensor<4>,
    mean: Tensor<1>,
    var: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> Tensor<4> {
    let channels = mean.dims()[0];
    let wide = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    let scale = weight / (var + epsilon).sqrt();
    let shift = bias - mean * scale.clone();
    tail.of(x * wide(scale) + wide(shift))
}
