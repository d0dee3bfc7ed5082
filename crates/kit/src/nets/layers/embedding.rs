use crate::seed::Rng;
use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

/// A learned row for each of a few things, `[things, width]`.
#[derive(Module, Debug)]
pub struct Embedding {
    pub weight: Param<Tensor<2>>,
}

/// Standard deviation of a first draw, as in BERT and the released vision transformers.
const SPREAD: f32 = 0.02;

impl Embedding {
    pub fn new(things: usize, width: usize, rng: &mut Rng, device: &Device) -> Self {
        let values: Vec<f32> = (0..things * width).map(|_| SPREAD * rng.normal()).collect();
        Self { weight: Param::from_tensor(Tensor::from_data(TensorData::new(values, [things, width]), device)) }
    }
}
