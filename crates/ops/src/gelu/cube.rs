//! GELU on graphics devices, one thread per element.

use super::Gelu;
use crate::cube::{empty_like, row_major, threads};
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;
use std::f32::consts::FRAC_1_SQRT_2;

/// Φ(x).
#[cube]
fn phi(x: f32) -> f32 {
    0.5f32 + 0.5f32 * Erf::erf(x * comptime!(FRAC_1_SQRT_2))
}

/// x·Φ(x).
#[cube(launch_unchecked)]
fn forward(x: &[f32], y: &mut [f32], n: usize) {
    let i = ABSOLUTE_POS;
    if i < n {
        y[i] = x[i] * phi(x[i]);
    }
}

/// dy · (Φ(x) + x·φ(x)), φ(x) = e^(−x²/2) / √(2π).
#[cube(launch_unchecked)]
fn gradient(dy: &[f32], x: &[f32], dx: &mut [f32], n: usize) {
    let i = ABSOLUTE_POS;
    if i < n {
        let density = (-0.5f32 * x[i] * x[i]).exp() * 0.398_942_3f32;
        dx[i] = dy[i] * (phi(x[i]) + x[i] * density);
    }
}

impl Gelu for CubeBackend {
    fn fused_gelu(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let x = row_major(x);
        let (y, n) = (empty_like(&x), x.meta.num_elements());
        let (count, dim) = threads(&x, n);
        // SAFETY: threads from `n` on do nothing.
        unsafe {
            forward::launch_unchecked(&y.client, count, dim, x.into_buffer_arg(), y.clone().into_buffer_arg(), n);
        }
        y
    }

    fn gelu_dx(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (dy, x) = (row_major(dy), row_major(x));
        let (dx, n) = (empty_like(&x), x.meta.num_elements());
        let (count, dim) = threads(&x, n);
        let (dy, x) = (dy.into_buffer_arg(), x.into_buffer_arg());
        // SAFETY: as above.
        unsafe { gradient::launch_unchecked(&dx.client, count, dim, dy, x, dx.clone().into_buffer_arg(), n) };
        dx
    }
}
