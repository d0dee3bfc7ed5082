//! The GELU activation.

use crate::flex::{elements, row_major, tensor};
use crate::gradients::first_order;
use crate::reference::fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
use kernels::gelu as kernel;
use std::f64::consts::FRAC_1_SQRT_2;

#[cfg(feature = "gpu")]
mod cube;

/// GELU, x·Φ(x) with Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016), element by element.
///
/// The reference implementation spells out the formula, because burn's own `gelu` has the exact value but, on devices
/// without their own kernel for it, the gradient of the tanh approximation.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if fused(&x) {
        return Tensor::from_dispatch(<Dispatch as Gelu>::fused_gelu(x.into_dispatch()));
    }
    let phi = x.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
    x * phi
}

/// The backends' part of [`gelu`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait Gelu: Backend {
    /// x·Φ(x), of the shape of `x`.
    #[fusion(dtype = x, shape = x)]
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    /// The gradient of `x`, of the same shape.
    #[fusion(dtype = x, shape = x)]
    fn gelu_dx(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Gelu for Flex {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = row_major(x);
        tensor(kernel::forward(elements(&x)), x.layout().shape().to_vec())
    }

    fn gelu_dx(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (dy, x) = (row_major(dy), row_major(x));
        tensor(kernel::gradient(elements(&x), elements(&dy)), x.layout().shape().to_vec())
    }
}

impl<B: Backend + Gelu, C: CheckpointStrategy> Gelu for Autodiff<B, C> {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        match GeluGradient.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let x = x.into_primitive();
                prep.finish(x.clone(), B::fused_gelu(x))
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_gelu(x.into_primitive())),
        }
    }

    fn gelu_dx(_: FloatTensor<Self>, _: FloatTensor<Self>) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct GeluGradient;

impl<B: Backend + Gelu> Backward<B, 1> for GeluGradient {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::gelu_dx(dy, ops.state));
        }
    }
}
