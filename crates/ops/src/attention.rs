//! Multi-head attention.

use crate::flex::{elements, row_major, tensor};
use crate::gradients::first_order;
use crate::reference::{fused, fused_on_cpu};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation::softmax};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};
use kernels::attention as kernel;

#[cfg(feature = "gpu")]
mod cube;

/// Multi-head attention, softmax(Q·Kᵀ/√d)·V of every head (Vaswani et al. 2017, equation 1), on a tape if `qkv` is on
/// one.
///
/// `qkv` is `[n, t, 3·heads·d]`: first all queries, then all keys, then all values, with the heads next to each other.
/// The result is `[n, t, heads·d]`.
pub fn attention(qkv: Tensor<3>, heads: usize) -> Tensor<3> {
    // The accumulators of a longer head do not fit the registers of a graphics device.
    let covered = fused(&qkv) && (qkv.dims()[2] / (3 * heads) <= 64 || fused_on_cpu(&qkv));
    if covered {
        return Tensor::from_dispatch(<Dispatch as Attention>::fused_attention(qkv.into_dispatch(), heads));
    }
    let [n, t, all] = qkv.dims();
    let d = all / (3 * heads);
    // [n, 3·heads, t, d]
    let parts = qkv.reshape([n, t, 3 * heads, d]).swap_dims(1, 2);
    let [q, k, v] = [0, 1, 2].map(|at| parts.clone().narrow(1, at * heads, heads));
    let weights = softmax(q.matmul(k.transpose()).mul_scalar(1.0 / (d as f64).sqrt()), 3);
    weights.matmul(v).swap_dims(1, 2).reshape([n, t, heads * d])
}

/// The backends' part of [`attention`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait Attention: Backend {
    /// The output `[n, t, heads·d]`.
    #[fusion(default)]
    fn fused_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        Self::attention_forward(qkv, heads).0
    }

    /// The output and the softmax `[n, heads, t, t]`.
    #[fusion(meta = with_softmax)]
    fn attention_forward(qkv: FloatTensor<Self>, heads: usize) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The gradient of `qkv`, of the same shape.
    #[fusion(dtype = qkv, shape = qkv)]
    fn attention_dx(
        dy: FloatTensor<Self>,
        qkv: FloatTensor<Self>,
        softmax: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self>;
}

#[cfg(feature = "gpu")]
fn with_softmax(qkv: &TensorSpec, heads: &usize) -> (TensorSpec, TensorSpec) {
    let [n, t, all] = qkv.shape.dims();
    let softmax = TensorSpec::new(Shape::new([n, *heads, t, t]), qkv.dtype);
    (TensorSpec::new(Shape::new([n, t, all / 3]), qkv.dtype), softmax)
}

/// The sizes `[n, t, heads, d]`.
fn sizes(qkv: &FlexTensor, heads: usize) -> [usize; 4] {
    let [n, t, all] = qkv.layout().shape().dims();
    [n, t, heads, all / (3 * heads)]
}

impl Attention for Flex {
    fn attention_forward(qkv: FloatTensor<Self>, heads: usize) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let qkv = row_major(qkv);
        let sizes @ [n, t, _, d] = sizes(&qkv, heads);
        let (y, softmax) = kernel::forward(elements(&qkv), sizes);
        (tensor(y, [n, t, heads * d]), tensor(softmax, [n, heads, t, t]))
    }

    fn attention_dx(
        dy: FloatTensor<Self>,
        qkv: FloatTensor<Self>,
        softmax: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let (dy, qkv) = (row_major(dy), row_major(qkv));
        let dx = kernel::gradient(elements(&qkv), elements(&softmax), elements(&dy), sizes(&qkv, heads));
        tensor(dx, qkv.layout().shape().to_vec())
    }
}

impl<B: Backend + Attention, C: CheckpointStrategy> Attention for Autodiff<B, C> {
    fn fused_attention(qkv: FloatTensor<Self>, heads: usize) -> FloatTensor<Self> {
        match AttentionGradient.prepare::<C>([qkv.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let qkv = qkv.into_primitive();
                let (y, softmax) = B::attention_forward(qkv.clone(), heads);
                prep.finish((qkv, softmax, heads), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_attention(qkv.into_primitive(), heads)),
        }
    }

    fn attention_forward(_: FloatTensor<Self>, _: usize) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn attention_dx(_: FloatTensor<Self>, _: FloatTensor<Self>, _: FloatTensor<Self>, _: usize) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct AttentionGradient;

impl<B: Backend + Attention> Backward<B, 1> for AttentionGradient {
    type State = (FloatTensor<B>, FloatTensor<B>, usize);

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let (qkv, softmax, heads) = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::attention_dx(dy, qkv, softmax, heads));
        }
    }
}
