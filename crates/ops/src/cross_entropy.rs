use crate::fused::{first_order, fused, in_rows, numbers, tensor};
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

/// −log softmax(logits)_y of every sample: `[n, classes]` and `[n]` to `[n]`.
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<1, Int>) -> Tensor<1> {
    losses(logits, labels, false)
}

/// The mean of [`cross_entropy`], in the same pass: `[n, classes]` and `[n]` to `[1]`.
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

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait CrossEntropy: Backend {
    #[fusion(default)]
    fn fused_cross_entropy(logits: FloatTensor<Self>, labels: IntTensor<Self>, mean: bool) -> FloatTensor<Self> {
        Self::cross_entropy_forward(logits, labels, mean).0
    }

    /// The losses `[n]`, or with `mean` their mean `[1]`, and softmax(logits), `[n, classes]`.
    #[fusion(meta = losses_and_probabilities)]
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        mean: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient in the logits, (softmax − one at y) · dloss by sample; with `mean` dloss / n of all of them.
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

/// Labels, as whatever integers they travel.
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
        let (logits, labels) = (in_rows(logits), in_rows(labels));
        let [n, width] = logits.layout().shape().dims();
        let (losses, probabilities) = kernels::cross_entropy::forward(numbers(&logits), &classes(&labels), width);
        let losses = tensor(losses, [n]);
        (if mean { Self::float_mean(losses) } else { losses }, tensor(probabilities, [n, width]))
    }

    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        mean: bool,
    ) -> FloatTensor<Self> {
        let (mut dloss, probabilities) = (in_rows(dloss), in_rows(probabilities));
        let [n, width] = probabilities.layout().shape().dims();
        if mean {
            let one = numbers(&dloss)[0] * (1.0 / n as f64) as f32;
            dloss = tensor(vec![one; n], [n]);
        }
        let labels = in_rows(labels);
        let dx = kernels::cross_entropy::gradient(numbers(&probabilities), &classes(&labels), numbers(&dloss), width);
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
