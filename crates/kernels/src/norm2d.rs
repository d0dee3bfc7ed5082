//! Batch normalisation (Ioffe and Szegedy 2015) of channels-last images `[n, h, w, c]`.
//!
//! If a relu follows, the gradients take the layer's output `y`, whose positive entries give the relu mask. The
//! gradient of a residual input that is added before the relu is `relu::gradient(dy, y)`.

use crate::column_sums::{narrow, wide, widen};
use crate::lanes::Isa;
use crate::math::mask;
use crate::threads::split_rows;
use crate::uninit::Uninit;
use crate::{dispatch, isa};

/// The number of elements after which an `f32` sum is added to an `f64` sum; as many fit the first-level cache.
const BLOCK: usize = 8192;

/// About [`BLOCK`] elements, rounded up to whole wide rows of `c` channels.
fn block(c: usize) -> usize {
    wide(c) * BLOCK.div_ceil(wide(c))
}

/// The mean and the biased variance of every channel, both `[c]`, of `x` `[n, h, w, c]`.
pub fn statistics(x: &[f32], c: usize) -> (Vec<f32>, Vec<f32>) {
    let isa = isa();
    let parts = split_rows(x.len(), block(c), 2 * x.len(), |at| Moments::of(isa, &x[at], c));
    let mut all = Moments::none(c);
    parts.iter().for_each(|part| all.add(part));
    let variance = all.squares.iter().map(|sum| (sum / all.count) as f32).collect();
    (all.mean.iter().map(|mean| *mean as f32).collect(), variance)
}

/// The moments of every channel, to be combined over blocks and threads.
pub(crate) struct Moments {
    /// Elements per channel.
    pub(crate) count: f64,
    /// The mean of every channel, `[c]`.
    pub(crate) mean: Vec<f64>,
    /// The sum of squared deviations from the mean of every channel, `[c]`.
    pub(crate) squares: Vec<f64>,
}

impl Moments {
    fn none(c: usize) -> Self {
        Self { count: 0.0, mean: vec![0.0; c], squares: vec![0.0; c] }
    }

    /// The moments of the `c` channels of `x`.
    pub(crate) fn of(isa: Isa, x: &[f32], c: usize) -> Self {
        let mut moments = Self::none(c);
        x.chunks(block(c)).for_each(|x| moments.add(&moments_of(isa, x, c)));
        moments
    }

    /// Combines the moments of two sets (Chan, Golub and LeVeque 1979).
    fn add(&mut self, other: &Self) {
        let count = self.count + other.count;
        for (j, (mean, squares)) in self.mean.iter_mut().zip(&mut self.squares).enumerate() {
            let apart = other.mean[j] - *mean;
            *mean += apart * other.count / count;
            *squares += other.squares[j] + apart * apart * self.count * other.count / count;
        }
        self.count = count;
    }
}

dispatch! {
    fn moments_of(x: &[f32], c: usize) -> Moments = moments_impl
}

#[inline(always)]
unsafe fn moments_impl<V>(x: &[f32], c: usize) -> Moments {
    let count = (x.len() / c) as f64;
    let mut sums = vec![0.0; wide(c)];
    for row in x.chunks(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let mean: Vec<f32> = narrow(&sums, c).into_iter().map(|sum| (f64::from(sum) / count) as f32).collect();
    let about = widen(&mean);
    sums.fill(0.0);
    for row in x.chunks(sums.len()) {
        for ((sum, x), mean) in sums.iter_mut().zip(row).zip(&about) {
            *sum += (x - mean) * (x - mean);
        }
    }
    Moments {
        count,
        mean: mean.into_iter().map(f64::from).collect(),
        squares: narrow(&sums, c).into_iter().map(f64::from).collect(),
    }
}

/// The per-channel factors of [`apply`], both `[c]`, so that x · scale + shift = (x − mean) / √(var + epsilon) · weight
/// + bias.
pub fn scale_and_shift(
    weight: &[f32],
    bias: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>) {
    let scale: Vec<f32> = weight.iter().zip(variance).map(|(weight, var)| weight / (var + epsilon).sqrt()).collect();
    let shift = bias.iter().zip(mean).zip(&scale).map(|((bias, mean), scale)| bias - mean * scale).collect();
    (scale, shift)
}

/// `x · scale + shift + residual`, clamped at 0 if `relu` is set; `x` and `residual` are `[n, h, w, c]`, `scale` and
/// `shift` `[c]`.
///
/// # Panics
/// If the lengths do not fit.
pub fn apply(x: &[f32], residual: Option<&[f32]>, scale: &[f32], shift: &[f32], relu: bool) -> Vec<f32> {
    let (isa, c) = (isa(), scale.len());
    assert!(shift.len() == c && x.len().is_multiple_of(c) && residual.is_none_or(|residual| residual.len() == x.len()));
    let (scale, shift) = (widen(scale), widen(shift));
    let y = Uninit::new(x.len());
    split_rows(x.len(), block(c), x.len(), |at| {
        let residual = residual.map(|residual| &residual[at.clone()]);
        apply_to(isa, &x[at.clone()], residual, &scale, &shift, relu, unsafe { y.part(at) });
    });
    y.done()
}

dispatch! {
    /// As [`apply`], for one part; `scale` and `shift` have the length of a wide row.
    pub(crate) fn apply_to(
        x: &[f32],
        residual: Option<&[f32]>,
        scale: &[f32],
        shift: &[f32],
        relu: bool,
        y: &mut [f32],
    ) = apply_impl
}

#[inline(always)]
unsafe fn apply_impl<V>(x: &[f32], residual: Option<&[f32]>, scale: &[f32], shift: &[f32], relu: bool, y: &mut [f32]) {
    let least = if relu { 0.0 } else { f32::NEG_INFINITY };
    let rows = x.chunks(scale.len()).zip(y.chunks_mut(scale.len()));
    if let Some(residual) = residual {
        for ((x, y), residual) in rows.zip(residual.chunks(scale.len())) {
            for ((((y, x), scale), shift), residual) in y.iter_mut().zip(x).zip(scale).zip(shift).zip(residual) {
                let sum = x * scale + shift + residual;
                *y = if sum < least { least } else { sum };
            }
        }
    } else {
        for (x, y) in rows {
            for (((y, x), scale), shift) in y.iter_mut().zip(x).zip(scale).zip(shift) {
                let sum = x * scale + shift;
                *y = if sum < least { least } else { sum };
            }
        }
    }
}

/// The gradients of `x` `[n, h, w, c]`, of the weight `[c]` and of the bias `[c]` if `mean` and `variance` are the
/// statistics of `x` itself (training).
///
/// # Panics
/// If the lengths do not fit.
pub fn gradient_batch(
    x: &[f32],
    y: Option<&[f32]>,
    dy: &[f32],
    weight: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let c = weight.len();
    let (dweight, dbias) = parameter_gradient(x, y, dy, mean, variance, epsilon);
    let n = (x.len() / c) as f32;
    // With h = (x − mean) / std: dx = weight / std · (dy − dbias / n − h · dweight / n), which is linear in dy and x.
    let (mut by_dy, mut by_x, mut constant) = (vec![0.0; c], vec![0.0; c], vec![0.0; c]);
    for j in 0..c {
        let inverse = 1.0 / (variance[j] + epsilon).sqrt();
        let scale = weight[j] * inverse;
        by_dy[j] = scale;
        by_x[j] = -scale * inverse * dweight[j] / n;
        constant[j] = -scale * dbias[j] / n - by_x[j] * mean[j];
    }
    (linear_in(dy, y, x, [&by_dy, &by_x, &constant]), dweight, dbias)
}

/// The gradients of `x` `[n, h, w, c]`, of the weight `[c]` and of the bias `[c]` if `mean` and `variance` are
/// constants (running statistics).
///
/// # Panics
/// If the lengths do not fit.
pub fn gradient_running(
    x: &[f32],
    y: Option<&[f32]>,
    dy: &[f32],
    weight: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    let (dweight, dbias) = parameter_gradient(x, y, dy, mean, variance, epsilon);
    let scale: Vec<f32> = weight.iter().zip(variance).map(|(weight, var)| weight / (var + epsilon).sqrt()).collect();
    (input_gradient_running(y, dy, &scale), dweight, dbias)
}

/// The gradient of `x` alone if mean and variance are constants: `dy · scale`, with `scale` `[c]` from
/// [`scale_and_shift`].
///
/// # Panics
/// If the lengths do not fit.
pub fn input_gradient_running(y: Option<&[f32]>, dy: &[f32], scale: &[f32]) -> Vec<f32> {
    let none = vec![0.0; scale.len()];
    linear_in(dy, y, dy, [scale, &none, &none])
}

/// The gradients of weight and bias, both `[c]`.
fn parameter_gradient(
    x: &[f32],
    y: Option<&[f32]>,
    dy: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
) -> (Vec<f32>, Vec<f32>) {
    let (isa, c) = (isa(), mean.len());
    assert!(dy.len() == x.len() && y.is_none_or(|y| y.len() == x.len()) && x.len().is_multiple_of(c));
    let about = widen(mean);
    let parts = split_rows(x.len(), block(c), 2 * x.len(), |at| {
        sums(isa, &x[at.clone()], y.map(|y| &y[at.clone()]), &dy[at], &about, c)
    });
    let (mut dweight, mut dbias) = (vec![0.0; c], vec![0.0; c]);
    for j in 0..c {
        let inverse = 1.0 / f64::from(variance[j] + epsilon).sqrt();
        dweight[j] = (parts.iter().map(|sums| sums[j]).sum::<f64>() * inverse) as f32;
        dbias[j] = parts.iter().map(|sums| sums[c + j]).sum::<f64>() as f32;
    }
    (dweight, dbias)
}

/// The sums over each of `c` channels of d · (x − mean), followed by the sums of d, where d is `dy` under the relu mask
/// of `y`. `mean` has the length of a wide row.
pub(crate) fn sums(isa: Isa, x: &[f32], y: Option<&[f32]>, dy: &[f32], mean: &[f32], c: usize) -> Vec<f64> {
    let mut sums = vec![0.0; 2 * c];
    for start in (0..x.len()).step_by(block(c)) {
        let at = start..x.len().min(start + block(c));
        add_sums_of(isa, &x[at.clone()], y.map(|y| &y[at.clone()]), &dy[at], mean, &mut sums);
    }
    sums
}

dispatch! {
    /// Adds to `sums` `[2, c]`, for every channel, the sums of d · (x − mean) and of d, where d is `dy` under the relu
    /// mask of `y`. `mean` has the length of a wide row.
    fn add_sums_of(x: &[f32], y: Option<&[f32]>, dy: &[f32], mean: &[f32], sums: &mut [f64]) = sums_impl
}

#[inline(always)]
unsafe fn sums_impl<V>(x: &[f32], y: Option<&[f32]>, dy: &[f32], mean: &[f32], sums: &mut [f64]) {
    match y {
        Some(y) => add_sums::<true>(x, y, dy, mean, sums),
        None => add_sums::<false>(x, dy, dy, mean, sums),
    }
}

#[inline(always)]
fn add_sums<const RELU: bool>(x: &[f32], y: &[f32], dy: &[f32], mean: &[f32], sums: &mut [f64]) {
    let width = mean.len();
    let (mut weight, mut bias) = (vec![0.0; width], vec![0.0; width]);
    for ((x, y), dy) in x.chunks(width).zip(y.chunks(width)).zip(dy.chunks(width)) {
        for (((((weight, bias), x), y), dy), mean) in weight.iter_mut().zip(&mut bias).zip(x).zip(y).zip(dy).zip(mean) {
            let d = mask(!RELU || *y > 0.0, *dy);
            *weight += d * (x - mean);
            *bias += d;
        }
    }
    let c = sums.len() / 2;
    sums.iter_mut()
        .zip(narrow(&weight, c).into_iter().chain(narrow(&bias, c)))
        .for_each(|(all, sum)| *all += f64::from(sum));
}

/// a · d + b · x + constant, where `factors` holds a, b and constant, each `[c]`, and d is `dy` under the relu mask of
/// `y`.
fn linear_in(dy: &[f32], y: Option<&[f32]>, x: &[f32], factors: [&[f32]; 3]) -> Vec<f32> {
    let (isa, c) = (isa(), factors[0].len());
    let factors = factors.map(widen);
    let dx = Uninit::new(x.len());
    split_rows(x.len(), block(c), 2 * x.len(), |at| {
        let y = y.map(|y| &y[at.clone()]);
        linear_of(isa, &dy[at.clone()], y, &x[at.clone()], &factors, unsafe { dx.part(at) });
    });
    dx.done()
}

dispatch! {
    /// As [`linear_in`], for one part; the factors have the length of a wide row.
    pub(crate) fn linear_of(
        dy: &[f32],
        y: Option<&[f32]>,
        x: &[f32],
        factors: &[Vec<f32>; 3],
        dx: &mut [f32],
    ) = linear_impl
}

#[inline(always)]
unsafe fn linear_impl<V>(dy: &[f32], y: Option<&[f32]>, x: &[f32], factors: &[Vec<f32>; 3], dx: &mut [f32]) {
    match y {
        Some(y) => write_linear::<true>(dy, y, x, factors, dx),
        None => write_linear::<false>(dy, dy, x, factors, dx),
    }
}

#[inline(always)]
fn write_linear<const RELU: bool>(dy: &[f32], y: &[f32], x: &[f32], factors: &[Vec<f32>; 3], dx: &mut [f32]) {
    let [by_dy, by_x, constant] = factors;
    let width = by_dy.len();
    for (((dx, dy), y), x) in dx.chunks_mut(width).zip(dy.chunks(width)).zip(y.chunks(width)).zip(x.chunks(width)) {
        let channels = by_dy.iter().zip(by_x).zip(constant);
        for ((((dx, dy), y), x), ((a, b), constant)) in dx.iter_mut().zip(dy).zip(y).zip(x).zip(channels) {
            let d = mask(!RELU || *y > 0.0, *dy);
            *dx = a * d + b * x + constant;
        }
    }
}
