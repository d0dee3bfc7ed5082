use super::LowRank;
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// y = x·W + b, W `[in, out]`, with a low-rank branch beside it where an adapter is attached.
#[derive(Module, Debug)]
pub struct Dense {
    pub weight: Param<Tensor<2>>,
    pub bias: Option<Param<Tensor<1>>>,
    pub adapter: Option<LowRank>,
}

impl Dense {
    /// PyTorch's draw: weight and bias uniform in ±1/√in.
    pub fn new(inputs: usize, outputs: usize, rng: &mut Rng, device: &Device) -> Self {
        let bound = 1.0 / libm::sqrtf(inputs as f32);
        let mut draw = |count: usize| -> Vec<f32> { (0..count).map(|_| rng.uniform(-bound, bound)).collect() };
        let weight = TensorData::new(draw(inputs * outputs), [inputs, outputs]);
        let bias = TensorData::new(draw(outputs), [outputs]);
        Self {
            weight: Param::from_tensor(Tensor::from_data(weight, device)),
            bias: Some(Param::from_tensor(Tensor::from_data(bias, device))),
            adapter: None,
        }
    }

    /// `[in, out]`.
    pub fn dims(&self) -> [usize; 2] {
        self.weight.val().dims()
    }

    pub fn forward(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        let y = ops::linear(x.clone(), self.weight.val(), self.bias.as_ref().map(Param::val));
        match &self.adapter {
            Some(adapter) => y + adapter.forward(x, pass),
            None => y,
        }
    }

    /// W + s·A·B in place of W, and no adapter.
    pub(crate) fn merge(&mut self) {
        if let Some(LowRank { a, b, scale, .. }) = self.adapter.take() {
            let delta = a.val().matmul(b.val()).mul_scalar(scale);
            self.weight = self.weight.clone().map(|weight| weight + delta);
        }
    }
}
