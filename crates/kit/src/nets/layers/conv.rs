//! Convolution.

use super::{Activation, LowRankConv, drawn};
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Convolution with an odd kernel and zero padding of k/2.
#[derive(Module, Debug)]
pub struct Conv {
    /// `[out, in, k, k]`.
    pub weight: Param<Tensor<4>>,
    /// `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The low-rank branch, where one is attached.
    pub adapter: Option<LowRankConv>,
    #[module(skip)]
    stride: usize,
}

impl Conv {
    /// A layer of stride 1. It needs no bias where a norm layer follows.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, bias: bool, rng: &mut Rng, device: &Device) -> Self {
        let fan = inputs * kernel * kernel;
        let weight = drawn([outputs, inputs, kernel, kernel], fan, rng, device);
        Self { weight, bias: bias.then(|| drawn([outputs], fan, rng, device)), adapter: None, stride: 1 }
    }

    /// The same layer with another stride.
    pub fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// Sizes of the weight, `[out, in, k, k]`.
    pub fn dims(&self) -> [usize; 4] {
        self.weight.val().dims()
    }

    /// `[n, in, h, w]` to `[n, out, h / stride, w / stride]`, rounded up.
    pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let y = ops::conv2d(x.clone(), self.weight.val(), self.bias.as_ref().map(Param::val), self.stride);
        match &self.adapter {
            Some(adapter) => y + adapter.forward(x, self.stride, pass),
            None => y,
        }
    }

    /// The layer, then 2×2 max-pooling, then the activation.
    pub fn pooled(&self, x: Tensor<4>, activation: Activation, pass: &mut Pass) -> Tensor<4> {
        match (activation, &self.bias, &self.adapter) {
            (Activation::Relu, Some(bias), None) if self.stride == 1 => {
                ops::conv_pool(x, self.weight.val(), bias.val(), true)
            }
            _ => activation.pooled(self.forward(x, pass)),
        }
    }

    /// Adds s · B · A to the weight and removes the adapter.
    pub(crate) fn merge(&mut self) {
        if let Some(LowRankConv { a, b, scale, .. }) = self.adapter.take() {
            let [out, inputs, k, _] = self.dims();
            let rank = a.dims()[0];
            let delta = b.val().reshape([out, rank]).matmul(a.val().reshape([rank, inputs * k * k])).mul_scalar(scale);
            self.weight = self.weight.clone().map(|weight| weight + delta.reshape([out, inputs, k, k]));
        }
    }
}
