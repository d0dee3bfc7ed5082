//! Layer normalisation.

use super::norm::EPSILON;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Normalisation over the last dimension, as PyTorch's `LayerNorm`.
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale of each feature, `[width]`.
    pub weight: Param<Tensor<1>>,
    /// Shift of each feature, `[width]`.
    pub bias: Param<Tensor<1>>,
}

impl LayerNorm {
    /// Scale one, shift zero.
    pub fn new(width: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([width], device)),
            bias: Param::from_tensor(Tensor::zeros([width], device)),
        }
    }

    /// `[…, width]` to the same shape.
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        ops::layer_norm(x, self.weight.val(), self.bias.val(), EPSILON)
    }
}
