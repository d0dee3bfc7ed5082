//! The optimizers on graphics devices, one thread per weight.

use super::{OptimizerStep, RATES_AHEAD, rates};
use crate::cube::{owned, row_major, threads};
use burn::backend::tensor::FloatTensor;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread advances the table.
#[cube(launch_unchecked)]
fn advance(rates: &mut [f32], rates_ahead: &[f32]) {
    if ABSOLUTE_POS == 0 {
        let next = usize::cast_from(rates[rates::NEXT]);
        rates[rates::LR] = rates_ahead[next];
        rates[rates::NEXT] = f32::cast_from((next + 1) % RATES_AHEAD);
        rates[rates::CORRECTION_1] = rates[rates::TAKE_1] + rates[rates::KEEP_1] * rates[rates::CORRECTION_1];
        rates[rates::CORRECTION_2] = rates[rates::TAKE_2] + rates[rates::KEEP_2] * rates[rates::CORRECTION_2];
    }
}

/// w ← w − η·(g + λ·w).
#[cube(launch_unchecked)]
fn sgd(w: &mut [f32], g: &[f32], rates: &[f32], n: usize) {
    let i = ABSOLUTE_POS;
    if i < n {
        w[i] -= rates[rates::LR] * (g[i] + rates[rates::DECAY] * w[i]);
    }
}

/// v ← μ·v + g + λ·w, w ← w − η·v.
#[cube(launch_unchecked)]
fn sgd_momentum(w: &mut [f32], g: &[f32], v: &mut [f32], rates: &[f32], n: usize) {
    let i = ABSOLUTE_POS;
    if i < n {
        let velocity = rates[rates::KEEP_1] * v[i] + (g[i] + rates[rates::DECAY] * w[i]);
        v[i] = velocity;
        w[i] -= rates[rates::LR] * velocity;
    }
}

/// One Adam step of one weight.
#[cube(launch_unchecked)]
fn adam(w: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], rates: &[f32], n: usize, #[comptime] decoupled: bool) {
    let i = ABSOLUTE_POS;
    if i < n {
        let mut weight = w[i];
        let mut gradient = g[i];
        if comptime!(decoupled) {
            weight *= 1.0f32 - rates[rates::LR] * rates[rates::DECAY];
        } else {
            gradient += rates[rates::DECAY] * weight;
        }
        let first = m[i] + rates[rates::TAKE_1] * (gradient - m[i]);
        let second = rates[rates::KEEP_2] * v[i] + rates[rates::TAKE_2] * gradient * gradient;
        let length = second.sqrt() / rates[rates::CORRECTION_2].sqrt() + rates[rates::EPSILON];
        m[i] = first;
        v[i] = second;
        w[i] = weight - rates[rates::LR] / rates[rates::CORRECTION_1] * first / length;
    }
}

impl OptimizerStep for CubeBackend {
    fn advance(rates: FloatTensor<Self>, rates_ahead: FloatTensor<Self>) -> FloatTensor<Self> {
        let rates = owned(rates);
        let (count, dim) = threads(&rates, 1);
        let (table, rates_ahead) = (rates.clone().into_buffer_arg(), rates_ahead.into_buffer_arg());
        // SAFETY: the indices are within the tables.
        unsafe { advance::launch_unchecked(&rates.client, count, dim, table, rates_ahead) };
        rates
    }

    fn sgd(w: FloatTensor<Self>, g: FloatTensor<Self>, rates: FloatTensor<Self>) -> FloatTensor<Self> {
        let (w, g) = (owned(w), row_major(g));
        let n = w.meta.num_elements();
        let (count, dim) = threads(&w, n);
        // SAFETY: threads from `n` on do nothing, here and below.
        unsafe {
            sgd::launch_unchecked(
                &w.client,
                count,
                dim,
                w.clone().into_buffer_arg(),
                g.into_buffer_arg(),
                rates.into_buffer_arg(),
                n,
            );
        }
        w
    }

    fn sgd_momentum(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (w, g, v) = (owned(w), row_major(g), owned(v));
        let n = w.meta.num_elements();
        let (count, dim) = threads(&w, n);
        // SAFETY: as above.
        unsafe {
            sgd_momentum::launch_unchecked(
                &w.client,
                count,
                dim,
                w.clone().into_buffer_arg(),
                g.into_buffer_arg(),
                v.clone().into_buffer_arg(),
                rates.into_buffer_arg(),
                n,
            );
        }
        (w, v)
    }

    fn adam(
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        m: FloatTensor<Self>,
        v: FloatTensor<Self>,
        rates: FloatTensor<Self>,
        decoupled: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let (w, g, m, v) = (owned(w), row_major(g), owned(m), owned(v));
        let n = w.meta.num_elements();
        let (count, dim) = threads(&w, n);
        // SAFETY: as above.
        unsafe {
            adam::launch_unchecked(
                &w.client,
                count,
                dim,
                w.clone().into_buffer_arg(),
                g.into_buffer_arg(),
                m.clone().into_buffer_arg(),
                v.clone().into_buffer_arg(),
                rates.into_buffer_arg(),
                n,
                decoupled,
            );
        }
        (w, m, v)
    }
}
