//! The fast gradient sign method (Goodfellow et al. 2015, arXiv:1412.6572): one step along the sign of the gradient.

use burn::tensor::Tensor;
use kit::attack::{AttackLoss, Ball, Linf, attack_loss};
use kit::data::{Class, Task};
use kit::run::{Attack, AttackJob, Threat};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Card, Family, Needs};

/// How far the step goes, and what it raises.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub epsilon: Linf,
    /// What is raised.
    #[schemars(extend("x-advanced" = true))]
    pub loss: AttackLoss,
    /// Push every sample to this class; none: only away from its own.
    #[schemars(extend("x-advanced" = true, "x-source" = "class"))]
    pub target: Option<Class>,
}

impl Default for Config {
    fn default() -> Self {
        Self { epsilon: Linf(0.25), loss: AttackLoss::Ce, target: None }
    }
}

impl Threat for Config {
    fn ball(&self) -> Ball {
        self.epsilon.into()
    }

    fn target(&self) -> Option<&Class> {
        self.target.as_ref()
    }
}

/// The whole budget in one step, along the sign of the gradient.
pub struct Fgsm;

impl Attack for Fgsm {
    async fn perturb(config: &Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        let AttackJob { victim, ball, batch, targeted } = *job;
        let answer = victim.first_gradient(&batch.x, &batch.y, &*attack_loss(config.loss, targeted))?;
        let x = ball.step(batch.x.clone(), answer.gradient, ball.radius(), &batch.x);
        cx.attack_step(&x, 1, 1).await?;
        Ok(x)
    }
}

impl Method for Fgsm {
    type Config = Config;
    const CARD: Card = Card {
        id: "attack.fgsm",
        title: "FGSM",
        family: Family::Attack,
        authors: "Goodfellow, Shlens, Szegedy",
        year: 2014,
        paper: "Explaining and Harnessing Adversarial Examples, ICLR 2015, arXiv:1412.6572, section 4",
        equation: r"x' = \varPi_{[0,1]}(x + \varepsilon \operatorname{sign} \nabla_x \ell(f_\theta(x), y))",
        summary: "One step along the sign of the gradient, as far as the budget allows.",
        notes: "ε 0.25 is the paper's for MNIST. sign(0) is 0. Equal to torchattacks and foolbox (tests/goldens).",
        needs: Needs::ATTACK,
        metrics: &[],
    };

    fn check(config: &Config, task: &Task) -> Result {
        config.loss.check(config.target.is_some(), task)
    }
}
