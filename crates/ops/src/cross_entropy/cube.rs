//! Cross-entropy on graphics devices.

use super::{CrossEntropy, Loss};
use crate::cube::{THREADS, as_i32, empty, row_major, shape, threads, total};
use burn::backend::tensor::{FloatTensor, IntTensor};
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per sample. The mean is computed by a single workgroup, whose threads take several samples each.
#[cube(launch_unchecked)]
fn forward(
    logits: &[f32],
    labels: &[i32],
    losses: &mut [f32],
    probabilities: &mut [f32],
    n: usize,
    #[comptime] classes: usize,
    #[comptime] mean: bool,
    #[comptime] odds: bool,
) {
    let mut own = 0.0f32;
    let mut sample = ABSOLUTE_POS;
    while sample < n {
        let row = sample * classes;
        let label = usize::cast_from(labels[sample]);
        let mut most = logits[row];
        if comptime!(odds) {
            most = logits[row + (label + 1) % classes];
        }
        for class in 0..classes {
            let larger = max(most, logits[row + class]);
            if comptime!(odds) {
                most = select(class == label, most, larger);
            } else {
                most = larger;
            }
        }
        let mut sum = 0.0f32;
        for class in 0..classes {
            let mut e = (logits[row + class] - most).exp();
            if comptime!(odds) {
                e = select(class == label, 0.0f32, e);
            }
            probabilities[row + class] = e;
            sum += e;
        }
        for class in 0..classes {
            probabilities[row + class] /= sum;
        }
        let loss = sum.ln() + most - logits[row + label];
        if comptime!(mean) {
            own += loss;
        } else {
            losses[sample] = loss;
        }
        sample += CUBE_DIM as usize * CUBE_COUNT;
    }
    if comptime!(mean) {
        let sum = total(own);
        if UNIT_POS == 0 {
            losses[0] = sum / f32::cast_from(n);
        }
    }
}

/// One thread per logit.
#[cube(launch_unchecked)]
fn gradient(
    dloss: &[f32],
    probabilities: &[f32],
    labels: &[i32],
    dx: &mut [f32],
    n: usize,
    #[comptime] classes: usize,
    #[comptime] mean: bool,
) {
    let sample = ABSOLUTE_POS / classes;
    if sample >= n {
        terminate!();
    }
    let one = select(ABSOLUTE_POS % classes == usize::cast_from(labels[sample]), 1.0f32, 0.0f32);
    let dloss = if comptime!(mean) { dloss[0] / f32::cast_from(n) } else { dloss[sample] };
    dx[ABSOLUTE_POS] = (probabilities[ABSOLUTE_POS] - one) * dloss;
}

impl CrossEntropy for CubeBackend {
    fn cross_entropy_forward(
        logits: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (logits, labels) = (row_major(logits), as_i32(labels));
        let [n, classes] = shape(&logits);
        let mean = loss == Loss::Mean;
        let (losses, probabilities) =
            (empty(&logits, [if mean { 1 } else { n }], DType::F32), empty(&logits, [n, classes], DType::F32));
        let (count, dim) = threads(&logits, if mean { THREADS } else { n });
        // SAFETY: threads beyond the samples do nothing, and labels are valid classes.
        unsafe {
            forward::launch_unchecked(
                &losses.client,
                count,
                dim,
                logits.into_buffer_arg(),
                labels.into_buffer_arg(),
                losses.clone().into_buffer_arg(),
                probabilities.clone().into_buffer_arg(),
                n,
                classes,
                mean,
                loss == Loss::Odds,
            );
        }
        (losses, probabilities)
    }

    fn cross_entropy_dx(
        dloss: FloatTensor<Self>,
        probabilities: FloatTensor<Self>,
        labels: IntTensor<Self>,
        loss: Loss,
    ) -> FloatTensor<Self> {
        let (dloss, probabilities, labels) = (row_major(dloss), row_major(probabilities), as_i32(labels));
        let [n, classes] = shape(&probabilities);
        let dx = empty(&probabilities, [n, classes], DType::F32);
        let (count, dim) = threads(&dx, n * classes);
        // SAFETY: threads beyond the samples stop.
        unsafe {
            gradient::launch_unchecked(
                &dx.client,
                count,
                dim,
                dloss.into_buffer_arg(),
                probabilities.into_buffer_arg(),
                labels.into_buffer_arg(),
                dx.clone().into_buffer_arg(),
                n,
                classes,
                loss == Loss::Mean,
            );
        }
        dx
    }
}
