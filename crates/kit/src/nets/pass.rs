use crate::seed::Rng;
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// What one forward pass is for, and what it leaves behind. No layer guesses whether it is training.
pub struct Pass {
    pub norm: Norms,
    /// Dropout masks are drawn on the host; absent: nothing is dropped.
    pub masks: Option<Rng>,
    /// Names of taps to keep.
    wanted: Vec<String>,
    pub taps: BTreeMap<String, Tensor<2>>,
    /// Mean and biased variance of the batch at every batch norm layer in order, and how many numbers a channel had,
    /// left by a pass with [`Norms::Batch`]; `descend` hands them to [`crate::nets::Net::absorb`] after the step.
    pub stats: Vec<([Tensor<1>; 2], usize)>,
}

/// Which statistics batch normalisation divides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norms {
    /// Those gathered while training.
    Running,
    /// Those of the batch at hand.
    Batch,
}

impl Pass {
    pub fn eval() -> Self {
        Self { norm: Norms::Running, masks: None, wanted: Vec::new(), taps: BTreeMap::new(), stats: Vec::new() }
    }

    /// A training pass: drops by `masks`, norm layers as `norm` says.
    pub fn train(norm: Norms, masks: Rng) -> Self {
        Self { norm, masks: Some(masks), ..Self::eval() }
    }

    pub fn keeping(tap: &str) -> Self {
        Self { wanted: vec![tap.into()], ..Self::eval() }
    }

    /// Every net passes its named values `[n, features]` through here.
    pub fn tap(&mut self, name: &str, x: &Tensor<2>) {
        if self.wanted.iter().any(|wanted| wanted == name) {
            self.taps.insert(name.into(), x.clone());
        }
    }
}
