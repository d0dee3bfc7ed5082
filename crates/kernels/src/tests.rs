//! Tests of all kernels against naive loops in `f64`, on every instruction set of the machine and on one thread and
//! three.

use crate::group_norm2d::{self, Groups};
use crate::lanes::{self, Isa};
use crate::matmul::{Epilogue, Matrix, PackedRhs, matmul};
use crate::optimizer::{Adam, Sgd, adam, sgd};
use crate::{attention, cross_entropy, gelu, layer_norm, linear, math, norm2d, pool, project, relu};
use std::cell::Cell;

thread_local! {
    /// The instruction set of the kernels that are called on this thread.
    pub static ISA: Cell<Option<Isa>> = const { Cell::new(None) };
}

/// Every instruction set of this machine, the best one first.
pub fn instruction_sets() -> Vec<Isa> {
    match lanes::isa() {
        Isa::Avx512 => vec![Isa::Avx512, Isa::Avx2, Isa::Portable],
        Isa::Portable => vec![Isa::Portable],
        best => vec![best, Isa::Portable],
    }
}

/// Runs `test` on every instruction set of this machine, natively in pools of one thread and of three, and asserts that
/// both return the same bits.
fn everywhere(test: impl Fn() -> Vec<Vec<f32>> + Sync) {
    for isa in instruction_sets() {
        let [one, three] = [1, 3].map(|threads| {
            with_threads(threads, || {
                ISA.set(Some(isa));
                test()
            })
        });
        let bits = |all: Vec<Vec<f32>>| all.into_iter().flatten().map(f32::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(one), bits(three), "{isa:?}");
    }
}

#[cfg(not(target_arch = "wasm32"))]
/// Runs `test` in a pool of this many threads.
pub fn with_threads<R: Send>(threads: usize, test: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(test)
}

/// Runs `test`; the browser has one thread.
#[cfg(target_arch = "wasm32")]
pub fn with_threads<R>(_: usize, test: impl FnOnce() -> R) -> R {
    test()
}

/// `n` values between −1 and 1, a different sequence for every `seed`.
fn random(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) + 1;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / 8_388_608.0 - 1.0
    };
    (0..n).map(|_| next()).collect()
}

/// Asserts that every element is within `tolerance` times the largest expected element, or times 1 if that is less.
#[track_caller]
fn close(found: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    for (at, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (f64::from(*found) - expected).abs();
        assert!(off <= tolerance * largest, "at {at}: {found} for {expected}");
    }
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().copied().map(f64::from).collect()
}

/// `a [m, k] · b [k, n]`.
fn times(a: &[f64], b: &[f64], [m, k, n]: [usize; 3]) -> Vec<f64> {
    let mut y = vec![0.0; m * n];
    for i in 0..m {
        for l in 0..k {
            for j in 0..n {
                y[i * n + j] += a[i * k + l] * b[l * n + j];
            }
        }
    }
    y
}

fn transposed(a: &[f64], [m, n]: [usize; 2]) -> Vec<f64> {
    (0..n).flat_map(|j| (0..m).map(move |i| a[i * n + j])).collect()
}

/// The central difference quotient of `f` for each element of `x`.
fn slopes(x: &[f32], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-5;
    let mut x = wide(x);
    (0..x.len())
        .map(|i| {
            let here = x[i];
            let mut at = |x_i| {
                x[i] = x_i;
                f(&x)
            };
            let slope = (at(here + STEP) - at(here - STEP)) / (2.0 * STEP);
            x[i] = here;
            slope
        })
        .collect()
}

fn weighted(y: &[f64], by: &[f32]) -> f64 {
    y.iter().zip(by).map(|(y, by)| y * f64::from(*by)).sum()
}

#[test]
fn products_of_every_size() {
    everywhere(|| {
        let isa = crate::isa();
        let mut all = Vec::new();
        for [m, k, n] in [
            [1, 1, 1],
            [2, 3, 5],
            [5, 7, 13],
            [13, 2, 17],
            [7, 31, 31],
            [31, 13, 33],
            [17, 64, 65],
            [65, 65, 64],
            [64, 5, 10],
            [3, 17, 130],
        ] {
            let (a, b, bias) = (random(m * k, 1), random(k * n, 2), random(n, 3));
            let reference = times(&wide(&a), &wide(&b), [m, k, n]);
            // Both sides as they are and transposed; the rows of the result have a gap between them.
            let (transposed_a, transposed_b) = (transposed_f32(&a, [m, k]), transposed_f32(&b, [k, n]));
            let lefts = [Matrix::new(&a, [m, k], k), Matrix::new(&transposed_a, [k, m], m).transposed()];
            let rights = [Matrix::new(&b, [k, n], n), Matrix::new(&transposed_b, [n, k], k).transposed()];
            for left in lefts {
                for right in rights {
                    let panels = PackedRhs::new(isa, right);
                    let mut y = vec![9.0; (m - 1) * (n + 3) + n];
                    matmul(isa, left, &panels, &mut y, n + 3, Epilogue::default());
                    let rows: Vec<f32> = y.chunks(n + 3).flat_map(|row| row[..n].to_vec()).collect();
                    close(&rows, &reference, 1e-6);
                    assert!(y.chunks(n + 3).all(|row| row[n..].iter().all(|y| *y == 9.0)));

                    let epilogue = Epilogue { bias: Some(&bias), add: true, relu: true };
                    matmul(isa, left, &panels, &mut y, n + 3, epilogue);
                    let expected: Vec<f64> = (0..m * n)
                        .map(|i| (reference[i] + f64::from(bias[i % n]) + f64::from(rows[i])).max(0.0))
                        .collect();
                    let rows: Vec<f32> = y.chunks(n + 3).flat_map(|row| row[..n].to_vec()).collect();
                    close(&rows, &expected, 1e-6);
                    all.push(y);
                }
            }
        }
        all
    });
}

fn transposed_f32(a: &[f32], size: [usize; 2]) -> Vec<f32> {
    transposed(&wide(a), size).into_iter().map(|x| x as f32).collect()
}

#[test]
fn linear_layers() {
    everywhere(|| {
        let mut all = Vec::new();
        for [n, from, to] in
            [[1, 1, 1], [2, 7, 3], [64, 65, 10], [31, 64, 64], [17, 1, 5], [130, 17, 33], [1025, 5, 13], [1300, 31, 2]]
        {
            let size = [n, from, to];
            let (x, weight, bias) = (random(n * from, 1), random(from * to, 2), random(to, 3));
            let y = linear::forward(&x, &weight, Some(&bias), true, size);
            let mut expected = times(&wide(&x), &wide(&weight), size);
            expected.iter_mut().enumerate().for_each(|(i, y)| *y = (*y + f64::from(bias[i % to])).max(0.0));
            close(&y, &expected, 1e-6);
            let bare = linear::forward(&x, &weight, None, false, size);
            close(&bare, &times(&wide(&x), &wide(&weight), size), 1e-6);

            let dy = random(n * to, 4);
            for mask in [None, Some(&y[..])] {
                let d: Vec<f64> =
                    (0..n * to).map(|i| if mask.is_none_or(|y| y[i] > 0.0) { f64::from(dy[i]) } else { 0.0 }).collect();
                let dx = linear::input_gradient(&dy, &weight, mask, size);
                close(&dx, &times(&d, &transposed(&wide(&weight), [from, to]), [n, to, from]), 1e-6);
                let (dw, db) = linear::weight_gradient(&x, &dy, mask, size);
                close(&dw, &times(&transposed(&wide(&x), [n, from]), &d, [from, n, to]), 1e-6);
                close(&db, &times(&vec![1.0; n], &d, [1, n, to]), 1e-6);
                all.extend([dx, dw, db]);
            }
            all.extend([y, bare]);
        }
        all
    });
}

/// Mean and biased variance of the channels.
fn moments(x: &[f64], c: usize) -> (Vec<f64>, Vec<f64>) {
    let n = (x.len() / c) as f64;
    let mean: Vec<f64> = (0..c).map(|j| x.iter().skip(j).step_by(c).sum::<f64>() / n).collect();
    let square = |j: usize| x.iter().skip(j).step_by(c).map(|x| (x - mean[j]).powi(2)).sum::<f64>() / n;
    let variance = (0..c).map(square).collect();
    (mean, variance)
}

/// Batch normalisation, a residual input and a relu.
fn normalised(x: &[f64], residual: &[f64], weight: &[f64], bias: &[f64], moments: &(Vec<f64>, Vec<f64>)) -> Vec<f64> {
    let c = weight.len();
    (0..x.len())
        .map(|i| {
            let j = i % c;
            ((x[i] - moments.0[j]) / (moments.1[j] + 1e-5).sqrt() * weight[j] + bias[j] + residual[i]).max(0.0)
        })
        .collect()
}

#[test]
fn batch_norm() {
    everywhere(|| {
        let mut all = Vec::new();
        for (pixels, c) in [(2, 1), (5, 3), (13, 7), (31, 17), (65, 5), (7, 64), (4, 65)] {
            // A mean that is large compared with the deviation.
            let x: Vec<f32> = random(pixels * c, 1).iter().map(|x| x + 5.0).collect();
            let (residual, weight, bias) = (random(pixels * c, 2), random(c, 3), random(c, 4));
            let (mean, variance) = norm2d::statistics(&x, c);
            let expected = moments(&wide(&x), c);
            close(&mean, &expected.0, 1e-6);
            close(&variance, &expected.1, 1e-6);

            let (scale, shift) = norm2d::scale_and_shift(&weight, &bias, &mean, &variance, 1e-5);
            let y = norm2d::apply(&x, Some(&residual), &scale, &shift, true);
            let (r, w, b) = (wide(&residual), wide(&weight), wide(&bias));
            close(&y, &normalised(&wide(&x), &r, &w, &b, &expected), 1e-5);
            let bare = norm2d::apply(&x, None, &scale, &shift, false);
            let back: Vec<f32> = bare.iter().zip(&residual).map(|(y, residual)| (y + residual).max(0.0)).collect();
            assert_eq!(back, y);

            let dy = random(pixels * c, 5);
            let (dx, dweight, dbias) = norm2d::gradient_batch(&x, Some(&y), &dy, &weight, &mean, &variance, 1e-5);
            if pixels > 2 {
                let slope = slopes(&x, |x| weighted(&normalised(x, &r, &w, &b, &moments(x, c)), &dy));
                close(&dx, &slope, 2e-5);
            }
            let slope = slopes(&weight, |w| weighted(&normalised(&wide(&x), &r, w, &b, &expected), &dy));
            close(&dweight, &slope, 1e-5);
            let slope = slopes(&bias, |b| weighted(&normalised(&wide(&x), &r, &w, b, &expected), &dy));
            close(&dbias, &slope, 1e-5);
            let slope = slopes(&residual, |r| weighted(&normalised(&wide(&x), r, &w, &b, &expected), &dy));
            close(&relu::gradient(&dy, &y), &slope, 1e-5);

            let running = norm2d::gradient_running(&x, Some(&y), &dy, &weight, &mean, &variance, 1e-5);
            let slope = slopes(&x, |x| weighted(&normalised(x, &r, &w, &b, &expected), &dy));
            close(&running.0, &slope, 1e-5);
            assert_eq!((&running.1, &running.2), (&dweight, &dbias));
            let unmasked = norm2d::gradient_batch(&x, None, &dy, &weight, &mean, &variance, 1e-5);
            close(&unmasked.2, &times(&vec![1.0; pixels], &wide(&dy), [1, pixels, c]), 1e-6);
            all.extend([mean, variance, y, dx, dweight, dbias, running.0, unmasked.0]);
        }
        all
    });
}

/// Group normalisation, a residual input and a relu, from its definition.
fn group_normalised(x: &[f64], residual: &[f64], weight: &[f64], bias: &[f64], sizes: Groups) -> Vec<f64> {
    let Groups { image, channels, groups } = sizes;
    let group = |i: usize| (i / image, i % channels / (channels / groups));
    let moments = |at: (usize, usize)| {
        let all: Vec<f64> = (0..x.len()).filter(|i| group(*i) == at).map(|i| x[i]).collect();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        (mean, all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / all.len() as f64)
    };
    let all: Vec<Vec<_>> = (0..x.len() / image).map(|n| (0..groups).map(|g| moments((n, g))).collect()).collect();
    let element = |i: usize| {
        let ((n, g), j) = (group(i), i % channels);
        let (mean, variance) = all[n][g];
        ((x[i] - mean) / (variance + 1e-5).sqrt() * weight[j] + bias[j] + residual[i]).max(0.0)
    };
    (0..x.len()).map(element).collect()
}

#[test]
fn group_norm() {
    everywhere(|| {
        let mut all = Vec::new();
        for (n, pixels, channels, groups) in [(1, 2, 1, 1), (3, 5, 6, 3), (2, 4, 5, 1), (2, 9, 8, 8), (4, 3, 34, 2)] {
            let sizes = Groups { image: pixels * channels, channels, groups };
            let x: Vec<f32> = random(n * sizes.image, 1).iter().map(|x| x + 5.0).collect();
            let (residual, weight, bias) = (random(x.len(), 2), random(channels, 3), random(channels, 4));
            let (x64, r, w, b) = (wide(&x), wide(&residual), wide(&weight), wide(&bias));
            let (mean, variance) = group_norm2d::statistics(&x, sizes);
            let forward = |residual: Option<&[f32]>, relu| {
                group_norm2d::apply(&x, residual, &weight, &bias, &mean, &variance, 1e-5, relu, sizes)
            };
            let y = forward(Some(&residual), true);
            close(&y, &group_normalised(&x64, &r, &w, &b, sizes), 1e-5);
            let back: Vec<f32> = forward(None, false).iter().zip(&residual).map(|(y, r)| (y + r).max(0.0)).collect();
            assert_eq!(back, y);

            let dy = random(x.len(), 5);
            let gradient =
                |y: Option<&[f32]>| group_norm2d::gradient(&x, y, &dy, &weight, &mean, &variance, 1e-5, sizes);
            let (dx, dweight, dbias) = gradient(Some(&y));
            if pixels > 2 {
                close(&dx, &slopes(&x, |x| weighted(&group_normalised(x, &r, &w, &b, sizes), &dy)), 2e-5);
            }
            let slope = slopes(&weight, |w| weighted(&group_normalised(&x64, &r, w, &b, sizes), &dy));
            close(&dweight, &slope, 1e-5);
            close(&dbias, &slopes(&bias, |b| weighted(&group_normalised(&x64, &r, &w, b, sizes), &dy)), 1e-5);
            let unmasked = gradient(None);
            close(&unmasked.2, &times(&vec![1.0; n * pixels], &wide(&dy), [1, n * pixels, channels]), 1e-6);
            all.extend([mean, variance, y, dx, dweight, dbias, unmasked.0]);
        }
        all
    });
}

#[test]
fn statistics_of_many_blocks() {
    everywhere(|| {
        let (x, c) = (random(90_000 * 3, 1).iter().map(|x| x + 100.0).collect::<Vec<_>>(), 3);
        let (mean, variance) = norm2d::statistics(&x, c);
        let expected = moments(&wide(&x), c);
        close(&mean, &expected.0, 2e-7);
        close(&variance, &expected.1, 1e-6);
        let dy = random(x.len(), 2);
        let (dx, dweight, dbias) = norm2d::gradient_batch(&x, None, &dy, &[1.0; 3], &mean, &variance, 1e-5);
        close(&dbias, &times(&vec![1.0; 90_000], &wide(&dy), [1, 90_000, c]), 1e-6);
        vec![mean, variance, dx, dweight, dbias]
    });
}

#[test]
fn max_pooling() {
    everywhere(|| {
        let mut all = Vec::new();
        for size in [[1, 2, 2, 1], [2, 3, 5, 3], [3, 7, 4, 17], [2, 13, 13, 16], [17, 1, 5, 2], [1, 4, 1, 3]] {
            let [n, h, w, c] = size;
            // Few different values, so that some are equal.
            let x: Vec<f32> = random(n * h * w * c, 1).iter().map(|x| (x * 3.0).round()).collect();
            for relu in [false, true] {
                let (y, indices) = pool::forward(&x, relu, size);
                let dy = random(y.len(), 2);
                let mut dx = vec![0.0; x.len()];
                for (at, (y, index)) in y.iter().zip(&indices).enumerate() {
                    let (pixel, channel) = (at / c, at % c);
                    let (row, column) = (pixel / (w / 2), pixel % (w / 2));
                    let (image, row) = (row / (h / 2), row % (h / 2));
                    let four =
                        [0, 1, 2, 3].map(|k| ((image * h + 2 * row + k / 2) * w + 2 * column + k % 2) * c + channel);
                    let most = four.iter().map(|i| x[*i]).fold(f32::MIN, f32::max);
                    let first = four.iter().position(|i| x[*i] == most).unwrap();
                    let masked = relu && most <= 0.0;
                    assert_eq!(*y, if masked { 0.0 } else { most });
                    assert_eq!(usize::from(*index), if masked { 4 } else { first });
                    if !masked {
                        dx[four[first]] = dy[at];
                    }
                }
                assert_eq!(pool::gradient(&dy, &indices, size), dx);
                all.extend([y, dx]);
            }
        }
        all
    });
}

fn layer_normed(x: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let d = weight.len();
    let row = |x: &[f64]| {
        let mean = x.iter().sum::<f64>() / d as f64;
        let std = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / d as f64 + 1e-5).sqrt();
        (0..d).map(|j| (x[j] - mean) / std * weight[j] + bias[j]).collect::<Vec<_>>()
    };
    x.chunks(d).flat_map(row).collect()
}

#[test]
fn layer_norms() {
    everywhere(|| {
        let mut all = Vec::new();
        for (n, d) in [(1, 2), (3, 1), (5, 7), (2, 13), (17, 31), (3, 64), (2, 65)] {
            let (x, weight, bias, dy) = (random(n * d, 1), random(d, 2), random(d, 3), random(n * d, 4));
            let (y, mean, inverse) = layer_norm::forward(&x, &weight, &bias, 1e-5);
            let (x64, w, b) = (wide(&x), wide(&weight), wide(&bias));
            close(&y, &layer_normed(&x64, &w, &b), 2e-6);
            let (dx, dweight, dbias) = layer_norm::gradient(&x, &weight, &mean, &inverse, &dy);
            close(&dx, &slopes(&x, |x| weighted(&layer_normed(x, &w, &b), &dy)), 2e-5);
            close(&dweight, &slopes(&weight, |w| weighted(&layer_normed(&x64, w, &b), &dy)), 1e-5);
            close(&dbias, &slopes(&bias, |b| weighted(&layer_normed(&x64, &w, b), &dy)), 1e-5);
            all.extend([y, mean, inverse, dx, dweight, dbias]);
        }
        all
    });
}

/// Φ(x), from a series or from a continued fraction.
fn below(x: f64) -> f64 {
    let density = (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt();
    let a = x.abs();
    let share = if a < 3.0 {
        let (mut term, mut sum) = (a, a);
        for k in 1..80 {
            term *= a * a / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 - density * sum
    } else {
        let fraction = (1..200).rev().fold(a, |fraction, k| a + f64::from(k) / fraction);
        density / fraction
    };
    if x > 0.0 { 1.0 - share } else { share }
}

#[test]
fn exponential_and_normal() {
    for i in -87_000..=88_000 {
        let x = i as f32 / 1000.0;
        let expected = f64::from(x).exp();
        assert!((f64::from(math::exp(x)) / expected - 1.0).abs() < 2e-7, "exp {x}");
    }
    for i in -6000..=6000 {
        let x = i as f32 / 1000.0;
        let (found, density) = math::normal(x);
        assert!((f64::from(found) / below(f64::from(x)) - 1.0).abs() < 1.5e-6, "{x}: {found}");
        let expected = (-0.5 * f64::from(x).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
        assert!((f64::from(density) / expected - 1.0).abs() < 1.5e-6, "density {x}");
    }
    assert!(math::exp(f32::NAN).is_nan() && math::normal(f32::NAN).0.is_nan());
    assert_eq!((math::normal(40.0).0, math::normal(-40.0).0 < 1e-37), (1.0, true));
}

#[test]
fn gelus() {
    everywhere(|| {
        let mut all = Vec::new();
        for n in [1, 5, 31, 65, 3000] {
            let x: Vec<f32> = random(n, 1).iter().map(|x| x * 5.0).collect();
            let dy = random(n, 2);
            let f = |x: f64| x * below(x);
            let (y, dx) = (gelu::forward(&x), gelu::gradient(&x, &dy));
            let expected: Vec<f64> = wide(&x).into_iter().map(f).collect();
            y.iter().zip(&expected).for_each(|(y, e)| assert!((f64::from(*y) / e - 1.0).abs() < 1.5e-6));
            let slope = |(x, dy): (f64, f64)| dy * (f(x + 1e-5) - f(x - 1e-5)) / 2e-5;
            let expected: Vec<f64> = wide(&x).into_iter().zip(wide(&dy)).map(slope).collect();
            close(&dx, &expected, 1e-6);
            all.extend([y, dx]);
        }
        all
    });
}

fn attended(qkv: &[f64], [b, t, heads, d]: [usize; 4]) -> Vec<f64> {
    let at = |i: usize, row: usize, which: usize, head: usize, j: usize| {
        qkv[((i * t + row) * 3 + which) * heads * d + head * d + j]
    };
    let mut y = vec![0.0; b * t * heads * d];
    for i in 0..b {
        for head in 0..heads {
            for row in 0..t {
                let score = |key| (0..d).map(|j| at(i, row, 0, head, j) * at(i, key, 1, head, j)).sum::<f64>();
                let e: Vec<f64> = (0..t).map(|key| (score(key) / (d as f64).sqrt()).exp()).collect();
                let sum: f64 = e.iter().sum();
                for j in 0..d {
                    y[((i * t + row) * heads + head) * d + j] =
                        (0..t).map(|key| e[key] / sum * at(i, key, 2, head, j)).sum();
                }
            }
        }
    }
    y
}

#[test]
fn attentions() {
    everywhere(|| {
        let mut all = Vec::new();
        for size in [[1, 1, 1, 1], [2, 5, 3, 2], [3, 7, 2, 5], [1, 17, 1, 13], [1, 13, 1, 16]] {
            let [b, t, heads, d] = size;
            let qkv: Vec<f32> = random(b * t * 3 * heads * d, 1).iter().map(|x| x * 2.0).collect();
            let dy = random(b * t * heads * d, 2);
            let (y, probabilities) = attention::forward(&qkv, size);
            close(&y, &attended(&wide(&qkv), size), 2e-6);
            let dqkv = attention::gradient(&qkv, &probabilities, &dy, size);
            close(&dqkv, &slopes(&qkv, |qkv| weighted(&attended(qkv, size), &dy)), 1e-5);
            all.extend([y, probabilities, dqkv]);
        }
        for size in [[2, 64, 4, 16], [17, 65, 2, 16]] {
            let qkv = random(size.iter().product::<usize>() * 3, 3);
            let (y, probabilities) = attention::forward(&qkv, size);
            close(&y, &attended(&wide(&qkv), size), 2e-6);
            let dqkv = attention::gradient(&qkv, &probabilities, &y, size);
            all.extend([y, probabilities, dqkv]);
        }
        all
    });
}

#[test]
fn cross_entropies() {
    everywhere(|| {
        let mut all = Vec::new();
        let shapes = [(1, 1, false), (3, 2, false), (65, 10, false), (17, 31, false), (2000, 13, false)];
        for (n, c, odds) in shapes.into_iter().chain([(3, 2, true), (65, 10, true), (2000, 13, true)]) {
            let x: Vec<f32> = random(n * c, 1).iter().map(|x| x * 90.0).collect();
            let labels: Vec<i32> = (0..n).map(|i| (i * 7 % c) as i32).collect();
            let dloss = random(n, 2);
            let (losses, probabilities) = cross_entropy::forward(&x, &labels, c, odds);
            let dx = cross_entropy::gradient(&probabilities, &labels, &dloss, c);
            let (mut expected, mut slope) = (Vec::new(), Vec::new());
            for (i, x) in wide(&x).chunks(c).enumerate() {
                let label = labels[i] as usize;
                let is_in = |j: usize| !odds || j != label;
                let most = (0..c).filter(|j| is_in(*j)).map(|j| x[j]).fold(f64::MIN, f64::max);
                let share = |j: usize| if is_in(j) { (x[j] - most).exp() } else { 0.0 };
                let sum: f64 = (0..c).map(share).sum();
                expected.push(sum.ln() + most - x[label]);
                slope.extend((0..c).map(|j| f64::from(dloss[i]) * (share(j) / sum - f64::from(u8::from(j == label)))));
            }
            close(&losses, &expected, 1e-6);
            close(&dx, &slope, 1e-6);
            all.extend([losses, dx]);
        }
        all
    });
}

#[test]
#[should_panic = "the label 3 is none of 3 classes"]
fn label_that_is_no_class() {
    cross_entropy::forward(&[0.0; 6], &[0, 3], 3, false);
}

#[test]
#[should_panic = "the label -1 is none of 3 classes"]
fn label_below_zero() {
    cross_entropy::gradient(&[0.0; 3], &[-1], &[1.0], 3);
}

#[test]
fn adam_as_pytorch() {
    everywhere(|| {
        let mut all = Vec::new();
        for (n, decay, decoupled) in [(1, 0.0, false), (17, 0.1, false), (65, 0.1, true), (120_000, 0.0, false)] {
            let (lr, beta1, beta2, epsilon) = (0.01_f64, 0.9_f64, 0.999_f64, 1e-8_f64);
            let mut w = random(n, 1);
            let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
            let (mut w64, mut m64, mut v64) = (wide(&w), vec![0.0; n], vec![0.0; n]);
            for step in 1..=5 {
                let g = random(n, 1 + step as u64);
                let rates = Adam {
                    lr: lr as f32,
                    keep: [beta1 as f32, beta2 as f32],
                    take: [(1.0 - beta1) as f32, (1.0 - beta2) as f32],
                    corrections: [(1.0 - beta1.powi(step)) as f32, (1.0 - beta2.powi(step)) as f32],
                    epsilon: epsilon as f32,
                    decay: decay as f32,
                    decoupled,
                };
                adam(&mut w, &g, &mut m, &mut v, &rates);
                for i in 0..n {
                    let mut g = f64::from(g[i]);
                    if decoupled {
                        w64[i] *= 1.0 - lr * decay;
                    } else {
                        g += decay * w64[i];
                    }
                    m64[i] += (1.0 - beta1) * (g - m64[i]);
                    v64[i] = v64[i] * beta2 + (1.0 - beta2) * g * g;
                    let denominator = v64[i].sqrt() / (1.0 - beta2.powi(step)).sqrt() + epsilon;
                    w64[i] -= lr / (1.0 - beta1.powi(step)) * m64[i] / denominator;
                }
            }
            close(&w, &w64, 5e-7);
            close(&m, &m64, 5e-7);
            close(&v, &v64, 5e-7);
            all.extend([w, m, v]);
        }
        all
    });
}

#[test]
fn sgd_as_pytorch() {
    everywhere(|| {
        let mut all = Vec::new();
        for (n, momentum, decay) in [(1, 0.0, 0.0), (17, 0.9, 0.0), (65, 0.9, 0.1), (220_000, 0.0, 0.1)] {
            let mut w = random(n, 1);
            let mut velocity = vec![0.0; n];
            let (mut w64, mut velocity64) = (wide(&w), vec![0.0; n]);
            for step in 0..5 {
                let (g, first) = (random(n, 2 + step), step == 0);
                let with = (momentum != 0.0).then_some(&mut velocity[..]);
                sgd(&mut w, &g, with, &Sgd { lr: 0.1, momentum: momentum as f32, decay: decay as f32 });
                for i in 0..n {
                    let g = f64::from(g[i]) + decay * w64[i];
                    velocity64[i] = if first { g } else { momentum * velocity64[i] + g };
                    w64[i] -= 0.1 * velocity64[i];
                }
            }
            close(&w, &w64, 5e-7);
            all.push(w);
        }
        all
    });
}

#[test]
fn pgd_step_has_the_bits_of_its_parts() {
    everywhere(|| {
        let mut all = Vec::new();
        for n in [1, 7, 65, 220_000] {
            let center: Vec<f32> = random(n, 1).iter().map(|x| x.abs()).collect();
            let mut g = random(n, 2);
            g.iter_mut().step_by(5).for_each(|g| *g = 0.0);
            let (alpha, epsilon) = (0.007, 8.0 / 255.0);
            let start: Vec<f32> = center.iter().zip(random(n, 3)).map(|(c, r)| c + r * epsilon).collect();
            let mut x = start.clone();
            project::step(&mut x, &g, &center, alpha, epsilon);
            for i in 0..n {
                let sign = if g[i] == 0.0 { 0.0 } else { g[i].signum() };
                let step = start[i] + alpha * sign;
                let expected = step.max(center[i] - epsilon).min(center[i] + epsilon).clamp(0.0, 1.0);
                assert_eq!(x[i].to_bits(), expected.to_bits());
            }
            all.push(x);
        }
        all
    });
}
