use crate::nets::{Norms, Pass};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use ops::Tail;

/// Normalisation of `[n, c, h, w]` with a scale and a shift by channel, as PyTorch's `BatchNorm2d` or `GroupNorm`.
#[derive(Module, Debug)]
pub struct Norm {
    pub weight: Param<Tensor<1>>,
    pub bias: Param<Tensor<1>>,
    /// Of batch normalisation; without them an image is normalised by itself, in groups of channels.
    pub statistics: Option<Statistics>,
    #[module(skip)]
    groups: usize,
}

/// What batch normalisation gathers while training: momentum 0.1, unbiased variance.
///
/// Plain tensors: a clone has its own, and no visitor of parameters ever sees them.
#[derive(Module, Debug)]
pub struct Statistics {
    pub mean: Tensor<1>,
    pub var: Tensor<1>,
    /// Batches that they have seen.
    #[module(skip)]
    pub seen: u64,
}

pub(super) const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl Norm {
    pub fn batch(channels: usize, device: &Device) -> Self {
        let statistics =
            Statistics { mean: Tensor::zeros([channels], device), var: Tensor::ones([channels], device), seen: 0 };
        Self { statistics: Some(statistics), ..Self::group(channels, 1, device) }
    }

    /// `channels` is a multiple of `groups`.
    pub fn group(channels: usize, groups: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            statistics: None,
            groups,
        }
    }

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
                pass.stats.push(([mean, var], n * height * width));
                y
            }
        }
    }
}

impl Statistics {
    /// Takes in the mean and the biased variance of a batch, `count` numbers a channel.
    pub(crate) fn absorb(&mut self, batch: &[Tensor<1>; 2], count: usize) {
        let tracked = self.mean.is_autodiff();
        // Nobody else holds them while they are moved on, so that it is done in place.
        let held = [&mut self.mean, &mut self.var].map(|held| std::mem::replace(held, batch[0].clone()));
        let moved = ops::update_running_stats(held.map(Tensor::without_autodiff), batch.clone(), count, MOMENTUM);
        self.seen += 1;
        [self.mean, self.var] = moved.map(|moved| if tracked { Tensor::from_inner(moved) } else { moved });
    }
}
