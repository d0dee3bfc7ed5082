use super::{Activation, LowRankConv, drawn};
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Convolution with odd kernel and zero padding k/2; weight `[out, in, k, k]`.
#[derive(Module, Debug)]
pub struct Conv {
    pub weight: Param<Tensor<4>>,
    pub bias: Option<Param<Tensor<1>>>,
    pub adapter: Option<LowRankConv>,
    #[module(skip)]
    stride: usize,
}

impl Conv {
    /// Of stride 1. No bias where a norm layer follows.
    pub fn new(inputs: usize, outputs: usize, kernel: usize, bias: bool, rng: &mut Rng, device: &Device) -> Self {
        let fan = inputs * kernel * kernel;
        let weight = drawn([outputs, inputs, kernel, kernel], fan, rng, device);
        Self { weight, bias: bias.then(|| drawn([outputs], fan, rng, device)), adapter: None, stride: 1 }
    }

    pub fn strided(self, stride: usize) -> Self {
        Self { stride, ..self }
    }

    /// `[out, in, k, k]`.
    pub fn dims(&self) -> [usize; 4] {
        self.weight.val().dims()
    }

    pub fn forward(&self, x: Tensor<4>, pass: &mut Pass) -> Tensor<4> {
        let y = ops::conv2d(x.clone(), self.weight.val(), self.bias.as_ref().map(Param::val), self.stride);
        match &self.adapter {
            Some(adapter) => y + adapter.forward(x, self.stride, pass),
            None => y,
        }
    }

    /// The layer, 2×2 max-pooling and the nonlinearity behind it.
    pub fn pooled(&self, x: Tensor<4>, activation: Activation, pass: &mut Pass) -> Tensor<4> {
        match (activation, &self.bias, &self.adapter) {
            (Activation::Relu, Some(bias), None) if self.stride == 1 => {
                ops::conv_pool(x, self.weight.val(), bias.val(), true)
            }
            _ => activation.pooled(self.forward(x, pass)),
        }
    }

    /// W + s·B·A in place of W, and no adapter.
    pub(crate) fn merge(&mut self) {
        if let Some(LowRankConv { a, b, scale, .. }) = self.adapter.take() {
            let [out, inputs, k, _] = self.dims();
            let rank = a.dims()[0];
            let delta = b.val().reshape([out, rank]).matmul(a.val().reshape([rank, inputs * k * k])).mul_scalar(scale);
            self.weight = self.weight.clone().map(|weight| weight + delta.reshape([out, inputs, k, k]));
        }
    }
}
