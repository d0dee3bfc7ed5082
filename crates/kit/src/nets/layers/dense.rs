//! Fully connected layer.

use super::{Activation, LowRank, drawn};
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// y = x · W + b, plus a low-rank branch where an adapter is attached.
#[derive(Module, Debug)]
pub struct Dense {
    /// W, `[in, out]`: the transpose of PyTorch's.
    pub weight: Param<Tensor<2>>,
    /// b, `[out]`.
    pub bias: Option<Param<Tensor<1>>>,
    /// The low-rank branch, where one is attached.
    pub adapter: Option<LowRank>,
}

impl Dense {
    /// A layer with a bias, its weights drawn from `rng`.
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng, device: &Device) -> Self {
        let weight = drawn([inputs, outputs], inputs, rng, device);
        Self { weight, bias: Some(drawn([outputs], inputs, rng, device)), adapter: None }
    }

    /// Hidden layers of these widths, and the head that follows them.
    pub(crate) fn stack(
        mut inputs: usize,
        widths: &[usize],
        classes: usize,
        rng: &mut Rng,
        device: &Device,
    ) -> (Vec<Self>, Self) {
        let mut layers = Vec::with_capacity(widths.len());
        for &width in widths {
            layers.push(Self::new(inputs, width, rng, device));
            inputs = width;
        }
        (layers, Self::new(inputs, classes, rng, device))
    }

    /// Number of weights and biases of such a stack; `None` where the count overflows.
    pub(crate) fn stack_size(mut inputs: usize, widths: &[usize], classes: usize) -> Option<usize> {
        let mut size = 0_usize;
        for &width in widths.iter().chain([&classes]) {
            size = size.checked_add(inputs.checked_add(1)?.checked_mul(width)?)?;
            inputs = width;
        }
        Some(size)
    }

    /// Sizes of the weight, `[in, out]`.
    pub fn dims(&self) -> [usize; 2] {
        self.weight.val().dims()
    }

    /// `[n, in]` to `[n, out]`.
    pub fn forward(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let y = self.base(x.clone(), false);
        match &self.adapter {
            Some(adapter) => y + adapter.forward(x, pass),
            None => y,
        }
    }

    /// The layer on each token: `[n, t, in]` to `[n, t, out]`.
    pub fn each(&self, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let [n, t, inputs] = x.dims();
        let y = self.forward(x.reshape([n * t, inputs]), pass);
        let [_, outputs] = y.dims();
        y.reshape([n, t, outputs])
    }

    /// The layer, then the activation.
    pub fn activated(&self, x: Tensor<2>, activation: Activation, pass: &mut Pass) -> Tensor<2> {
        match (activation, &self.adapter) {
            (Activation::Relu, None) => self.base(x, true),
            _ => activation.of(self.forward(x, pass)),
        }
    }

    /// The layer without its adapter.
    fn base(&self, x: Tensor<2>, relu: bool) -> Tensor<2> {
        ops::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val), relu)
    }

    /// Adds s · A · B to the weight and removes the adapter.
    pub(crate) fn merge(&mut self) {
        if let Some(LowRank { a, b, scale, .. }) = self.adapter.take() {
            let delta = a.val().matmul(b.val()).mul_scalar(scale);
            self.weight = self.weight.clone().map(|weight| weight + delta);
        }
    }
}
