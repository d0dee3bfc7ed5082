use super::{Activation, LowRank, drawn};
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// y = x·W + b, W `[in, out]`, with a low-rank branch beside it where an adapter is attached.
#[derive(Module, Debug)]
pub struct Dense {
    pub weight: Param<Tensor<2>>,
    pub bias: Option<Param<Tensor<1>>>,
    pub adapter: Option<LowRank>,
}

impl Dense {
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng, device: &Device) -> Self {
        let weight = drawn([inputs, outputs], inputs, rng, device);
        Self { weight, bias: Some(drawn([outputs], inputs, rng, device)), adapter: None }
    }

    /// Hidden layers of these widths, and the head behind them.
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

    /// Weights and biases of such a stack; none where the count overflows.
    pub(crate) fn stack_size(mut inputs: usize, widths: &[usize], classes: usize) -> Option<usize> {
        let mut size = 0_usize;
        for &width in widths.iter().chain([&classes]) {
            size = size.checked_add(inputs.checked_add(1)?.checked_mul(width)?)?;
            inputs = width;
        }
        Some(size)
    }

    /// `[in, out]`.
    pub fn dims(&self) -> [usize; 2] {
        self.weight.val().dims()
    }

    pub fn forward(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let y = self.base(x.clone(), false);
        match &self.adapter {
            Some(adapter) => y + adapter.forward(x, pass),
            None => y,
        }
    }

    /// The same for every token: `[n, t, in]` to `[n, t, out]`.
    pub fn each(&self, x: Tensor<3>, pass: &mut Pass) -> Tensor<3> {
        let [n, t, inputs] = x.dims();
        let y = self.forward(x.reshape([n * t, inputs]), pass);
        let [_, outputs] = y.dims();
        y.reshape([n, t, outputs])
    }

    /// The layer and the nonlinearity behind it.
    pub fn activated(&self, x: Tensor<2>, activation: Activation, pass: &mut Pass) -> Tensor<2> {
        match (activation, &self.adapter) {
            (Activation::Relu, None) => self.base(x, true),
            _ => activation.of(self.forward(x, pass)),
        }
    }

    fn base(&self, x: Tensor<2>, relu: bool) -> Tensor<2> {
        ops::linear(x, self.weight.val(), self.bias.as_ref().map(Param::val), relu)
    }

    /// W + s·A·B in place of W, and no adapter.
    pub(crate) fn merge(&mut self) {
        if let Some(LowRank { a, b, scale, .. }) = self.adapter.take() {
            let delta = a.val().matmul(b.val()).mul_scalar(scale);
            self.weight = self.weight.clone().map(|weight| weight + delta);
        }
    }
}
