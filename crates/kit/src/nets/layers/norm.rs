use crate::nets::{Norms, Pass};
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Batch normalisation of `[n, c, h, w]` by channel, as PyTorch's `BatchNorm2d`: ε 1e-5, momentum 0.1, biased variance
/// in the batch, unbiased in the running statistics.
///
/// The statistics are plain tensors: a clone has its own, and no visitor of parameters ever sees them.
#[derive(Module, Debug)]
pub struct Norm {
    pub weight: Param<Tensor<1>>,
    pub bias: Param<Tensor<1>>,
    pub mean: Tensor<1>,
    pub var: Tensor<1>,
    /// Batches that the statistics have seen.
    #[module(skip)]
    pub seen: u64,
}

const EPSILON: f64 = 1e-5;
const MOMENTUM: f64 = 0.1;

impl Norm {
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            weight: Param::from_tensor(Tensor::ones([channels], device)),
            bias: Param::from_tensor(Tensor::zeros([channels], device)),
            mean: Tensor::zeros([channels], device),
            var: Tensor::ones([channels], device),
            seen: 0,
        }
    }

    pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let (mean, var) = match pass.norm {
            Norms::Running => (self.mean.clone(), self.var.clone()),
            Norms::Batch => {
                let [n, _, height, width] = x.dims();
                let count = (n * height * width) as f64;
                let (mean, var) = ops::batch_statistics(x.clone());
                let unbiased = plain(var.clone()).mul_scalar(count / (count - 1.0).max(1.0));
                pass.stats.push((plain(mean.clone()), unbiased));
                (mean, var)
            }
        };
        ops::norm2d(x, mean, var, self.weight.val(), self.bias.val(), EPSILON)
    }

    pub(crate) fn absorb(&mut self, mean: &Tensor<1>, var: &Tensor<1>) {
        let mix = |old: &Tensor<1>, new: &Tensor<1>| {
            let moved = plain(old.clone()).mul_scalar(1.0 - MOMENTUM) + new.clone().mul_scalar(MOMENTUM);
            if old.is_autodiff() { Tensor::from_inner(moved) } else { moved }
        };
        self.mean = mix(&self.mean, mean);
        self.var = mix(&self.var, var);
        self.seen += 1;
    }
}

fn plain(x: Tensor<1>) -> Tensor<1> {
    if x.is_autodiff() { x.inner() } else { x }
}
