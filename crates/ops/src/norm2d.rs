use crate::fused::{first_order, fused as is_fused, give, images, in_pixels, in_rows, numbers, shape, tensor};
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

/// What comes right behind a normalisation of images, in the same call: a fused body passes once over the values.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    /// Added to the normalised values, `[n, c, h, w]`: what went around a residual block.
    pub residual: Option<Tensor<4>>,
    /// max(0, ·) of it all.
    pub relu: bool,
}

impl Tail {
    pub(crate) fn of(self, y: Tensor<4>) -> Tensor<4> {
        let y = match self.residual {
            Some(residual) => y + residual,
            None => y,
        };
        if self.relu { activation::relu(y) } else { y }
    }
}

/// Tail of (x − mean) / √(var + ε) · weight + bias by channel, `x` `[n, c, h, w]`, all others `[c]`. Mean and variance
/// are constants: no gradient goes to them.
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
        return fused(x, mean, var, weight, bias, epsilon, tail, Over::Known);
    }
    plain(x, mean, var, weight, bias, epsilon, tail)
}

pub(crate) fn plain(
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

/// Normalised by what x itself has: the result, and mean and variance without a tape.
pub(crate) fn by_itself(
    x: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    tail: Tail,
    over: Over,
) -> (Tensor<4>, Tensor<1>, Tensor<1>) {
    let (mean, var) = <Dispatch as Norm2d>::statistics2d(x.clone().without_autodiff().into_dispatch(), over);
    let (mean, var): (Tensor<1>, Tensor<1>) = (Tensor::from_dispatch(mean), Tensor::from_dispatch(var));
    // The operation wants all of its tensors on one device.
    let beside = |v: &Tensor<1>| if x.is_autodiff() { Tensor::from_inner(v.clone()) } else { v.clone() };
    let (m, v) = (beside(&mean), beside(&var));
    (fused(x, m, v, weight, bias, epsilon, tail, over), mean, var)
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
    over: Over,
) -> Tensor<4> {
    let how = How { epsilon: epsilon as f32, residual: tail.residual.is_some(), relu: tail.relu, over };
    let residual = tail.residual.unwrap_or_else(|| x.clone());
    Tensor::from_dispatch(<Dispatch as Norm2d>::fused_norm2d(
        x.into_dispatch(),
        residual.into_dispatch(),
        mean.into_dispatch(),
        var.into_dispatch(),
        weight.into_dispatch(),
        bias.into_dispatch(),
        how,
    ))
}

/// What belongs to the operation beside its tensors.
#[derive(Clone, Copy, Debug)]
pub struct How {
    epsilon: f32,
    /// The residual is one, and not x in its place.
    residual: bool,
    relu: bool,
    over: Over,
}

/// Which numbers share a mean and a variance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// A channel's, of constants.
    Known,
    /// A channel's of all images; the gradient knows that they are of x.
    Batch,
    /// So many groups of an image's channels, `[n · groups]`; the gradient knows it as well.
    Groups(usize),
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Autodiff, Fusion: cfg(feature = "gpu"))]
#[allow(clippy::too_many_arguments, reason = "tensors that one pass reads")]
pub trait Norm2d: Backend {
    /// Mean and biased variance of every channel, or of every image's groups of channels.
    #[fusion(meta = rows_of)]
    fn statistics2d(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>);

    #[fusion(dtype = x, shape = x)]
    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self>;

    /// Gradients in x, weight, bias and the residual; those of weight and bias are left out where `weights` says so and
    /// the one of x does not need them.
    #[fusion(meta = |dy, x, _, _, _, weight, _, _| (x.clone(), weight.clone(), weight.clone(), dy.clone()))]
    fn norm2d_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        weights: bool,
        how: How,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn rows_of(x: &TensorSpec, over: &Over) -> (TensorSpec, TensorSpec) {
    let rows = TensorSpec::new(Shape::new([over.rows(x.shape.dims())]), x.dtype);
    (rows.clone(), rows)
}

impl Over {
    /// Means of images of these sides.
    #[cfg(feature = "gpu")]
    fn rows(self, [n, channels, ..]: [usize; 4]) -> usize {
        match self {
            Self::Known | Self::Batch => channels,
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
    fn statistics2d(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = in_pixels(x);
        let (mean, var) = match over {
            Over::Groups(groups) => group_norm2d::statistics(numbers(&x), sizes(&x, groups)),
            Over::Known | Over::Batch => kernel::statistics(numbers(&x), shape(&x)[1]),
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
        how: How,
    ) -> FloatTensor<Self> {
        let (x, [mean, var, weight, bias]) = (in_pixels(x), [mean, var, weight, bias].map(in_rows));
        let [weight, bias, mean, var] = [&weight, &bias, &mean, &var].map(numbers);
        let residual = how.residual.then(|| in_pixels(residual));
        let residual = residual.as_ref().map(numbers);
        let y = if let Over::Groups(groups) = how.over {
            let sizes = sizes(&x, groups);
            group_norm2d::apply(numbers(&x), residual, weight, bias, mean, var, how.epsilon, how.relu, sizes)
        } else {
            let (scale, shift) = kernel::scale_and_shift(weight, bias, mean, var, how.epsilon);
            kernel::apply(numbers(&x), residual, &scale, &shift, how.relu)
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
        how: How,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let ([dy, x, y], [mean, var, weight]) = ([dy, x, y].map(in_pixels), [mean, var, weight].map(in_rows));
        let open = how.relu.then(|| numbers(&y));
        let [m, v, w] = [&mean, &var, &weight].map(numbers);
        let (from, slope) = (numbers(&x), numbers(&dy));
        let (dx, dweight, dbias) = match how.over {
            Over::Groups(groups) => group_norm2d::gradient(from, open, slope, w, m, v, how.epsilon, sizes(&x, groups)),
            Over::Batch => kernel::gradient_batch(from, open, slope, w, m, v, how.epsilon),
            Over::Known if weights => kernel::gradient_running(from, open, slope, w, m, v, how.epsilon),
            Over::Known => {
                let scale: Vec<f32> = w.iter().zip(v).map(|(w, v)| w / (v + how.epsilon).sqrt()).collect();
                (kernel::input_gradient_running(open, slope, &scale), Vec::new(), Vec::new())
            }
        };
        let around = match open {
            Some(y) if how.residual => images(relu::gradient(slope, y), shape(&x)),
            _ => dy.clone(),
        };
        (images(dx, shape(&x)), row(dweight), row(dbias), around)
    }
}

impl<B: Backend + Norm2d, C: CheckpointStrategy> Norm2d for Autodiff<B, C> {
    fn statistics2d(_: FloatTensor<Self>, _: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }

    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        how: How,
    ) -> FloatTensor<Self> {
        let parents = [x.node(), weight.node(), bias.node(), residual.node()];
        let [x, residual, mean, var] = [x, residual, mean, var].map(|x| x.into_primitive());
        let (weight, bias) = (weight.into_primitive(), bias.into_primitive());
        let y = B::fused_norm2d(x.clone(), residual, mean.clone(), var.clone(), weight.clone(), bias, how);
        match Norm2dGradient.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(([x, y.clone(), mean, var, weight], how), y),
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
        _: How,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        first_order()
    }
}

#[derive(Debug)]
struct Norm2dGradient;

impl<B: Backend + Norm2d> Backward<B, 4> for Norm2dGradient {
    type State = ([FloatTensor<B>; 5], How);

    fn backward(self, ops: Ops<Self::State, 4>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let dy = gradients.consume::<B>(&ops.node);
        let ([wants_x, wants_weight, wants_bias, wants_residual], (saved, how)) = (ops.parents, ops.state);
        let [x, y, mean, var, weight] = saved;
        let weights = wants_weight.is_some() || wants_bias.is_some();
        let (dx, dweight, dbias, around) = B::norm2d_gradients(dy, x, y, mean, var, weight, weights, how);
        give::<B>(gradients, wants_x.map(|node| node.id), dx);
        give::<B>(gradients, wants_weight.map(|node| node.id), dweight);
        give::<B>(gradients, wants_bias.map(|node| node.id), dbias);
        give::<B>(gradients, wants_residual.filter(|_| how.residual).map(|node| node.id), around);
    }
}
