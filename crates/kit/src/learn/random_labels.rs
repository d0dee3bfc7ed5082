//! Training on random wrong labels: the core of random-label unlearning and of SalUn.

use super::gradients::{mask_gradients, restore};
use super::{Mode, Objective, Training, descend, mean_loss};
use crate::cx::Cx;
use crate::data::{Batch, Split, Task, upload};
use crate::error::Result;
use crate::host::Boxed;
use crate::nets::{Net, Pass};
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The order of samples in an epoch. SalUn's code calls both the same; it uses the first for ten classes and the second
/// for a hundred and more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// The forget set first, then the samples that stay.
    Sequential,
    /// Both together, shuffled.
    Shuffled,
}

/// Minimises CE(x, y′) on the forget set and CE(x, y) on the samples that stay. y′ ≠ y is drawn again each time a
/// sample is used. With a mask, only the weights where it is 1 change; the others keep their bits.
pub async fn relabel(
    net: Net,
    training: &Training,
    mix: Mix,
    split: &Split,
    task: &Task,
    mask: Option<&GradientsParams>,
    cx: &mut Cx,
) -> Result<Net> {
    let mut forget = split.forget.rows.to_vec();
    forget.sort_unstable();
    let objective = Relabel { forget, task, filled: task.filled(), mask, origin: net.clone() };
    match mix {
        Mix::Sequential => descend(net, training, Mode::Train, &[&split.forget, &split.retain], &objective, cx).await,
        Mix::Shuffled => descend(net, training, Mode::Train, &[&task.train], &objective, cx).await,
    }
}

struct Relabel<'a> {
    /// Rows of the forget set, sorted.
    forget: Vec<u32>,
    task: &'a Task,
    /// The classes to draw from, ascending.
    filled: Vec<u16>,
    mask: Option<&'a GradientsParams>,
    /// The net before training: weights outside the mask are restored from it.
    origin: Net,
}

impl Relabel<'_> {
    /// The label to train on: for a sample of the forget set a random other class, else its own.
    fn label(&self, id: u32, step: usize, cx: &Cx) -> i32 {
        let own = self.task.train.label(id);
        if self.forget.binary_search(&id).is_err() {
            return own.into();
        }
        let other = cx.rng("label", id, step as u32 + 1).below(self.filled.len() - 1);
        let own = self.filled.partition_point(|class| *class < own);
        self.filled[if other >= own { other + 1 } else { other }].into()
    }
}

impl Objective for Relabel<'_> {
    fn loss<'a>(
        &'a self,
        step: usize,
        net: &'a Net,
        batch: &'a Batch,
        pass: &'a mut Pass,
        cx: &'a mut Cx,
    ) -> Boxed<'a, Result<Tensor<1>>> {
        Box::pin(async move {
            if !batch.ids.iter().any(|id| self.forget.binary_search(id).is_ok()) {
                return Ok(mean_loss(net, batch, pass));
            }
            let y = upload(batch.ids.iter().map(|id| self.label(*id, step, cx)), &cx.device);
            Ok(mean_loss(net, &Batch { y, ..batch.clone() }, pass))
        })
    }

    fn gradients(&self, net: &Net, tape: &mut Gradients) -> GradientsParams {
        let gradients = GradientsParams::from_module(tape, net);
        match self.mask {
            Some(mask) => mask_gradients(net, gradients, mask),
            None => gradients,
        }
    }

    fn after(&self, net: Net) -> Net {
        match self.mask {
            Some(mask) => restore(net, &self.origin, mask),
            None => net,
        }
    }
}
