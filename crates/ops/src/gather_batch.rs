//! The rows of one batch, gathered on the device.

use crate::reference::fused;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::Shape};

#[cfg(feature = "gpu")]
mod cube;

/// Gathers one batch from a data set on the device: from `inputs` `[rows, c, h, w]` and `labels` `[rows]` to `[size, c,
/// h, w]` and `[size]`. Nothing here is on a tape.
///
/// `order` `[1 + rows]` holds the index of the batch, followed by the row indices of all batches, `size` each.
/// [`crate::finish_step`] advances it.
pub fn gather_batch(
    inputs: &Tensor<4>,
    labels: &Tensor<1, Int>,
    order: Tensor<1, Int>,
    size: usize,
) -> (Tensor<4>, Tensor<1, Int>) {
    let (inputs, labels) = (inputs.clone(), labels.clone());
    if fused(&inputs) {
        let (inputs, labels, order) = (inputs.into_dispatch(), labels.into_dispatch(), order.into_dispatch());
        let (x, y) = <Dispatch as GatherBatch>::gather_rows(inputs, labels, order, size);
        return (Tensor::from_dispatch(x), Tensor::from_dispatch(y));
    }
    let batches = (order.dims()[0] - 1) / size;
    let rows: Tensor<2, Int> = order.clone().narrow(0, 1, batches * size).reshape([batches, size]);
    let rows: Tensor<1, Int> = rows.select(0, order.narrow(0, 0, 1)).reshape([size]);
    (inputs.select(0, rows.clone()), labels.select(0, rows))
}

/// The backends' part of [`gather_batch`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait GatherBatch: Backend {
    /// The inputs and labels of the batch that `order` points at.
    #[fusion(meta = batch)]
    fn gather_rows(
        inputs: FloatTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        size: usize,
    ) -> (FloatTensor<Self>, IntTensor<Self>);
}

#[cfg(feature = "gpu")]
fn batch(inputs: &TensorSpec, _: &TensorSpec, _: &TensorSpec, size: &usize) -> (TensorSpec, TensorSpec) {
    let mut images = inputs.shape.clone();
    images[0] = *size;
    (TensorSpec::new(images, inputs.dtype), TensorSpec::new(Shape::new([*size]), DType::I32))
}

impl GatherBatch for Flex {
    fn gather_rows(
        inputs: FloatTensor<Self>,
        labels: IntTensor<Self>,
        order: IntTensor<Self>,
        size: usize,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        let at = match order.dtype() {
            DType::I32 => order.storage::<i32>()[0] as usize,
            DType::I64 => order.storage::<i64>()[0] as usize,
            other => unreachable!("row indices of type {other:?}"),
        };
        let rows = Self::int_slice(order, &[(1 + at * size..1 + (at + 1) * size).into()]);
        (Self::float_select(inputs, 0, rows.clone()), Self::int_select(labels, 0, rows))
    }
}
