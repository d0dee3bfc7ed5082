//! Cross-entropy of logits and labels, and the log-odds against the label.

use crate::flex::{elements, row_major, tensor};
use crate::gradients::first_order;
use crate::reference::fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::ops::FloatTensorOps;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor, activation::log_softmax};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};
use std::borrow::Cow;

#[cfg(feature = "gpu")]
mod cube;

/// −log softmax(logits)_y of every sample: `logits` `[n, classes]` and `labels` `[n]` give `[n]`. Labels must be in
/// `0..classes`: the CPU implementation panics at any other.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    losses(logits, labels, Loss::Each)
}

/// The mean of [`cross_entropy`] in the same pass: `[n, classes]` and `[n]` give `[1]`.
pub fn mean_cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    losses(logits, labels, Loss::Mean)
}

/// log((1 − p) / p) of every sample, with p = softmax(logits)_y: `logits` `[n, classes]` and `labels` `[n]` give `[n]`.
///
/// It rises with [`cross_entropy`], which is log(1 + e^this), and its gradient points the same way. Where the network
/// is sure, the gradient of cross-entropy fades to exactly 0; this one does not. There must be at least two classes.
pub fn wrong_log_odds(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    losses(logits, labels, Loss::Odds)
}

/// What is computed of the samples' losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The cross-entropy of each, `[n]`.
    Each,
    /// The mean of their cross-entropies, `[1]`.
    Mean,
    /// The log-odds against each label, `[n]`.
    Odds,
}

fn losses(logits: Tensor<2>, labels: Tensor<1, Int>, loss: Loss) -> Tensor<1> {
    if fused(&logits) {
        let (logits, labels) = (logits.into_dispatch(), labels.into_dispatch());
        return Tensor::from_dispatch(<Dispatch as CrossEntropy>::fused_cross_entropy(logits, labels, loss));
    }
    let [n, classes] = logits.dims();
    let index = labels.unsqueeze_dim::<2>(1);
    match loss {
        Loss::Each => log_softmax(logits, 1).gather(1, index).neg().squeeze_dim(1),
        Loss::Mean => log_softmax(logits, 1).gather(1, index).neg().mean(),
        Loss::Odds => {
            let columns = Tensor::<1, Int>::arange(0..classes as i64, &logits.device()).unsqueeze_dim::<2>(0);
            let is_own = index.clone().expand([n, classes]).equal(columns.expand([n, classes]));
            let own = logits.clone().gather(1, index);
            // Large but finite: compilers of graphics devices may assume that there are no infinities.
            let others = logits.mask_fill(is_own, -1e30);
            let most = others.clone().max_dim(1).detach();
            let sum = (others - most.clone()).exp().sum_dim(1);
            (sum.log() + most - own).squeeze_dim(1)
        }
    }
}

/// The backends' part of the losses.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropy: Backend {
    /// The losses: `[n]`, or `[1]` for their mean.
    #[fusion(default)]
    fn fused_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>, loss: Loss) -> FloatTensor<Self> {
        Self::cross_entropy_forward(logits, labels, loss).0
    }

    /// The losses, and the probabilities softmax(logits) `[n, classes]`; for the log-odds those of the other classes
    /// among themselves, 0 at the label.
    #[fusion(meta = losses_and_probabilities)]
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient of the logits: (probabilities − one-hot(y)) · dloss for every sample; for the mean, dloss `[1]` is
    /// divided by n.
    #[fusion(dtype = probabilities, shape = probabilities)]
    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "gpu")]
fn losses_and_probabilities(logits: &TensorSpec, _: &TensorSpec, loss: &Loss) -> (TensorSpec, TensorSpec) {
    let n = if *loss == Loss::Mean { 1 } else { logits.shape[0] };
    (TensorSpec::new(Shape::new([n]), logits.dtype), logits.clone())
}

/// The labels as 32-bit integers, whatever the width of the tensor's integers.
fn classes(labels: &FlexTensor) -> Cow<'_, [i32]> {
    let (from, n) = (labels.layout().start_offset(), labels.layout().num_elements());
    match labels.dtype() {
        DType::I32 => Cow::Borrowed(&labels.storage::<i32>()[from..][..n]),
        DType::I64 => labels.storage::<i64>()[from..][..n].iter().map(|label| *label as i32).collect(),
        other => unreachable!("labels of type {other:?}"),
    }
}

impl CrossEntropy for Flex {
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, labels) = (row_major(logits), row_major(labels));
        let [n, width] = logits.layout().shape().dims();
        let (losses, probabilities) =
            kernels::cross_entropy::forward(elements(&logits), &classes(&labels), width, loss == Loss::Odds);
        let losses = tensor(losses, [n]);
        (if loss == Loss::Mean { Self::float_mean(losses) } else { losses }, tensor(probabilities, [n, width]))
    }

    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> FloatTensor<Self> {
        let (mut dloss, probabilities) = (row_major(dloss), row_major(probabilities));
        let [n, width] = probabilities.layout().shape().dims();
        if loss == Loss::Mean {
            let one = elements(&dloss)[0] * (1.0 / n as f64) as f32;
            dloss = tensor(vec![one; n], [n]);
        }
        let labels = row_major(labels);
        let dx = kernels::cross_entropy::gradient(elements(&probabilities), &classes(&labels), elements(&dloss), width);
        tensor(dx, [n, width])
    }
}

impl<B: Backend + CrossEntropy, C: CheckpointStrategy> CrossEntropy for Autodiff<B, C> {
    fn fused_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>, loss: Loss) -> FloatTensor<Self> {
        match CrossEntropyGradient.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (losses, probabilities) = B::cross_entropy_forward(logits.into_primitive(), labels.clone(), loss);
                prep.finish((probabilities, labels, loss), losses)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_cross_entropy(logits.into_primitive(), labels, loss)),
        }
    }

    fn cross_entropy_forward(
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: Loss,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn cross_entropy_dx(_: FloatTensor<Self>, _: FloatTensor<Self>, _: IntTensor<Self>, _: Loss) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct CrossEntropyGradient;

impl<B: Backend + CrossEntropy> Backward<B, 1> for CrossEntropyGradient {
    type State = (FloatTensor<B>, IntTensor<B>, Loss);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dloss = gradients.consume::<B>(&ops.node);
        let (probabilities, labels, loss) = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::cross_entropy_dx(dloss, probabilities, labels, loss));
        }
    }
}
