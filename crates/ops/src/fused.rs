//! What the fused bodies share: when they are taken, and how a tensor of the CPU becomes a slice and back.

use burn::backend::autodiff::{NodeId, grads::Gradients};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, DispatchDevice};
use burn::tensor::{DType, Tensor, TensorData};
use std::sync::atomic::{AtomicBool, Ordering};

static PLAIN: AtomicBool = AtomicBool::new(false);

/// From now on every operation takes its default body in burn's own operations, or no longer: results do not depend on
/// ours, and this is how to see it.
pub fn plain(on: bool) {
    PLAIN.store(on, Ordering::Relaxed);
}

pub(crate) fn is_plain() -> bool {
    PLAIN.load(Ordering::Relaxed)
}

/// Fused bodies are written for single precision.
pub(crate) fn fused<const D: usize>(x: &Tensor<D>) -> bool {
    !is_plain() && x.dtype() == DType::F32
}

/// The same, for an operation that has no body of its own for graphics devices.
pub(crate) fn fused_on_cpu<const D: usize>(x: &Tensor<D>) -> bool {
    fused(x) && matches!(x.device().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// The answer of a gradient's parts to a tape of their own: networks here learn by first derivatives alone.
pub(crate) fn first_order<T>() -> T {
    unreachable!("a part of a gradient has no gradient")
}

/// A gradient to whoever wants it.
pub(crate) fn give<B: Backend>(gradients: &mut Gradients, to: Option<NodeId>, gradient: FloatTensor<B>) {
    if let Some(node) = to {
        gradients.register::<B>(node, gradient);
    }
}

/// The numbers of a tensor that is whole and in order.
pub(crate) fn numbers(x: &FlexTensor) -> &[f32] {
    &x.storage::<f32>()[x.layout().start_offset()..][..x.layout().num_elements()]
}

/// The same, to write to; copied first where somebody else holds the tensor.
pub(crate) fn numbers_mut(x: &mut FlexTensor) -> &mut [f32] {
    let (start, len) = (x.layout().start_offset(), x.layout().num_elements());
    &mut x.storage_mut::<f32>()[start..][..len]
}

pub(crate) fn bytes(x: &FlexTensor) -> &[u8] {
    &x.storage::<u8>()[x.layout().start_offset()..][..x.layout().num_elements()]
}

/// Row by row in memory.
pub(crate) fn in_rows(x: FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

pub(crate) fn tensor<T: burn::tensor::Element>(values: Vec<T>, shape: impl Into<Vec<usize>>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// `[n, c, h, w]` by its shape, channels-last in memory: between our layers nothing is ever turned around.
pub(crate) fn images<T: burn::tensor::Element>(values: Vec<T>, [n, c, h, w]: [usize; 4]) -> FlexTensor {
    tensor(values, [n * c * h * w]).with_layout(Layout::new([n, c, h, w].into(), last(c, h, w).to_vec(), 0))
}

fn last(c: usize, h: usize, w: usize) -> [isize; 4] {
    [(h * w * c) as isize, 1, (w * c) as isize, c as isize]
}

/// The same images channels-last in memory; nothing is copied where they are.
pub(crate) fn in_pixels(x: FlexTensor) -> FlexTensor {
    let [n, c, h, w] = shape(&x);
    // Strides along a side of length one say nothing.
    let sides = [n, c, h, w];
    let is =
        |wanted: [isize; 4]| x.layout().strides().iter().zip(wanted).zip(sides).all(|((a, b), n)| *a == b || n == 1);
    if is(last(c, h, w)) {
        return x;
    }
    let rows = x.to_contiguous();
    let from = numbers(&rows);
    let mut values = vec![0.0_f32; from.len()];
    for (from, to) in from.chunks_exact(c * h * w).zip(values.chunks_exact_mut(c * h * w)) {
        for (channel, from) in from.chunks_exact(h * w).enumerate() {
            from.iter().zip(to[channel..].iter_mut().step_by(c)).for_each(|(from, to)| *to = *from);
        }
    }
    images(values, [n, c, h, w])
}

/// `[n, c, h, w]`.
pub(crate) fn shape(x: &FlexTensor) -> [usize; 4] {
    x.layout().shape().dims()
}
