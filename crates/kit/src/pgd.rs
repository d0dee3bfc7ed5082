use crate::ball::Ball;
use crate::cx::Cx;
use crate::data::{Batch, Task};
use crate::error::{Error, Result};
use crate::victim::{Answer, Loss, Victim};
use burn::tensor::{Bool, Int, Tensor};
use ops::{Graph, Recording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an attack raises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttackLoss {
    /// Cross-entropy.
    #[default]
    Ce,
    /// Difference of logits ratio (Croce and Hein 2020, equation 6): does not vanish on confident answers.
    Dlr,
    /// Margin of Carlini and Wagner (2017), f without its floor: best wrong logit minus right logit.
    CwMargin,
}

impl AttackLoss {
    /// DLR divides by the distance of the first to the third logit.
    pub fn check(self, task: &Task) -> Result {
        if self != Self::Dlr || task.classes.len() >= 3 {
            return Ok(());
        }
        let why = format!("\"dlr\" needs at least 3 classes; task \"{}\" has {}", task.name, task.classes.len());
        Err(Error::input("loss", why))
    }
}

/// Which iterate an attack returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Keep {
    /// The last one, as torchattacks and foolbox.
    #[default]
    Final,
    /// The one of highest loss, by sample.
    Best,
}

/// Projected gradient steps inside a ball: the core of BIM, PGD and adversarial training.
pub struct Pgd<'a> {
    pub ball: Ball,
    /// Length of a step in the ball's norm.
    pub alpha: f64,
    pub steps: usize,
    pub loss: &'a Loss<'a>,
    pub keep: Keep,
}

impl Pgd<'_> {
    /// x ← Π(x + α · steepest(∇ loss)), from `start`. `labels` of `batch` are the ones whose loss is raised.
    pub async fn run(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Tensor<4>> {
        // Nothing but the iterate outlives a step then, and it is written in place.
        let steady = self.keep == Keep::Final && matches!(self.ball, Ball::Linf(_)) && self.steps > 2;
        let mut recording = steady.then(|| Recording::prepare(&cx.device)).flatten().map(|it| (it, start.clone()));
        let mut graph: Option<Graph> = None;
        let mut x = start;
        let mut best: Option<(Tensor<1>, Tensor<4>)> = None;
        for step in 0..self.steps {
            if step == 1
                && let Some((recording, start)) = recording.take()
            {
                (x, graph) = self.record(recording, victim, batch, start, x)?;
            }
            if let Some(graph) = &graph {
                victim.again(x.dims()[0]);
                // SAFETY: the iterate, the batch and the victim are held until the loop ends.
                unsafe { graph.replay() }.map_err(Error::DeviceLost)?;
            } else {
                let Answer { loss, gradient, .. } = victim.gradient(&x, &batch.y, self.loss)?;
                if self.keep == Keep::Best {
                    best = Some(higher(best, loss, x.clone()));
                }
                x = self.ball.step(x, gradient, self.alpha, &batch.x);
            }
            cx.attack_step(&x, step + 1, self.steps).await?;
        }
        match best {
            Some(best) => {
                let loss = (self.loss)(victim.scores(&x)?, batch.y.clone());
                Ok(higher(Some(best), loss, x).1)
            }
            None => Ok(x),
        }
    }

    /// Records a step from `x`, to which the first one led from `start`.
    fn record(
        &self,
        mut recording: Recording,
        victim: &Victim,
        batch: &Batch,
        start: Tensor<4>,
        x: Tensor<4>,
    ) -> Result<(Tensor<4>, Option<Graph>)> {
        let step = |x: Tensor<4>| -> Result<Tensor<4>> {
            let Answer { gradient, .. } = victim.uncounted_gradient(&x, &batch.y, self.loss)?;
            Ok(self.ball.step(x, gradient, self.alpha, &batch.x))
        };
        recording.begin();
        let x = step(x);
        match recording.end() {
            Some(graph) => Ok((x?, Some(graph))),
            None => Ok((step(start)?, None)),
        }
    }

    /// Several runs from random points of the ball; every sample keeps the one with the highest loss.
    pub async fn restarts(&self, victim: &Victim, batch: &Batch, count: u32, cx: &mut Cx) -> Result<Tensor<4>> {
        let mut best = None;
        for turn in 0..count {
            let x = self.run(victim, batch, self.ball.start(batch, turn, cx), cx).await?;
            if count == 1 {
                return Ok(x);
            }
            let loss = (self.loss)(victim.scores(&x)?, batch.y.clone());
            best = Some(higher(best, loss, x));
        }
        Ok(best.expect("at least one start").1)
    }
}

/// By sample, whichever has the higher loss; the later one of equals.
fn higher(best: Option<(Tensor<1>, Tensor<4>)>, loss: Tensor<1>, x: Tensor<4>) -> (Tensor<1>, Tensor<4>) {
    let Some((old_loss, old)) = best else { return (loss, x) };
    let rose = loss.clone().greater_equal(old_loss.clone());
    (old_loss.mask_where(rose.clone(), loss), replaced(old, rose, x))
}

/// The samples `[n, c, h, w]` of `new` where `at` `[n]` says so, those of `old` elsewhere.
pub fn replaced(old: Tensor<4>, at: Tensor<1, Bool>, new: Tensor<4>) -> Tensor<4> {
    let shape = old.dims();
    old.mask_where(at.reshape([shape[0], 1, 1, 1]).expand(shape), new)
}

/// Of every sample whether the attack has what it wants: another answer, or the target.
pub fn fooled(logits: Tensor<2>, labels: Tensor<1, Int>, targeted: bool) -> Tensor<1, Bool> {
    let (label, others) = margins(logits, labels);
    if targeted { label.greater(others) } else { others.greater(label) }
}

/// The loss that an attack raises: away from the label, or towards a target.
pub fn attack_loss(kind: AttackLoss, targeted: bool) -> Box<Loss<'static>> {
    let sign = if targeted { -1.0 } else { 1.0 };
    Box::new(move |logits, labels| {
        let loss = match kind {
            AttackLoss::Ce => ops::cross_entropy(logits, labels),
            AttackLoss::Dlr => dlr(logits, labels),
            AttackLoss::CwMargin => {
                let (right, wrong) = margins(logits, labels);
                wrong - right
            }
        };
        loss.mul_scalar(sign)
    })
}

/// The right logit and the highest wrong one, `[n]` each.
fn margins(logits: Tensor<2>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<1>) {
    let index = labels.unsqueeze_dim::<2>(1);
    let right = logits.clone().gather(1, index.clone());
    let classes = logits.dims()[1];
    let device = logits.device();
    let columns = Tensor::<1, Int>::arange(0..classes as i64, &device).unsqueeze_dim::<2>(0);
    let own = index.expand([logits.dims()[0], classes]).equal(columns.expand([logits.dims()[0], classes]));
    // Large and finite: infinities may be assumed absent by a graphics device.
    let wrong = logits.mask_fill(own, -1e30).max_dim(1);
    (right.squeeze_dim(1), wrong.squeeze_dim(1))
}

/// −(z_y − max_{i≠y} z_i) / (z_π1 − z_π3 + 1e-12); needs three classes.
fn dlr(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    let (right, wrong) = margins(logits.clone(), labels);
    let first = logits.clone().max_dim(1);
    let below = |x: Tensor<2>, limit: &Tensor<2>| {
        let shape = x.dims();
        let not_below = x.clone().greater_equal(limit.clone().expand(shape));
        x.mask_fill(not_below, -1e30).max_dim(1)
    };
    let second = below(logits.clone(), &first);
    let third = below(logits, &second);
    let span: Tensor<1> = (first - third).squeeze_dim(1);
    (wrong - right) / span.add_scalar(1e-12)
}
