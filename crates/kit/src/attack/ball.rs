//! The sets that attacks stay within: balls around the clean images.

use crate::cx::Cx;
use crate::data::Batch;
use crate::seed::Rng;
use burn::tensor::{Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Largest change of a pixel or a point's coordinate; both lie between 0 and 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-label" = "largest change", "x-symbol" = "ε"))]
pub struct Linf(#[schemars(range(min = 0.0, max = 1.0))] pub f64);

/// Largest length of the whole change; a pixel's full brightness is 1.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline, extend("x-label" = "largest change", "x-symbol" = "ε"))]
pub struct L2(#[schemars(range(min = 0.0, max = 20.0))] pub f64);

/// The set of changed inputs that an attack may return, around the clean ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ball {
    /// No pixel changes by more than this.
    Linf(f64),
    /// The Euclidean length of the whole change is at most this.
    L2(f64),
}

/// Where in the ball an attack begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// At a random point of its boundary, as the released code of Auto-PGD.
    #[default]
    Boundary,
    /// At a random point of the whole ball.
    Inside,
}

impl From<Linf> for Ball {
    fn from(Linf(epsilon): Linf) -> Self {
        Self::Linf(epsilon)
    }
}

impl From<L2> for Ball {
    fn from(L2(epsilon): L2) -> Self {
        Self::L2(epsilon)
    }
}

impl Ball {
    /// ε.
    pub fn radius(self) -> f64 {
        match self {
            Self::Linf(radius) | Self::L2(radius) => radius,
        }
    }

    /// A random point `[n, c, h, w]` of the ball around each sample, clipped to the box [0, 1]. It depends on the
    /// sample's id and on `turn`, the restart or step.
    pub fn start(self, start: Start, batch: &Batch, turn: u32, cx: &Cx) -> Tensor<4> {
        let shape = batch.x.dims();
        let size: usize = shape[1..].iter().product();
        let mut noise = vec![0.0; shape[0] * size];
        for (row, id) in noise.chunks_mut(size).zip(batch.ids.iter()) {
            self.sample(start, row, &mut cx.rng("start", *id, turn));
        }
        ops::project_box(batch.x.clone() + Tensor::from_data(TensorData::new(noise, shape), &batch.x.device()))
    }

    /// Fills `row` with a random change. Inside it is uniform in the ℓ∞ ball; in the ℓ2 ball a random direction with a
    /// length uniform in [0, ε], which is not uniform in the ball, but what torchattacks does in PGD. On the boundary
    /// it is the same, scaled until its length in the ball's norm is ε.
    fn sample(self, start: Start, row: &mut [f32], rng: &mut Rng) {
        let (share, length) = match self {
            Self::Linf(_) => {
                row.iter_mut().for_each(|x| *x = rng.uniform(-1.0, 1.0));
                let largest = || row.iter().fold(0.0, |max: f32, x| max.max(x.abs()));
                (1.0, if start == Start::Inside { 1.0 } else { largest() })
            }
            Self::L2(_) => {
                row.iter_mut().for_each(|x| *x = rng.normal());
                let length = libm::sqrtf(row.iter().map(|x| x * x).sum::<f32>());
                (if start == Start::Inside { rng.unit() } else { 1.0 }, length)
            }
        };
        let scale = share * self.radius() as f32 / length.max(1e-12);
        row.iter_mut().for_each(|x| *x *= scale);
    }

    /// Projects `x` `[n, c, h, w]` into the ball around `center`, then into the box [0, 1].
    pub fn project(self, x: Tensor<4>, center: &Tensor<4>) -> Tensor<4> {
        match self {
            Self::Linf(epsilon) => ops::project_linf(x, center, epsilon),
            Self::L2(epsilon) => ops::project_l2(x, center, epsilon),
        }
    }

    /// One step of length α along [`Self::steepest`], then [`Self::project`].
    pub fn step(self, x: Tensor<4>, gradient: Tensor<4>, alpha: f64, center: &Tensor<4>) -> Tensor<4> {
        match self {
            Self::Linf(epsilon) => ops::step_linf(x, gradient, center, alpha, epsilon),
            Self::L2(_) => self.project(x + self.steepest(gradient).mul_scalar(alpha), center),
        }
    }

    /// The direction in which the loss increases fastest per length in the ball's norm: sign(g), or g / ‖g‖₂ for each
    /// sample.
    pub fn steepest(self, gradient: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Linf(_) => gradient.sign(),
            Self::L2(_) => ops::unit_l2(gradient),
        }
    }

    /// Length of one sample's change in the ball's norm; the radius plays no part.
    pub fn length(self, delta: &[f32]) -> f64 {
        match self {
            Self::Linf(_) => delta.iter().fold(0.0_f64, |max, d| max.max(f64::from(d.abs()))),
            Self::L2(_) => delta.iter().map(|d| f64::from(*d) * f64::from(*d)).sum::<f64>().sqrt(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_lie_where_they_are_said_to() {
        for ball in [Ball::Linf(0.3), Ball::L2(0.7)] {
            let lengths = |start| -> Vec<f64> {
                let of = |id| {
                    let mut row = vec![0.0; 64];
                    ball.sample(start, &mut row, &mut Rng::of(1, "start", &[id]));
                    ball.length(&row) / ball.radius()
                };
                (0..200).map(of).collect()
            };
            assert!(lengths(Start::Boundary).iter().all(|length| (length - 1.0).abs() < 1e-6), "{ball:?}");
            let inside = lengths(Start::Inside);
            assert!(inside.iter().all(|length| *length < 1.0), "{ball:?}");
            // Uniform in the length; the largest of 64 uniform numbers is 64/65 in the mean.
            let mean = if matches!(ball, Ball::L2(_)) { 0.5 } else { 64.0 / 65.0 };
            assert!((inside.iter().sum::<f64>() / 200.0 - mean).abs() < 0.06, "{ball:?}");
        }
    }
}
