//! Projected gradient steps: from the image itself (BIM, Kurakin et al. 2017, arXiv:1607.02533), or from a random
//! point of the ball (PGD, Mądry et al. 2018, arXiv:1706.06083).

use burn::tensor::Tensor;
use kit::attack::{AttackLoss, Ball, Keep, L2, Linf, Pgd, attack_loss};
use kit::data::{Class, Task};
use kit::run::{Attack, AttackJob, Threat};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// Settings of BIM and PGD; the type of `epsilon` gives the norm of the ball.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config<Radius> {
    pub epsilon: Radius,
    /// Gradient steps.
    #[schemars(range(min = 1, max = 1000), extend("x-symbol" = "K", "x-unit" = "steps"))]
    pub steps: usize,
    /// Length of a step.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-label" = "step size", "x-symbol" = "α"))]
    pub alpha: f64,
    /// Begin at a random point of the ball; off: at the sample itself.
    #[schemars(extend("x-label" = "random start"))]
    pub random_start: bool,
    /// Independent starts, of which every sample keeps the one with the highest loss.
    #[schemars(range(min = 1, max = 100), extend("x-advanced" = true, "x-needs" = { "random_start": true }))]
    pub restarts: u32,
    /// Which iterate is returned: the final one, or the one of highest loss.
    #[schemars(extend("x-advanced" = true, "x-label" = "returned iterate"))]
    pub keep: Keep,
    /// What is raised.
    #[schemars(extend("x-advanced" = true))]
    pub loss: AttackLoss,
    /// Push every sample to this class; none: only away from its own.
    #[schemars(extend("x-advanced" = true, "x-source" = "class"))]
    pub target: Option<Class>,
}

impl<Radius> Config<Radius> {
    fn new(epsilon: Radius, steps: usize, alpha: f64) -> Self {
        let (keep, loss) = (Keep::Final, AttackLoss::Ce);
        Self { epsilon, steps, alpha, random_start: true, restarts: 1, keep, loss, target: None }
    }
}

impl Default for Config<Linf> {
    fn default() -> Self {
        Self::new(Linf(0.3), 40, 0.01)
    }
}

impl Default for Config<L2> {
    fn default() -> Self {
        Self::new(L2(1.0), 10, 0.2)
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

/// The same loop for BIM and PGD; each step is in [`Pgd`].
async fn climb<Radius>(config: &Config<Radius>, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
    let loss = attack_loss(config.loss, job.targeted);
    let Config { alpha, steps, keep, .. } = *config;
    let pgd = Pgd { ball: job.ball, alpha, steps, loss: &*loss, keep };
    match config.random_start {
        true => pgd.restarts(job.victim, job.batch, config.restarts, cx).await,
        false => pgd.run(job.victim, job.batch, job.batch.x.clone(), cx).await,
    }
}

/// BIM: from the image itself.
pub struct Bim;

impl Attack for Bim {
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        climb(config, job, cx).await
    }
}

/// PGD in the ℓ2 ball.
pub struct PgdL2;

impl Attack for PgdL2 {
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        climb(config, job, cx).await
    }
}

/// PGD in the ℓ∞ ball.
pub struct PgdLinf;

impl Attack for PgdLinf {
    async fn perturb(config: &Self::Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        climb(config, job, cx).await
    }
}

impl Method for Bim {
    type Config = Config<Linf>;
    const CARD: Card = Card {
        id: "attack.bim",
        title: "BIM",
        family: Family::Attack,
        authors: "Kurakin, Goodfellow, Bengio",
        year: 2016,
        paper: "Adversarial examples in the physical world, ICLR 2017 workshop, arXiv:1607.02533, section 2.2",
        equation: SIGN_STEP,
        summary: "Small steps along the sign of the gradient, kept within the budget.",
        notes: "α 1/255 and min(ε + 4, 1.25 ε) = 10 steps for ε 8/255 (in units of 1/255) are the paper's rule; \
            its ε runs from 2 to 128. The final iterate is returned. Equal to torchattacks and foolbox \
            (tests/goldens).",
        needs: Needs::ATTACK,
        metrics: &[],
    };
    const FIXED: &[&str] = &["random_start", "restarts", "keep"];

    fn defaults() -> Self::Config {
        Config { random_start: false, ..Config::new(Linf(8.0 / 255.0), 10, 1.0 / 255.0) }
    }

    fn tiny(config: Self::Config) -> Self::Config {
        Config { steps: 2, ..config }
    }

    fn check(config: &Self::Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}

impl Method for PgdL2 {
    type Config = Config<L2>;
    const CARD: Card = Card {
        id: "attack.pgd-l2",
        title: "PGD, L2",
        equation: r"x_{k+1} = \varPi_\varepsilon\left(x_k + \alpha \frac{\nabla_x \ell}{{\|\nabla_x \ell\|}_2}\right)",
        summary: "Gradient steps inside a ball of Euclidean length, from a random start.",
        notes: "The paper gives no step size for L2; ε 1.0, 10 steps of 0.2 and the start (a random direction \
            with a length uniform in [0, ε]) are torchattacks' 3.5.1. Projects, then clips: ART clips first, \
            and its output may leave the box. Equal to torchattacks and foolbox from the same start \
            (tests/goldens).",
        ..PgdLinf::CARD
    };

    fn tiny(config: Self::Config) -> Self::Config {
        Config { steps: 2, ..config }
    }

    fn check(config: &Self::Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}

impl Method for PgdLinf {
    type Config = Config<Linf>;
    const CARD: Card = Card {
        id: "attack.pgd-linf",
        title: "PGD, L∞",
        family: Family::Attack,
        authors: "Mądry, Makelov, Schmidt, Tsipras, Vladu",
        year: 2017,
        paper: "Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018, arXiv:1706.06083, \
            section 2.1",
        equation: SIGN_STEP,
        summary: "Many small gradient steps inside the budget, from a random start.",
        notes: "ε 0.3, 40 steps of 0.01 and a random start are the paper's for MNIST. The order is step, ball, \
            box. Robust accuracy is an upper bound: another attack may find more. Equal to torchattacks and \
            foolbox from the same start (tests/goldens).",
        needs: Needs::ATTACK,
        metrics: &[],
    };

    fn tiny(config: Self::Config) -> Self::Config {
        Config { steps: 2, ..config }
    }

    fn check(config: &Self::Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}

const SIGN_STEP: &str = r"x_{k+1} = \varPi_\varepsilon(x_k + \alpha \operatorname{sign} \nabla_x \ell)";
