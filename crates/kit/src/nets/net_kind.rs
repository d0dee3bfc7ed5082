//! What a network's file says of it.

use super::Pass;
use super::layers::{Dense, Layer};
use crate::error::Result;
use crate::seed::Rng;
use crate::settings;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use spec::Choice;

/// A network architecture: one file, and one line in [`nets!`](super).
pub trait NetKind: Sized {
    /// Its settings: the doc comments of the fields are the help, `range` gives the bounds.
    type Config: Clone + Default + Serialize + DeserializeOwned + JsonSchema;
    /// Its name on the page.
    const TITLE: &str;
    /// What it is, in one sentence.
    const HELP: &str;
    /// The network with its settings, as page and command line offer it; `id` is its name in a run file.
    fn choice(id: &str) -> Choice {
        Choice {
            id: id.into(),
            title: Self::TITLE.into(),
            help: Self::HELP.into(),
            licence: String::new(),
            controls: settings::controls::<Self::Config>(),
            facts: None,
        }
    }
    /// How many weights such a net has, computed before memory is allocated for it; `None` where the count overflows.
    fn size(config: &Self::Config, shape: [usize; 3], classes: usize) -> Option<usize>;
    /// A net for inputs of `shape` `[channels, height, width]`, its weights drawn from `rng`.
    fn new(config: &Self::Config, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self>;
    /// Inputs `[n, channels, height, width]` to logits `[n, classes]`. Passes the last hidden activations through the
    /// tap `features`.
    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2>;
    /// Visits each layer that a method may change, by its name in PyTorch, in the order of the forward pass.
    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>));
    /// The last layer.
    fn head(&mut self) -> &mut Dense;
}

/// Number of values in one input; `None` where it overflows.
pub(super) fn inputs(shape: [usize; 3]) -> Option<usize> {
    shape.into_iter().try_fold(1_usize, usize::checked_mul)
}
