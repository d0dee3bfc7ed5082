//! Fine-tuning (Yosinski et al. 2014, arXiv:1411.1792): a trained network is the start, and every weight is trained.

use kit::learn::{CrossEntropy, Mode, Rule, Schedule, Training, descend};
use kit::run::{Tune, TuneJob};
use kit::{Cx, Method, Result, nets::Net};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How the trained network is trained further.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How it is trained.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        let (optimizer, schedule) = (Rule::Sgd, Schedule::Step);
        let train = Training {
            epochs: 25,
            batch: 4,
            optimizer,
            lr: 1e-3,
            momentum: 0.9,
            schedule,
            step_epochs: 7,
            ..Training::default()
        };
        Self { train }
    }
}

/// Starts from what the network knows and trains every weight.
pub struct FullFinetune;

impl Tune for FullFinetune {
    async fn tune(config: &Config, TuneJob { net, task, .. }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(net, &config.train, Mode::Train, &[&task.train], &CrossEntropy, cx).await
    }
}

impl Method for FullFinetune {
    type Config = Config;
    const CARD: Card = Card {
        id: "transfer.full-finetune",
        title: "Full fine-tune",
        family: Family::Transfer,
        authors: "Yosinski, Clune, Bengio, Lipson",
        year: 2014,
        paper: "How transferable are features in deep neural networks?, NeurIPS 2014, arXiv:1411.1792",
        equation: r"\theta \gets \arg\min_\theta \frac{1}{n} \sum_i \ell(f_\theta(x_i), y_i), \quad
            \theta_0 = \theta_\text{source}",
        summary: "Start from a trained network and train every weight on the new task.",
        notes: "The paper trains on ImageNet only; the defaults are those of PyTorch's tutorial \"Transfer Learning \
            for Computer Vision\" (pytorch/tutorials, transfer_learning_tutorial.py): SGD at 0.001 with momentum 0.9, \
            a tenth of it every 7 of 25 epochs, batches of 4. The tutorial goes back to the epoch that is best on \
            its validation set; here the last one counts.",
        needs: Needs::ANY,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { train: Training { epochs: 1, batch: 64, ..config.train } }
    }
}
