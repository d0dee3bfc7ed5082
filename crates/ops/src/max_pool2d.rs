//! 2 × 2 max pooling.

use crate::flex::{bytes, channels_last, elements, images, shape};
use crate::gradients::first_order;
use crate::reference::fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Autodiff, Backend, Dispatch, Flex, TensorMetadata, backend_extension};
use burn::tensor::{Tensor, activation, module, ops::MaxPoolOptions};
#[cfg(feature = "gpu")]
use burn::{
    backend::fusion::custom::TensorSpec,
    tensor::{DType, Shape},
};
use kernels::pool;

#[cfg(feature = "gpu")]
mod cube;

/// The maximum of every 2 × 2 window with stride 2, clamped at 0 if `relu` is set: `[n, c, h, w]` gives `[n, c, h/2,
/// w/2]`. An odd last row or column is ignored.
///
/// Pooling before a monotonic activation computes the same function as pooling after it, on a quarter of the elements.
pub fn max_pool2d(x: Tensor<4>, relu: bool) -> Tensor<4> {
    if fused(&x) {
        return Tensor::from_dispatch(<Dispatch as MaxPool2d>::fused_max_pool2d(x.into_dispatch(), relu));
    }
    let y = module::max_pool2d(x, MaxPoolOptions::new([2, 2]));
    if relu { activation::relu(y) } else { y }
}

/// The backends' part of [`max_pool2d`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait MaxPool2d: Backend {
    /// The output `[n, c, h/2, w/2]`.
    #[fusion(default)]
    fn fused_max_pool2d(x: FloatTensor<Self>, relu: bool) -> FloatTensor<Self> {
        Self::max_pool2d_forward(x, relu).0
    }

    /// The output and the argmax of every window, as in [`crate::conv_pool`].
    #[fusion(meta = pooled)]
    fn max_pool2d_forward(x: FloatTensor<Self>, relu: bool) -> (FloatTensor<Self>, IntTensor<Self>);

    /// The gradient of x; `side` is its height and width in pixels.
    #[fusion(dtype = dy, shape = Shape::new([dy[0], dy[1], side.0, side.1]))]
    fn max_pool2d_dx(dy: FloatTensor<Self>, indices: IntTensor<Self>, side: (usize, usize)) -> FloatTensor<Self>;
}

#[cfg(feature = "gpu")]
fn pooled(x: &TensorSpec, _: &bool) -> (TensorSpec, TensorSpec) {
    let shape = Shape::new([x.shape[0], x.shape[1], x.shape[2] / 2, x.shape[3] / 2]);
    (TensorSpec::new(shape.clone(), x.dtype), TensorSpec::new(shape, DType::I32))
}

impl MaxPool2d for Flex {
    fn max_pool2d_forward(x: FloatTensor<Self>, relu: bool) -> (FloatTensor<Self>, IntTensor<Self>) {
        let x = channels_last(x);
        let [n, c, height, width] = shape(&x);
        let (y, indices) = pool::forward(elements(&x), relu, [n, height, width, c]);
        let pooled = [n, c, height / 2, width / 2];
        (images(y, pooled), images(indices, pooled))
    }

    fn max_pool2d_dx(
        dy: FloatTensor<Self>,
        indices: IntTensor<Self>,
        (height, width): (usize, usize),
    ) -> FloatTensor<Self> {
        let dy = channels_last(dy);
        let [n, c, ..] = shape(&dy);
        images(pool::gradient(elements(&dy), bytes(&indices), [n, height, width, c]), [n, c, height, width])
    }
}

impl<B: Backend + MaxPool2d, C: CheckpointStrategy> MaxPool2d for Autodiff<B, C> {
    fn fused_max_pool2d(x: FloatTensor<Self>, relu: bool) -> FloatTensor<Self> {
        match MaxPool2dGradient.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => {
                let [_, _, height, width] = x.shape().dims();
                let (y, indices) = B::max_pool2d_forward(x.into_primitive(), relu);
                prep.finish((indices, (height, width)), y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_max_pool2d(x.into_primitive(), relu)),
        }
    }

    fn max_pool2d_forward(_: FloatTensor<Self>, _: bool) -> (FloatTensor<Self>, IntTensor<Self>) {
        first_order()
    }

    fn max_pool2d_dx(_: FloatTensor<Self>, _: IntTensor<Self>, _: (usize, usize)) -> FloatTensor<Self> {
        first_order()
    }
}

#[derive(Debug)]
struct MaxPool2dGradient;

impl<B: Backend + MaxPool2d> Backward<B, 1> for MaxPool2dGradient {
    type State = (IntTensor<B>, (usize, usize));

    fn backward(self, ops: Ops<Self::State, 1>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let (indices, side) = ops.state;
        if let [Some(node)] = ops.parents {
            gradients.register::<B>(node.id, B::max_pool2d_dx(dy, indices, side));
        }
    }
}
