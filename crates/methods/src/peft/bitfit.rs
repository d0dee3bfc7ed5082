//! BitFit (Ben Zaken et al. 2022, arXiv:2106.10199): only the biases are trained, and the last layer if wanted.

use burn::module::Module;
use kit::data::Task;
use kit::learn::{Rule, Training};
use kit::nets::Net;
use kit::nets::layers::Layer;
use kit::run::{Attached, Peft};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// Which weights are trained, and how.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Train the whole last layer, not only its bias.
    pub head: bool,
    /// How the biases are trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        let train = Training { epochs: 16, batch: 8, optimizer: Rule::Adamw, lr: 1e-3, ..Training::default() };
        Self { head: true, train }
    }
}

/// Only biases learn.
pub struct BitFit;

impl Peft for BitFit {
    fn attach(config: &Config, mut net: Net, _: &Task, _: &mut Cx) -> Result<Attached> {
        net.layers(|name, layer| match layer {
            Layer::Dense(layer) if name == "head" && config.head => *layer = layer.clone().unfreeze(),
            Layer::Dense(layer) => layer.bias = layer.bias.take().map(|bias| bias.set_require_grad(true)),
            Layer::Conv(layer) => layer.bias = layer.bias.take().map(|bias| bias.set_require_grad(true)),
            Layer::Norm(layer) => layer.bias = layer.bias.clone().set_require_grad(true),
            Layer::LayerNorm(layer) => layer.bias = layer.bias.clone().set_require_grad(true),
            Layer::Embedding(_) => {}
        });
        Ok(Attached { net, training: config.train.clone() })
    }
}

impl Method for BitFit {
    type Config = Config;
    const CARD: Card = Card {
        id: "peft.bitfit",
        title: "BitFit",
        family: Family::Peft,
        authors: "Ben Zaken, Ravfogel, Goldberg",
        year: 2021,
        paper: "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked Language-models, \
            ACL 2022, arXiv:2106.10199",
        equation: r"h = W_0 x + b, \quad b \gets b - \eta \nabla_b \ell",
        summary: "Train only the biases, and the last layer, of a network that stays as it is.",
        notes: "Defaults are those of the authors' code (benzakenelad/BitFit, run_glue.py): 16 epochs of AdamW at 1e-3 \
            in batches of 8, without weight decay; its clipping of gradients at length 1 is left out. As there, the \
            task's last layer is trained with the biases, and the shift of a norm layer counts as a bias.",
        needs: Needs::ANY,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, batch: 64, ..config.train }, ..config }
    }
}
