//! One forward pass: how layers behave in it, and what it records.

use crate::seed::Rng;
use burn::tensor::Tensor;
use std::collections::BTreeMap;

/// What a forward pass is for, and what it records. It says explicitly whether the network is training.
pub struct Pass {
    /// Which statistics batch norm layers use.
    pub norm: Norms,
    /// Source of the dropout masks, which are drawn on the host; `None`: nothing is dropped.
    pub masks: Option<Rng>,
    /// Names of the activations to store.
    wanted: Vec<String>,
    /// The stored activations, `[n, features]`, by name.
    pub taps: BTreeMap<String, Tensor<2>>,
    /// The statistics of the batch at each batch norm layer, in the order of the forward pass: recorded with
    /// [`Norms::Batch`]. The training loop hands them to [`Net::update_statistics`](super::Net::update_statistics).
    pub stats: Vec<BatchStatistics>,
}

/// Statistics of one batch at one batch norm layer.
pub struct BatchStatistics {
    /// Mean of each channel, `[c]`.
    pub mean: Tensor<1>,
    /// Biased variance of each channel, `[c]`.
    pub var: Tensor<1>,
    /// Elements of each channel: n · h · w.
    pub count: usize,
}

/// Which statistics batch normalisation uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norms {
    /// The running statistics, gathered while training.
    Running,
    /// The statistics of the batch at hand.
    Batch,
}

impl Pass {
    /// A pass for evaluation: running statistics, no dropout.
    pub fn eval() -> Self {
        Self { norm: Norms::Running, masks: None, wanted: Vec::new(), taps: BTreeMap::new(), stats: Vec::new() }
    }

    /// A training pass, with dropout masks from `masks`.
    pub fn train(norm: Norms, masks: Rng) -> Self {
        Self { norm, masks: Some(masks), ..Self::eval() }
    }

    /// A pass for evaluation that stores the activations that the network passes to [`Self::tap`] under this name.
    pub fn keeping(tap: &str) -> Self {
        Self { wanted: vec![tap.into()], ..Self::eval() }
    }

    /// Stores activations `[n, features]` under a name if [`Self::keeping`] asked for it, and ignores them otherwise.
    pub fn tap(&mut self, name: &str, x: &Tensor<2>) {
        if self.wanted.iter().any(|wanted| wanted == name) {
            self.taps.insert(name.into(), x.clone());
        }
    }
}
