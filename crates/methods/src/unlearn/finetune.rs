//! Forgetting by fine-tuning on the kept rows only (Golatkar et al. 2020, arXiv:1911.04933).

use kit::learn::{CrossEntropy, Mode, Training, descend};
use kit::run::{Unlearn, UnlearnJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How the network is trained further on the kept rows.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        Self { train: Training::unlearning(10, 0.01) }
    }
}

/// Go on training on what stays, and hope that the rest fades.
pub struct Finetune;

impl Unlearn for Finetune {
    async fn unlearn(config: &Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(job.net, &config.train, Mode::Train, &[&job.split.retain], &CrossEntropy, cx).await
    }
}

impl Method for Finetune {
    type Config = Config;
    const CARD: Card = Card {
        id: "unlearn.finetune",
        title: "Fine-tune",
        family: Family::Unlearn,
        authors: "Golatkar, Achille, Soatto",
        year: 2020,
        paper: "Eternal Sunshine of the Spotless Net, CVPR 2020, arXiv:1911.04933; as FT in Fan et al., \
            arXiv:2310.12508",
        equation: r"\min_\theta \mathbb{E}_{D_r} \ell(f_\theta(x), y)",
        summary: "Go on training on what stays, and hope that the rest fades.",
        notes: "10 epochs of SGD at 0.01 with momentum 0.9 and decay 5e-4, batches of 256: FT in SalUn's code \
            (OPTML-Group/Unlearn-Saliency, arg_parser.py), for CIFAR-10.",
        needs: Needs::FORGET,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train } }
    }
}
