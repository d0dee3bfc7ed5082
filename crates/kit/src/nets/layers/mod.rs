//! Our own layers, because methods reach into them: an adapter beside the weight, statistics that a clone does not
//! share, an explicit mode.

mod adapter;
mod conv;
mod dense;
mod embedding;
mod layer_norm;
mod norm;

pub use adapter::{LowRank, LowRankConv};
pub use conv::Conv;
pub use dense::Dense;
pub use embedding::Embedding;
pub use layer_norm::LayerNorm;
pub use norm::{Norm, Statistics};

use crate::seed::Rng;
use burn::module::Param;
use burn::tensor::{Device, Tensor, TensorData, activation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// PyTorch's draw, on the host: uniform in ±1/√fan, fan being how many inputs an output sums.
fn drawn<const D: usize>(shape: [usize; D], fan: usize, rng: &mut Rng, device: &Device) -> Param<Tensor<D>> {
    let bound = 1.0 / libm::sqrtf(fan as f32);
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.uniform(-bound, bound)).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// A layer that a method may reach into.
pub enum Layer<'a> {
    Dense(&'a mut Dense),
    Conv(&'a mut Conv),
    Norm(&'a mut Norm),
    LayerNorm(&'a mut LayerNorm),
    Embedding(&'a mut Embedding),
}

/// The nonlinearity between layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    #[default]
    Relu,
    Tanh,
}

impl Activation {
    /// After 2×2 max-pooling: both activations rise, so pooling first is the same function on a quarter of the
    /// elements.
    pub fn pooled(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Relu => ops::max_pool2d(x, true),
            Self::Tanh => activation::tanh(ops::max_pool2d(x, false)),
        }
    }

    pub fn of<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Tanh => activation::tanh(x),
        }
    }
}
