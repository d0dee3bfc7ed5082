//! Normalisation of images by given statistics, and what batch and group normalisation share with it.

use crate::flex::{channels_last, elements, images, row_major, shape, tensor};
use crate::gradients::{first_order, register};
use crate::reference::fused as is_fused;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::FlexTensor;
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Tensor, activation};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};
use kernels::group_norm2d::{self, Groups};
use kernels::{norm2d as kernel, relu};

#[cfg(feature = "gpu")]
mod cube;

/// What follows a normalisation in the same call, so that a fused implementation makes one pass over the elements.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// A residual input that is added to the normalised elements, `[n, c, h, w]`.
    pub residual: Option<Tensor<4>>,
    /// Whether max(0, ·) is applied at the end.
    pub relu: bool,
}

impl Tail {
    /// Applies the tail to `y` `[n, c, h, w]`, in burn's operations.
    pub(crate) fn of(self, y: Tensor<4>) -> Tensor<4> {
        let y = match self.residual {
            Some(residual) => y + residual,
            None => y,
        };
        if self.relu { activation::relu(y) } else { y }
    }
}

/// (x − mean) / √(var + ε) · weight + bias in every channel, followed by `tail`. `x` and the result are `[n, c, h, w]`,
/// all others `[c]`. Mean and variance are constants: they get no gradient.
pub fn norm2d(
    x: Tensor<4>,
    mean: Tensor<1>,
    var: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> Tensor<4> {
    if is_fused(&x) {
        return fused(x, mean, var, weight, bias, epsilon, tail, Axes::Constant);
    }
    reference(x, mean, var, weight, bias, epsilon, tail)
}

/// The reference implementation of [`norm2d`].
pub(crate) fn reference(
    x: Tensor<4>,
    mean: Tensor<1>,
    var: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
) -> Tensor<4> {
    let channels = mean.dims()[0];
    let wide = |v: Tensor<1>| v.reshape([1, channels, 1, 1]);
    let scale = weight / (var + epsilon).sqrt();
    let shift = bias - mean * scale.clone();
    tail.of(x * wide(scale) + wide(shift))
}

/// Normalises by the statistics of x itself, over `axes`: returns the result, and mean and variance without a tape.
pub(crate) fn with_own_statistics(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
    axes: Axes,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (mean, var) = <Dispatch as Norm2d>::statistics2d(x.clone().without_autodiff().into_dispatch(), axes);
    let (mean, var): (Tensor<1>, Tensor<1>) = (Tensor::from_dispatch(mean), Tensor::from_dispatch(var));
    // All tensors of an operation must be on the same device, with or without autodiff.
    let on_same_device = |v: &Tensor<1>| if x.is_autodiff() { Tensor::from_inner(v.clone()) } else { v.clone() };
    let (m, v) = (on_same_device(&mean), on_same_device(&var));
    (fused(x, m, v, weight, bias, epsilon, tail, axes), mean, var)
}

#[allow(clippy::too_many_arguments, reason = "the operation's own")]
fn fused(
    x: Tensor<4>,
    mean: Tensor<1>,
    var: Tensor<1>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
    axes: Axes,
) -> Tensor<4> {
    let config = NormConfig { epsilon: epsilon as f32, residual: tail.residual.is_some(), relu: tail.relu, axes };
    let residual = tail.residual.unwrap_or_else(|| x.clone());
    Tensor::from_dispatch(<Dispatch as Norm2d>::fused_norm2d(
        x.into_dispatch(),
        residual.into_dispatch(),
        mean.into_dispatch(),
        var.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        config,
    ))
}

/// The settings of a normalisation that are not tensors.
#[derive(Clone, Copy, Debug)]
pub struct NormConfig {
    epsilon: f32,
    /// Whether there is a residual input; if not, x is passed in its place.
    residual: bool,
    relu: bool,
    axes: Axes,
}

/// The elements that share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Axes {
    /// One channel; mean and variance are constants.
    Constant,
    /// One channel of all images; the gradient includes that of mean and variance.
    Batch,
    /// One of this many groups of an image's channels; there are n · groups statistics, and the gradient includes
    /// theirs.
    Groups(usize),
}

/// The backends' part of [`norm2d`], [`crate::batch_norm2d`] and [`crate::group_norm2d`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
#[allow(clippy::too_many_arguments, reason = "tensors that one pass reads")]
pub trait Norm2d: Backend {
    /// The mean and the biased variance of every channel `[c]`, or of every group of every image `[n · groups]`.
    #[fusion(meta = rows_of)]
    fn statistics2d(x: FloatTensor<Self>, axes: Axes) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// The normalised images with the tail applied, `[n, c, h, w]`.
    #[fusion(dtype = x, shape = x)]
    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        config: NormConfig,
    ) -> FloatTensor<Self>;

    /// The gradients of x, weight, bias and the residual input. Those of weight and bias may be empty if `weights` is
    /// not set.
    #[fusion(meta = |dy, x, _, _, _, weight, _, _| (x.clone(), weight.clone(), weight.clone(), dy.clone()))]
    fn norm2d_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        weights: bool,
        config: NormConfig,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn rows_of(x: &TensorSpec, axes: &Axes) -> (TensorSpec, TensorSpec) {
    let rows = TensorSpec::new(Shape::new([axes.rows(x.shape.dims())]), x.dtype);
    (rows.clone(), rows)
}

impl Axes {
    /// The number of statistics for images of shape `[n, c, h, w]`.
    #[cfg(feature = "gpu")]
    fn rows(self, [n, channels, ..]: [usize; 4]) -> usize {
        match self {
            Self::Constant | Self::Batch => channels,
            Self::Groups(groups) => n * groups,
        }
    }
}

fn row(values: Vec<f32>) -> FlexTensor {
    let n = values.len();
    tensor(values, [n])
}

fn sizes(x: &FlexTensor, groups: usize) -> Groups {
    let [_, channels, height, width] = shape(x);
    Groups { image: channels * height * width, channels, groups }
}

impl Norm2d for Flex {
    fn statistics2d(x: FloatTensor<Self>, axes: Axes) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = channels_last(x);
        let (mean, var) = match axes {
            Axes::Groups(groups) => group_norm2d::statistics(elements(&x), sizes(&x, groups)),
            Axes::Constant | Axes::Batch => kernel::statistics(elements(&x), shape(&x)[1]),
        };
        (row(mean), row(var))
    }

    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        config: NormConfig,
    ) -> FloatTensor<Self> {
        let (x, [mean, var, weight, bias]) = (channels_last(x), [mean, var, weight, bias].map(row_major));
        let [weight, bias, mean, var] = [&weight, &bias, &mean, &var].map(elements);
        let residual = config.residual.then(|| channels_last(residual));
        let residual = residual.as_ref().map(elements);
        let y = if let Axes::Groups(groups) = config.axes {
            let sizes = sizes(&x, groups);
            group_norm2d::apply(elements(&x), residual, weight, bias, mean, var, config.epsilon, config.relu, sizes)
        } else {
            let (scale, shift) = kernel::scale_and_shift(weight, bias, mean, var, config.epsilon);
            kernel::apply(elements(&x), residual, &scale, &shift, config.relu)
        };
        images(y, shape(&x))
    }

    fn norm2d_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        weights: bool,
        config: NormConfig,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let ([dy, x, y], [mean, var, weight]) = ([dy, x, y].map(channels_last), [mean, var, weight].map(row_major));
        let mask = config.relu.then(|| elements(&y));
        let [m, v, w] = [&mean, &var, &weight].map(elements);
        let (from, slope) = (elements(&x), elements(&dy));
        let (dx, dweight, dbias) = match config.axes {
            Axes::Groups(groups) => {
                group_norm2d::gradient(from, mask, slope, w, m, v, config.epsilon, sizes(&x, groups))
            }
            Axes::Batch => kernel::gradient_batch(from, mask, slope, w, m, v, config.epsilon),
            Axes::Constant if weights => kernel::gradient_running(from, mask, slope, w, m, v, config.epsilon),
            Axes::Constant => {
                let scale: Vec<f32> = w.iter().zip(v).map(|(w, v)| w / (v + config.epsilon).sqrt()).collect();
                (kernel::input_gradient_running(mask, slope, &scale), Vec::new(), Vec::new())
            }
        };
        let dresidual = match mask {
            Some(y) if config.residual => images(relu::gradient(slope, y), shape(&x)),
            _ => dy.clone(),
        };
        (images(dx, shape(&x)), row(dweight), row(dbias), dresidual)
    }
}

impl<B: Backend + Norm2d, C: CheckpointStrategy> Norm2d for Autodiff<B, C> {
    fn statistics2d(_: FloatTensor<Self>, _: Axes) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        config: NormConfig,
    ) -> FloatTensor<Self> {
        let parents = [x.node(), weight.node(), bias.node(), residual.node()];
        let [x, residual, mean, var] = [x, residual, mean, var].map(|x| x.into_primitive());
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        let y = B::fused_norm2d(x.clone(), residual, mean.clone(), var.clone(), weight.clone(), bias, config);
        match Norm2dGradient.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(([x, y.clone(), mean, var, weight], config), y),
            OpsKind::UnTracked(prep) => prep.finish(y),
        }
    }

    fn norm2d_gradients(
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: FloatTensor<Self>,
        _: bool,
        _: NormConfig,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }
}

#[derive(Debug)]
struct Norm2dGradient;

impl<B: Backend + Norm2d> Backward<B, 4> for Norm2dGradient {
    type State = ([FloatTensor<B>; 5], NormConfig);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight, wants_bias, wants_residual], (saved, config)) = (ops.parents, ops.state);
        let [x, y, mean, var, weight] = saved;
        let weights = wants_weight.is_some() || wants_bias.is_some();
        let (dx, dweight, dbias, dresidual) = B::norm2d_gradients(dy, x, y, mean, var, weight, weights, config);
        register::<B>(gradients, wants_x.map(|node| node.id), dx);
        register::<B>(gradients, wants_weight.map(|node| node.id), dweight);
        register::<B>(gradients, wants_bias.map(|node| node.id), dbias);
        register::<B>(gradients, wants_residual.filter(|_| config.residual).map(|node| node.id), dresidual);
    }
}
