use crate::fused::fused;
use burn::backend::ops::{FloatTensorOps, IntTensorOps};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{Int, Tensor};
#[cfg(feature = "gpu")]
use burn::{backend::fusion::custom::TensorSpec, tensor::DType};

#[cfg(feature = "gpu")]
mod cube;

/// Rows of the uploaded set by index, on the device: inputs `[n, c, h, w]` and labels `[n]` to those of `rows` `[b]`.
/// Nothing here is on a tape.
pub fn gather_batch(inputs: &Tensor<4>, labels: &Tensor<1, Int>, rows: Tensor<1, Int>) -> (Tensor<4>, Tensor<1, Int>) {
    let (inputs, labels) = (inputs.clone(), labels.clone());
    if fused(&inputs) {
        let (inputs, labels, rows) = (inputs.into_dispatch(), labels.into_dispatch(), rows.into_dispatch());
        let (x, y) = <Dispatch as GatherBatch>::gather_rows(inputs, labels, rows);
        return (Tensor::from_dispatch(x), Tensor::from_dispatch(y));
    }
    (inputs.select(0, rows.clone()), labels.select(0, rows))
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait GatherBatch: Backend {
    #[fusion(meta = batch)]
    fn gather_rows(
        inputs: FloatTensor<Self>,
        labels: IntTensor<Self>,
        rows: IntTensor<Self>,
    ) -> (FloatTensor<Self>, IntTensor<Self>);
}

#[cfg(feature = "gpu")]
fn batch(inputs: &TensorSpec, _: &TensorSpec, rows: &TensorSpec) -> (TensorSpec, TensorSpec) {
    let mut images = inputs.shape.clone();
    images[0] = rows.shape[0];
    (TensorSpec::new(images, inputs.dtype), TensorSpec::new(rows.shape.clone(), DType::I32))
}

impl GatherBatch for Flex {
    fn gather_rows(
        inputs: FloatTensor<Self>,
        labels: IntTensor<Self>,
        rows: IntTensor<Self>,
    ) -> (FloatTensor<Self>, IntTensor<Self>) {
        (Self::float_select(inputs, 0, rows.clone()), Self::int_select(labels, 0, rows))
    }
}
