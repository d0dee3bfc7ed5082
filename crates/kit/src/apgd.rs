use crate::ball::Ball;
use crate::cx::Cx;
use crate::data::Batch;
use crate::error::Result;
use crate::pgd::{fooled, replaced};
use crate::victim::{Answer, Loss, Victim};
use burn::tensor::{Bool, Tensor};

/// Auto-PGD (Croce and Hein 2020, algorithm 1): ascent with momentum, whose step every sample halves for itself where
/// it gets on no more, to go on from its best point. All of it stays on the device.
pub struct Apgd<'a> {
    pub ball: Ball,
    pub steps: usize,
    /// ρ: a window with fewer rises than this share of its steps is followed by a halved step.
    pub rho: f64,
    pub loss: &'a Loss<'a>,
    pub targeted: bool,
}

/// Momentum: (1 − α) of the last move is kept.
const ALPHA: f64 = 0.75;

/// What one run leaves of every sample.
struct Found {
    /// The last iterate with which the attack had what it wants, or the one of highest loss.
    x: Tensor<4>,
    won: Tensor<1, Bool>,
    /// The highest loss.
    loss: Tensor<1>,
}

#[derive(Clone)]
struct Iterate {
    x: Tensor<4>,
    loss: Tensor<1>,
    gradient: Tensor<4>,
}

impl Iterate {
    fn replaced(self, at: &Tensor<1, Bool>, new: &Self) -> Self {
        Self {
            x: replaced(self.x, at.clone(), new.x.clone()),
            loss: self.loss.mask_where(at.clone(), new.loss.clone()),
            gradient: replaced(self.gradient, at.clone(), new.gradient.clone()),
        }
    }
}

impl Apgd<'_> {
    /// From `start`. `labels` of `batch` are the ones whose loss is raised.
    pub async fn run(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Tensor<4>> {
        Ok(self.find(victim, batch, start, cx).await?.x)
    }

    /// Several runs from random points of the ball. Every sample keeps the first with which the attack won, or the one
    /// with the highest loss.
    pub async fn restarts(&self, victim: &Victim, batch: &Batch, count: u32, cx: &mut Cx) -> Result<Tensor<4>> {
        let mut best = self.find(victim, batch, self.ball.start(batch, 0, cx), cx).await?;
        for turn in 1..count {
            let found = self.find(victim, batch, self.ball.start(batch, turn, cx), cx).await?;
            let better = found.won.clone().bool_or(found.loss.clone().greater(best.loss.clone()));
            let at = better.bool_and(best.won.clone().bool_not());
            best = Found {
                x: replaced(best.x, at.clone(), found.x),
                loss: best.loss.mask_where(at, found.loss),
                won: best.won.bool_or(found.won),
            };
        }
        Ok(best.x)
    }

    async fn find(&self, victim: &Victim, batch: &Batch, start: Tensor<4>, cx: &mut Cx) -> Result<Found> {
        let (n, center) = (batch.ids.len(), &batch.x);
        let Answer { logits, loss, gradient } = victim.gradient(&start, &batch.y, self.loss)?;
        let mut won = fooled(logits, batch.y.clone(), self.targeted);
        let mut winner = start.clone();
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
            // (3): a step, and 3/4 of the way to it with 1/4 of the last move; the first is taken whole.
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
                Answer { loss: (self.loss)(logits.clone(), batch.y.clone()), logits, gradient: now.gradient }
            };
            let wins = fooled(answer.logits, batch.y.clone(), self.targeted);
            winner = replaced(winner, wins.clone(), x.clone());
            won = won.bool_or(wins);
            rises = rises + answer.loss.clone().greater(now.loss).float();
            now = Iterate { x, loss: answer.loss, gradient: answer.gradient };
            best = best.clone().replaced(&now.loss.clone().greater(best.loss), &now);
            window += 1;
            if checkpoints.contains(&(k + 1)) {
                // Conditions 1 and 2.
                let few = rises.lower_elem(self.rho * window as f64);
                let stuck = best.loss.clone().equal(best_then).bool_and(halved.bool_not());
                halved = few.bool_or(stuck);
                eta = eta.clone().mask_where(halved.clone(), eta.mul_scalar(0.5));
                let loss = now.loss.clone();
                // A rise is one above what the iterate itself had.
                now = Iterate { loss, ..now.replaced(&halved, &best) };
                best_then = best.loss.clone();
                (rises, window) = (zeros.clone(), 0);
            }
            cx.attack_step(&now.x, k + 1, self.steps).await?;
        }
        Ok(Found { x: replaced(best.x, won.clone(), winner), won, loss: best.loss })
    }
}

/// ⌈p·N⌉ of p = 0.22 and what follows, each apart from the one before by 0.03 less than that one was, at least 0.06
/// (section 3): after so many steps.
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
