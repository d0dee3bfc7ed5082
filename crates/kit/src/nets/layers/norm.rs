//! Batch and group normalisation.

use crate::nets::{BatchStatistics, Norms, Pass};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ops::Tail;

/// Normalisation of `[n, c, h, w]` with a scale and a shift by channel, as PyTorch's `BatchNorm2d` or `GroupNorm`.
#[derive(Module, Debug)]
pub struct Norm {
    /// Scale of each channel, `[c]`.
    pub weight: Param<Tensor<1>>,
    /// Shift of each channel, `[c]`.
    pub bias: Param<Tensor<1>>,
    /// Running statistics of batch normalisation. Without them each image is normalised by itself, in groups of
    /// channels.
    pub statistics: Option<Statistics>,
    #[module(skip)]
    groups: usize,
}

/// What batch normalisation gathers while training: momentum 0.1, unbiased variance.
///
/// They are tensors, not parameters: a clone has its own, and visitors of parameters do not see them.
#[derive(Module, Debug)]
pub struct Statistics {
    /// Mean of each channel, `[c]`.
    pub mean: Tensor<1>,
    /// Unbiased variance of each channel, `[c]`.
    pub var: Tensor<1>,
    /// How many batches they were updated with.
    #[module(skip)]
    pub seen: u64,
}

pub(super) const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl Norm {
    /// Batch normalisation.
    pub fn batch(channels: usize, device: &Device) -> Self {
        let statistics =
            Statistics { mean: Tensor::zeros([channels], device), var: Tensor::ones([channels], device), seen: 0 };
        Self { statistics: Some(statistics), ..Self::group(channels, 1, device) }
    }

    /// Group normalisation; `channels` must be a multiple of `groups`.
    pub fn group(channels: usize, groups: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            statistics: None,
            groups,
        }
    }

    /// `[n, c, h, w]` to the same shape; `tail` is what follows in the same operation (relu, residual).
    pub fn forward(&self, x: Tensor<4>, tail: Tail, pass: &mut Pass) -> Tensor<4> {
        let (weight, bias) = (self.weight.val(), self.bias.val());
        match (&self.statistics, pass.norm) {
            (None, _) => ops::group_norm2d(x, self.groups, weight, bias, EPSILON, tail),
            (Some(Statistics { mean, var, .. }), Norms::Running) => {
                ops::norm2d(x, mean.clone(), var.clone(), weight, bias, EPSILON, tail)
            }
            (Some(_), Norms::Batch) => {
                let [n, _, height, width] = x.dims();
                let (y, mean, var) = ops::batch_norm2d(x, weight, bias, EPSILON, tail);
                pass.stats.push(BatchStatistics { mean, var, count: n * height * width });
                y
            }
        }
    }
}

impl Statistics {
    /// Moves the running statistics towards those of a batch.
    pub(crate) fn update(&mut self, batch: &BatchStatistics) {
        let tracked = self.mean.is_autodiff();
        // Taken out of `self`, they have a single owner, so the update can happen in place.
        let held = [&mut self.mean, &mut self.var].map(|held| std::mem::replace(held, batch.mean.clone()));
        let of_batch = [batch.mean.clone(), batch.var.clone()];
        let moved = ops::update_running_stats(held.map(Tensor::without_autodiff), of_batch, batch.count, MOMENTUM);
        self.seen += 1;
        [self.mean, self.var] = moved.map(|moved| if tracked { Tensor::from_inner(moved) } else { moved });
    }
}
