//! Adversarial training (Mądry et al. 2018, arXiv:1706.06083): every training step attacks its batch with PGD first.

use burn::tensor::Tensor;
use kit::attack::{AttackLoss, Keep, Linf, Pgd, Start, Victim, attack_loss};
use kit::data::Batch;
use kit::host::Boxed;
use kit::learn::{Mode, Objective, Training, descend, mean_loss};
use kit::nets::{Net, Pass};
use kit::run::{Tune, TuneJob};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// Settings of the attack inside a training step, and of the training itself.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub epsilon: Linf,
    /// Gradient steps of the attack inside every training step.
    #[schemars(range(min = 1, max = 100), extend("x-label" = "attack steps", "x-symbol" = "K"))]
    pub steps: usize,
    /// Length of an attack step.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-label" = "step size", "x-symbol" = "α"))]
    pub alpha: f64,
    /// How it is trained on the attacked samples.
    pub train: Training,
}

impl Default for Config {
    fn default() -> Self {
        let train = Training { epochs: 91, batch: 50, lr: 1e-4, ..Training::default() };
        Self { epsilon: Linf(0.3), steps: 40, alpha: 0.01, train }
    }
}

/// Trains on the worst image that PGD finds around every training image.
pub struct PgdAt;

impl Tune for PgdAt {
    async fn tune(config: &Config, TuneJob { net, task, .. }: TuneJob<'_>, cx: &mut Cx) -> Result<Net> {
        descend(net, &config.train, Mode::Train, &[&task.train], &WorstCase { config }, cx).await
    }
}

struct WorstCase<'a> {
    config: &'a Config,
}

impl Objective for WorstCase<'_> {
    fn loss<'a>(
        &'a self,
        step: usize,
        net: &'a Net,
        batch: &'a Batch,
        pass: &'a mut Pass,
        cx: &'a mut Cx,
    ) -> Boxed<'a, Result<Tensor<1>>> {
        Box::pin(async move {
            let Config { epsilon, steps, alpha, .. } = *self.config;
            let victim = Victim::in_training(net, batch.ids.len(), &cx.cost);
            let loss = attack_loss(AttackLoss::Ce, false);
            let pgd = Pgd { ball: epsilon.into(), alpha, steps, loss: &*loss, keep: Keep::Final };
            let start = pgd.ball.start(Start::Inside, batch, step as u32, cx);
            let x = pgd.run(&victim, batch, start, cx).await?;
            Ok(mean_loss(net, &Batch { x, ..batch.clone() }, pass))
        })
    }
}

impl Method for PgdAt {
    type Config = Config;
    const CARD: Card = Card {
        id: "defend.pgd-at",
        title: "PGD training",
        family: Family::Defend,
        authors: "Mądry, Makelov, Schmidt, Tsipras, Vladu",
        year: 2017,
        paper: "Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018, arXiv:1706.06083, \
            equation 2.1",
        equation: r"\min_\theta \mathbb{E} \max_{{\|\delta\|}_\infty \le \varepsilon} \ell(f_\theta(x + \delta), y)",
        summary: "Train on the worst picture that an attack finds inside the budget, at every step.",
        notes: "Defaults are those of the authors' MNIST challenge (MadryLab/mnist_challenge, config.json and \
            train.py): ε 0.3, 40 steps of 0.01 from a random start, Adam at 1e-4, 100,000 batches of 50, which are \
            91 epochs of its 55,000 images. The attack sees the network in evaluation mode, the training step in \
            training mode; papers differ here.",
        needs: Needs::ANY,
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { steps: 2, train: Training { epochs: 1, batch: 64, ..config.train }, ..config }
    }
}
