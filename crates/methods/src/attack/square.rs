//! Square Attack (Andriushchenko et al. 2020, arXiv:1912.00049): a random search over coloured squares. It needs the
//! network's scores, no gradients.

use burn::tensor::{Tensor, TensorData};
use kit::attack::{AttackLoss, Ball, Linf, attack_loss, fooled, replaced};
use kit::data::Class;
use kit::run::{Attack, AttackJob, Threat};
use kit::seed::Rng;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Family, Kind, Needs};

/// Budget, number of queries and first size of the random search.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    pub epsilon: Linf,
    /// Answers that it may ask for, an image.
    #[schemars(range(min = 1, max = 100_000), extend("x-symbol" = "N"))]
    pub queries: usize,
    /// Share of the image that the first squares cover.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-advanced" = true, "x-label" = "first area", "x-symbol" = "p"))]
    pub area: f64,
    /// Push every image to this class; none: only away from its own.
    #[schemars(extend("x-advanced" = true, "x-source" = "class"))]
    pub target: Option<Class>,
}

impl Default for Config {
    fn default() -> Self {
        Self { epsilon: Linf(0.3), queries: 5000, area: 0.8, target: None }
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

/// Queries between two checks whether every image is won: each of them waits for the device.
const LOOK: usize = 32;

/// Square Attack in the ℓ∞ ball.
pub struct Square;

impl Attack for Square {
    async fn perturb(config: &Config, job: &AttackJob<'_>, cx: &mut Cx) -> Result<Tensor<4>> {
        let AttackJob { victim, ball, batch, targeted } = *job;
        let [n, c, h, w] = batch.x.dims();
        let on_device = |values: Vec<f32>, shape: [usize; 4]| {
            Tensor::<4>::from_data(TensorData::new(values, shape), &batch.x.device())
        };
        // The loss that the paper lowers, negated.
        let loss = attack_loss(if targeted { AttackLoss::Ce } else { AttackLoss::CwMargin }, targeted);
        let ask = |x: &Tensor<4>| -> Result<_> {
            let logits = victim.uncounted_scores(x)?;
            Ok((loss(logits.clone(), batch.y.clone()), fooled(logits, batch.y.clone(), targeted)))
        };
        let mut rngs: Vec<Rng> = batch.ids.iter().map(|id| cx.rng("squares", *id, 0)).collect();

        // Vertical stripes.
        let stripes = rngs.iter_mut().flat_map(|rng| (0..c * w).map(|_| sign(rng)).collect::<Vec<_>>()).collect();
        let stripes = on_device(stripes, [n, c, 1, w]).expand([n, c, h, w]);
        let mut x = ball.step(batch.x.clone(), stripes, ball.radius(), &batch.x);
        let (mut best, mut won) = ask(&x)?;
        let mut queries = Tensor::<1>::ones([n], &cx.device);
        for k in 1..config.queries {
            let side = side(area(config.area, k, config.queries), h, w);
            let (mut rows, mut columns) = (vec![0.0; n * h], vec![0.0; n * c * w]);
            for ((rng, rows), columns) in rngs.iter_mut().zip(rows.chunks_mut(h)).zip(columns.chunks_mut(c * w)) {
                let (top, left) = (rng.below(h - side + 1), rng.below(w - side + 1));
                rows[top..top + side].fill(1.0);
                for channel in columns.chunks_mut(w) {
                    channel[left..left + side].fill(sign(rng));
                }
            }
            let square = on_device(rows, [n, 1, h, 1]) * on_device(columns, [n, c, 1, w]);
            let tried = ball.step(x.clone(), square, 2.0 * ball.radius(), &batch.x);
            let (value, wins) = ask(&tried)?;
            let open = won.clone().bool_not();
            queries = queries + open.clone().float();
            let better = value.clone().greater(best.clone()).bool_or(wins.clone()).bool_and(open);
            x = replaced(x, better.clone(), tried);
            best = best.mask_where(better, value);
            won = won.bool_or(wins);
            cx.attack_step(&x, k, config.queries).await?;
            if k % LOOK == 0 && cx.read(won.clone().float()).await?.iter().all(|won| *won == 1.0) {
                break;
            }
        }
        victim.count_forwards(cx.read(queries).await?.iter().sum::<f32>() as u64);
        Ok(x)
    }
}

fn sign(rng: &mut Rng) -> f32 {
    if rng.bits() & 1 == 0 { -1.0 } else { 1.0 }
}

/// The share of the image that square `k` of `n` covers.
fn area(first: f64, k: usize, n: usize) -> f64 {
    let of_10_000 = k * 10_000 / n;
    let halvings = [10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000].iter().filter(|at| of_10_000 > **at).count();
    first / f64::from(1 << halvings)
}

/// The side of a square of this share of an image.
fn side(area: f64, h: usize, w: usize) -> usize {
    (libm::sqrt(area * (h * w) as f64).round() as usize).clamp(1, h.min(w))
}

impl Method for Square {
    type Config = Config;
    const CARD: Card = Card {
        id: "attack.square",
        title: "Square Attack",
        family: Family::Attack,
        authors: "Andriushchenko, Croce, Flammarion, Hein",
        year: 2019,
        paper: "Square Attack: a query-efficient black-box adversarial attack via random search, ECCV 2020, \
            arXiv:1912.00049, algorithms 1 and 2",
        equation: r"x_{k+1} = \arg\min\{\ell(x_k), \ell(\varPi_\varepsilon(x_k + \delta))\}",
        summary: "No gradients: squares in random colours, kept where the network becomes less sure.",
        notes: "5000 queries and a first area of 0.8 are AutoAttack's; ε 0.3 is the paper's for MNIST. δ is ±2ε in \
            every channel of one square. ℓ is the right logit less the best wrong one, with a target the \
            cross-entropy. The area is halved after 0.1, 0.5, 2, 5, 10, 20, 40, 60 and 80 % of the queries, which \
            is the default of the authors' code (resc_schedule). Their AutoAttack turns that off: it halves after 10, \
            50, 200, 500, 1000, 2000 and 4000 of its 5000 queries; torchattacks' leaves it on. Queries are counted \
            until an image is won. Every image draws its own squares, so that a result does not depend on the batch; \
            the authors' code (fra31/auto-attack, torchattacks) draws one for all images of a batch, and never one \
            that reaches the last row or column. As strong as torchattacks' with both mended (tests/goldens).",
        needs: Needs { kinds: &[Kind::Images], access: Access::Scores, ..Needs::ATTACK },
        metrics: &[],
    };

    fn tiny(config: Config) -> Config {
        Config { queries: 20, ..config }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_shrink() {
        let sides: Vec<usize> =
            [1, 6, 26, 101, 251, 501, 1001, 2001, 3001, 4001].map(|k| side(area(0.8, k, 5000), 28, 28)).into();
        assert_eq!(sides, [25, 18, 13, 9, 6, 4, 3, 2, 2, 1]);
        assert_eq!((side(1.0, 3, 8), side(0.0, 3, 8)), (3, 1));
    }
}
