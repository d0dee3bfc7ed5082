//! The end of a training step, on the device.

use crate::flex::{elements, elements_mut, row_major};
#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor};

#[cfg(feature = "gpu")]
mod cube;

/// Ends a training step, on the device and in place: advances `order` `[1 + rows]` to its next batch (see
/// [`crate::gather_batch`]), and writes `loss` `[1]` into `log` `[1 + slots]` at the slot that `log[0]` counts, a ring
/// buffer. Nothing here is on a tape.
///
/// There is no reference implementation, because it computes nothing that burn could compute differently.
pub fn finish_step(order: Tensor<1, Int>, log: Tensor<1>, loss: Tensor<1>) -> (Tensor<1, Int>, Tensor<1>) {
    let (order, log, loss) = (order.into_dispatch(), log.into_dispatch(), loss.into_dispatch());
    let (order, log) = <Dispatch as FinishStep>::finish_step(order, log, loss);
    (Tensor::from_dispatch(order), Tensor::from_dispatch(log))
}

/// The backends' part of [`finish_step`].
#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait FinishStep: Backend {
    /// `order` and `log` after the step.
    #[fusion(meta = both)]
    fn finish_step(
        order: IntTensor<Self>,
        log: FloatTensor<Self>,
        loss: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn both(order: &TensorSpec, log: &TensorSpec, _: &TensorSpec) -> (TensorSpec, TensorSpec) {
    (order.clone(), log.clone())
}

impl FinishStep for Flex {
    fn finish_step(
        order: IntTensor<Self>,
        log: FloatTensor<Self>,
        loss: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (mut order, mut log) = (row_major(order), row_major(log));
        match order.dtype() {
            DType::I32 => order.storage_mut::<i32>()[0] += 1,
            DType::I64 => order.storage_mut::<i64>()[0] += 1,
            other => unreachable!("row indices of type {other:?}"),
        }
        let table = elements_mut(&mut log);
        let at = table[0] as usize;
        table[1 + at] = elements(&loss)[0];
        table[0] = ((at + 1) % (table.len() - 1)) as f32;
        (order, log)
    }
}
