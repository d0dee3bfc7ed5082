//! Training from random weights by back-propagation (Rumelhart, Hinton and Williams 1986).

use kit::learn::{CrossEntropy, Mode, Training, descend};
use kit::run::{Tune, TuneJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Manner, Needs};

/// How the new network is trained.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Training,
}

/// Every weight drawn anew, then plain training.
pub struct Scratch;

impl Tune for Scratch {
    async fn tune(config: &Config, TuneJob { net, task, .. }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        let net = cx.net(&net.pick, task)?;
        descend(net, &config.train, Mode::Train, &[&task.train], &CrossEntropy, cx).await
    }
}

impl Method for Scratch {
    type Config = Config;
    const CARD: Card = Card {
        id: "train.scratch",
        title: "From scratch",
        family: Family::Train,
        authors: "",
        year: 1986,
        paper: "Rumelhart, Hinton, Williams: Learning representations by back-propagating errors, Nature 323",
        equation: r"\theta \gets \arg\min_\theta \frac{1}{n} \sum_i \ell(f_\theta(x_i), y_i)",
        summary: "Forget everything and learn the task from random weights.",
        notes: "The rate is PyTorch's for Adam; epochs and batch are ours. The weights are drawn on the host, so a \
            seed means the same start on every device.",
        needs: Needs::ANY,
        metrics: &[],
    };

    const MANNER: Option<Manner> = Some(Manner::Scratch);

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, ..config.train } }
    }
}
