//! Auto-PGD.

use super::ball::{Ball, Start};
use super::loss::{fooled, replaced};
use super::victim::{Response, SampleLoss, Victim};
use crate::cx::Cx;
use crate::data::Batch;
use crate::error::Result;
use burn::tensor::{Bool, Tensor};

/// Auto-PGD (Croce and Hein 2020, algorithm 1): gradient ascent with momentum. Each sample has its own step size; where
/// the loss no longer increases, the step is halved and the ascent goes on from the best point. Everything stays on the
/// device.
pub struct Apgd<'a> {
    /// The ball around each image.
    pub ball: Ball,
    /// Steps for each image, a gradient each; the first point costs one more. The length of the windows after which a
    /// step may be halved follows from it.
    pub steps: usize,
    /// ρ: the step is halved if the loss increased in less than this share of a window's steps.
    pub rho: f64,
    /// The loss to increase.
    pub loss: &'a SampleLoss<'a>,
    /// Whether the labels are targets.
    pub targeted: bool,
    /// Where [`Self::restarts`] begins.
    pub start: Start,
}

/// α: a step keeps (1 − α) of the last move.
const ALPHA: f64 = 0.75;

/// The result of one run, for each sample.
struct Found {
    /// The last iterate that fooled the network, or else the one with the highest loss, `[n, c, h, w]`.
    x: Tensor<4>,
    /// Whether it fooled the network, `[n]`.
    fooled: Tensor<1, Bool>,
    /// The highest loss, `[n]`.
    loss: Tensor<1>,
}

/// Images with their losses and gradients.
#[derive(Clone)]
struct Iterate {
    x: Tensor<4>,
    loss: Tensor<1>,
    gradient: Tensor<4>,
}

impl Iterate {
    /// The samples of `new` where `at` `[n]` is true.
    fn replaced(self, at: &Tensor<1, Bool>, new: &Self) -> Self {
        Self {
            x: replaced(self.x, at.clone(), new.x.clone()),
            loss: self.loss.mask_where(at.clone(), new.loss.clone()),
            gradient: replaced(self.gradient, at.clone(), new.gradient.clone()),
        }
    }
}

impl Apgd<'_> {
    /// One run from `start` `[n, c, h, w]`. The loss is that of the labels of `batch`.
    pub async fn run(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Tensor<4>> {
        Ok(self.find(victim, batch, start, cx).await?.x)
    }

    /// `count` runs from random points. Each sample keeps the first result that fools the network, or else
    /// the one with the highest loss.
    pub async fn restarts(&self, victim: &Victim, batch: &Batch, count: u32, cx: &mut Cx) -> Result<Tensor<4>> {
        let mut best = self.find(victim, batch, self.ball.start(self.start, batch, 0, cx), cx).await?;
        for turn in 1..count {
            let found = self.find(victim, batch, self.ball.start(self.start, batch, turn, cx), cx).await?;
            let better = found.fooled.clone().bool_or(found.loss.clone().greater(best.loss.clone()));
            let at = better.bool_and(best.fooled.clone().bool_not());
            best = Found {
                x: replaced(best.x, at.clone(), found.x),
                loss: best.loss.mask_where(at, found.loss),
                fooled: best.fooled.bool_or(found.fooled),
            };
        }
        Ok(best.x)
    }

    /// One run from `start`.
    async fn find(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Found> {
        let (n, center) = (batch.ids.len(), &batch.x);
        let Response { logits, loss, gradient } = victim.first_gradient(&start, &batch.y, self.loss)?;
        let mut success = fooled(logits, batch.y.clone(), self.targeted);
        let mut adversarial = start.clone();
        let mut now = Iterate { x: start, loss, gradient };
        let mut best = now.clone();
        let mut before = now.x.clone();

        let zeros = Tensor::<1>::zeros([n], &cx.device);
        let mut eta = zeros.clone().add_scalar(2.0 * self.ball.radius());
        let mut rises = zeros.clone();
        let mut halved = zeros.clone().bool();
        let mut best_then = best.loss.clone();
        let (checkpoints, mut window) = (checkpoints(self.steps), 0);
        for k in 0..self.steps {
            // Equation 3: 3/4 of a step plus 1/4 of the last move; the first step is taken whole.
            let step = self.ball.steepest(now.gradient.clone()) * eta.clone().reshape([n, 1, 1, 1]);
            let z = self.ball.project(now.x.clone() + step, center);
            let x = if k == 0 {
                z
            } else {
                let (ahead, last) = (z - now.x.clone(), now.x.clone() - before);
                let moved = now.x.clone() + ahead.mul_scalar(ALPHA) + last.mul_scalar(1.0 - ALPHA);
                self.ball.project(moved, center)
            };
            before = now.x;
            let answer = if k + 1 < self.steps {
                victim.gradient(&x, &batch.y, self.loss)?
            } else {
                let logits = victim.scores(&x)?;
                Response { loss: (self.loss)(logits.clone(), batch.y.clone()), logits, gradient: now.gradient }
            };
            let fools = fooled(answer.logits, batch.y.clone(), self.targeted);
            adversarial = replaced(adversarial, fools.clone(), x.clone());
            success = success.bool_or(fools);
            rises = rises + answer.loss.clone().greater(now.loss).float();
            now = Iterate { x, loss: answer.loss, gradient: answer.gradient };
            best = best.clone().replaced(&now.loss.clone().greater(best.loss), &now);
            window += 1;
            if checkpoints.contains(&(k + 1)) {
                // Conditions 1 and 2 of section 3.
                let few = rises.lower_elem(self.rho * window as f64);
                let stuck = best.loss.clone().equal(best_then).bool_and(halved.bool_not());
                halved = few.bool_or(stuck);
                eta = eta.clone().mask_where(halved.clone(), eta.mul_scalar(0.5));
                let loss = now.loss.clone();
                // The loss stays that of the iterate itself: whether it increases is judged against that.
                now = Iterate { loss, ..now.replaced(&halved, &best) };
                best_then = best.loss.clone();
                (rises, window) = (zeros.clone(), 0);
            }
            cx.attack_step(&now.x, k + 1, self.steps).await?;
        }
        Ok(Found { x: replaced(best.x, success.clone(), adversarial), fooled: success, loss: best.loss })
    }
}

/// The numbers of steps after which the conditions are checked (section 3): ⌈p·N⌉ for p = 0.22 and the following ones.
/// The distance to the next p is 0.03 less than the one before, but at least 0.06.
fn checkpoints(steps: usize) -> Vec<usize> {
    let hundredths = std::iter::successors(Some((22, 22_usize)), |(at, window)| {
        let window = (window - 3).max(6);
        Some((at + window, window))
    });
    hundredths.map(|(at, _)| (at * steps).div_ceil(100)).take_while(|at| *at < steps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_of_a_hundred_steps() {
        assert_eq!(checkpoints(100), [22, 41, 57, 70, 80, 87, 93, 99]);
        assert_eq!(checkpoints(10), [3, 5, 6, 7, 8, 9]);
        assert_eq!(checkpoints(1), [0; 0]);
    }
}
