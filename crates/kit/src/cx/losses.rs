//! The losses of training steps, kept on the device until several can be read in one transfer.

use burn::tensor::{Device, Int, Tensor};

/// Losses that fit on the device at once.
pub(super) const CAPACITY: usize = 256;

/// A ring buffer of losses on the device.
#[derive(Default)]
pub struct LossLog {
    /// `[1 + CAPACITY]`: the counter that [`ops::finish_step`] advances, then the losses.
    on_device: Option<Tensor<1>>,
    /// Steps whose losses were written and not read yet.
    waiting: Vec<usize>,
    /// How many losses were written.
    written: usize,
}

/// Losses on the device that were not read yet.
pub(super) struct Waiting {
    /// The whole ring buffer, see [`LossLog`].
    pub on_device: Tensor<1>,
    /// The step of each loss.
    steps: Vec<usize>,
    /// How many losses were written before them.
    before: usize,
}

impl LossLog {
    /// Writes the loss of a training step, `[1]`, and advances the order of the batches; see [`ops::finish_step`].
    /// Neither needs a value from the host, so a recorded step can do it. [`Self::wrote`] says which step it was.
    pub fn write(&mut self, order: Tensor<1, Int>, loss: Tensor<1>, device: &Device) -> Tensor<1, Int> {
        let log = self.on_device.take().unwrap_or_else(|| Tensor::zeros([1 + CAPACITY], device));
        let (order, log) = ops::finish_step(order, log, loss);
        self.on_device = Some(log);
        order
    }

    /// Notes that the loss written last is that of step `step`. Called on the host, also for a replayed step.
    pub fn wrote(&mut self, step: usize) {
        self.waiting.push(step);
        self.written += 1;
    }

    /// Drops all losses, also those that were not read.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The losses that were not read yet; `None` if there are none. Afterwards they count as read.
    pub(super) fn take(&mut self) -> Option<Waiting> {
        let steps = std::mem::take(&mut self.waiting);
        let on_device = self.on_device.clone().filter(|_| !steps.is_empty())?;
        Some(Waiting { on_device, before: self.written - steps.len(), steps })
    }
}

impl Waiting {
    /// Step and value of each loss. `read` are the elements of the ring buffer.
    pub(super) fn losses(self, read: &[f32]) -> Vec<LoggedLoss> {
        let at = self.before..;
        at.zip(self.steps).map(|(at, step)| LoggedLoss { step, value: read[1 + at % CAPACITY] }).collect()
    }
}

/// The loss of a training step.
pub(super) struct LoggedLoss {
    pub step: usize,
    pub value: f32,
}
