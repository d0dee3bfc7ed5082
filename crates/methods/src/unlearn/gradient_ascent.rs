//! Forgetting by gradient ascent on the loss of the forget set (Thudi et al. 2022, arXiv:2109.13398).

use burn::tensor::Tensor;
use kit::data::Batch;
use kit::learn::{Loss, Mode, Objective, Training, descend, mean_loss};
use kit::nets::Pass;
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How far and how fast the loss is raised.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        Self { train: Training { decay: 0.0, ..Training::unlearning(5, 1e-4) } }
    }
}

/// Walk uphill on the loss of what is to be forgotten.
pub struct GradientAscent;

impl Unlearn for GradientAscent {
    async fn unlearn(config: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(job.net, &config.train, Mode::Train, &[&job.split.forget], &Ascent, cx).await
    }
}

struct Ascent;

fn ascent(net: &Net, batch: &Batch, pass: &mut Pass) -> Tensor<1> {
    mean_loss(net, batch, pass).neg()
}

impl Objective for Ascent {
    fn steady(&self) -> Option<Loss> {
        Some(ascent)
    }
}

impl Method for GradientAscent {
    type Config = Config;
    const CARD: Card = Card {
        id: "unlearn.gradient-ascent",
        title: "Gradient ascent",
        family: Family::Unlearn,
        authors: "Thudi, Deza, Chandrasekaran, Papernot",
        year: 2021,
        paper: "Unrolling SGD: Understanding Factors Influencing Machine Unlearning, EuroS&P 2022, \
            arXiv:2109.13398; as GA in Fan et al., arXiv:2310.12508",
        equation: r"\theta \gets \theta + \eta \nabla_\theta \mathbb{E}_{D_f} \ell(f_\theta(x), y)",
        summary: "Walk uphill on the loss of what is to be forgotten.",
        notes: "5 epochs of SGD at 1e-4 with momentum 0.9, batches of 256: GA in the first README of SalUn's code \
            (OPTML-Group/Unlearn-Saliency), without the code's weight decay. Larger rates run away: the loss has no \
            upper bound.",
        needs: Needs::FORGET,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train } }
    }
}
