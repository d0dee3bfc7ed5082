//! Layer normalisation on graphics devices.

use super::LayerNorm;
use crate::cube::{THREADS, columns, empty, empty_like, row_major, threads, total};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// One thread per row.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    mean: &mut [f32],
    inverse: &mut [f32],
    rows: usize,
    epsilon: f32,
    #[comptime] d: usize,
) {
    let row = ABSOLUTE_POS;
    if row >= rows {
        terminate!();
    }
    let mut sum = 0.0f32;
    for j in 0..d {
        sum += x[row * d + j];
    }
    let middle = sum / f32::cast_from(d);
    let mut squares = 0.0f32;
    for j in 0..d {
        let deviation = x[row * d + j] - middle;
        squares += deviation * deviation;
    }
    let scale = 1.0f32 / (squares / f32::cast_from(d) + epsilon).sqrt();
    for j in 0..d {
        y[row * d + j] = (x[row * d + j] - middle) * scale * weight[j] + bias[j];
    }
    mean[row] = middle;
    inverse[row] = scale;
}

/// One thread per row.
#[cube(launch_unchecked)]
fn input_gradient(
    dy: &[f32],
    x: &[f32],
    weight: &[f32],
    mean: &[f32],
    inverse: &[f32],
    dx: &mut [f32],
    rows: usize,
    #[comptime] d: usize,
) {
    let row = ABSOLUTE_POS;
    if row >= rows {
        terminate!();
    }
    let (middle, scale) = (mean[row], inverse[row]);
    let mut sum = 0.0f32;
    let mut products = 0.0f32;
    for j in 0..d {
        let g = dy[row * d + j] * weight[j];
        sum += g;
        products += g * (x[row * d + j] - middle) * scale;
    }
    for j in 0..d {
        let g = dy[row * d + j] * weight[j];
        let normal = (x[row * d + j] - middle) * scale;
        dx[row * d + j] = scale * (g - (sum + normal * products) / f32::cast_from(d));
    }
}

/// A workgroup sums the gradients of weight and bias of one column.
#[cube(launch_unchecked)]
fn weight_gradient(
    dy: &[f32],
    x: &[f32],
    mean: &[f32],
    inverse: &[f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
    rows: usize,
    #[comptime] d: usize,
) {
    let column = CUBE_POS;
    let thread = UNIT_POS as usize;
    let mut products = 0.0f32;
    let mut sum = 0.0f32;
    let mut row = thread;
    while row < rows {
        let g = dy[row * d + column];
        products += g * (x[row * d + column] - mean[row]) * inverse[row];
        sum += g;
        row += comptime!(THREADS);
    }
    let products = total(products);
    let sum = total(sum);
    if thread == 0 {
        dweight[column] = products;
        dbias[column] = sum;
    }
}

impl LayerNorm for CubeBackend {
    fn layer_norm_forward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [x, weight, bias] = [x, weight, bias].map(row_major);
        let d = weight.meta.num_elements();
        let rows = x.meta.num_elements() / d;
        let y = empty_like(&x);
        let (mean, inverse) = (empty(&x, [rows], DType::F32), empty(&x, [rows], DType::F32));
        let (count, dim) = threads(&x, rows);
        // SAFETY: threads beyond the rows stop.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                x.into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                mean.clone().into_buffer_arg(),
                inverse.clone().into_buffer_arg(),
                rows,
                epsilon,
                d,
            );
        }
        (y, mean, inverse)
    }

    fn layer_norm_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        inverse: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [dy, x, weight] = [dy, x, weight].map(row_major);
        let d = weight.meta.num_elements();
        let rows = x.meta.num_elements() / d;
        let (dx, dweight, dbias) = (empty_like(&x), empty(&x, [d], DType::F32), empty(&x, [d], DType::F32));
        let (client, arg) = (x.client.clone(), |x: &FloatTensor<Self>| x.clone().into_buffer_arg());
        let (count, dim) = threads(&x, rows);
        let (columns, column) = columns(d);
        // SAFETY: as above, and every workgroup stops at the end of its column.
        unsafe {
            input_gradient::launch_unchecked(
                &client,
                count,
                dim,
                arg(&dy),
                arg(&x),
                arg(&weight),
                arg(&mean),
                arg(&inverse),
                arg(&dx),
                rows,
                d,
            );
            weight_gradient::launch_unchecked(
                &client,
                columns,
                column,
                arg(&dy),
                arg(&x),
                arg(&mean),
                arg(&inverse),
                arg(&dweight),
                arg(&dbias),
                rows,
                d,
            );
        }
        (dx, dweight, dbias)
    }
}
