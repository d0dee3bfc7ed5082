use burn::tensor::Tensor;
use kit::ball::Ball;
use kit::data::Task;
use kit::pgd::{AttackLoss, Keep, Pgd, attack_loss, start_l2};
use kit::shapes::attack::{Attack, AttackJob};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs};

#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Largest length of the whole change; a pixel's full brightness is 1.
    #[schemars(range(min = 0.0, max = 20.0), extend("x-label" = "largest change", "x-symbol" = "ε"))]
    pub epsilon: f64,
    /// Gradient steps.
    #[schemars(range(min = 1, max = 1000), extend("x-symbol" = "K", "x-unit" = "steps"))]
    pub steps: usize,
    /// Length of a step.
    #[schemars(range(min = 0.0, max = 10.0), extend("x-label" = "step size", "x-symbol" = "α"))]
    pub alpha: f64,
    /// Begin at a random point of the ball; off: at the image itself.
    #[schemars(extend("x-label" = "random start"))]
    pub random_start: bool,
    /// Independent starts, of which every image keeps the one with the highest loss.
    #[schemars(range(min = 1, max = 100), extend("x-advanced" = true, "x-needs" = { "random_start": true }))]
    pub restarts: u32,
    /// Which iterate is returned: the final one, or the one of highest loss.
    #[schemars(extend("x-advanced" = true, "x-label" = "returned iterate"))]
    pub keep: Keep,
    /// What is raised.
    #[schemars(extend("x-advanced" = true))]
    pub loss: AttackLoss,
    /// Push every image to this class; none: only away from its own.
    #[schemars(range(min = 0, max = 1000), extend("x-advanced" = true))]
    pub target: Option<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            epsilon: 1.0,
            steps: 10,
            alpha: 0.2,
            random_start: true,
            restarts: 1,
            keep: Keep::Final,
            loss: AttackLoss::Ce,
            target: None,
        }
    }
}

/// PGD, L2.
pub struct PgdL2;

impl Method for PgdL2 {
    type Config = Config;
    const CARD: Card = Card {
        id: "attack.pgd-l2",
        title: "PGD, L2",
        family: Family::Attack,
        authors: "Mądry, Makelov, Schmidt, Tsipras, Vladu",
        year: 2017,
        paper: "Towards Deep Learning Models Resistant to Adversarial Attacks, ICLR 2018, arXiv:1706.06083, \
            section 2.1",
        equation: "<msub><mi>x</mi><mrow><mi>k</mi><mo>+</mo><mn>1</mn></mrow></msub><mo>=</mo><msub><mi>Π</mi>\
            <mi>ε</mi></msub><mo>(</mo><msub><mi>x</mi><mi>k</mi></msub><mo>+</mo><mi>α</mi><mfrac><mrow><msub>\
            <mo>∇</mo><mi>x</mi></msub><mi>ℓ</mi></mrow><msub><mrow><mo>‖</mo><msub><mo>∇</mo><mi>x</mi></msub>\
            <mi>ℓ</mi><mo>‖</mo></mrow><mn>2</mn></msub></mfrac><mo>)</mo>",
        summary: "Gradient steps inside a ball of Euclidean length, from a random start.",
        notes: "The paper gives no step size for L2; ε 1.0, 10 steps of 0.2 and the start (a random direction \
            with a length uniform in [0, ε]) are torchattacks' 3.5.1. Projects, then clips: ART clips first, \
            and its output may leave the box. Equal to torchattacks and foolbox from the same start \
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

impl Attack for PgdL2 {
    fn ball(config: &Config) -> Ball {
        Ball::L2(config.epsilon)
    }

    fn target(config: &Config) -> Option<u16> {
        config.target
    }

    async fn perturb(config: &Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        let loss = attack_loss(config.loss, job.targeted);
        let (ball, alpha, steps) = (Self::ball(config), config.alpha, config.steps);
        let pgd = Pgd { ball, alpha, steps, loss: &*loss, keep: config.keep };
        let starts = if config.random_start { config.restarts } else { 1 };
        let start = |turn, cx: &mut Cx| match config.random_start {
            true => start_l2(job.batch, config.epsilon, turn, cx),
            false => job.batch.x.clone(),
        };
        pgd.restarts(job.victim, job.batch, starts, start, cx).await
    }
}
