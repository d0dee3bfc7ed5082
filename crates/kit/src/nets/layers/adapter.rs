use super::drawn;
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// The low-rank branch beside a dense layer: scale·drop(x)·A·B, A `[in, r]`, B `[r, out]`.
#[derive(Module, Debug)]
pub struct LowRank {
    pub a: Param<Tensor<2>>,
    pub b: Param<Tensor<2>>,
    /// α/r, or α/√r.
    #[module(skip)]
    pub scale: f64,
    /// Share of the branch's inputs that a training pass drops.
    #[module(skip)]
    pub dropout: f64,
}

impl LowRank {
    /// PEFT's draw: A uniform in ±1/√in (Kaiming with a = √5), B zero, so that the branch starts as nothing.
    pub fn new(
        [inputs, outputs]: [usize; 2],
        rank: usize,
        scale: f64,
        dropout: f64,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let b = Param::from_tensor(Tensor::zeros([rank, outputs], device));
        Self { a: drawn([inputs, rank], inputs, rng, device), b, scale, dropout }
    }

    pub(crate) fn forward(&self, x: Tensor<2>, pass: &mut Pass) -> Tensor<2> {
        ops::low_rank(drop(x, self.dropout, pass), self.a.val(), self.b.val(), self.scale)
    }
}

/// The low-rank branch beside a convolution, in PEFT's shapes: A `[r, in, k, k]` with the convolution's stride, B
/// `[out, r, 1, 1]`.
#[derive(Module, Debug)]
pub struct LowRankConv {
    pub a: Param<Tensor<4>>,
    pub b: Param<Tensor<4>>,
    #[module(skip)]
    pub scale: f64,
    #[module(skip)]
    pub dropout: f64,
}

impl LowRankConv {
    /// As [`LowRank::new`], with in·k·k inputs.
    pub fn new(
        [outputs, inputs, kernel, _]: [usize; 4],
        rank: usize,
        scale: f64,
        dropout: f64,
        rng: &mut Rng,
        device: &Device,
    ) -> Self {
        let a = drawn([rank, inputs, kernel, kernel], inputs * kernel * kernel, rng, device);
        Self { a, b: Param::from_tensor(Tensor::zeros([outputs, rank, 1, 1], device)), scale, dropout }
    }

    pub(crate) fn forward(&self, x: Tensor<4>, stride: usize, pass: &mut Pass) -> Tensor<4> {
        let low = ops::conv2d(drop(x, self.dropout, pass), self.a.val(), None, stride);
        ops::conv2d(low, self.b.val(), None, 1).mul_scalar(self.scale)
    }
}

/// Zeroes a share of the entries and scales the others up, in a pass that carries masks.
fn drop<const D: usize>(x: Tensor<D>, share: f64, pass: &mut Pass) -> Tensor<D> {
    let Some(rng) = pass.masks.as_mut().filter(|_| share > 0.0) else { return x };
    let keep = 1.0 / (1.0 - share as f32);
    let mask: Vec<f32> =
        (0..x.shape().num_elements()).map(|_| if f64::from(rng.unit()) < share { 0.0 } else { keep }).collect();
    let device = x.device();
    let mask = Tensor::<D>::from_data(TensorData::new(mask, x.dims()), &device);
    x * mask
}
