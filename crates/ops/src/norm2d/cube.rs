//! Normalisation of images on graphics devices. Statistics and sums use one workgroup per channel or group, the rest
//! one thread per element. Images are row-major `[n, c, h, w]`.

use super::{Axes, Norm2d, NormConfig};
use crate::cube::{THREADS, columns, empty, row_major, shape, threads, total};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// The offset of element `i` of a channel, counted over all images.
#[cube]
fn place(i: usize, channel: usize, #[comptime] channels: usize, #[comptime] pixels: usize) -> usize {
    (i / pixels * channels + channel) * pixels + i % pixels
}

/// The offset of element `i` of the `count` elements that share a mean: those of a channel, or of a group of an image's
/// channels, which are contiguous.
#[cube]
fn place_in(
    i: usize,
    row: usize,
    count: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] groups: bool,
) -> usize {
    if comptime!(groups) { row * count + i } else { place(i, row, channels, pixels) }
}

/// The index of the mean that the element at `at` belongs to.
#[cube]
fn row_of(
    at: usize,
    count: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] groups: bool,
) -> usize {
    if comptime!(groups) { at / count } else { at / pixels % channels }
}

/// A workgroup computes the mean and the biased variance of `count` elements.
#[cube(launch_unchecked)]
fn statistics(
    x: &[f32],
    mean: &mut [f32],
    var: &mut [f32],
    count: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] groups: bool,
) {
    let row = CUBE_POS;
    let thread = UNIT_POS as usize;
    let mut sum = 0.0f32;
    let mut i = thread;
    while i < count {
        sum += x[place_in(i, row, count, channels, pixels, groups)];
        i += comptime!(THREADS);
    }
    let middle = total(sum) / f32::cast_from(count);
    let mut squares = 0.0f32;
    let mut i = thread;
    while i < count {
        let deviation = x[place_in(i, row, count, channels, pixels, groups)] - middle;
        squares += deviation * deviation;
        i += comptime!(THREADS);
    }
    let squares = total(squares);
    if thread == 0 {
        mean[row] = middle;
        var[row] = squares / f32::cast_from(count);
    }
}

/// Normalises one element and applies the tail.
#[cube(launch_unchecked)]
fn forward(
    x: &[f32],
    residual: &[f32],
    mean: &[f32],
    var: &[f32],
    weight: &[f32],
    bias: &[f32],
    y: &mut [f32],
    n: usize,
    count: usize,
    epsilon: f32,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] groups: bool,
    #[comptime] add: bool,
    #[comptime] relu: bool,
) {
    let i = ABSOLUTE_POS;
    if i < n {
        let c = i / pixels % channels;
        let row = row_of(i, count, channels, pixels, groups);
        let mut sum = (x[i] - mean[row]) * (weight[c] / (var[row] + epsilon).sqrt()) + bias[c];
        if comptime!(add) {
            sum += residual[i];
        }
        y[i] = if comptime!(relu) { max(sum, 0.0f32) } else { sum };
    }
}

/// dy under the relu mask of y. With a relu it is also written to g.
#[cube]
fn masked(dy: &[f32], y: &[f32], g: &mut [f32], at: usize, #[comptime] relu: bool) -> f32 {
    if comptime!(relu) {
        let slope = select(y[at] > 0.0f32, dy[at], 0.0f32);
        g[at] = slope;
        slope
    } else {
        dy[at]
    }
}

/// A workgroup sums the gradients of one channel's weight and bias. It writes four values per channel into one tensor,
/// because a device guarantees only eight bindings per kernel: mean, 1 / √(var + ε), Σ dy·h and Σ dy, with h the
/// normalised element.
#[cube(launch_unchecked)]
fn channel_gradients(
    dy: &[f32],
    y: &[f32],
    x: &[f32],
    mean: &[f32],
    var: &[f32],
    g: &mut [f32],
    all: &mut [f32],
    count: usize,
    epsilon: f32,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] relu: bool,
) {
    let channel = CUBE_POS;
    let thread = UNIT_POS as usize;
    let middle = mean[channel];
    let mut products = 0.0f32;
    let mut sum = 0.0f32;
    let mut i = thread;
    while i < count {
        let at = place(i, channel, channels, pixels);
        let slope = masked(dy, y, g, at, relu);
        products += slope * (x[at] - middle);
        sum += slope;
        i += comptime!(THREADS);
    }
    let products = total(products);
    let sum = total(sum);
    if thread == 0 {
        let inverse = 1.0f32 / (var[channel] + epsilon).sqrt();
        all[4 * channel] = middle;
        all[4 * channel + 1] = inverse;
        all[4 * channel + 2] = products * inverse;
        all[4 * channel + 3] = sum;
    }
}

/// The gradient of one element of x. A channel has `count` elements; with `batch` the gradient includes that of its
/// mean and variance. The first threads write the gradients of weight and bias.
#[cube(launch_unchecked)]
fn input_gradient(
    g: &[f32],
    x: &[f32],
    weight: &[f32],
    all: &[f32],
    dx: &mut [f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
    n: usize,
    count: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] batch: bool,
) {
    let i = ABSOLUTE_POS;
    if i < n {
        let c = i / pixels % channels;
        let inverse = all[4 * c + 1];
        let mut slope = g[i];
        if comptime!(batch) {
            slope -= (all[4 * c + 3] + (x[i] - all[4 * c]) * inverse * all[4 * c + 2]) / f32::cast_from(count);
        }
        dx[i] = slope * weight[c] * inverse;
        if i < channels {
            dweight[i] = all[4 * i + 2];
            dbias[i] = all[4 * i + 3];
        }
    }
}

/// A workgroup sums what mean and variance of one group of an image pass on, and writes four values per group as
/// [`channel_gradients`] does. dy under the relu mask is written to g.
#[cube(launch_unchecked)]
fn group_sums(
    dy: &[f32],
    y: &[f32],
    x: &[f32],
    mean: &[f32],
    var: &[f32],
    weight: &[f32],
    g: &mut [f32],
    all: &mut [f32],
    count: usize,
    epsilon: f32,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] relu: bool,
) {
    let group = CUBE_POS;
    let thread = UNIT_POS as usize;
    let middle = mean[group];
    let mut products = 0.0f32;
    let mut sum = 0.0f32;
    let mut i = thread;
    while i < count {
        let at = group * count + i;
        let slope = masked(dy, y, g, at, relu) * weight[at / pixels % channels];
        products += slope * (x[at] - middle);
        sum += slope;
        i += comptime!(THREADS);
    }
    let products = total(products);
    let sum = total(sum);
    if thread == 0 {
        let inverse = 1.0f32 / (var[group] + epsilon).sqrt();
        all[4 * group] = middle;
        all[4 * group + 1] = inverse;
        all[4 * group + 2] = products * inverse;
        all[4 * group + 3] = sum;
    }
}

/// The gradient of one element of x; `all` is what [`group_sums`] wrote.
#[cube(launch_unchecked)]
fn group_input_gradient(
    g: &[f32],
    x: &[f32],
    weight: &[f32],
    all: &[f32],
    dx: &mut [f32],
    n: usize,
    count: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
) {
    let i = ABSOLUTE_POS;
    if i < n {
        let group = 4 * (i / count);
        let inverse = all[group + 1];
        let shared = all[group + 3] + (x[i] - all[group]) * inverse * all[group + 2];
        dx[i] = (g[i] * weight[i / pixels % channels] - shared / f32::cast_from(count)) * inverse;
    }
}

/// A workgroup sums the gradients of one channel's weight and bias. A group has `count` elements, a channel
/// `of_channel`.
#[cube(launch_unchecked)]
fn group_channel_gradients(
    g: &[f32],
    x: &[f32],
    all: &[f32],
    dweight: &mut [f32],
    dbias: &mut [f32],
    count: usize,
    of_channel: usize,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
) {
    let channel = CUBE_POS;
    let thread = UNIT_POS as usize;
    let mut products = 0.0f32;
    let mut sum = 0.0f32;
    let mut i = thread;
    while i < of_channel {
        let at = place(i, channel, channels, pixels);
        let group = 4 * (at / count);
        products += g[at] * (x[at] - all[group]) * all[group + 1];
        sum += g[at];
        i += comptime!(THREADS);
    }
    let products = total(products);
    let sum = total(sum);
    if thread == 0 {
        dweight[channel] = products;
        dbias[channel] = sum;
    }
}

/// The gradient of x alone, with constant mean and variance.
#[cube(launch_unchecked)]
fn input_gradient_alone(
    dy: &[f32],
    y: &[f32],
    var: &[f32],
    weight: &[f32],
    g: &mut [f32],
    dx: &mut [f32],
    n: usize,
    epsilon: f32,
    #[comptime] channels: usize,
    #[comptime] pixels: usize,
    #[comptime] relu: bool,
) {
    let i = ABSOLUTE_POS;
    if i < n {
        let c = i / pixels % channels;
        dx[i] = masked(dy, y, g, i, relu) * (weight[c] / (var[c] + epsilon).sqrt());
    }
}

impl Axes {
    /// The number of elements that share a mean.
    fn count(self, [n, channels, height, width]: [usize; 4]) -> usize {
        match self {
            Self::Constant | Self::Batch => n * height * width,
            Self::Groups(groups) => channels / groups * height * width,
        }
    }

    fn in_groups(self) -> bool {
        matches!(self, Self::Groups(_))
    }
}

impl Norm2d for CubeBackend {
    fn statistics2d(x: FloatTensor<Self>, axes: Axes) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = row_major(x);
        let sides @ [_, channels, height, width] = shape(&x);
        let rows = axes.rows(sides);
        let (mean, var) = (empty(&x, [rows], DType::F32), empty(&x, [rows], DType::F32));
        let (cubes, dim) = columns(rows);
        // SAFETY: every thread stops at the end of its channel or group.
        unsafe {
            statistics::launch_unchecked(
                &mean.client,
                cubes,
                dim,
                x.into_buffer_arg(),
                mean.clone().into_buffer_arg(),
                var.clone().into_buffer_arg(),
                axes.count(sides),
                channels,
                height * width,
                axes.in_groups(),
            );
        }
        (mean, var)
    }

    fn fused_norm2d(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        config: NormConfig,
    ) -> FloatTensor<Self> {
        let [x, residual, mean, var, weight, bias] = [x, residual, mean, var, weight, bias].map(row_major);
        let sides @ [_, channels, height, width] = shape(&x);
        let y = empty(&x, sides, DType::F32);
        let n = x.meta.num_elements();
        let (cubes, dim) = threads(&x, n);
        // SAFETY: threads from `n` on do nothing.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                cubes,
                dim,
                x.into_buffer_arg(),
                residual.into_buffer_arg(),
                mean.into_buffer_arg(),
                var.into_buffer_arg(),
                weight.into_buffer_arg(),
                bias.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                n,
                config.axes.count(sides),
                config.epsilon,
                channels,
                height * width,
                config.axes.in_groups(),
                config.residual,
                config.relu,
            );
        }
        y
    }

    fn norm2d_gradients(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        y: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        var: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        weights: bool,
        config: NormConfig,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [dy, x, y, mean, var, weight] = [dy, x, y, mean, var, weight].map(row_major);
        let sides @ [_, channels, height, width] = shape(&x);
        let (n, count, pixels) = (x.meta.num_elements(), config.axes.count(sides), height * width);
        let dx = empty(&x, sides, DType::F32);
        let (dweight, dbias) = (empty(&x, [channels], DType::F32), empty(&x, [channels], DType::F32));
        // Without relu, dy is used directly; the kernel still needs a tensor to bind as g.
        let g = if config.relu { empty(&x, sides, DType::F32) } else { empty(&x, [1], DType::F32) };
        let (cubes, dim) = threads(&x, n);
        let (client, arg) = (x.client.clone(), |x: &FloatTensor<Self>| x.clone().into_buffer_arg());
        // SAFETY: as above.
        unsafe {
            if config.axes.in_groups() {
                let groups = config.axes.rows(sides);
                let all = empty(&x, [4 * groups], DType::F32);
                let (workgroups, workgroup) = columns(groups);
                group_sums::launch_unchecked(
                    &client,
                    workgroups,
                    workgroup,
                    arg(&dy),
                    arg(&y),
                    arg(&x),
                    arg(&mean),
                    arg(&var),
                    arg(&weight),
                    arg(&g),
                    arg(&all),
                    count,
                    config.epsilon,
                    channels,
                    pixels,
                    config.relu,
                );
                let slope = if config.relu { &g } else { &dy };
                group_input_gradient::launch_unchecked(
                    &client,
                    cubes,
                    dim,
                    arg(slope),
                    arg(&x),
                    arg(&weight),
                    arg(&all),
                    arg(&dx),
                    n,
                    count,
                    channels,
                    pixels,
                );
                if weights {
                    let (workgroups, workgroup) = columns(channels);
                    group_channel_gradients::launch_unchecked(
                        &client,
                        workgroups,
                        workgroup,
                        arg(slope),
                        arg(&x),
                        arg(&all),
                        arg(&dweight),
                        arg(&dbias),
                        count,
                        n / channels,
                        channels,
                        pixels,
                    );
                }
            } else if weights || config.axes == Axes::Batch {
                let all = empty(&x, [4 * channels], DType::F32);
                let (workgroups, workgroup) = columns(channels);
                channel_gradients::launch_unchecked(
                    &client,
                    workgroups,
                    workgroup,
                    arg(&dy),
                    arg(&y),
                    arg(&x),
                    arg(&mean),
                    arg(&var),
                    arg(&g),
                    arg(&all),
                    count,
                    config.epsilon,
                    channels,
                    pixels,
                    config.relu,
                );
                input_gradient::launch_unchecked(
                    &client,
                    cubes,
                    dim,
                    arg(if config.relu { &g } else { &dy }),
                    arg(&x),
                    arg(&weight),
                    arg(&all),
                    arg(&dx),
                    arg(&dweight),
                    arg(&dbias),
                    n,
                    count,
                    channels,
                    pixels,
                    config.axes == Axes::Batch,
                );
            } else {
                input_gradient_alone::launch_unchecked(
                    &client,
                    cubes,
                    dim,
                    arg(&dy),
                    arg(&y),
                    arg(&var),
                    arg(&weight),
                    arg(&g),
                    arg(&dx),
                    n,
                    config.epsilon,
                    channels,
                    pixels,
                    config.relu,
                );
            }
        }
        (dx, dweight, dbias, if config.relu { g } else { dy })
    }
}
