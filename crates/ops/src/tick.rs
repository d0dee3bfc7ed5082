use crate::fused::{fused, in_rows, numbers, numbers_mut};
#[cfg(feature = "gpu")]
use burn::backend::fusion::custom::TensorSpec;
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::backend::{Backend, Dispatch, Flex, backend_extension};
use burn::tensor::{DType, Int, Tensor};

#[cfg(feature = "gpu")]
mod cube;

/// The end of a training step, on the device and in place: `order` `[1 + rows]` goes on to its next batch
/// ([`crate::gather_batch`]), and `loss` `[1]` is written into `log` `[1 + places]`, at the place that the first number
/// of `log` counts.
pub fn tick(order: Tensor<1, Int>, log: Tensor<1>, loss: Tensor<1>) -> (Tensor<1, Int>, Tensor<1>) {
    if fused(&loss) {
        let (order, log, loss) = (order.into_dispatch(), log.into_dispatch(), loss.into_dispatch());
        let (order, log) = <Dispatch as Tick>::fused_tick(order, log, loss);
        return (Tensor::from_dispatch(order), Tensor::from_dispatch(log));
    }
    let [places, rows] = [log.dims()[0] - 1, order.dims()[0] - 1];
    let order = Tensor::cat(vec![order.clone().narrow(0, 0, 1).add_scalar(1), order.narrow(0, 1, rows)], 0);
    let (at, noted) = (log.clone().narrow(0, 0, 1), log.narrow(0, 1, places));
    let here = Tensor::arange(0..places as i64, &at.device()).float().equal(at.clone().expand([places]));
    let next = at.add_scalar(1);
    let next = next.clone().mask_fill(next.equal_elem(places as f32), 0);
    (order, Tensor::cat(vec![next, noted.mask_where(here, loss.expand([places]))], 0))
}

#[backend_extension(Flex, Cube: cfg(feature = "gpu"), Fusion: cfg(feature = "gpu"))]
pub trait Tick: Backend {
    #[fusion(meta = both)]
    fn fused_tick(
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
    fn fused_tick(
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
