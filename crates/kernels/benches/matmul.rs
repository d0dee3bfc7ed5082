//! Our matrix products and convolutions against the crates `gemm` and `matrixmultiply`, on the shapes of the networks
//! conv, mlp, vit and resnet in `tests/bench`, with batches of 64, on one thread:
//! `cargo bench -p kernels --features compare --bench matmul`, followed by words that a line must contain.
//!
//! A linear layer and the products of attention are the same product on all three sides; ours includes packing its
//! right-hand side. The weight gradient of a linear layer comes with the bias gradient, which is ours on all three
//! sides, as the crates have none. A convolution is ours as a whole (direct or Winograd, with the zero padding and the
//! packing of the weights) against im2col, the product, and col2im for the input gradient; the last two columns have
//! the product alone, on an im2col matrix that exists already.
//!
//! A machine may be busy with other work. So the sides take turns within one run, a round is one call of each (or
//! several, if a call is short), and the times are medians over all rounds. A ratio is the median over the rounds of
//! their time / our time: above 1 ours is faster.
#![allow(clippy::disallowed_methods, reason = "natively there is a clock")]

use kernels::conv::{self, Conv};
use kernels::lanes::{Isa, isa};
use kernels::matmul::{Epilogue, Matrix, PackedRhs, matmul};
use kernels::{column_sums, linear};
use std::hint::black_box;
use std::time::Instant;

/// Seconds that each line is measured.
const EACH: f64 = 1.0;
/// Rounds of a line at least, however long they take.
const ROUNDS: usize = 15;
/// Calls are repeated within a round until they take about as many seconds.
const SAMPLE: f64 = 5e-5;

/// Images of a batch.
const IMAGES: usize = 64;

/// Network, and rows, inputs and outputs of a linear layer.
const LINEAR: [(&str, [usize; 3]); 8] = [
    ("mlp", [64, 64, 64]),
    ("mlp", [64, 64, 10]),
    ("conv", [64, 1568, 10]),
    ("vit", [4096, 48, 64]),
    ("vit", [4096, 64, 192]),
    ("vit", [4096, 64, 64]),
    ("vit", [4096, 64, 128]),
    ("vit", [4096, 128, 64]),
];

/// Network, and side of the image, inputs, outputs, kernel, stride and padding of a convolution.
const CONV: [(&str, [usize; 6]); 7] = [
    ("conv", [28, 1, 16, 3, 1, 1]),
    ("conv", [14, 16, 32, 3, 1, 1]),
    ("resnet", [32, 3, 16, 3, 1, 1]),
    ("resnet", [32, 16, 16, 3, 1, 1]),
    ("resnet", [32, 16, 32, 3, 2, 1]),
    ("resnet", [16, 32, 32, 3, 1, 1]),
    ("resnet", [8, 64, 64, 3, 1, 1]),
];

/// The factors of a product `[m, k] · [k, n]`, each with its row and column stride.
#[derive(Clone, Copy)]
struct Product<'a> {
    size: [usize; 3],
    a: (&'a [f32], [usize; 2]),
    b: (&'a [f32], [usize; 2]),
}

impl<'a> Product<'a> {
    /// Of row-major matrices, either of which may be the transpose of what is stored.
    fn new([m, k, n]: [usize; 3], a: &'a [f32], a_transposed: bool, b: &'a [f32], b_transposed: bool) -> Self {
        let strides = |rows, columns, transposed| if transposed { [1, rows] } else { [columns, 1] };
        assert!(a.len() == m * k && b.len() == k * n);
        Self { size: [m, k, n], a: (a, strides(m, k, a_transposed)), b: (b, strides(k, n, b_transposed)) }
    }
}

/// `y` = `a · b` by the crate `gemm`.
fn by_gemm(product: &Product, y: &mut [f32]) {
    let [m, k, n] = product.size;
    let ((a, [a_row, a_column]), (b, [b_row, b_column])) = (product.a, product.b);
    assert!(y.len() == m * n);
    let strides = [1, n, a_column, a_row, b_column, b_row].map(|stride| stride as isize);
    // SAFETY: the strides stay within the slices.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            y.as_mut_ptr(),
            strides[0],
            strides[1],
            false,
            a.as_ptr(),
            strides[2],
            strides[3],
            b.as_ptr(),
            strides[4],
            strides[5],
            0.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// `y` = `a · b` by the crate `matrixmultiply`.
fn by_matrixmultiply(product: &Product, y: &mut [f32]) {
    let [m, k, n] = product.size;
    let ((a, [a_row, a_column]), (b, [b_row, b_column])) = (product.a, product.b);
    assert!(y.len() == m * n);
    let strides = [a_row, a_column, b_row, b_column, n, 1].map(|stride| stride as isize);
    // SAFETY: the strides stay within the slices.
    unsafe {
        matrixmultiply::sgemm(
            m,
            k,
            n,
            1.0,
            a.as_ptr(),
            strides[0],
            strides[1],
            b.as_ptr(),
            strides[2],
            strides[3],
            0.0,
            y.as_mut_ptr(),
            strides[4],
            strides[5],
        );
    }
}

/// `n` values between −1 and 1.
fn values(n: usize) -> Vec<f32> {
    (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Bench {
    words: Vec<String>,
    /// The smallest ratio to the faster library so far, and its line.
    worst: (f64, String),
}

impl Bench {
    /// Measures `sides`, ours first, then pairs of gemm and matrixmultiply, and prints one line.
    fn run(&mut self, name: &str, flops: usize, sides: &mut [&mut dyn FnMut()]) {
        if !self.words.iter().all(|word| name.contains(word)) {
            return;
        }
        let repeats: Vec<usize> = sides
            .iter_mut()
            .map(|side| {
                side();
                let start = Instant::now();
                side();
                (SAMPLE / start.elapsed().as_secs_f64()).ceil() as usize
            })
            .collect();
        let mut times = vec![Vec::new(); sides.len()];
        let begin = Instant::now();
        while times[0].len() < ROUNDS || begin.elapsed().as_secs_f64() < EACH {
            // Another side begins each round, so that none always follows the same one.
            let round = times[0].len();
            for i in 0..sides.len() {
                let at = (round + i) % sides.len();
                let start = Instant::now();
                for _ in 0..repeats[at] {
                    sides[at]();
                }
                times[at].push(start.elapsed().as_secs_f64() / repeats[at] as f64);
            }
        }
        let ratio =
            |side: usize| median(times[side].iter().zip(&times[0]).map(|(theirs, ours)| theirs / ours).collect());
        let ours = median(times[0].clone());
        print!("{name:44} {:9.4} {:6.1}", ours * 1e3, flops as f64 / ours / 1e9);
        for side in 1..sides.len() {
            print!(" {:8.2}", ratio(side));
        }
        println!();
        let faster = ratio(1).min(ratio(2));
        if faster < self.worst.0 {
            self.worst = (faster, name.to_string());
        }
    }

    fn linear(&mut self, network: &str, size: [usize; 3]) {
        let [n, from, to] = size;
        let (x, weight, dy) = (values(n * from), values(from * to), values(n * to));
        let name = |what| format!("{network} linear {n}: {from} -> {to}, {what}");
        let mut ours = || drop(black_box(linear::forward(&x, &weight, None, false, size)));
        self.product(&name("forward"), Product::new([n, from, to], &x, false, &weight, false), &mut ours, || ());
        let mut ours = || drop(black_box(linear::input_gradient(&dy, &weight, None, size)));
        self.product(&name("dx"), Product::new([n, to, from], &dy, false, &weight, true), &mut ours, || ());
        let mut ours = || drop(black_box(linear::weight_gradient(&x, &dy, None, size)));
        let bias = || drop(black_box(column_sums::sums(isa(), &dy, to)));
        self.product(&name("dw"), Product::new([from, n, to], &x, true, &dy, false), &mut ours, bias);
    }

    /// Query · keyᵀ and probabilities · value of one head.
    fn attention(&mut self, network: &str, [t, d]: [usize; 2]) {
        let isa = isa();
        let (q, k, p) = (values(t * d), values(t * d), values(t * t));
        let mut y = vec![0.0; t * t];
        let mut ours = || {
            let keys = PackedRhs::new(isa, Matrix::new(&k, [t, d], d).transposed());
            matmul(isa, Matrix::new(&q, [t, d], d), &keys, &mut y, t, Epilogue::default());
            black_box(&y);
        };
        let product = Product::new([t, d, t], &q, false, &k, true);
        self.product(&format!("{network} attention, q·kᵀ {t} × {d} × {t}"), product, &mut ours, || ());
        let mut y = vec![0.0; t * d];
        let mut ours = || {
            let values = PackedRhs::new(isa, Matrix::new(&k, [t, d], d));
            matmul(isa, Matrix::new(&p, [t, t], t), &values, &mut y, d, Epilogue::default());
            black_box(&y);
        };
        let product = Product::new([t, t, d], &p, false, &k, false);
        self.product(&format!("{network} attention, p·v {t} × {t} × {d}"), product, &mut ours, || ());
    }

    /// The same product on all three sides. The libraries allocate their result as ours does, and then do `more`.
    fn product(&mut self, name: &str, product: Product, ours: &mut dyn FnMut(), more: impl Fn()) {
        let [m, k, n] = product.size;
        let more = &more;
        let by = |run: fn(&Product, &mut [f32])| {
            move || {
                let mut y = vec![0.0; m * n];
                run(&product, &mut y);
                black_box(y);
                more();
            }
        };
        let (mut gemm, mut other) = (by(by_gemm), by(by_matrixmultiply));
        self.run(name, 2 * m * k * n, &mut [ours, &mut gemm, &mut other]);
    }

    /// Ours beside the whole of what the other crates do, and beside their product alone.
    fn compare(
        &mut self,
        name: &str,
        flops: usize,
        ours: &dyn Fn(),
        [gemm, other]: [&dyn Fn() -> Vec<f32>; 2],
        product: &Product,
    ) {
        let [m, _, n] = product.size;
        let (mut y, mut y2) = (vec![0.0; m * n], vec![0.0; m * n]);
        self.run(
            name,
            flops,
            &mut [
                &mut || ours(),
                &mut || drop(black_box(gemm())),
                &mut || drop(black_box(other())),
                &mut || by_gemm(product, &mut y),
                &mut || by_matrixmultiply(product, &mut y2),
            ],
        );
    }

    fn conv(&mut self, network: &str, [side, inputs, outputs, kernel, stride, pad]: [usize; 6]) {
        let conv = Conv { images: IMAGES, height: side, width: side, inputs, outputs, kernel, stride, pad };
        let pixels = IMAGES * conv.out_height() * conv.out_width();
        let depth = kernel * kernel * inputs;
        let (x, weight) = (values(IMAGES * side * side * inputs), values(outputs * depth));
        let dy = values(pixels * outputs);
        let patches = im2col(&x, &conv);
        let reordered = in_patch_order(&weight, &conv);
        let name = |what| format!("{network} conv {side}²: {inputs} -> {outputs}, {kernel}²/{stride}, {what}");
        let flops = 2 * pixels * depth * outputs;

        let sized = [pixels, depth, outputs];
        let forward = |run: fn(&Product, &mut [f32])| {
            let (x, weight, conv) = (&x, &reordered, &conv);
            move || {
                let patches = im2col(x, conv);
                let mut y = vec![0.0; pixels * outputs];
                run(&Product::new(sized, &patches, false, weight, false), &mut y);
                y
            }
        };
        let product = Product::new(sized, &patches, false, &reordered, false);
        let ours = || conv::forward(&x, &weight, None, false, &conv);
        let theirs: [&dyn Fn() -> Vec<f32>; 2] = [&forward(by_gemm), &forward(by_matrixmultiply)];
        agree(&ours(), theirs);
        self.compare(&name("forward"), flops, &|| drop(black_box(ours())), theirs, &product);

        let sized = [pixels, outputs, depth];
        let input_gradient = |run: fn(&Product, &mut [f32])| {
            let (dy, weight, conv) = (&dy, &reordered, &conv);
            move || {
                let mut patches = vec![0.0; pixels * depth];
                run(&Product::new(sized, dy, false, weight, true), &mut patches);
                col2im(&patches, conv)
            }
        };
        let product = Product::new(sized, &dy, false, &reordered, true);
        let ours = || conv::input_gradient(&dy, None, &weight, &conv);
        let theirs: [&dyn Fn() -> Vec<f32>; 2] = [&input_gradient(by_gemm), &input_gradient(by_matrixmultiply)];
        agree(&ours(), theirs);
        self.compare(&name("dx"), flops, &|| drop(black_box(ours())), theirs, &product);

        let sized = [depth, pixels, outputs];
        let weight_gradient = |run: fn(&Product, &mut [f32])| {
            let (x, dy, conv) = (&x, &dy, &conv);
            move || {
                let patches = im2col(x, conv);
                let mut dw = vec![0.0; depth * outputs];
                run(&Product::new(sized, &patches, true, dy, false), &mut dw);
                dw
            }
        };
        let product = Product::new(sized, &patches, true, &dy, false);
        let theirs: [&dyn Fn() -> Vec<f32>; 2] = [&weight_gradient(by_gemm), &weight_gradient(by_matrixmultiply)];
        // The order of the weights is not part of our time: theirs stay in the patches' order as well.
        agree(&in_patch_order(&conv::weight_gradient(&x, &dy, None, &conv).0, &conv), theirs);
        let ours = || drop(black_box(conv::weight_gradient(&x, &dy, None, &conv)));
        self.compare(&name("dw"), flops, &ours, theirs, &product);
    }
}

/// Calls `visit` with the elements of every run of pixels that lies inside the image: its range in the images, and its
/// start in the patches `[image, pixel, kernel row, kernel column, channel]`.
fn runs(conv: &Conv, mut visit: impl FnMut(std::ops::Range<usize>, usize)) {
    let (c, kernel) = (conv.inputs, conv.kernel);
    let mut patch = 0;
    for image in 0..conv.images {
        for y in 0..conv.out_height() {
            for x in 0..conv.out_width() {
                let left = (x * conv.stride).max(conv.pad) - conv.pad;
                let right = (x * conv.stride + kernel - conv.pad).min(conv.width);
                for row in 0..kernel {
                    let image_row = y * conv.stride + row;
                    if image_row >= conv.pad && image_row < conv.height + conv.pad {
                        let start = ((image * conv.height + image_row - conv.pad) * conv.width + left) * c;
                        let skipped = left + conv.pad - x * conv.stride;
                        visit(start..start + (right - left) * c, patch + (row * kernel + skipped) * c);
                    }
                }
                patch += kernel * kernel * c;
            }
        }
    }
}

/// Weights `[out, in, k, k]` in the order of a patch, `[k, k, in, out]`.
fn in_patch_order(weight: &[f32], conv: &Conv) -> Vec<f32> {
    let (inputs, outputs, places) = (conv.inputs, conv.outputs, conv.kernel * conv.kernel);
    let at = |i: usize| (i % outputs * inputs + i / outputs % inputs) * places + i / outputs / inputs;
    (0..weight.len()).map(|i| weight[at(i)]).collect()
}

/// Asserts that all sides computed the same thing.
fn agree(ours: &[f32], theirs: [&dyn Fn() -> Vec<f32>; 2]) {
    let largest = ours.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
    for theirs in theirs.map(|run| run()) {
        assert_eq!(ours.len(), theirs.len());
        let error = ours.iter().zip(&theirs).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(error <= 1e-4 * largest, "the sides differ by {error} of {largest}");
    }
}

/// The patches of `x` that the kernel covers, one row per output pixel.
fn im2col(x: &[f32], conv: &Conv) -> Vec<f32> {
    let pixels = conv.images * conv.out_height() * conv.out_width();
    let mut patches = vec![0.0; pixels * conv.kernel * conv.kernel * conv.inputs];
    runs(conv, |from, to| patches[to..to + from.len()].copy_from_slice(&x[from]));
    patches
}

/// The transpose of [`im2col`].
fn col2im(patches: &[f32], conv: &Conv) -> Vec<f32> {
    let mut x = vec![0.0; conv.images * conv.height * conv.width * conv.inputs];
    runs(conv, |to, from| x[to.clone()].iter_mut().zip(&patches[from..from + to.len()]).for_each(|(x, p)| *x += p));
    x
}

fn main() {
    let words = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let mut bench = Bench { words, worst: (f64::INFINITY, String::new()) };
    assert!(isa() != Isa::Portable, "this machine has no vectors that the kernels know");
    println!("{:?}, one thread", isa());
    println!("{:44} {:>9} {:>6} {:>8} {:>8} {:>17}", "", "ours, ms", "GF/s", "gemm", "matrixm.", "products alone");
    let run = || {
        LINEAR.into_iter().for_each(|(network, size)| bench.linear(network, size));
        bench.attention("vit", [64, 16]);
        CONV.into_iter().for_each(|(network, sizes)| bench.conv(network, sizes));
        println!("least ratio to the faster library: {:.2}, {}", bench.worst.0, bench.worst.1);
    };
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("one thread").install(run);
}
