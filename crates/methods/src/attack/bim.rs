use burn::tensor::Tensor;
use kit::ball::Ball;
use kit::data::Task;
use kit::pgd::{AttackLoss, Keep, Pgd, attack_loss};
use kit::shapes::attack::{Attack, AttackJob};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest change of a pixel, as a share of full brightness.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-label" = "largest pixel change", "x-symbol" = "ε"))]
    pub epsilon: f64,
    /// Gradient steps.
    #[schemars(range(min = 1, max = 1000), extend("x-symbol" = "K", "x-unit" = "steps"))]
    pub steps: usize,
    /// Length of a step.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-label" = "step size", "x-symbol" = "α"))]
    pub alpha: f64,
    /// What is raised.
    #[schemars(extend("x-advanced" = true))]
    pub loss: AttackLoss,
    /// Push every image to this class; none: only away from its own.
    #[schemars(range(min = 0, max = 1000), extend("x-advanced" = true))]
    pub target: Option<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self { epsilon: 8.0 / 255.0, steps: 10, alpha: 1.0 / 255.0, loss: AttackLoss::Ce, target: None }
    }
}

/// BIM.
pub struct Bim;

impl Method for Bim {
    type Config = Config;
    const CARD: Card = Card {
        id: "attack.bim",
        title: "BIM",
        family: Family::Attack,
        authors: "Kurakin, Goodfellow, Bengio",
        year: 2016,
        paper: "Adversarial examples in the physical world, ICLR 2017 workshop, arXiv:1607.02533, section 2.2",
        equation: "<msub><mi>x</mi><mrow><mi>k</mi><mo>+</mo><mn>1</mn></mrow></msub><mo>=</mo><msub><mi>Π</mi>\
            <mi>ε</mi></msub><mo>(</mo><msub><mi>x</mi><mi>k</mi></msub><mo>+</mo><mi>α</mi><mi>sign</mi><msub>\
            <mo>∇</mo><mi>x</mi></msub><mi>ℓ</mi><mo>)</mo>",
        summary: "Small steps along the sign of the gradient, kept within the budget.",
        notes: "α 1/255 and min(ε + 4, 1.25 ε) = 10 steps for ε 8/255 (in units of 1/255) are the paper's rule; \
            its ε runs from 2 to 32. The final iterate is returned. Equal to torchattacks and foolbox \
            (tests/goldens).",
        needs: Needs { kinds: &[Kind::Images, Kind::Points], access: Access::Gradients, min_classes: 2 },
    };

    fn tiny(config: Config) -> Config {
        Config { steps: 2, ..config }
    }

    fn check(config: &Config, task: &Task) -> Result {
        config.loss.check(task)
    }
}

impl Attack for Bim {
    fn ball(config: &Config) -> Ball {
        Ball::Linf(config.epsilon)
    }

    fn target(config: &Config) -> Option<u16> {
        config.target
    }

    async fn perturb(config: &Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        let loss = attack_loss(config.loss, job.targeted);
        let pgd =
            Pgd { ball: Self::ball(config), alpha: config.alpha, steps: config.steps, loss: &*loss, keep: Keep::Final };
        pgd.run(job.victim, job.batch, job.batch.x.clone(), cx).await
    }
}
