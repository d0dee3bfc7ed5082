//! A multilayer perceptron.

use super::Pass;
use super::layers::{Activation, Dense, Layer};
use super::net_kind::{NetKind, inputs};
use crate::error::Result;
use crate::seed::Rng;
use burn::module::Module;
use burn::tensor::{Device, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Fully connected layers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MlpConfig {
    /// Units of every hidden layer.
    #[schemars(length(max = 8), inner(range(min = 1, max = 4096)))]
    pub widths: Vec<usize>,
    /// Nonlinearity after every hidden layer.
    pub activation: Activation,
}

impl Default for MlpConfig {
    fn default() -> Self {
        Self { widths: vec![64], activation: Activation::Relu }
    }
}

/// The network of [`MlpConfig`].
#[derive(Module, Debug)]
pub struct Mlp {
    /// Hidden layers.
    pub layers: Vec<Dense>,
    /// The last layer.
    pub head: Dense,
    #[module(skip)]
    activation: Activation,
}

impl NetKind for Mlp {
    type Config = MlpConfig;
    const TITLE: &str = "Multilayer perceptron";
    const HELP: &str = "fully connected layers";

    fn size(config: &MlpConfig, shape: [usize; 3], classes: usize) -> Option<usize> {
        Dense::stack_size(inputs(shape)?, &config.widths, classes)
    }

    fn new(config: &MlpConfig, shape: [usize; 3], classes: usize, rng: &mut Rng, device: &Device) -> Result<Self> {
        let (layers, head) = Dense::stack(shape.iter().product(), &config.widths, classes, rng, device);
        Ok(Self { layers, head, activation: config.activation })
    }

    fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<2> {
        let mut x = x.flatten(1, 3);
        for layer in &self.layers {
            x = layer.activated(x, self.activation, pass);
        }
        pass.tap("features", &x);
        self.head.forward(x, pass)
    }

    fn layers(&mut self, visit: &mut dyn FnMut(&str, Layer<'_>)) {
        for (at, layer) in self.layers.iter_mut().enumerate() {
            visit(&format!("layers.{at}"), Layer::Dense(layer));
        }
        visit("head", Layer::Dense(&mut self.head));
    }

    fn head(&mut self) -> &mut Dense {
        &mut self.head
    }
}
