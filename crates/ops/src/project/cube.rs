//! The step of projected gradient ascent on graphics devices.

use super::StepLinf;
use crate::cube::{owned, row_major, threads};
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per pixel.
#[cube(launch_unchecked)]
fn step(x: &mut [f32], gradient: &[f32], center: &[f32], n: usize, alpha: f32, epsilon: f32) {
    let i = ABSOLUTE_POS;
    if i < n {
        let sign = select(gradient[i] > 0.0f32, alpha, select(gradient[i] < 0.0f32, -alpha, 0.0f32));
        let near = min(max(x[i] + sign, center[i] - epsilon), center[i] + epsilon);
        x[i] = min(max(near, 0.0f32), 1.0f32);
    }
}

impl StepLinf for CubeBackend {
    fn step_linf(
        x: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        center: FloatTensor<Self>,
        alpha: f64,
        epsilon: f64,
    ) -> FloatTensor<Self> {
        let (x, gradient, center) = (owned(x), row_major(gradient), row_major(center));
        let n = x.meta.num_elements();
        let (count, dim) = threads(&x, n);
        // SAFETY: threads from `n` on do nothing.
        unsafe {
            step::launch_unchecked(
                &x.client,
                count,
                dim,
                x.clone().into_buffer_arg(),
                gradient.into_buffer_arg(),
                center.into_buffer_arg(),
                n,
                alpha as f32,
                epsilon as f32,
            );
        }
        x
    }
}
