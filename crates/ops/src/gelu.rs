use crate::fused::{first_order, fused, in_rows, numbers, tensor};
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

/// x·Φ(x), Φ(x) = (1 + erf(x/√2)) / 2 (Hendrycks and Gimpel 2016).
///
/// The default body is written out, because behind the exact value burn's own has the gradient of the tanh
/// approximation on devices without a body of their own for it.
pub fn gelu<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    if fused(&x) {
        return Tensor::from_dispatch(<Dispatch as Gelu>::fused_gelu(x.into_dispatch()));
    }
    let phi = x.clone().mul_scalar(FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5);
    x * phi
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait Gelu: Backend {
    #[fusion(dtype = x, shape = x)]
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self>;

    #[fusion(dtype = x, shape = x)]
    fn gelu_dx(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
}

impl Gelu for Flex {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = in_rows(x);
        tensor(kernel::forward(numbers(&x)), x.layout().shape().to_vec())
    }

    fn gelu_dx(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (dy, x) = (in_rows(dy), in_rows(x));
        tensor(kernel::gradient(numbers(&x), numbers(&dy)), x.layout().shape().to_vec())
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
