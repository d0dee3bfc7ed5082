//! A linear classifier.

use super::Pass;
use super::layers::{Dense, Layer};
use super::net_kind::{NetKind, inputs};
use crate::error::Result;
use crate::seed::Rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One linear layer from pixels to classes.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinearConfig {}

/// The network of [`LinearConfig`].
#[derive(Module, Debug)]
pub struct Linear {
    /// Its only layer.
    pub head: Dense,
}

impl NetKind for Linear {
    type Config = LinearConfig;
    const TITLE: &str = "Linear";
    const HELP: &str = "one layer from pixels to classes";

    fn size(_: &LinearConfig, shape: [usize; 3], classes: usize) -> Option<usize> {
        Dense::stack_size(inputs(shape)?, &[], classes)
    }

    fn new(_: &LinearConfig, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        Ok(Self { head: Dense::new(shape.iter().product(), classes, rng, device) })
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let x = x.flatten(1, 3);
        pass.tap("features", &x);
        self.head.forward(x, pass)
    }

    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        visit("head", Layer::Dense(&mut self.head));
    }

    fn head(&mut self) -> &mut Dense {
        &mut self.head
    }
}
