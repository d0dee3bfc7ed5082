//! Auto-PGD (Croce and Hein 2020, arXiv:2003.01690): projected gradient steps, whose length is halved where the loss
//! stops rising.

use burn::tensor::Tensor;
use kit::attack::{Apgd, AttackLoss, Ball, L2, Linf, Start, attack_loss};
use kit::data::{Class, Task};
use kit::run::{Attack, AttackJob, Threat};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// Settings of Auto-PGD; the type of `epsilon` gives the norm of the ball.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config<Radius> {
    pub epsilon: Radius,
    /// Gradient steps.
    #[schemars(range(min = 1, max = 1000), extend("x-symbol" = "N", "x-unit" = "steps"))]
    pub steps: usize,
    /// Share of a window's steps that have to raise the loss, or the step is halved.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-advanced" = true, "x-label" = "wanted rises", "x-symbol" = "ρ"))]
    pub rho: f64,
    /// Where it begins: at a random point of the ball's boundary, as the authors' code, or anywhere inside.
    #[schemars(extend("x-advanced" = true))]
    pub start: Start,
    /// Independent starts.
    #[schemars(range(min = 1, max = 100), extend("x-advanced" = true))]
    pub restarts: u32,
    /// What is raised.
    #[schemars(extend("x-advanced" = true))]
    pub loss: AttackLoss,
    /// Push every sample to this class; none: only away from its own.
    #[schemars(extend("x-advanced" = true, "x-source" = "class"))]
    pub target: Option<Class>,
}

impl<Radius> Config<Radius> {
    fn of(epsilon: Radius) -> Self {
        let (start, loss) = (Start::Boundary, AttackLoss::Ce);
        Self { epsilon, steps: 100, rho: 0.75, start, restarts: 1, loss, target: None }
    }
}

impl Default for Config<Linf> {
    fn default() -> Self {
        Self::of(Linf(0.3))
    }
}

impl Default for Config<L2> {
    fn default() -> Self {
        Self::of(L2(0.5))
    }
}

impl<Radius: Copy + Into<Ball>> Threat for Config<Radius> {
    fn ball(&self) -> Ball {
        self.epsilon.into()
    }

    fn target(&self) -> Option<&Class> {
        self.target.as_ref()
    }
}

/// The same loop in both balls; each step is in [`Apgd`].
async fn climb<Radius>(config: &Config<Radius>, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
    let AttackJob { victim, ball, batch, targeted } = *job;
    let loss = attack_loss(config.loss, targeted);
    let apgd = Apgd { ball, steps: config.steps, rho: config.rho, loss: &*loss, targeted, start: config.start };
    apgd.restarts(victim, batch, config.restarts, cx).await
}

/// Auto-PGD in the ℓ2 ball.
pub struct ApgdL2;

impl Attack for ApgdL2 {
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        climb(config, job, cx).await
    }
}

/// Auto-PGD in the ℓ∞ ball.
pub struct ApgdLinf;

impl Attack for ApgdLinf {
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        climb(config, job, cx).await
    }
}

impl Method for ApgdL2 {
    type Config = Config<L2>;
    const CARD: Card = Card {
        id: "attack.apgd-l2",
        title: "Auto-PGD, L2",
        summary: "PGD that finds its own step size, inside a ball of Euclidean length.",
        ..ApgdLinf::CARD
    };

    fn tiny(config: Self::Config) -> Self::Config {
        Config { steps: 10, ..config }
    }

    fn check(config: &Self::Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}

impl Method for ApgdLinf {
    type Config = Config<Linf>;
    const CARD: Card = Card {
        id: "attack.apgd-linf",
        title: "Auto-PGD, L∞",
        family: Family::Attack,
        authors: "Croce, Hein",
        year: 2020,
        paper: "Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks, \
            ICML 2020, arXiv:2003.01690, algorithm 1",
        equation: r"x_{k+1} = \varPi_\varepsilon(x_k + \alpha(z - x_k) + (1 - \alpha)(x_k - x_{k-1}))",
        summary: "PGD that finds its own step size: it is halved where the loss stops rising.",
        notes: "100 steps, α 0.75, ρ 0.75, a first step of 2ε and one start are the paper's; ε 0.3 is its budget for \
            MNIST, 0.5 the one in L2 for CIFAR-10. z is a PGD step of length η. Every image halves its own η, at the \
            paper's checkpoints and by its two conditions, and goes on from its best point. The last iterate that \
            fooled the network is returned, else the one of highest loss. Equal to torchattacks from the same start \
            where its conditions decide as the paper's, and as strong over seeds (tests/goldens). Algorithm 1 is given \
            its start; the authors' code (fra31/auto-attack, torchattacks) scales a random one to the boundary of the \
            ball, as \"boundary\" does; with \"inside\" it lies anywhere in it. That code compares the first loss \
            with 0 in place of the start's, halves at exactly ρ of a window as well, and never for want of a better \
            loss at the first checkpoint. With a target, \"dlr\" is equation 8 with the best other class in \
            place of the right one: here only the target counts as success, there any wrong class.",
        needs: Needs::ATTACK,
        metrics: &[],
    };

    fn tiny(config: Self::Config) -> Self::Config {
        Config { steps: 10, ..config }
    }

    fn check(config: &Self::Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}
