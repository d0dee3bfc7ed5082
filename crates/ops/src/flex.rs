//! Tensors of the CPU backend (burn-flex) as slices and back.

use burn::backend::flex::{FlexTensor, Layout};
use burn::tensor::TensorData;

/// The elements of a contiguous tensor.
pub(crate) fn elements(x: &FlexTensor) -> &[f32] {
    &x.storage::<f32>()[x.layout().start_offset()..][..x.layout().num_elements()]
}

/// The elements of a contiguous tensor, for writing. They are copied first if another tensor shares the memory.
pub(crate) fn elements_mut(x: &mut FlexTensor) -> &mut [f32] {
    let (start, len) = (x.layout().start_offset(), x.layout().num_elements());
    &mut x.storage_mut::<f32>()[start..][..len]
}

/// The elements of a contiguous tensor of bytes.
pub(crate) fn bytes(x: &FlexTensor) -> &[u8] {
    &x.storage::<u8>()[x.layout().start_offset()..][..x.layout().num_elements()]
}

/// `x` in contiguous row-major layout, copied only if it is not.
pub(crate) fn row_major(x: FlexTensor) -> FlexTensor {
    x.to_contiguous()
}

/// A row-major tensor of `values`.
pub(crate) fn tensor<T: burn::tensor::Element>(values: Vec<T>, shape: impl Into<Vec<usize>>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

/// A tensor of shape `[n, c, h, w]` from `values` in channels-last order `[n, h, w, c]`. The fused layers pass images
/// to each other in this layout, so none of them transposes.
pub(crate) fn images<T: burn::tensor::Element>(values: Vec<T>, [n, c, h, w]: [usize; 4]) -> FlexTensor {
    tensor(values, [n * c * h * w]).with_layout(Layout::new(
        [n, c, h, w].into(),
        channels_last_strides(c, h, w).to_vec(),
        0,
    ))
}

fn channels_last_strides(c: usize, h: usize, w: usize) -> [isize; 4] {
    [(h * w * c) as isize, 1, (w * c) as isize, c as isize]
}

/// Images `[n, c, h, w]` in channels-last memory layout, copied only if they have another.
pub(crate) fn channels_last(x: FlexTensor) -> FlexTensor {
    let [n, c, h, w] = shape(&x);
    // The stride of a dimension of length one has no meaning.
    let sides = [n, c, h, w];
    let is =
        |wanted: [isize; 4]| x.layout().strides().iter().zip(wanted).zip(sides).all(|((a, b), n)| *a == b || n == 1);
    if is(channels_last_strides(c, h, w)) {
        return x;
    }
    let rows = x.to_contiguous();
    let from = elements(&rows);
    let mut values = vec![0.0_f32; from.len()];
    for (from, to) in from.chunks_exact(c * h * w).zip(values.chunks_exact_mut(c * h * w)) {
        for (channel, from) in from.chunks_exact(h * w).enumerate() {
            from.iter().zip(to[channel..].iter_mut().step_by(c)).for_each(|(from, to)| *to = *from);
        }
    }
    images(values, [n, c, h, w])
}

/// The shape of images, `[n, c, h, w]`.
pub(crate) fn shape(x: &FlexTensor) -> [usize; 4] {
    x.layout().shape().dims()
}
