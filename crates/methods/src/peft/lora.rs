//! LoRA (Hu et al. 2022, arXiv:2106.09685): every layer is frozen and gets a branch of low rank; only the branches are
//! trained.

use kit::data::Task;
use kit::learn::{Rule, Training};
use kit::nets::Net;
use kit::nets::layers::{Layer, LowRank, LowRankConv};
use kit::run::{Attached, Peft};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs, Wrong};

/// Size and scale of the branches, where they go, and how they are trained.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Width of the branch beside every layer.
    #[schemars(range(min = 1, max = 256), extend("x-symbol" = "r"))]
    pub rank: usize,
    /// Strength of the branch: it is scaled by α/r.
    #[schemars(range(min = 0.1, max = 1024.0), extend("x-log" = true, "x-symbol" = "α"))]
    pub alpha: f64,
    /// Share of the branch's inputs that a training step drops.
    #[schemars(range(min = 0.0, max = 0.9), extend("x-advanced" = true))]
    pub dropout: f64,
    /// Layers that get a branch; none named: every linear and convolution layer.
    #[schemars(extend("x-source" = "layer", "x-advanced" = true))]
    pub targets: Vec<String>,
    /// Scale by α/√r in place of α/r, so that the rank does not change the size of a step.
    #[schemars(extend("x-label" = "rank-stabilised", "x-advanced" = true))]
    pub rslora: bool,
    /// How the branches are trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        let train =
            Training { epochs: 30, batch: 16, optimizer: Rule::Adamw, lr: 5e-4, decay: 0.1, ..Training::default() };
        Self { rank: 8, alpha: 8.0, dropout: 0.0, targets: Vec::new(), rslora: false, train }
    }
}

/// y = x·W + s·(x·A)·B with W frozen, A random, B zero at the start.
pub struct Lora;

impl Peft for Lora {
    fn attach(config: &Config, mut net: Net, _: &Task, cx: &mut Cx) -> Result<Attached> {
        let names: Vec<String> = net.sizes().into_iter().map(|(name, _)| name).collect();
        if let Some(unknown) = config.targets.iter().find(|target| !names.contains(target)) {
            let known = names.iter().map(String::as_str);
            return Err(Wrong::unknown("layer", "peft.lora.targets", unknown, known).into());
        }
        let root = if config.rslora { libm::sqrt(config.rank as f64) } else { config.rank as f64 };
        let (scale, dropout) = (config.alpha / root, config.dropout);
        let device = cx.device.clone();
        let mut rng = cx.rng("adapter", 0, 0);
        let mut too_high = None;
        net.layers(|name, layer| {
            if !config.targets.is_empty() && !config.targets.iter().any(|target| target == name) {
                return;
            }
            match layer {
                Layer::Dense(layer) => {
                    let dims = layer.dims();
                    too_high = too_high.take().or(refuse(name, config.rank, dims[0].min(dims[1])));
                    layer.adapter = Some(LowRank::new(dims, config.rank, scale, dropout, &mut rng, &device));
                }
                Layer::Conv(layer) => {
                    let dims = layer.dims();
                    too_high = too_high.take().or(refuse(name, config.rank, dims[0].min(dims[1] * dims[2] * dims[3])));
                    layer.adapter = Some(LowRankConv::new(dims, config.rank, scale, dropout, &mut rng, &device));
                }
                Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
            }
        });
        if !net.has_adapters() {
            let why = "names no linear or convolution layer; only these can have a branch";
            return Err(Wrong::new("peft.lora.targets", why).into());
        }
        match too_high {
            Some(wrong) => Err(wrong.into()),
            None => Ok(Attached { net, training: config.train.clone() }),
        }
    }
}

/// A rank above a layer's smaller side only adds parameters.
fn refuse(name: &str, rank: usize, most: usize) -> Option<Wrong> {
    (rank > most).then(|| Wrong::new("peft.lora.rank", format!("the rank cannot exceed {most}, the size of {name}")))
}

impl Method for Lora {
    type Config = Config;
    const CARD: Card = Card {
        id: "peft.lora",
        title: "LoRA",
        family: Family::Peft,
        authors: "Hu, Shen, Wallis, Allen-Zhu, Li, Wang, Wang, Chen",
        year: 2021,
        paper: "LoRA: Low-Rank Adaptation of Large Language Models, ICLR 2022, arXiv:2106.09685, equation 3; \
            rank-stabilised: Kalajdzievski, arXiv:2312.03732",
        equation: r"h = W_0 x + \frac{\alpha}{r} B A x",
        summary: "Leave the network as it is and train a thin branch beside each layer.",
        notes: "Rank 8, α 8 and AdamW at 5e-4 for 30 epochs in batches of 16 are the paper's for RoBERTa base on MNLI \
            (table 9); weight decay 0.1 is its released script's (microsoft/LoRA, roberta_base_mnli.sh). Their \
            warm-up and linear decay of the learning rate are left out. A is drawn uniformly in ±1/√in, as by that \
            code and PEFT 0.21, where the paper says Gaussian; B is zero. On convolutions A is k × k with \
            their stride and B is 1 × 1, as in PEFT. The branch is computed as (x·A)·B; its product is formed only \
            when it is merged. Norm layers keep their statistics. Later stages that train other weights start from the \
            merged network.",
        needs: Needs::ANY,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { rank: 2, train: Training { epochs: 1, batch: 64, ..config.train }, ..config }
    }
}
