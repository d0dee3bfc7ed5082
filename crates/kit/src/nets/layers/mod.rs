//! Layers. They are written here and not taken from burn because methods change them: adapters are attached beside
//! their weights, a clone shares no running statistics, and the pass says explicitly whether it is training.

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

/// A parameter initialised like PyTorch, on the host: uniform in ±1/√fan, where fan is the number of inputs that an
/// output sums.
fn drawn<const D: usize>(shape: [usize; D], fan: usize, rng: &mut Rng, device: &Device) -> Param<Tensor<D>> {
    let bound = 1.0 / libm::sqrtf(fan as f32);
    param(shape, rng, device, |rng| rng.uniform(-bound, bound))
}

/// A parameter of values that are drawn one by one; where nothing is drawn it takes no memory.
fn param<const D: usize>(
    shape: [usize; D],
    rng: &mut Rng,
    device: &Device,
    draw: impl Fn(&mut Rng) -> f32,
) -> Param<Tensor<D>> {
    if rng.is_none() {
        return Param::from_tensor(Tensor::<D>::zeros([1; D], device).expand(shape));
    }
    let values: Vec<f32> = (0..shape.iter().product()).map(|_| draw(rng)).collect();
    Param::from_tensor(Tensor::from_data(TensorData::new(values, shape), device))
}

/// A layer that a method may change.
pub enum Layer<'a> {
    /// Fully connected.
    Dense(&'a mut Dense),
    /// Convolution.
    Conv(&'a mut Conv),
    /// Batch or group normalisation.
    Norm(&'a mut Norm),
    /// Layer normalisation.
    LayerNorm(&'a mut LayerNorm),
    /// Learned rows.
    Embedding(&'a mut Embedding),
}

/// The nonlinearity between layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Activation {
    /// max(x, 0).
    #[default]
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// 2×2 max-pooling, then the activation. Both activations are monotonic, so this order gives the same result as
    /// the other one, on a quarter of the elements.
    pub fn pooled(self, x: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Relu => ops::max_pool2d(x, true),
            Self::Tanh => activation::tanh(ops::max_pool2d(x, false)),
        }
    }

    /// The activation of each element.
    pub fn of<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Tanh => activation::tanh(x),
        }
    }
}
