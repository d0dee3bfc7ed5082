//! Times of the convolutions, the minimum of many runs: `cargo bench -p kernels --bench kernels`, followed by the names
//! of the shapes to measure.
#![allow(clippy::disallowed_methods, reason = "natively there is a clock")]

use kernels::conv::{self, Conv};
use kernels::{conv_pool, lanes};
use std::hint::black_box;
use std::time::Instant;

/// Square images: name, and side, inputs, outputs, kernel, stride, padding.
const CONVS: [(&str, [usize; 6]); 9] = [
    ("stem", [32, 3, 16, 3, 1, 1]),
    ("resnet", [32, 16, 16, 3, 1, 1]),
    ("resnet halving", [32, 16, 32, 3, 2, 1]),
    ("resnet", [16, 32, 32, 3, 1, 1]),
    ("resnet halving", [16, 32, 64, 3, 2, 1]),
    ("resnet", [8, 64, 64, 3, 1, 1]),
    ("shortcut", [32, 16, 32, 1, 2, 0]),
    ("shortcut", [16, 32, 64, 1, 2, 0]),
    ("gray", [28, 1, 16, 3, 1, 1]),
];
const CONV_POOLS: [(&str, [usize; 6]); 4] = [
    ("conv_pool", [28, 1, 16, 3, 1, 1]),
    ("conv_pool", [14, 16, 32, 3, 1, 1]),
    ("conv_pool", [32, 3, 16, 3, 1, 1]),
    ("conv_pool", [16, 16, 32, 3, 1, 1]),
];
const IMAGES: usize = 64;

fn least(mut run: impl FnMut()) -> f64 {
    let begun = Instant::now();
    let mut least = f64::MAX;
    while begun.elapsed().as_secs_f64() < 0.3 {
        let start = Instant::now();
        run();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

fn values(len: usize) -> Vec<f32> {
    let mut state = 1u32;
    let next = |state: &mut u32| {
        *state = state.wrapping_mul(1664525).wrapping_add(1013904223);
        (*state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next(&mut state)).collect()
}

fn bench(name: &str, [size, inputs, outputs, kernel, stride, pad]: [usize; 6], pooled: bool) {
    let conv = Conv { images: IMAGES, height: size, width: size, inputs, outputs, kernel, stride, pad };
    let x = values(IMAGES * size * size * inputs);
    let weight = values(outputs * inputs * kernel * kernel);
    let bias = values(outputs);
    let times = if pooled {
        let (y, indices) = conv_pool::forward(&x, &weight, Some(&bias), true, &conv);
        let dy = values(y.len());
        [
            least(|| drop(black_box(conv_pool::forward(&x, &weight, Some(&bias), true, &conv)))),
            least(|| drop(black_box(conv_pool::input_gradient(&dy, &indices, &weight, &conv)))),
            least(|| drop(black_box(conv_pool::weight_gradient(&x, &dy, &indices, &conv)))),
        ]
    } else {
        let y = conv::forward(&x, &weight, Some(&bias), false, &conv);
        let dy = values(y.len());
        [
            least(|| drop(black_box(conv::forward(&x, &weight, Some(&bias), false, &conv)))),
            least(|| drop(black_box(conv::input_gradient(&dy, None, &weight, &conv)))),
            least(|| drop(black_box(conv::weight_gradient(&x, &dy, None, &conv)))),
        ]
    };
    let flops = (2 * IMAGES * conv.out_height() * conv.out_width() * weight.len()) as f64;
    let shape = format!("{name} {size}x{size} {inputs}->{outputs}, {kernel}x{kernel}/{stride}");
    print!("{shape:34}");
    for time in times {
        print!("{:9.3} ms {:6.1} GF/s", time * 1e3, flops / time / 1e9);
    }
    println!();
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    for threads in [1, all] {
        println!("{IMAGES} images, {:?}, threads: {threads}", lanes::isa());
        println!("{:34}{:>23}{:>24}{:>24}", "", "forward", "input gradient", "weight gradient");
        let run = || {
            for (name, sizes) in
                CONV_POOLS.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name))
            {
                bench(name, sizes, true);
            }
            for (name, sizes) in
                CONVS.into_iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name))
            {
                bench(name, sizes, false);
            }
        };
        rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads").install(run);
    }
}
