//! Times of every kernel but the convolutions, at the sizes of the task networks: milliseconds, and GFLOP/s or GB/s,
//! the minimum of many runs.
//!
//! `cargo bench -p kernels --bench dense`, followed by words that a line must contain; `RAYON_NUM_THREADS=1` for one
//! thread.
#![allow(clippy::disallowed_methods, reason = "a clock, on a machine that has one")]

use kernels::optimizer::{Adam, Sgd, adam, sgd};
use kernels::{attention, cross_entropy, gelu, layer_norm, linear, norm2d, pool, project};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// How long each kernel is measured.
const EACH: Duration = Duration::from_millis(300);

fn values(n: usize) -> Vec<f32> {
    (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

struct Bench {
    only: Vec<String>,
}

impl Bench {
    /// `amount` is the number of operations or bytes of one run; the rate is printed in billions of `unit` per second.
    fn run<R>(&self, name: &str, amount: usize, unit: &str, mut kernel: impl FnMut() -> R) {
        if !self.only.iter().all(|only| name.contains(only)) {
            return;
        }
        let mut least = Duration::MAX;
        let begin = Instant::now();
        while begin.elapsed() < EACH {
            let start = Instant::now();
            black_box(kernel());
            least = least.min(start.elapsed());
        }
        let seconds = least.as_secs_f64();
        println!("{name:40} {:9.4} ms {:7.1} {unit}/s", seconds * 1e3, amount as f64 / seconds / 1e9);
    }
}

fn main() {
    let only = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let bench = Bench { only };

    for size in
        [[64, 64, 64], [64, 64, 10], [64, 1568, 10], [4096, 64, 192], [4096, 64, 64], [4096, 64, 128], [4096, 128, 64]]
    {
        let [n, from, to] = size;
        let (x, weight, bias, dy) = (values(n * from), values(from * to), values(to), values(n * to));
        let flops = 2 * n * from * to;
        let name = |what| format!("linear {what} {n}: {from} -> {to}");
        bench.run(&name("forward"), flops, "GFLOP", || linear::forward(&x, &weight, Some(&bias), false, size));
        bench.run(&name("dx"), flops, "GFLOP", || linear::input_gradient(&dy, &weight, None, size));
        bench.run(&name("dw"), flops, "GFLOP", || linear::weight_gradient(&x, &dy, None, size));
    }

    for size in [[64, 64, 4, 16], [64, 65, 4, 16]] {
        let [b, t, heads, d] = size;
        let qkv = values(b * t * 3 * heads * d);
        let (y, probabilities) = attention::forward(&qkv, size);
        let flops = 2 * b * t * t * heads * d;
        let name = |what| format!("attention {what} {b}x{t}, {heads} heads of {d}");
        bench.run(&name("forward"), 2 * flops, "GFLOP", || attention::forward(&qkv, size));
        bench.run(&name("gradient"), 4 * flops, "GFLOP", || attention::gradient(&qkv, &probabilities, &y, size));
    }

    let (n, d) = (4096, 64);
    let (x, weight, dy) = (values(n * d), values(d), values(n * d));
    let (_, mean, inverse) = layer_norm::forward(&x, &weight, &weight, 1e-5);
    let name = |what| format!("layer norm {what} {n}x{d}");
    bench.run(&name("forward"), 8 * n * d, "GB", || layer_norm::forward(&x, &weight, &weight, 1e-5));
    bench.run(&name("gradient"), 12 * n * d, "GB", || layer_norm::gradient(&x, &weight, &mean, &inverse, &dy));

    let n = 4096 * 128;
    let (x, dy) = (values(n), values(n));
    bench.run("gelu forward 4096x128", 8 * n, "GB", || gelu::forward(&x));
    bench.run("gelu gradient 4096x128", 12 * n, "GB", || gelu::gradient(&x, &dy));

    for [n, h, w, c] in [[64, 32, 32, 16], [64, 16, 16, 32], [64, 8, 8, 64], [64, 32, 32, 3]] {
        let count = n * h * w * c;
        let (x, dy, weight) = (values(count), values(count), values(c));
        let (mean, var) = norm2d::statistics(&x, c);
        let y = norm2d::apply(&x, Some(&dy), &weight, &weight, true);
        let name = |what| format!("norm {what} {n}x{h}x{w}x{c}");
        bench.run(&name("statistics"), 4 * count, "GB", || norm2d::statistics(&x, c));
        bench.run(&name("apply, relu"), 8 * count, "GB", || norm2d::apply(&x, None, &weight, &weight, true));
        bench.run(&name("apply, residual, relu"), 12 * count, "GB", || {
            norm2d::apply(&x, Some(&dy), &weight, &weight, true)
        });
        bench.run(&name("gradient batch"), 28 * count, "GB", || {
            norm2d::gradient_batch(&x, Some(&y), &dy, &weight, &mean, &var, 1e-5)
        });
        bench.run(&name("input gradient running"), 12 * count, "GB", || {
            norm2d::input_gradient_running(Some(&y), &dy, &weight)
        });
    }

    for size in [[64, 28, 28, 16], [64, 14, 14, 32]] {
        let [n, h, w, c] = size;
        let x = values(n * h * w * c);
        let (y, indices) = pool::forward(&x, true, size);
        let bytes = 4 * x.len() + 5 * y.len();
        let name = |what| format!("pool {what} {n}x{h}x{w}x{c}");
        bench.run(&name("forward"), bytes, "GB", || pool::forward(&x, true, size));
        bench.run(&name("gradient"), bytes, "GB", || pool::gradient(&y, &indices, size));
    }

    let (n, c) = (64, 10);
    let (x, labels) = (values(n * c), (0..n as i32).map(|i| i % 10).collect::<Vec<_>>());
    bench.run("cross entropy forward 64x10", 8 * n * c, "GB", || cross_entropy::forward(&x, &labels, c, false));

    let n = 50_000;
    let (g, center) = (values(n), values(n));
    let (mut w, mut m, mut v) = (values(n), vec![0.0; n], vec![0.0; n]);
    let (keep, take, corrections) = ([0.9, 0.999], [0.1, 0.001], [0.65, 0.01]);
    let setting = Adam { lr: 1e-3, keep, take, corrections, epsilon: 1e-8, decay: 0.0, decoupled: false };
    bench.run("adam 50000", 28 * n, "GB", || adam(&mut w, &g, &mut m, &mut v, &setting));
    let setting = Sgd { lr: 1e-3, momentum: 0.9, decay: 0.0 };
    bench.run("sgd 50000", 20 * n, "GB", || sgd(&mut w, &g, Some(&mut m), &setting));
    bench.run("pgd step 50000", 16 * n, "GB", || project::step(&mut w, &g, &center, 0.007, 0.03));
}
