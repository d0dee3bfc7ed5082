//! Layer normalisation.

use crate::flex::{elements, row_major, tensor};
use crate::gradients::{first_order, register};
use crate::reference::fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::Tensor;
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};
use kernels::layer_norm as kernel;

#[cfg(feature = "gpu")]
mod cube;

/// (x − mean) / √(var + ε) · weight + bias, with mean and biased variance over the last dimension d (Ba, Kiros and
/// Hinton 2016). `x` and the result are `[…, d]`, `weight` and `bias` `[d]`.
pub fn layer_norm<const D: usize>(x: Tensor<D>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<D> {
    if fused(&x) {
        let (x, weight, bias) = (x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch());
        return Tensor::from_dispatch(<Dispatch as LayerNorm>::fused_layer_norm(x, weight, bias, epsilon as f32));
    }
    let centred = x.clone() - x.mean_dim(D - 1);
    let var = centred.clone().powi_scalar(2).mean_dim(D - 1);
    centred / (var + epsilon).sqrt() * weight.unsqueeze() + bias.unsqueeze()
}

/// The backends' part of [`layer_norm`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
pub trait LayerNorm: Backend {
    /// The output, of the shape of `x`.
    #[fusion(default)]
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        Self::layer_norm_forward(x, weight, bias, epsilon).0
    }

    /// The output, and the mean and 1 / √(var + ε) of every row, both `[rows]`.
    #[fusion(meta = with_rows)]
    fn layer_norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);

    /// The gradients of x, weight and bias, of their shapes.
    #[fusion(meta = |_, x, weight, _, _| (x.clone(), weight.clone(), weight.clone()))]
    fn layer_norm_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        inverse: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn with_rows(x: &TensorSpec, weight: &TensorSpec, _: &TensorSpec, _: &f32) -> (TensorSpec, TensorSpec, TensorSpec) {
    let rows = TensorSpec::new(Shape::new([x.shape.num_elements() / weight.shape[0]]), x.dtype);
    (x.clone(), rows.clone(), rows)
}

impl LayerNorm for Flex {
    fn layer_norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(row_major);
        let (y, mean, inverse) = kernel::forward(elements(&x), elements(&weight), elements(&bias), epsilon);
        let n = mean.len();
        (tensor(y, x.layout().shape().to_vec()), tensor(mean, [n]), tensor(inverse, [n]))
    }

    fn layer_norm_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        inverse: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [dy, x, weight] = [dy, x, weight].map(row_major);
        let [to, w, m, i] = [&x, &weight, &mean, &inverse].map(elements);
        let (dx, dweight, dbias) = kernel::gradient(to, w, m, i, elements(&dy));
        let d = dweight.len();
        (tensor(dx, x.layout().shape().to_vec()), tensor(dweight, [d]), tensor(dbias, [d]))
    }
}

impl<B: Backend + LayerNorm, C: CheckpointStrategy> LayerNorm for Autodiff<B, C> {
    fn fused_layer_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self> {
        let prep = LayerNormGradient.prepare::<C>([x.node(), weight.node(), bias.node()]).compute_bound().stateful();
        let [x, weight, bias] = [x, weight, bias].map(|x| x.into_primitive());
        match prep {
            OpsKind::Tracked(prep) => {
                let (y, mean, inverse) = B::layer_norm_forward(x.clone(), weight.clone(), bias, epsilon);
                prep.finish([x, weight, mean, inverse], y)
            }
            OpsKind::UnTracked(prep) => prep.finish(B::fused_layer_norm(x, weight, bias, epsilon)),
        }
    }

    fn layer_norm_forward(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn layer_norm_gradients(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }
}

#[derive(Debug)]
struct LayerNormGradient;

impl<B: Backend + LayerNorm> Backward<B, 3> for LayerNormGradient {
    type State = [FloatTensor<B>; 4];

    fn backward(self, ops: Ops<Self::State, 3>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight, wants_bias], [x, weight, mean, inverse]) = (ops.parents, ops.state);
        let (dx, dweight, dbias) = B::layer_norm_gradients(dy, x, weight, mean, inverse);
        register::<B>(gradients, wants_x.map(|node| node.id), dx);
        register::<B>(gradients, wants_weight.map(|node| node.id), dweight);
        register::<B>(gradients, wants_bias.map(|node| node.id), dbias);
    }
}
