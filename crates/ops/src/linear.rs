//! Fully connected layer.

use crate::flex::{elements, row_major, tensor};
use crate::gradients::{first_order, register};
use crate::reference::fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};

#[cfg(feature = "gpu")]
mod cube;

/// x·W + b, clamped at 0 if `relu` is set: `x` `[n, in]`, `weight` `[in, out]` and `bias` `[out]` give `[n, out]`.
pub fn linear(x: Tensor<2>, weight: Tensor<2>, bias: Option<Tensor<1>>, relu: bool) -> Tensor<2> {
    let y = match bias {
        Some(bias) if fused(&x) => {
            let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
            return Tensor::from_dispatch(<Dispatch as Linear>::fused_linear(x, weight, bias, relu));
        }
        Some(bias) => x.matmul(weight) + bias.unsqueeze(),
        None => x.matmul(weight),
    };
    if relu { activation::relu(y) } else { y }
}

/// The backends' part of [`linear`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait Linear: Backend {
    /// The output `[n, out]`.
    #[fusion(dtype = x, shape = Shape::new([x[0], weight[1]]))]
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// The gradient of x, `[n, in]`. With `relu` the gradient is masked where `y` is 0.
    #[fusion(dtype = dy, shape = Shape::new([dy[0], weight[0]]))]
    fn linear_dx(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// The gradients of the weight `[in, out]` and of the bias `[out]`. With `relu` they are masked where `y` is 0.
    #[fusion(meta = weights)]
    fn linear_dw(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        x: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn weights(dy: &TensorSpec, _: &TensorSpec, x: &TensorSpec, _: &bool) -> (TensorSpec, TensorSpec) {
    let [inputs, outputs] = [x.shape[1], dy.shape[1]];
    (TensorSpec::new(Shape::new([inputs, outputs]), dy.dtype), TensorSpec::new(Shape::new([outputs]), dy.dtype))
}

impl Linear for Flex {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (x, weight, bias) = (row_major(x), row_major(weight), row_major(bias));
        let ([n, inputs], [_, outputs]) = (x.layout().shape().dims(), weight.layout().shape().dims());
        let sizes = [n, inputs, outputs];
        let y = kernels::linear::forward(elements(&x), elements(&weight), Some(elements(&bias)), relu, sizes);
        tensor(y, [n, outputs])
    }

    fn linear_dx(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        let (dy, y, weight) = (row_major(dy), row_major(y), row_major(weight));
        let ([n, outputs], [inputs, _]) = (dy.layout().shape().dims(), weight.layout().shape().dims());
        let mask = relu.then(|| elements(&y));
        let dx = kernels::linear::input_gradient(elements(&dy), elements(&weight), mask, [n, inputs, outputs]);
        tensor(dx, [n, inputs])
    }

    fn linear_dw(
        dy: FloatTensor<Self>,
        y: FloatTensor<Self>,
        x: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (dy, y, x) = (row_major(dy), row_major(y), row_major(x));
        let ([n, outputs], [_, inputs]) = (dy.layout().shape().dims(), x.layout().shape().dims());
        let mask = relu.then(|| elements(&y));
        let (weight, bias) = kernels::linear::weight_gradient(elements(&x), elements(&dy), mask, [n, inputs, outputs]);
        (tensor(weight, [inputs, outputs]), tensor(bias, [outputs]))
    }
}

impl<B: Backend + Linear, C: CheckpointStrategy> Linear for Autodiff<B, C> {
    fn fused_linear(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        match LinearGradient.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let y = B::fused_linear(x.clone(), weight.clone(), bias.into_primitive(), relu);
                prep.finish((x, weight, y.clone(), relu), y)
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::fused_linear(x.into_primitive(), weight.into_primitive(), bias.into_primitive(), relu))
            }
        }
    }

    fn linear_dx(_: FloatTensor<Self>, _: FloatTensor<Self>, _: FloatTensor<Self>, _: bool) -> FloatTensor<Self> {
        first_order()
    }

    fn linear_dw(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }
}

#[derive(Debug)]
struct LinearGradient;

impl<B: Backend + Linear> Backward<B, 3> for LinearGradient {
    type State = (FloatTensor<B>, FloatTensor<B>, FloatTensor<B>, bool);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight, wants_bias], (x, weight, y, relu)) = (ops.parents, ops.state);
        if let Some(node) = wants_x {
            gradients.register::<B>(node.id, B::linear_dx(dy.clone(), y.clone(), weight, relu));
        }
        if wants_weight.is_some() || wants_bias.is_some() {
            let (weight, bias) = B::linear_dw(dy, y, x, relu);
            register::<B>(gradients, wants_weight.map(|node| node.id), weight);
            register::<B>(gradients, wants_bias.map(|node| node.id), bias);
        }
    }
}
