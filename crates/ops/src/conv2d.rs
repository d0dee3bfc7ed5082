//! 2-D convolution.

use crate::flex::{channels_last, elements, images, row_major, shape, tensor};
use crate::gradients::first_order;
use crate::reference::{fused, fused_on_cpu};
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
#[cfg(feature = "gpu")]
use burn::tensor::Shape;
use burn::tensor::{Tensor, module, ops::ConvOptions};
use kernels::conv::{self, Conv};

#[cfg(feature = "gpu")]
mod cube;

/// The convolution of `x` `[n, in, h, w]` with `weight` `[out, in, k, k]`, plus `bias` `[out]`, with `k / 2` zeros of
/// padding on every side. For odd `k` the result is `[n, out, ⌈h / stride⌉, ⌈w / stride⌉]`.
pub fn conv2d(x: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<1>>, stride: usize) -> Tensor<4> {
    let [out, _, kernel, other] = weight.dims();
    // A larger kernel unrolls into too long a program for a graphics device.
    let covered = fused(&x) && (kernel <= 7 || fused_on_cpu(&x));
    if !covered || kernel != other || kernel % 2 == 0 {
        let pad = kernel / 2;
        return module::conv2d(x, weight, bias, ConvOptions::new([stride; 2], [pad; 2], [1, 1], 1));
    }
    let (x, weight) = (x.into_dispatch(), weight.into_dispatch());
    let y = Tensor::from_dispatch(<Dispatch as Conv2d>::fused_conv2d(x, weight, stride));
    match bias {
        Some(bias) => y + bias.reshape([1, out, 1, 1]),
        None => y,
    }
}

/// The backends' part of [`conv2d`], for odd square kernels and without the bias.
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait Conv2d: Backend {
    /// The output `[n, out, ⌈h / stride⌉, ⌈w / stride⌉]`.
    #[fusion(dtype = x, shape = Shape::new([x[0], weight[0], x[2].div_ceil(*stride), x[3].div_ceil(*stride)]))]
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self>;

    /// The gradient of `x`; `side` is its height and width in pixels.
    #[fusion(dtype = dy, shape = Shape::new([dy[0], weight[1], side.0, side.1]))]
    fn conv2d_dx(
        dy: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        side: (usize, usize),
    ) -> FloatTensor<Self>;

    /// The gradient of the weight, `[out, in, kernel, kernel]`.
    #[fusion(dtype = dy, shape = Shape::new([dy[1], x[1], *kernel, *kernel]))]
    fn conv2d_dw(dy: FloatTensor<Self>, x: FloatTensor<Self>, kernel: usize, stride: usize) -> FloatTensor<Self>;
}

/// The sizes of the convolution for the CPU kernels; `x` is `[n, in, h, w]`.
pub(crate) fn sizes([images, inputs, height, width]: [usize; 4], outputs: usize, kernel: usize, stride: usize) -> Conv {
    Conv { images, height, width, inputs, outputs, kernel, stride, pad: kernel / 2 }
}

impl Conv2d for Flex {
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        let (x, weight) = (channels_last(x), row_major(weight));
        let [out, _, kernel, _] = shape(&weight);
        let conv = sizes(shape(&x), out, kernel, stride);
        let y = conv::forward(elements(&x), elements(&weight), None, false, &conv);
        images(y, [conv.images, out, conv.out_height(), conv.out_width()])
    }

    fn conv2d_dx(
        dy: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        stride: usize,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let (dy, weight) = (channels_last(dy), row_major(weight));
        let [out, inputs, kernel, _] = shape(&weight);
        let x = [shape(&dy)[0], inputs, height, width];
        images(conv::input_gradient(elements(&dy), None, elements(&weight), &sizes(x, out, kernel, stride)), x)
    }

    fn conv2d_dw(dy: FloatTensor<Self>, x: FloatTensor<Self>, kernel: usize, stride: usize) -> FloatTensor<Self> {
        let (dy, x) = (channels_last(dy), channels_last(x));
        let ([_, out, ..], [_, inputs, ..]) = (shape(&dy), shape(&x));
        let conv = sizes(shape(&x), out, kernel, stride);
        tensor(conv::weight_gradient(elements(&x), elements(&dy), None, &conv).0, [out, inputs, kernel, kernel])
    }
}

impl<B: Backend + Conv2d, C: CheckpointStrategy> Conv2d for Autodiff<B, C> {
    fn fused_conv2d(x: FloatTensor<Self>, weight: FloatTensor<Self>, stride: usize) -> FloatTensor<Self> {
        match Conv2dGradient.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let (x, weight) = (x.into_primitive(), weight.into_primitive());
                prep.finish((x.clone(), weight.clone(), stride), B::fused_conv2d(x, weight, stride))
            }
            OpsKind::UnTracked(prep) => {
                prep.finish(B::fused_conv2d(x.into_primitive(), weight.into_primitive(), stride))
            }
        }
    }

    fn conv2d_dx(_: FloatTensor<Self>, _: FloatTensor<Self>, _: usize, _: (usize, usize)) -> FloatTensor<Self> {
        first_order()
    }

    fn conv2d_dw(_: FloatTensor<Self>, _: FloatTensor<Self>, _: usize, _: usize) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct Conv2dGradient;

impl<B: Backend + Conv2d> Backward<B, 2> for Conv2dGradient {
    type State = (FloatTensor<B>, FloatTensor<B>, usize);

    fn backward(self, ops: Ops<Self::State, 2>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight], (x, weight, stride)) = (ops.parents, ops.state);
        let [_, _, height, width] = x.shape().dims();
        let kernel = weight.shape()[2];
        if let Some(node) = wants_x {
            gradients.register::<B>(node.id, B::conv2d_dx(dy.clone(), weight, stride, (height, width)));
        }
        if let Some(node) = wants_weight {
            gradients.register::<B>(node.id, B::conv2d_dw(dy, x, kernel, stride));
        }
    }
}
