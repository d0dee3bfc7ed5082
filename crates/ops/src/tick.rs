use crate::fused::{in_rows, numbers, numbers_mut};
#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor};

#[cfg(feature = "gpu")]
mod cube;

/// The end of a training step, on the device and in place: `order` `[1 + rows]` goes on to its next batch
/// ([`crate::gather_batch`]), and `loss` `[1]` is written into `log` `[1 + places]`, at the place that the first number
/// of `log` counts. It computes nothing that burn could compute otherwise, so there is no default body.
pub fn tick(order: Tensor<1, Int>, log: Tensor<1>, loss: Tensor<1>) -> (Tensor<1, Int>, Tensor<1>) {
    let (order, log, loss) = (order.into_dispatch(), log.into_dispatch(), loss.into_dispatch());
    let (order, log) = <Dispatch as Tick>::tick(order, log, loss);
    (Tensor::from_dispatch(order), Tensor::from_dispatch(log))
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Tick: Backend {
    #[fusion(meta = both)]
    fn tick(
        order: IntTensor<Self>,
        log: FloatTensor<Self>,
        loss: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>);
}

#[cfg(feature = "gpu")]
fn both(order: &TensorSpec, log: &TensorSpec, _: &TensorSpec) -> (TensorSpec, TensorSpec) {
    (order.clone(), log.clone())
}

impl Tick for Flex {
    fn tick(
        order: IntTensor<Self>,
        log: FloatTensor<Self>,
        loss: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (mut order, mut log) = (in_rows(order), in_rows(log));
        match order.dtype() {
            DType::I32 => order.storage_mut::<i32>()[0] += 1,
            DType::I64 => order.storage_mut::<i64>()[0] += 1,
            other => unreachable!("row numbers of type {other:?}"),
        }
        let table = numbers_mut(&mut log);
        let at = table[0] as usize;
        table[1 + at] = numbers(&loss)[0];
        table[0] = ((at + 1) % (table.len() - 1)) as f32;
        (order, log)
    }
}
