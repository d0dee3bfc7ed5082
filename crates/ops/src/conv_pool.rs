//! Convolution, max pooling and relu as one operation.

use crate::conv2d::sizes;
use crate::flex::{bytes, channels_last, elements, images, row_major, shape, tensor};
use crate::gradients::{first_order, register};
use crate::reference::{fused, fused_on_cpu};
use crate::{conv2d, max_pool2d};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::Tensor;
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};

#[cfg(feature = "gpu")]
mod cube;

/// [`conv2d`] at stride 1, [`max_pool2d`] and, with `relu`, max(·, 0), as one operation: `x` `[n, in, h, w]`, `weight`
/// `[out, in, k, k]` and `bias` `[out]` give `[n, out, h/2, w/2]`.
///
/// The output of the convolution is four times as large as the result and is never written. Only the argmax of every
/// window is stored, so both gradients touch at most a quarter of that output.
pub fn conv_pool(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, relu: bool) -> Tensor<4> {
    let [_, _, kernel, other] = weight.dims();
    // The accumulators of a larger kernel do not fit the registers of a graphics device.
    let covered = fused(&x) && (kernel <= 7 || fused_on_cpu(&x));
    if !covered || kernel != other || kernel % 2 == 0 {
        return max_pool2d(conv2d(x, weight, Some(bias), 1), relu);
    }
    let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
    Tensor::from_dispatch(<Dispatch as ConvPool>::fused_conv_pool(x, weight, bias, relu))
}

/// The backends' part of [`conv_pool`], for odd square kernels.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait ConvPool: Backend {
    /// The output `[n, out, h/2, w/2]`.
    #[fusion(default)]
    fn fused_conv_pool(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        Self::conv_pool_forward(x, weight, bias, relu).0
    }

    /// The output and the argmax of every window, both `[n, out, h/2, w/2]`: 0 to 3 in row-major order, the first of
    /// equal ones; 4 where `relu` masks the maximum.
    #[fusion(meta = pooled)]
    fn conv_pool_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient of `x`; `side` is its height and width in pixels.
    #[fusion(dtype = dy, shape = Shape::new([dy[0], weight[1], side.0, side.1]))]
    fn conv_pool_dx(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        weight: FloatTensor<Self>,
        side: (usize, usize),
    ) -> FloatTensor<Self>;

    /// The gradients of the weight `[out, in, kernel, kernel]` and of the bias `[out]`.
    #[fusion(meta = weights)]
    fn conv_pool_dw(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        x: FloatTensor<Self>,
        kernel: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn pooled(x: &TensorSpec, weight: &TensorSpec, _: &TensorSpec, _: &bool) -> (TensorSpec, TensorSpec) {
    let shape = Shape::new([x.shape[0], weight.shape[0], x.shape[2] / 2, x.shape[3] / 2]);
    (TensorSpec::new(shape.clone(), x.dtype), TensorSpec::new(shape, burn::tensor::DType::I32))
}

#[cfg(feature = "gpu")]
fn weights(dy: &TensorSpec, _: &TensorSpec, x: &TensorSpec, kernel: &usize) -> (TensorSpec, TensorSpec) {
    let weight = Shape::new([dy.shape[1], x.shape[1], *kernel, *kernel]);
    (TensorSpec::new(weight, dy.dtype), TensorSpec::new(Shape::new([dy.shape[1]]), dy.dtype))
}

impl ConvPool for Flex {
    fn conv_pool_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let (x, weight, bias) = (channels_last(x), row_major(weight), row_major(bias));
        let ([n, _, height, width], [out, _, kernel, _]) = (shape(&x), shape(&weight));
        let conv = sizes(shape(&x), out, kernel, 1);
        let (y, indices) =
            kernels::conv_pool::forward(elements(&x), elements(&weight), Some(elements(&bias)), relu, &conv);
        let pooled = [n, out, height / 2, width / 2];
        (images(y, pooled), images(indices, pooled))
    }

    fn conv_pool_dx(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        weight: FloatTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let (dy, weight) = (channels_last(dy), row_major(weight));
        let [out, inputs, kernel, _] = shape(&weight);
        let x = [shape(&dy)[0], inputs, height, width];
        let conv = sizes(x, out, kernel, 1);
        images(kernels::conv_pool::input_gradient(elements(&dy), bytes(&indices), elements(&weight), &conv), x)
    }

    fn conv_pool_dw(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        x: FloatTensor<Self>,
        kernel: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (dy, x) = (channels_last(dy), channels_last(x));
        let ([_, out, ..], [_, inputs, ..]) = (shape(&dy), shape(&x));
        let conv = sizes(shape(&x), out, kernel, 1);
        let (weight, bias) = kernels::conv_pool::weight_gradient(elements(&x), elements(&dy), bytes(&indices), &conv);
        (tensor(weight, [out, inputs, kernel, kernel]), tensor(bias, [out]))
    }
}

impl<B: Backend + ConvPool, C: CheckpointStrategy> ConvPool for Autodiff<B, C> {
    fn fused_conv_pool(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        relu: bool,
    ) -> FloatTensor<Self> {
        match ConvPoolGradient.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                let (y, indices) = B::conv_pool_forward(x.clone(), weight.clone(), bias.into_primitive(), relu);
                prep.finish((x, weight, indices), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_conv_pool(
                x.into_primitive(),
                weight.into_primitive(),
                bias.into_primitive(),
                relu,
            )),
        }
    }

    fn conv_pool_forward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: bool,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        first_order()
    }

    fn conv_pool_dx(
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: FloatTensor<Self>,
        _: (usize, usize),
    ) -> FloatTensor<Self> {
        first_order()
    }

    fn conv_pool_dw(
        _: FloatTensor<Self>,
        _: IntTensor<Self>,
        _: FloatTensor<Self>,
        _: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }
}

#[derive(Debug)]
struct ConvPoolGradient;

impl<B: Backend + ConvPool> Backward<B, 3> for ConvPoolGradient {
    type State = (FloatTensor<B>, FloatTensor<B>, IntTensor<B>);

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight, wants_bias], (x, weight, indices)) = (ops.parents, ops.state);
        let [_, _, height, width] = x.shape().dims();
        let kernel = weight.shape()[2];
        if let Some(node) = wants_x {
            gradients.register::<B>(node.id, B::conv_pool_dx(dy.clone(), indices.clone(), weight, (height, width)));
        }
        if wants_weight.is_some() || wants_bias.is_some() {
            let (weight, bias) = B::conv_pool_dw(dy, indices, x, kernel);
            register::<B>(gradients, wants_weight.map(|node| node.id), weight);
            register::<B>(gradients, wants_bias.map(|node| node.id), bias);
        }
    }
}
