//! Attention on graphics devices: one thread per query of a head forward, per query and per key backward.

use super::Attention;
use crate::cube::{empty, empty_like, row_major, shape, threads};
use burn::backend::tensor::FloatTensor;
use burn::tensor::DType;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};
use cubecl::prelude::*;

/// Sizes that a kernel is compiled for: tokens, heads, and elements of one head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Sizes {
    t: usize,
    heads: usize,
    d: usize,
}

/// The offset of the query (0), key (1) or value (2) of token `token` of image `n` for one head.
#[cube]
fn part(n: usize, token: usize, head: usize, #[comptime] which: usize, #[comptime] sizes: Sizes) -> usize {
    let (t, heads, d) = comptime!((sizes.t, sizes.heads, sizes.d));
    (n * t + token) * comptime!(3 * heads * d) + comptime!(which * heads * d) + head * d
}

/// The token, the head and the image of this thread.
#[cube]
fn own(#[comptime] sizes: Sizes) -> (usize, usize, usize) {
    let (t, heads) = comptime!((sizes.t, sizes.heads));
    (ABSOLUTE_POS % t, ABSOLUTE_POS / t % heads, ABSOLUTE_POS / comptime!(t * heads))
}

/// One query of one head: the softmax over all keys, and the weighted sum of the values.
#[cube(launch_unchecked)]
fn forward(qkv: &[f32], y: &mut [f32], softmax: &mut [f32], threads: usize, #[comptime] sizes: Sizes) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (t, heads, d) = comptime!((sizes.t, sizes.heads, sizes.d));
    let (i, head, n) = own(sizes);
    let row = ABSOLUTE_POS * t;
    let scale = f32::cast_from(d.runtime()).sqrt();
    let mut query = Array::<f32>::new(d);
    let mut sums = Array::<f32>::new(d);
    let from = part(n, i, head, 0usize, sizes);
    #[unroll]
    for k in 0..d {
        query[k] = qkv[from + k] / scale;
        sums[k] = 0.0f32;
    }
    let mut most = f32::new(-3.0e38);
    for j in 0..t {
        let key = part(n, j, head, 1usize, sizes);
        let mut score = 0.0f32;
        #[unroll]
        for k in 0..d {
            score += query[k] * qkv[key + k];
        }
        softmax[row + j] = score;
        most = max(most, score);
    }
    let mut all = 0.0f32;
    for j in 0..t {
        let weight = (softmax[row + j] - most).exp();
        softmax[row + j] = weight;
        all += weight;
    }
    for j in 0..t {
        let weight = softmax[row + j] / all;
        softmax[row + j] = weight;
        let value = part(n, j, head, 2usize, sizes);
        #[unroll]
        for k in 0..d {
            sums[k] += weight * qkv[value + k];
        }
    }
    let to = (n * t + i) * comptime!(heads * d) + head * d;
    #[unroll]
    for k in 0..d {
        y[to + k] = sums[k];
    }
}

/// One query of one head: the gradient of its scores (divided by √d), and the gradient of the query.
#[cube(launch_unchecked)]
fn query_gradient(
    dy: &[f32],
    qkv: &[f32],
    softmax: &[f32],
    dscores: &mut [f32],
    dx: &mut [f32],
    threads: usize,
    #[comptime] sizes: Sizes,
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (t, heads, d) = comptime!((sizes.t, sizes.heads, sizes.d));
    let (i, head, n) = own(sizes);
    let row = ABSOLUTE_POS * t;
    let scale = f32::cast_from(d.runtime()).sqrt();
    let mut g = Array::<f32>::new(d);
    let mut sums = Array::<f32>::new(d);
    let from = (n * t + i) * comptime!(heads * d) + head * d;
    #[unroll]
    for k in 0..d {
        g[k] = dy[from + k];
        sums[k] = 0.0f32;
    }
    let mut mean = 0.0f32;
    for j in 0..t {
        let value = part(n, j, head, 2usize, sizes);
        let mut slope = 0.0f32;
        #[unroll]
        for k in 0..d {
            slope += g[k] * qkv[value + k];
        }
        dscores[row + j] = slope;
        mean += softmax[row + j] * slope;
    }
    for j in 0..t {
        let slope = softmax[row + j] * (dscores[row + j] - mean) / scale;
        dscores[row + j] = slope;
        let key = part(n, j, head, 1usize, sizes);
        #[unroll]
        for k in 0..d {
            sums[k] += slope * qkv[key + k];
        }
    }
    let to = part(n, i, head, 0usize, sizes);
    #[unroll]
    for k in 0..d {
        dx[to + k] = sums[k];
    }
}

/// The gradients of one key and of its value, summed over all queries of the head.
#[cube(launch_unchecked)]
fn key_gradient(
    dy: &[f32],
    qkv: &[f32],
    softmax: &[f32],
    dscores: &[f32],
    dx: &mut [f32],
    threads: usize,
    #[comptime] sizes: Sizes,
) {
    if ABSOLUTE_POS >= threads {
        terminate!();
    }
    let (t, heads, d) = comptime!((sizes.t, sizes.heads, sizes.d));
    let (j, head, n) = own(sizes);
    let rows = (ABSOLUTE_POS - j) * t;
    let mut keys = Array::<f32>::new(d);
    let mut values = Array::<f32>::new(d);
    #[unroll]
    for k in 0..d {
        keys[k] = 0.0f32;
        values[k] = 0.0f32;
    }
    for i in 0..t {
        let (slope, weight) = (dscores[rows + i * t + j], softmax[rows + i * t + j]);
        let query = part(n, i, head, 0usize, sizes);
        let from = (n * t + i) * comptime!(heads * d) + head * d;
        #[unroll]
        for k in 0..d {
            keys[k] += slope * qkv[query + k];
            values[k] += weight * dy[from + k];
        }
    }
    let (key, value) = (part(n, j, head, 1usize, sizes), part(n, j, head, 2usize, sizes));
    #[unroll]
    for k in 0..d {
        dx[key + k] = keys[k];
        dx[value + k] = values[k];
    }
}

fn sizes(qkv: &CubeTensor, heads: usize) -> (usize, Sizes) {
    let [n, t, all] = shape(qkv);
    (n, Sizes { t, heads, d: all / (3 * heads) })
}

impl Attention for CubeBackend {
    fn attention_forward(qkv: FloatTensor<Self>, heads: usize) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let qkv = row_major(qkv);
        let (n, sizes @ Sizes { t, d, .. }) = sizes(&qkv, heads);
        let (y, softmax) = (empty(&qkv, [n, t, heads * d], DType::F32), empty(&qkv, [n, heads, t, t], DType::F32));
        let all = n * heads * t;
        let (count, dim) = threads(&qkv, all);
        // SAFETY: threads from `all` on stop.
        unsafe {
            forward::launch_unchecked(
                &y.client,
                count,
                dim,
                qkv.into_buffer_arg(),
                y.clone().into_buffer_arg(),
                softmax.clone().into_buffer_arg(),
                all,
                sizes,
            );
        }
        (y, softmax)
    }

    fn attention_dx(
        dy: FloatTensor<Self>,
        qkv: FloatTensor<Self>,
        softmax: FloatTensor<Self>,
        heads: usize,
    ) -> FloatTensor<Self> {
        let (dy, qkv) = (row_major(dy), row_major(qkv));
        let (n, sizes) = sizes(&qkv, heads);
        let (dscores, dx) = (empty_like(&softmax), empty_like(&qkv));
        let all = n * heads * sizes.t;
        let (count, dim) = threads(&qkv, all);
        let arg = |x: &CubeTensor| x.clone().into_buffer_arg();
        let [of_dy, of_qkv, of_softmax, of_dscores, of_dx] = [&dy, &qkv, &softmax, &dscores, &dx].map(arg);
        // SAFETY: as above.
        unsafe {
            query_gradient::launch_unchecked(
                &qkv.client,
                count.clone(),
                dim,
                of_dy,
                of_qkv,
                of_softmax,
                of_dscores,
                of_dx,
                all,
                sizes,
            );
            let [of_dy, of_qkv, of_softmax, of_dscores, of_dx] = [&dy, &qkv, &softmax, &dscores, &dx].map(arg);
            key_gradient::launch_unchecked(
                &qkv.client,
                count,
                dim,
                of_dy,
                of_qkv,
                of_softmax,
                of_dscores,
                of_dx,
                all,
                sizes,
            );
        }
        dx
    }
}
