//! Projected gradient descent (Mądry et al. 2018).

use super::ball::{Ball, Start};
use super::loss::replaced;
use super::victim::{Response, SampleLoss, Victim};
use crate::cx::Cx;
use crate::data::Batch;
use crate::error::{Error, Result};
use burn::tensor::Tensor;
use ops::{Graph, Recording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// Projected gradient ascent inside a ball: the core of BIM, PGD and adversarial training.
pub struct Pgd<'a> {
    /// The ball around each image.
    pub ball: Ball,
    /// Length of a step in the ball's norm.
    pub alpha: f64,
    /// Steps for each image, a gradient each; 0 returns the start.
    pub steps: usize,
    /// The loss to increase.
    pub loss: &'a SampleLoss<'a>,
    /// The iterate to return.
    pub keep: Keep,
}

impl Pgd<'_> {
    /// x ← Π(x + α · steepest(∇ loss)), from `start` `[n, c, h, w]`. The loss is that of the labels of `batch`.
    pub async fn run(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Tensor<4>> {
        // In this case only the iterate outlives a step and it is updated in place, so a step can be recorded.
        let steady = self.keep == Keep::Final && matches!(self.ball, Ball::Linf(_)) && self.steps > 2;
        let mut recording = steady.then(|| Recording::prepare(&cx.device)).flatten().map(|it| (it, start.clone()));
        let mut graph: Option<(Graph, u64)> = None;
        let mut x = start;
        let mut best: Option<Best> = None;
        for step in 0..self.steps {
            if step == 1
                && let Some((recording, start)) = recording.take()
            {
                (x, graph) = self.record(recording, victim, batch, start, x)?;
            }
            if let Some((graph, cost)) = &graph {
                victim.count_gradients(x.dims()[0]);
                victim.cost.add(*cost);
                // SAFETY: the iterate, the batch and the victim are held until the loop ends.
                unsafe { graph.replay() }.map_err(Error::DeviceLost)?;
            } else {
                let ask = if step == 0 { Victim::first_gradient } else { Victim::gradient };
                let Response { loss, gradient, .. } = ask(victim, &x, &batch.y, self.loss)?;
                if self.keep == Keep::Best {
                    best = Some(Best::of(best, loss, x.clone()));
                }
                x = self.ball.step(x, gradient, self.alpha, &batch.x);
            }
            cx.attack_step(&x, step + 1, self.steps).await?;
        }
        match best {
            Some(best) => {
                let loss = (self.loss)(victim.scores(&x)?, batch.y.clone());
                Ok(Best::of(Some(best), loss, x).x)
            }
            None => Ok(x),
        }
    }

    /// Records a step from `x`, the iterate after the first step from `start`, and what it asks of the network, as
    /// [`Cost`](crate::nets::Cost) counts it. Where the device records nothing, the step is run from `start` again.
    fn record(
        &self,
        mut recording: Recording,
        victim: &Victim,
        batch: &Batch,
        start: Tensor<4>,
        x: Tensor<4>,
    ) -> Result<(Tensor<4>, Option<(Graph, u64)>)> {
        let step = |x: Tensor<4>| -> Result<Tensor<4>> {
            let Response { gradient, .. } = victim.uncounted_gradient(&x, &batch.y, self.loss)?;
            Ok(self.ball.step(x, gradient, self.alpha, &batch.x))
        };
        let before = victim.cost.samples();
        recording.begin();
        let x = step(x);
        let graph = recording.end().map(|graph| (graph, victim.cost.samples() - before));
        let x = if graph.is_some() { x } else { step(start) };
        // Neither a step that was only recorded nor one that is run again belongs to the attack.
        victim.cost.go_back(before);
        Ok((x?, graph))
    }

    /// `count` runs from random points of the ball; each sample keeps the result with the highest loss.
    pub async fn restarts(&self, victim: &Victim, batch: &Batch, count: u32, cx: &mut Cx) -> Result<Tensor<4>> {
        let mut best = None;
        for turn in 0..count {
            let x = self.run(victim, batch, self.ball.start(Start::Inside, batch, turn, cx), cx).await?;
            if count == 1 {
                return Ok(x);
            }
            let loss = (self.loss)(victim.scores(&x)?, batch.y.clone());
            best = Some(Best::of(best, loss, x));
        }
        Ok(best.expect("there is at least one start").x)
    }
}

/// For each sample the iterate with the highest loss so far.
struct Best {
    /// `[n]`.
    loss: Tensor<1>,
    /// `[n, c, h, w]`.
    x: Tensor<4>,
}

impl Best {
    /// For each sample the iterate with the higher loss; of equal ones the later.
    fn of(best: Option<Self>, loss: Tensor<1>, x: Tensor<4>) -> Self {
        let Some(best) = best else { return Self { loss, x } };
        let rose = loss.clone().greater_equal(best.loss.clone());
        Self { loss: best.loss.mask_where(rose.clone(), loss), x: replaced(best.x, rose, x) }
    }
}
