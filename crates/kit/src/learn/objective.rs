//! The loss that training minimises.

use crate::cx::Cx;
use crate::data::Batch;
use crate::error::Result;
use crate::host::Boxed;
use crate::nets::{Net, Pass};
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};

/// A loss as a function of net and batch alone, `[1]`.
pub type Loss = fn(&Net, &Batch, &mut Pass) -> Tensor<1>;

/// What the training loop minimises. By default [`Self::steady`], and without that the mean cross-entropy.
///
/// It carries nothing from step to step: what differs follows from the number of the step. So a training can go on from
/// a checkpoint, whatever it minimises.
pub trait Objective {
    /// The loss of a batch, `[1]`, at a step, counted from 0. It may do other work first, such as an attack on the
    /// batch.
    fn loss<'a>(
        &'a self,
        _step: usize,
        net: &'a Net,
        batch: &'a Batch,
        pass: &'a mut Pass,
        _: &'a mut Cx,
    ) -> Boxed<'a, Result<Tensor<1>>> {
        Box::pin(async move { Ok(self.steady().unwrap_or(mean_loss)(net, batch, pass)) })
    }

    /// The gradients for the optimiser. Overridden by methods that mask them; by default those of the loss.
    fn gradients(&self, net: &Net, tape: &mut Gradients) -> GradientsParams {
        GradientsParams::from_module(tape, net)
    }

    /// Changes the net after each step. Overridden by methods that must restore some weights bit for bit.
    fn after(&self, net: Net) -> Net {
        net
    }

    /// The loss as a function of net and batch alone, if each step is the same sequence of device operations, in place
    /// and without a value from the host. If the device supports it, the loop then records one step and replays it.
    fn steady(&self) -> Option<Loss> {
        None
    }

    /// The model to evaluate and keep during training. Overridden if `net` is only a part of it, as for a probe on
    /// cached features.
    fn whole(&self, net: Net) -> Net {
        net
    }
}

/// The mean cross-entropy of the batch.
pub struct CrossEntropy;

impl Objective for CrossEntropy {
    fn steady(&self) -> Option<Loss> {
        Some(mean_loss)
    }
}

/// Mean cross-entropy of a batch, `[1]`.
pub fn mean_loss(net: &Net, batch: &Batch, pass: &mut Pass) -> Tensor<1> {
    ops::mean_cross_entropy(net.forward(batch.x.clone(), pass), batch.y.clone())
}
