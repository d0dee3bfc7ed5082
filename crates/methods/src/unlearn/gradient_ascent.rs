use burn::tensor::Tensor;
use kit::data::Batch;
use kit::learn::{Loss, Mode, Objective, Recipe, descend, mean_loss};
use kit::nets::Pass;
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Recipe,
}

impl Default for Config {
    fn default() -> Self {
        Self { train: Recipe { decay: 0.0, ..Recipe::unlearning(5, 1e-4) } }
    }
}

/// Walk uphill on the loss of what is to be forgotten.
pub struct GradientAscent;

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
        equation: "<mi>θ</mi><mo>←</mo><mi>θ</mi><mo>+</mo><mi>η</mi><msub><mo>∇</mo><mi>θ</mi></msub><msub>\
            <mi>𝔼</mi><msub><mi>D</mi><mi>f</mi></msub></msub><mi>ℓ</mi><mo>(</mo><msub><mi>f</mi><mi>θ</mi>\
            </msub><mo>(</mo><mi>x</mi><mo>)</mo><mo>,</mo><mi>y</mi><mo>)</mo>",
        summary: "Walk uphill on the loss of what is to be forgotten.",
        notes: "5 epochs of SGD at 1e-4 with momentum 0.9, batches of 256: GA in the first README of SalUn's code \
            (OPTML-Group/Unlearn-Saliency), without the code's weight decay. Larger rates run away: the loss has no \
            upper bound.",
        needs: Needs { kinds: &[Kind::Images, Kind::Points], access: Access::Weights, min_classes: 2 },
    };

    fn tiny(config: Config) -> Config {
        Config { train: Recipe { epochs: 1, ..config.train } }
    }
}

impl Unlearn for GradientAscent {
    async fn unlearn(config: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(job.net, &config.train, Mode::Train, &[&job.split.forget], &mut Ascent, cx).await
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
