//! The end of a training step on graphics devices.

use super::FinishStep;
use crate::cube::{as_i32, owned, threads};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread does all of it.
#[cube(launch_unchecked)]
fn note(order: &mut [i32], log: &mut [f32], loss: &[f32], places: usize) {
    if ABSOLUTE_POS == 0 {
        order[0] += 1;
        let at = usize::cast_from(log[0]);
        log[1 + at] = loss[0];
        log[0] = f32::cast_from((at + 1) % places);
    }
}

impl FinishStep for CubeBackend {
    fn finish_step(
        order: IntTensor<Self>,
        log: FloatTensor<Self>,
        loss: FloatTensor<Self>,
    ) -> (IntTensor<Self>, FloatTensor<Self>) {
        let (order, log) = (owned(as_i32(order)), owned(log));
        let (count, dim) = threads(&log, 1);
        let places = log.meta.num_elements() - 1;
        // SAFETY: the slot is below the number of slots.
        unsafe {
            note::launch_unchecked(
                &log.client,
                count,
                dim,
                order.clone().into_buffer_arg(),
                log.clone().into_buffer_arg(),
                loss.into_buffer_arg(),
                places,
            );
        }
        (order, log)
    }
}
