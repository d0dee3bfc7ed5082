//! Running statistics on graphics devices.

use super::RunningStats;
use crate::cube::{owned, row_major, threads};
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per channel.
#[cube(launch_unchecked)]
fn mix(
    mean: &mut [f32],
    var: &mut [f32],
    new_mean: &[f32],
    new_var: &[f32],
    n: usize,
    keep: f32,
    share: f32,
    taken: f32,
) {
    let i = ABSOLUTE_POS;
    if i < n {
        mean[i] = keep * mean[i] + share * new_mean[i];
        var[i] = keep * var[i] + taken * new_var[i];
    }
}

impl RunningStats for CubeBackend {
    fn update_running_stats(
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        new_mean: FloatTensor<Self>,
        new_var: FloatTensor<Self>,
        share: f64,
        taken: f64,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let ([mean, var], [new_mean, new_var]) = ([mean, var].map(owned), [new_mean, new_var].map(row_major));
        let n = mean.meta.num_elements();
        let (count, dim) = threads(&mean, n);
        // SAFETY: threads from `n` on do nothing.
        unsafe {
            mix::launch_unchecked(
                &mean.client,
                count,
                dim,
                mean.clone().into_buffer_arg(),
                var.clone().into_buffer_arg(),
                new_mean.into_buffer_arg(),
                new_var.into_buffer_arg(),
                n,
                (1.0 - share) as f32,
                share as f32,
                taken as f32,
            );
        }
        (mean, var)
    }
}
