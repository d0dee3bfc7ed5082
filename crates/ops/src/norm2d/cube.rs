use super::{How, Norm2d, Over};
use crate::cube::{THREADS, columns, in_rows, new, shape, threads, total};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::CubeBackend;
use cubecl::prelude::*;

/// The place of number `i` of a channel, all images one after the other.
#[cube]
fn place(i: usize, channel: usize, #[comptime] channels: usize, #[comptime] pixels: usize) -> usize {
    (i / pixels * channels + channel) * pixels + i % pixels
}

/// The place of number `i` of a row of `count` numbers that share a mean: a channel, or a group of an image's channels,
/// which lies in one piece.
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

/// The row of the number at `at`.
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

/// A workgroup computes the mean and the biased variance of one row of `count` numbers.
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
        let apart = x[place_in(i, row, count, channels, pixels, groups)] - middle;
        squares += apart * apart;
        i += comptime!(THREADS);
    }
    let squares = total(squares);
    if thread == 0 {
        mean[row] = middle;
        var[row] = squares / f32::cast_from(count);
    }
}

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

/// dy where y is open, which is left in g.
#[cube]
fn gated(dy: &[f32], y: &[f32], g: &mut [f32], at: usize, #[comptime] relu: bool) -> f32 {
    if comptime!(relu) {
        let slope = select(y[at] > 0.0f32, dy[at], 0.0f32);
        g[at] = slope;
        slope
    } else {
        dy[at]
    }
}

/// A workgroup adds up the gradients of one channel's weight and bias. It leaves four numbers of the channel: mean,
/// 1 / √(var + ε) and the two sums; side by side, because a device binds eight tensors to a kernel, no more for sure.
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
        let slope = gated(dy, y, g, at, relu);
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

/// `count` numbers are one channel's; with `batch` their mean and variance move with them.
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

/// A workgroup adds up what the mean and the variance of one image's group pass on, and leaves four numbers of the
/// group as above. dy where y is open is left in g.
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
        let slope = gated(dy, y, g, at, relu) * weight[at / pixels % channels];
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

/// `all` is what [`group_sums`] left.
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

/// A workgroup adds up the gradients of one channel's weight and bias; `count` numbers are a group's, `of_channel` a
/// channel's.
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

/// The gradient in x alone, where mean and variance stand still.
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
        dx[i] = gated(dy, y, g, i, relu) * (weight[c] / (var[c] + epsilon).sqrt());
    }
}

impl Over {
    /// Numbers of one row, which share a mean.
    fn count(self, [n, channels, height, width]: [usize; 4]) -> usize {
        match self {
            Self::Known | Self::Batch => n * height * width,
            Self::Groups(groups) => channels / groups * height * width,
        }
    }

    fn in_groups(self) -> bool {
        matches!(self, Self::Groups(_))
    }
}

impl Norm2d for CubeBackend {
    fn statistics2d(x: FloatTensor<Self>, over: Over) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let x = in_rows(x);
        let sides @ [_, channels, height, width] = shape(&x);
        let rows = over.rows(sides);
        let (mean, var) = (new(&x, [rows], DType::F32), new(&x, [rows], DType::F32));
        let (cubes, dim) = columns(rows);
        // SAFETY: every thread stops at the numbers of its row.
        unsafe {
            statistics::launch_unchecked(
                &mean.client,
                cubes,
                dim,
                x.into_buffer_arg(),
                mean.clone().into_buffer_arg(),
                var.clone().into_buffer_arg(),
                over.count(sides),
                channels,
                height * width,
                over.in_groups(),
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
        how: How,
    ) -> FloatTensor<Self> {
        let [x, residual, mean, var, weight, bias] = [x, residual, mean, var, weight, bias].map(in_rows);
        let sides @ [_, channels, height, width] = shape(&x);
        let y = new(&x, sides, DType::F32);
        let n = x.meta.num_elements();
        let (cubes, dim) = threads(&x, n);
        // SAFETY: threads beyond `n` do nothing.
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
                how.over.count(sides),
                how.epsilon,
                channels,
                height * width,
                how.over.in_groups(),
                how.residual,
                how.relu,
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
        how: How,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>) {
        let [dy, x, y, mean, var, weight] = [dy, x, y, mean, var, weight].map(in_rows);
        let sides @ [_, channels, height, width] = shape(&x);
        let (n, count, pixels) = (x.meta.num_elements(), how.over.count(sides), height * width);
        let dx = new(&x, sides, DType::F32);
        let (dweight, dbias) = (new(&x, [channels], DType::F32), new(&x, [channels], DType::F32));
        // Without relu dy goes on as it is; a kernel wants something in the place of g.
        let g = if how.relu { new(&x, sides, DType::F32) } else { new(&x, [1], DType::F32) };
        let (cubes, dim) = threads(&x, n);
        let (client, arg) = (x.client.clone(), |x: &FloatTensor<Self>| x.clone().into_buffer_arg());
        // SAFETY: as above.
        unsafe {
            if how.over.in_groups() {
                let groups = how.over.rows(sides);
                let all = new(&x, [4 * groups], DType::F32);
                let (lines, line) = columns(groups);
                group_sums::launch_unchecked(
                    &client,
                    lines,
                    line,
                    arg(&dy),
                    arg(&y),
                    arg(&x),
                    arg(&mean),
                    arg(&var),
                    arg(&weight),
                    arg(&g),
                    arg(&all),
                    count,
                    how.epsilon,
                    channels,
                    pixels,
                    how.relu,
                );
                let slope = if how.relu { &g } else { &dy };
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
                    let (lines, line) = columns(channels);
                    group_channel_gradients::launch_unchecked(
                        &client,
                        lines,
                        line,
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
            } else if weights || how.over == Over::Batch {
                let all = new(&x, [4 * channels], DType::F32);
                let (lines, line) = columns(channels);
                channel_gradients::launch_unchecked(
                    &client,
                    lines,
                    line,
                    arg(&dy),
                    arg(&y),
                    arg(&x),
                    arg(&mean),
                    arg(&var),
                    arg(&g),
                    arg(&all),
                    count,
                    how.epsilon,
                    channels,
                    pixels,
                    how.relu,
                );
                input_gradient::launch_unchecked(
                    &client,
                    cubes,
                    dim,
                    arg(if how.relu { &g } else { &dy }),
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
                    how.over == Over::Batch,
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
                    how.epsilon,
                    channels,
                    pixels,
                    how.relu,
                );
            }
        }
        (dx, dweight, dbias, if how.relu { g } else { dy })
    }
}
