//! Our own layers, because methods reach into them: an adapter beside the weight, statistics that a clone does not
//! share, an explicit mode.

mod adapter;
mod conv;
mod dense;
mod norm;

pub use adapter::{LowRank, LowRankConv};
pub use conv::Conv;
pub use dense::Dense;
pub use norm::Norm;

use burn::tensor::{Tensor, activation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A layer that a method may reach into.
pub enum Layer<'a> {
    Dense(&'a mut Dense),
    Conv(&'a mut Conv),
    Norm(&'a mut Norm),
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
    pub fn of<const D: usize>(self, x: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Relu => activation::relu(x),
            Self::Tanh => activation::tanh(x),
        }
    }
}
