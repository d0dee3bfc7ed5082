//! SalUn (Fan et al. 2024, arXiv:2310.12508): training on wrong labels, where only the weights with the largest
//! gradients on the forget set may move.

use kit::learn::{Mix, Training, largest, relabel, sum_gradients};
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How many weights may move, and how they are trained on wrong labels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Share of the weights that may move: those with the largest gradients on what is forgotten.
    #[schemars(range(min = 0.01, max = 1.0), extend("x-label" = "weights that may move", "x-symbol" = "k"))]
    pub k: f64,
    /// One pass over what is forgotten and then one over what stays, or both mixed.
    #[schemars(extend("x-label" = "order"))]
    pub mix: Mix,
    /// How it is trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        Self { k: 0.5, mix: Mix::Sequential, train: Training::unlearning(10, 0.013) }
    }
}

/// Relabel at random, but move only the weights that matter most to what is forgotten.
pub struct SalUn;

impl Unlearn for SalUn {
    async fn unlearn(config: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        let gradients = sum_gradients(&job.net, &job.split.forget, cx).await?;
        let mask = largest(&gradients, &job.net, config.k).await?;
        relabel(job.net, &config.train, config.mix, job.split, job.task, Some(&mask), cx).await
    }
}

impl Method for SalUn {
    type Config = Config;
    const CARD: Card = Card {
        id: "unlearn.salun",
        title: "SalUn",
        family: Family::Unlearn,
        authors: "Fan, Liu, Zhang, Wong, Wei, Liu",
        year: 2023,
        paper: "SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency, ICLR 2024, \
            arXiv:2310.12508, equations 2 to 4",
        equation: r"\theta = m \odot (\varDelta\theta + \theta_o) + (1 - m) \odot \theta_o, \quad
            m = \mathbf{1}(|\nabla_\theta \ell_f| \ge \gamma)",
        summary: "Relabel at random, but move only the weights that matter most to what is forgotten.",
        notes: "k 0.5, SGD at 0.013 with momentum 0.9 and decay 5e-4, batches of 256, 10 epochs: the example of the \
            released code (OPTML-Group/Unlearn-Saliency, README) for a random tenth of CIFAR-10. The mask ranks |Σ ∇ℓ| \
            over single samples of the forget set in evaluation mode, all parameters together; the code adds \
            gradients of batch means, so that a smaller last batch weighs more. Labels are drawn among the other \
            classes, as the paper says. Weights outside the mask keep their bits.",
        needs: Needs::FORGET,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train }, ..config }
    }
}
