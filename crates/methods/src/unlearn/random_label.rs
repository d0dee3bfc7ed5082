//! Forgetting by training on wrong labels (Graves et al. 2021, arXiv:2010.10981).

use kit::learn::{Mix, Training, relabel};
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How the network is trained on wrong labels.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// One pass over what is forgotten and then one over what stays, or both mixed.
    #[schemars(extend("x-label" = "order"))]
    pub mix: Mix,
    /// How it is trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        Self { mix: Mix::Sequential, train: Training::unlearning(10, 0.013) }
    }
}

/// Train what is to be forgotten towards wrong answers drawn at random.
pub struct RandomLabel;

impl Unlearn for RandomLabel {
    async fn unlearn(config: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        relabel(job.net, &config.train, config.mix, job.split, job.task, None, cx).await
    }
}

impl Method for RandomLabel {
    type Config = Config;
    const CARD: Card = Card {
        id: "unlearn.random-label",
        title: "Random label",
        family: Family::Unlearn,
        authors: "Graves, Nagisetty, Ganesh",
        year: 2020,
        paper: "Amnesiac Machine Learning, AAAI 2021, arXiv:2010.10981; as RL in Fan et al., arXiv:2310.12508",
        equation: r"\min_\theta \mathbb{E}_{D_f} \ell(f_\theta(x), y' \ne y) + \mathbb{E}_{D_r} \ell(f_\theta(x), y)",
        summary: "Train what is to be forgotten towards wrong answers drawn at random.",
        notes: "10 epochs of SGD at 0.013 with momentum 0.9 and decay 5e-4, batches of 256: SalUn's example without \
            its mask. Labels are drawn anew every epoch among the other classes; SalUn's code may draw the right one.",
        needs: Needs::FORGET,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train }, ..config }
    }
}
