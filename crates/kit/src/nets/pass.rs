//! One forward pass: how layers behave in it, and what it records.

use crate::seed::Rng;
use burn::tensor::Tensor;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What was asked of networks, in samples that were passed forward; one whose gradient can be taken counts as three,
/// because a backward pass costs about two forward ones. Every [`Pass`] counts here, so that no method can leave
/// anything out. It is equal on every machine and device. A clone counts on with the original.
#[derive(Clone, Default)]
pub struct Cost(Rc<Cell<u64>>);

impl Cost {
    /// The count so far.
    pub fn samples(&self) -> u64 {
        self.0.get()
    }

    /// Adds what a replayed step repeats, or an earlier program has asked.
    pub fn add(&self, samples: u64) {
        self.0.set(self.0.get() + samples);
    }

    /// Goes back to an earlier count, after what was only recorded or belongs to nobody.
    pub fn go_back(&self, samples: u64) {
        self.0.set(samples);
    }
}

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
    /// Where its samples are counted.
    cost: Cost,
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
    /// A pass for evaluation: running statistics, no dropout. Its samples are counted by `cost`.
    pub fn eval(cost: &Cost) -> Self {
        let (wanted, taps, stats) = (Vec::new(), BTreeMap::new(), Vec::new());
        Self { norm: Norms::Running, masks: None, wanted, taps, stats, cost: cost.clone() }
    }

    /// A training pass, with dropout masks from `masks`.
    pub fn train(norm: Norms, masks: Rng, cost: &Cost) -> Self {
        Self { norm, masks: Some(masks), ..Self::eval(cost) }
    }

    /// A pass for evaluation that stores the activations that the network passes to [`Self::tap`] under this name.
    pub fn keeping(tap: &str, cost: &Cost) -> Self {
        Self { wanted: vec![tap.into()], ..Self::eval(cost) }
    }

    /// Counts a whole network's forward pass of some inputs, by its logits `[n, classes]`.
    pub(super) fn count(&self, logits: &Tensor<2>) {
        let forwards = if logits.is_autodiff() { 3 } else { 1 };
        self.cost.add(forwards * logits.dims()[0] as u64);
    }

    /// Stores activations `[n, features]` under a name if [`Self::keeping`] asked for it, and ignores them otherwise.
    pub fn tap(&mut self, name: &str, x: &Tensor<2>) {
        if self.wanted.iter().any(|wanted| wanted == name) {
            self.taps.insert(name.into(), x.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::Net;
    use burn::module::Module;
    use burn::tensor::Device;

    #[test]
    fn a_gradient_costs_three_forward_passes() {
        let device = Device::flex();
        let pick = spec::Pick { id: "linear".into(), params: Default::default() };
        let net = Net::with(&pick, [1, 2, 2], 3, &mut Rng::of(1, "net", &[]), &device).unwrap();
        let x = Tensor::<4>::zeros([5, 1, 2, 2], &device);
        let cost = Cost::default();
        net.frozen().forward(x.clone(), &mut Pass::eval(&cost));
        assert_eq!(cost.samples(), 5);
        net.clone().train().forward(x.clone(), &mut Pass::eval(&cost));
        assert_eq!(cost.samples(), 5 + 15);
        // An attack asks for the gradient of the input.
        net.frozen().forward(x.autodiff().require_grad(), &mut Pass::keeping("features", &cost.clone()));
        assert_eq!(cost.samples(), 5 + 15 + 15);
    }
}
