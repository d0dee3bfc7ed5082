//! Low-rank adapters beside a layer.

use super::drawn;
use crate::nets::Pass;
use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// The low-rank branch beside a dense layer: scale · dropout(x) · A · B.
#[derive(Module, Debug)]
pub struct LowRank {
    /// A, `[in, r]`.
    pub a: Param<Tensor<2>>,
    /// B, `[r, out]`.
    pub b: Param<Tensor<2>>,
    /// Factor of the branch: α/r, or α/√r.
    #[module(skip)]
    pub scale: f64,
    /// Share of the branch's inputs that are zeroed in a training pass.
    #[module(skip)]
    pub dropout: f64,
}

impl LowRank {
    /// Initialised like PEFT: A uniform in ±1/√in (Kaiming with a = √5), B zero, so the branch contributes nothing at
    /// first.
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
        ops::low_rank(dropout(x, self.dropout, pass), self.a.val(), self.b.val(), self.scale)
    }
}

/// The low-rank branch beside a convolution, in PEFT's shapes.
#[derive(Module, Debug)]
pub struct LowRankConv {
    /// A, `[r, in, k, k]`, with the convolution's stride.
    pub a: Param<Tensor<4>>,
    /// B, `[out, r, 1, 1]`.
    pub b: Param<Tensor<4>>,
    /// See [`LowRank::scale`].
    #[module(skip)]
    pub scale: f64,
    /// See [`LowRank::dropout`].
    #[module(skip)]
    pub dropout: f64,
}

impl LowRankConv {
    /// Initialised like [`LowRank::new`], with in · k · k inputs.
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
        let low = ops::conv2d(dropout(x, self.dropout, pass), self.a.val(), None, stride);
        ops::conv2d(low, self.b.val(), None, 1).mul_scalar(self.scale)
    }
}

/// Dropout: in a pass with masks, zeroes a share of the elements and scales the others up.
fn dropout<const D: usize>(x: Tensor<D>, share: f64, pass: &mut Pass) -> Tensor<D> {
    let Some(rng) = pass.masks.as_mut().filter(|_| share > 0.0) else { return x };
    let keep = 1.0 / (1.0 - share as f32);
    let mask: Vec<f32> =
        (0..x.shape().num_elements()).map(|_| if f64::from(rng.unit()) < share { 0.0 } else { keep }).collect();
    let device = x.device();
    let mask = Tensor::<D>::from_data(TensorData::new(mask, x.dims()), &device);
    x * mask
}
