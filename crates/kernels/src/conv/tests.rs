//! Tests against naive loops in `f64`, over odd sizes and on every instruction set of the machine.

use super::*;
use crate::conv_pool;
use crate::tests::{instruction_sets, with_threads};

/// Largest error, relative to the sum of the absolute products.
const TOLERANCE: f64 = 2e-6;

/// A small random number generator (xorshift), the same sequence in every run.
struct Samples(u64);

impl Samples {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }

    fn one_of(&mut self, all: &[usize]) -> usize {
        all[self.next() as usize % all.len()]
    }

    /// Values between -1 and 1; there are only 33 different ones, so that maxima are tied.
    fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| (self.next() % 33) as f32 / 16.0 - 1.0).collect()
    }

    fn conv(&mut self, stride: usize) -> Conv {
        loop {
            let conv = Conv {
                images: self.one_of(&[1, 2, 17]),
                height: self.one_of(&[1, 2, 5, 7, 13]),
                width: self.one_of(&[1, 2, 5, 7, 13]),
                inputs: self.one_of(&[1, 2, 3, 5, 8, 16, 17, 32, 33]),
                outputs: self.one_of(&[1, 2, 3, 5, 8, 16, 17, 32, 33, 36]),
                kernel: self.one_of(&[1, 2, 3, 3, 5]),
                stride,
                pad: self.one_of(&[0, 1, 2]),
            };
            let fits = conv.height.min(conv.width) + 2 * conv.pad >= conv.kernel;
            if fits && conv.work() < 600_000 {
                return conv;
            }
        }
    }
}

/// A sum, and the sum of the absolute values of its terms.
#[derive(Clone, Copy, Default)]
struct Sum(f64, f64);

impl Sum {
    fn add(&mut self, term: f64) {
        self.0 += term;
        self.1 += term.abs();
    }
}

#[track_caller]
fn near(found: &[f32], wanted: &[Sum], what: &str) {
    assert_eq!(found.len(), wanted.len(), "{what}");
    for (at, (&found, &Sum(wanted, size))) in found.iter().zip(wanted).enumerate() {
        let error = (f64::from(found) - wanted).abs();
        assert!(error <= TOLERANCE * size.max(1e-3), "{what}: {found} is not {wanted} at {at}");
    }
}

/// Calls `visit` with the indices of every product: in `x`, in the weights and in the result.
fn products(conv: &Conv, mut visit: impl FnMut(usize, usize, usize)) {
    let (height, width) = (conv.out_height(), conv.out_width());
    for image in 0..conv.images {
        for (oy, ox) in (0..height).flat_map(|oy| (0..width).map(move |ox| (oy, ox))) {
            conv.each_weight(|output, input, row, column| {
                let (y, x) = (oy * conv.stride + row, ox * conv.stride + column);
                let inside = |at: usize, size: usize| (conv.pad..conv.pad + size).contains(&at);
                if inside(y, conv.height) && inside(x, conv.width) {
                    let x = ((image * conv.height + y - conv.pad) * conv.width + x - conv.pad) * conv.inputs + input;
                    let weight = ((output * conv.inputs + input) * conv.kernel + row) * conv.kernel + column;
                    visit(x, weight, ((image * height + oy) * width + ox) * conv.outputs + output);
                }
            });
        }
    }
}

fn reference_forward(x: &[f32], weight: &[f32], bias: Option<&[f32]>, conv: &Conv) -> Vec<Sum> {
    let mut y = vec![Sum::default(); conv.images * conv.result_len()];
    for (at, y) in y.iter_mut().enumerate() {
        y.add(bias.map_or(0.0, |bias| bias[at % conv.outputs].into()));
    }
    products(conv, |a, b, c| y[c].add(f64::from(x[a]) * f64::from(weight[b])));
    y
}

/// The gradients of the input, the weights and the biases.
fn reference_gradients(x: &[f32], weight: &[f32], dy: &[f32], conv: &Conv) -> [Vec<Sum>; 3] {
    let mut all = [x.len(), weight.len(), conv.outputs].map(|len| vec![Sum::default(); len]);
    products(conv, |a, b, c| {
        all[0][a].add(f64::from(weight[b]) * f64::from(dy[c]));
        all[1][b].add(f64::from(x[a]) * f64::from(dy[c]));
    });
    for (at, &dy) in dy.iter().enumerate() {
        all[2][at % conv.outputs].add(dy.into());
    }
    all
}

#[test]
fn convolutions_match_naive_loops() {
    let mut samples = Samples(7);
    for case in 0..150 {
        let conv = samples.conv(1 + case % 2);
        let (x, weight) = (samples.values(conv.images * conv.image_len()), samples.values(conv.weight_len()));
        let (bias, dy) = (samples.values(conv.outputs), samples.values(conv.images * conv.result_len()));
        let bias = (case % 3 > 0).then_some(&bias[..]);
        let relu = case % 4 > 1;
        let mut wanted = reference_forward(&x, &weight, bias, &conv);
        if relu {
            wanted.iter_mut().for_each(|y| y.0 = y.0.max(0.0));
        }
        for isa in instruction_sets() {
            let what = format!("{conv:?} {isa:?} relu {relu}");
            let y = forward_as(isa, &x, &weight, bias, relu, &conv);
            near(&y, &wanted, &format!("forward of {what}"));
            let y = relu.then_some(&y[..]);
            let kept = |at: usize| y.is_none_or(|y| y[at] > 0.0);
            let masked: Vec<f32> = dy.iter().enumerate().map(|(at, &dy)| if kept(at) { dy } else { 0.0 }).collect();
            let [dx, dw, db] = reference_gradients(&x, &weight, &masked, &conv);
            near(&input_gradient_as(isa, &dy, y, &weight, &conv), &dx, &format!("input gradient of {what}"));
            let (weights, biases) = weight_gradient_as(isa, &x, &dy, y, &conv);
            near(&weights, &dw, &format!("weight gradient of {what}"));
            near(&biases, &db, &format!("bias gradient of {what}"));
        }
    }
}

#[test]
fn conv_pool_is_a_convolution_and_then_pooling() {
    let mut samples = Samples(11);
    for case in 0..150 {
        let conv = samples.conv(1);
        let (x, weight) = (samples.values(conv.images * conv.image_len()), samples.values(conv.weight_len()));
        let bias = samples.values(conv.outputs);
        let bias = (case % 3 > 0).then_some(&bias[..]);
        let relu = case % 4 > 0;
        // Inputs are sixteenths below 2 and weights are sixteenths: every sum is exact, so that ties stay ties.
        let full = reference_forward(&x, &weight, bias, &conv);
        let (height, width) = (conv.out_height(), conv.out_width());
        let (mut wanted, mut places, mut from) = (vec![], vec![], vec![]);
        for image in 0..conv.images {
            for (y, x) in (0..height / 2).flat_map(|y| (0..width / 2).map(move |x| (y, x))) {
                for output in 0..conv.outputs {
                    let place =
                        |q: usize| ((image * height + 2 * y + q / 2) * width + 2 * x + q % 2) * conv.outputs + output;
                    let best = (1..4).fold(0, |best, q| if full[place(q)].0 > full[place(best)].0 { q } else { best });
                    let sum = full[place(best)];
                    let masked = relu && sum.0 <= 0.0;
                    wanted.push(Sum(if masked { 0.0 } else { sum.0 }, sum.1));
                    places.push(if masked { 4 } else { best as u8 });
                    from.push(place(best));
                }
            }
        }
        let dy = samples.values(wanted.len());
        let mut unpooled = vec![0.0; full.len()];
        for ((&from, &place), &dy) in from.iter().zip(&places).zip(&dy) {
            unpooled[from] = if place < 4 { dy } else { 0.0 };
        }
        let [dx, dw, db] = reference_gradients(&x, &weight, &unpooled, &conv);
        for isa in instruction_sets() {
            let what = format!("{conv:?} {isa:?} relu {relu}");
            let (y, indices) = conv_pool::forward_as(isa, &x, &weight, bias, relu, &conv);
            near(&y, &wanted, &format!("conv_pool of {what}"));
            assert_eq!(indices, places, "argmax of {what}");
            let found = conv_pool::input_gradient_as(isa, &dy, &indices, &weight, &conv);
            near(&found, &dx, &format!("input gradient of conv_pool of {what}"));
            let (weights, biases) = conv_pool::weight_gradient_as(isa, &x, &dy, &indices, &conv);
            near(&weights, &dw, &format!("weight gradient of conv_pool of {what}"));
            near(&biases, &db, &format!("bias gradient of conv_pool of {what}"));
        }
    }
}

#[test]
fn nan_propagates_and_breaks_nothing() {
    let conv = Conv { images: 1, height: 6, width: 6, inputs: 1, outputs: 5, kernel: 3, stride: 1, pad: 1 };
    let x = vec![f32::NAN; conv.image_len()];
    let weight = vec![1.0; conv.weight_len()];
    for isa in instruction_sets() {
        for relu in [false, true] {
            assert!(forward_as(isa, &x, &weight, None, relu, &conv).iter().all(|y| y.is_nan()));
            let (y, indices) = conv_pool::forward_as(isa, &x, &weight, None, relu, &conv);
            assert!(y.iter().all(|y| y.is_nan()) && indices.iter().all(|&index| index <= 4));
        }
        let (dy, indices) = (vec![1.0; 45], vec![255; 45]);
        assert!(conv_pool::input_gradient_as(isa, &dy, &indices, &weight, &conv).iter().all(|&dx| dx == 0.0));
    }
}

#[test]
fn one_thread_and_three_give_the_same_bits() {
    let conv = Conv { images: 19, height: 12, width: 12, inputs: 8, outputs: 16, kernel: 3, stride: 1, pad: 1 };
    let mut samples = Samples(3);
    let (x, weight) = (samples.values(conv.images * conv.image_len()), samples.values(conv.weight_len()));
    let x: Vec<f32> = x.iter().map(|x| x / 3.0).collect();
    let run = || {
        let y = forward(&x, &weight, None, true, &conv);
        let (dw, db) = weight_gradient(&x, &y, Some(&y), &conv);
        let (pooled, indices) = conv_pool::forward(&x, &weight, None, true, &conv);
        let (pooled_dw, pooled_db) = conv_pool::weight_gradient(&x, &pooled, &indices, &conv);
        let dx = input_gradient(&y, Some(&y), &weight, &conv);
        let all =
            [dx, conv_pool::input_gradient(&pooled, &indices, &weight, &conv), y, pooled, dw, db, pooled_dw, pooled_db];
        all.concat().iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    };
    let on = |threads| with_threads(threads, run);
    assert!(on(1) == on(3));
}
