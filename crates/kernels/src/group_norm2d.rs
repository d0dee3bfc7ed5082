//! Group normalisation (Wu and He 2018) of channels-last images `[n, h, w, c]`: mean and variance are taken over all
//! pixels of one group of an image's channels. Per image this is what batch normalisation is per batch, so it uses the
//! loops of [`crate::norm2d`].

use crate::column_sums::widen;
use crate::isa;
use crate::lanes::Isa;
use crate::norm2d::{Moments, apply_to, linear_of, sums};
use crate::threads::split_rows;
use crate::uninit::Uninit;
use std::ops::Range;

/// Sizes of a group normalisation.
#[derive(Clone, Copy, Debug)]
pub struct Groups {
    /// Elements of one image, h · w · c.
    pub image: usize,
    /// Channels, c.
    pub channels: usize,
    /// Groups of channels; a divisor of `channels`.
    pub groups: usize,
}

impl Groups {
    /// Runs `part` on the index and the element range of every image of `x`, and returns the results in order.
    fn images<R: Send>(self, x: &[f32], part: impl Fn(usize, Range<usize>) -> R + Sync) -> Vec<R> {
        assert!(x.len().is_multiple_of(self.image) && self.image.is_multiple_of(self.channels));
        assert!(self.channels.is_multiple_of(self.groups));
        let parts = split_rows(x.len() / self.image, 1, 2 * x.len(), |images| {
            images.map(|at| part(at, at * self.image..(at + 1) * self.image)).collect::<Vec<R>>()
        });
        parts.into_iter().flatten().collect()
    }

    /// The group of channel `j`.
    fn of(self, j: usize) -> usize {
        j / (self.channels / self.groups)
    }

    /// The row of image `at` in `groups` `[n, groups]`.
    fn row(self, groups: &[f32], at: usize) -> &[f32] {
        &groups[at * self.groups..][..self.groups]
    }
}

/// The mean and the biased variance of every group of every image, both `[n, groups]`.
///
/// # Panics
/// If the sizes do not divide `x`.
pub fn statistics(x: &[f32], sizes: Groups) -> (Vec<f32>, Vec<f32>) {
    let isa = isa();
    let together = sizes.channels / sizes.groups;
    let images = sizes.images(x, |_, at| {
        let by_channel = Moments::of(isa, &x[at], sizes.channels);
        let groups = by_channel.mean.chunks_exact(together).zip(by_channel.squares.chunks_exact(together));
        groups
            .map(|(means, squares)| {
                let mean = means.iter().sum::<f64>() / together as f64;
                let apart: f64 = means.iter().map(|channel| (channel - mean) * (channel - mean)).sum();
                let squares = squares.iter().sum::<f64>() + apart * by_channel.count;
                (mean as f32, (squares / (by_channel.count * together as f64)) as f32)
            })
            .collect::<Vec<_>>()
    });
    images.into_iter().flatten().unzip()
}

/// (x − mean) / √(var + epsilon) · weight + bias + residual, clamped at 0 if `relu` is set; `x` and `residual` are `[n,
/// h, w, c]`, `weight` and `bias` `[c]`, `mean` and `variance` `[n, groups]`.
///
/// # Panics
/// If the sizes do not divide `x`, or if a slice is too short.
#[allow(clippy::too_many_arguments, reason = "the operation's own")]
pub fn apply(
    x: &[f32],
    residual: Option<&[f32]>,
    weight: &[f32],
    bias: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
    relu: bool,
    sizes: Groups,
) -> Vec<f32> {
    let isa = isa();
    let y = Uninit::new(x.len());
    sizes.images(x, |image, at| {
        let (mean, variance) = (sizes.row(mean, image), sizes.row(variance, image));
        let scale = |j: usize| weight[j] / (variance[sizes.of(j)] + epsilon).sqrt();
        let scales: Vec<f32> = (0..sizes.channels).map(scale).collect();
        let shifts: Vec<f32> = (0..sizes.channels).map(|j| bias[j] - mean[sizes.of(j)] * scales[j]).collect();
        let residual = residual.map(|residual| &residual[at.clone()]);
        apply_to(isa, &x[at.clone()], residual, &widen(&scales), &widen(&shifts), relu, unsafe { y.part(at) });
    });
    y.done()
}

/// The gradients of `x` `[n, h, w, c]`, of the weight `[c]` and of the bias `[c]`; `y` is as in [`crate::norm2d`].
///
/// # Panics
/// If the sizes do not divide `x`, or if a slice is too short.
#[allow(clippy::too_many_arguments, reason = "the operation's own")]
pub fn gradient(
    x: &[f32],
    y: Option<&[f32]>,
    dy: &[f32],
    weight: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
    sizes: Groups,
) -> (Vec<f32>, Vec<f32>, Vec<f32>) {
    assert!(dy.len() == x.len() && y.is_none_or(|y| y.len() == x.len()));
    let isa = isa();
    let c = sizes.channels;
    let dx = Uninit::new(x.len());
    let images = sizes.images(x, |image, at| {
        let (mean, variance) = (sizes.row(mean, image), sizes.row(variance, image));
        let y = y.map(|y| &y[at.clone()]);
        let (x, dy) = (&x[at.clone()], &dy[at.clone()]);
        gradient_of(isa, x, y, dy, weight, mean, variance, epsilon, sizes, unsafe { dx.part(at) })
    });
    let (mut dweight, mut dbias) = (vec![0.0; c], vec![0.0; c]);
    for j in 0..c {
        dweight[j] = images.iter().map(|sums| sums[j]).sum::<f64>() as f32;
        dbias[j] = images.iter().map(|sums| sums[c + j]).sum::<f64>() as f32;
    }
    (dx.done(), dweight, dbias)
}

/// The gradient of one image: writes dx, and returns this image's share of the gradients of weight and bias, one after
/// the other.
#[allow(clippy::too_many_arguments, reason = "the operation's own")]
fn gradient_of(
    isa: Isa,
    x: &[f32],
    y: Option<&[f32]>,
    dy: &[f32],
    weight: &[f32],
    mean: &[f32],
    variance: &[f32],
    epsilon: f32,
    sizes: Groups,
    dx: &mut [f32],
) -> Vec<f64> {
    let c = sizes.channels;
    let about: Vec<f32> = (0..c).map(|j| mean[sizes.of(j)]).collect();
    let inverse = |j: usize| 1.0 / f64::from(variance[sizes.of(j)] + epsilon).sqrt();
    let mut parts = sums(isa, x, y, dy, &widen(&about), c);
    (0..c).for_each(|j| parts[j] *= inverse(j));
    // With h = (x − mean) / std, d = weight · dy and means over the group: dx = (d − mean(d) − h · mean(d · h)) / std,
    // which is linear in dy and x.
    let (mut of_h, mut of_one) = (vec![0.0; sizes.groups], vec![0.0; sizes.groups]);
    let n = (sizes.image / sizes.groups) as f64;
    for j in 0..c {
        of_h[sizes.of(j)] += f64::from(weight[j]) * parts[j] / n;
        of_one[sizes.of(j)] += f64::from(weight[j]) * parts[c + j] / n;
    }
    let mut factors = [vec![0.0; c], vec![0.0; c], vec![0.0; c]];
    for j in 0..c {
        let (group, inverse) = (sizes.of(j), inverse(j));
        let by_x = -inverse * inverse * of_h[group];
        factors[0][j] = (f64::from(weight[j]) * inverse) as f32;
        factors[1][j] = by_x as f32;
        factors[2][j] = (-inverse * of_one[group] - by_x * f64::from(mean[group])) as f32;
    }
    linear_of(isa, dy, y, x, &factors.map(|factor| widen(&factor)), dx);
    parts
}
