//! Cross-entropy of logits and labels.

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
    losses(logits, labels, false)
}

/// The mean of [`cross_entropy`] in the same pass: `[n, classes]` and `[n]` give `[1]`.
pub fn mean_cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    losses(logits, labels, true)
}

fn losses(logits: Tensor<2>, labels: Tensor<1, Int>, mean: bool) -> Tensor<1> {
    if fused(&logits) {
        let (logits, labels) = (logits.into_dispatch(), labels.into_dispatch());
        return Tensor::from_dispatch(<Dispatch as CrossEntropy>::fused_cross_entropy(logits, labels, mean));
    }
    let losses = log_softmax(logits, 1).gather(1, labels.unsqueeze_dim(1)).neg().squeeze_dim(1);
    if mean { losses.mean() } else { losses }
}

/// The backends' part of [`cross_entropy`] and [`mean_cross_entropy`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropy: Backend {
    /// The losses `[n]`, or with `mean` their mean `[1]`.
    #[fusion(default)]
    fn fused_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>, mean: bool) -> FloatTensor<Self> {
        Self::cross_entropy_forward(logits, labels, mean).0
    }

    /// The losses `[n]`, or with `mean` their mean `[1]`, and the probabilities softmax(logits) `[n, classes]`.
    #[fusion(meta = losses_and_probabilities)]
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        mean: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient of the logits: (softmax − one-hot(y)) · dloss for every sample; with `mean`, dloss `[1]` is divided
    /// by n.
    #[fusion(dtype = probabilities, shape = probabilities)]
    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        mean: bool,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "gpu")]
fn losses_and_probabilities(logits: &TensorSpec, _: &TensorSpec, mean: &bool) -> (TensorSpec, TensorSpec) {
    let n = if *mean { 1 } else { logits.shape[0] };
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
        mean: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, labels) = (row_major(logits), row_major(labels));
        let [n, width] = logits.layout().shape().dims();
        let (losses, probabilities) = kernels::cross_entropy::forward(elements(&logits), &classes(&labels), width);
        let losses = tensor(losses, [n]);
        (if mean { Self::float_mean(losses) } else { losses }, tensor(probabilities, [n, width]))
    }

    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        mean: bool,
    ) -> FloatTensor<Self> {
        let (mut dloss, probabilities) = (row_major(dloss), row_major(probabilities));
        let [n, width] = probabilities.layout().shape().dims();
        if mean {
            let one = elements(&dloss)[0] * (1.0 / n as f64) as f32;
            dloss = tensor(vec![one; n], [n]);
        }
        let labels = row_major(labels);
        let dx = kernels::cross_entropy::gradient(elements(&probabilities), &classes(&labels), elements(&dloss), width);
        tensor(dx, [n, width])
    }
}

impl<B: Backend + CrossEntropy, C: CheckpointStrategy> CrossEntropy for Autodiff<B, C> {
    fn fused_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>, mean: bool) -> FloatTensor<Self> {
        match CrossEntropyGradient.prepare::<C>([logits.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (losses, probabilities) = B::cross_entropy_forward(logits.into_primitive(), labels.clone(), mean);
                prep.finish((probabilities, labels, mean), losses)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_cross_entropy(logits.into_primitive(), labels, mean)),
        }
    }

    fn cross_entropy_forward(
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn cross_entropy_dx(_: FloatTensor<Self>, _: FloatTensor<Self>, _: IntTensor<Self>, _: bool) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct CrossEntropyGradient;

impl<B: Backend + CrossEntropy> Backward<B, 1> for CrossEntropyGradient {
    type State = (FloatTensor<B>, IntTensor<B>, bool);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dloss = gradients.consume::<B>(&ops.node);
        let (probabilities, labels, mean) = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::cross_entropy_dx(dloss, probabilities, labels, mean));
        }
    }
}
