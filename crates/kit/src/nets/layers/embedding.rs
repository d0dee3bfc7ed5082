//! Learned rows, such as positions.

use super::param;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// A learned row for each of a number of items.
#[derive(Module, Debug)]
pub struct Embedding {
    /// `[items, width]`.
    pub weight: Param<Tensor<2>>,
}

/// Standard deviation of the initial values, as in BERT and the released vision transformers.
const DEVIATION: f32 = 0.02;

impl Embedding {
    /// Rows drawn from a normal distribution.
    pub fn new(items: usize, width: usize, rng: &mut Rng, device: &Device) -> Self {
        Self { weight: param([items, width], rng, device, |rng| DEVIATION * rng.normal()) }
    }
}
