//! The fused implementations against the reference implementations in burn's own operations: results and all gradients,
//! for sizes that are no multiple of a vector. With the feature `webgpu` the implementations for graphics devices are
//! tested as well, if there is a device or a software one.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};
use ops::{Graph, Optimizer, Recording, Rule, Tail};
use std::cell::RefCell;
use std::sync::Mutex;

/// The switch between implementations is global to the process, so one test runs at a time.
static SWITCH: Mutex<()> = Mutex::new(());

thread_local! {
    /// The device that tensors are made on.
    static DEVICE: RefCell<Device> = RefCell::new(Device::flex());
}

/// Asserts that what `run` returns with the reference implementations on the CPU agrees, to `tolerance` of its largest
/// element, with what it returns with the fused ones on every device.
fn agree(what: &str, tolerance: f32, run: impl Fn() -> Vec<Vec<f32>>) {
    let _alone = SWITCH.lock().unwrap_or_else(|broken| broken.into_inner());
    ops::use_reference(true);
    let reference = run();
    ops::use_reference(false);
    alike(what, tolerance, &reference, &run());
    if let Some(graphics) = graphics() {
        DEVICE.set(graphics);
        let fused = run();
        DEVICE.set(Device::flex());
        alike(&format!("{what}, on a graphics device"), tolerance, &reference, &fused);
    }
}

/// The graphics device; if there is none, a message says why.
#[cfg(feature = "webgpu")]
fn graphics() -> Option<Device> {
    static GRAPHICS: std::sync::OnceLock<Option<Device>> = std::sync::OnceLock::new();
    let opened = GRAPHICS.get_or_init(|| match Device::wgpu_options().init() {
        Ok(device) => Some(device),
        Err(error) => {
            eprintln!("skipped: no graphics device ({error:?})");
            None
        }
    });
    opened.clone()
}

#[cfg(not(feature = "webgpu"))]
fn graphics() -> Option<Device> {
    None
}

fn alike(what: &str, tolerance: f32, reference: &[Vec<f32>], fused: &[Vec<f32>]) {
    assert_eq!(reference.len(), fused.len());
    for (at, (reference, fused)) in reference.iter().zip(fused).enumerate() {
        assert_eq!(reference.len(), fused.len(), "{what}: result {at}");
        let scale = reference.iter().fold(1e-3_f32, |max, x| max.max(x.abs()));
        for (i, (p, f)) in reference.iter().zip(fused).enumerate() {
            assert!((p - f).abs() <= tolerance * scale, "{what}: result {at} at {i}: {p} by burn, {f} fused");
        }
    }
}

fn device() -> Device {
    DEVICE.with_borrow(Device::clone)
}

/// Values between −1 and 1 that depend on `seed` alone.
fn values<const D: usize>(seed: u32, shape: [usize; D]) -> Tensor<D> {
    let mut state = u64::from(seed) * 2 + 1;
    let elements = (0..shape.iter().product()).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    });
    Tensor::from_data(TensorData::new(elements.collect::<Vec<f32>>(), shape), &device())
}

fn leaf<const D: usize>(seed: u32, shape: [usize; D]) -> Tensor<D> {
    values(seed, shape).autodiff().require_grad()
}

fn read<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    let x = if x.is_autodiff() { x.inner() } else { x };
    pollster::block_on(x.into_data_async()).expect("it can be read").try_to_vec().expect("it is in single precision")
}

/// The gradients of a sum in which every result has its own weight.
fn back<const D: usize>(y: &Tensor<D>) -> Gradients {
    (y.clone() * Tensor::from_inner(values(99, y.dims()))).sum().backward()
}

fn gradient<const D: usize>(x: &Tensor<D>, tape: &Gradients) -> Vec<f32> {
    read(x.grad(tape).expect("a gradient"))
}

#[test]
fn convolutions() {
    for (n, from, to, height, width, kernel, stride) in [
        (1, 1, 1, 1, 1, 1, 1),
        (2, 1, 5, 7, 6, 3, 1),
        (3, 3, 17, 5, 8, 3, 1),
        (2, 5, 3, 9, 4, 5, 1),
        (2, 16, 32, 8, 8, 3, 2),
        (1, 7, 9, 7, 5, 3, 2),
        (2, 8, 16, 6, 6, 1, 2),
        // More workgroups than one dimension of a device takes.
        (1, 512, 512, 2, 2, 3, 1),
        // Even kernels use the reference implementation.
        (1, 2, 3, 6, 6, 2, 1),
    ] {
        agree(&format!("{from} to {to}, kernel {kernel}, stride {stride}"), 2e-5, || {
            let (x, w, b) = (leaf(1, [n, from, height, width]), leaf(2, [to, from, kernel, kernel]), leaf(3, [to]));
            let y = ops::conv2d(x.clone(), w.clone(), Some(b.clone()), stride);
            let tape = back(&y);
            vec![read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)]
        });
    }
}

/// Random sizes, kernels and strides, including those that no fused implementation covers.
#[test]
fn random_shapes() {
    let mut state = 17_u64;
    let mut below = |n: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n as usize
    };
    for _ in 0..24 {
        let (n, from, to) = (1 + below(4), 1 + below(6), 1 + below(9));
        let (height, width) = (2 + below(9), 2 + below(9));
        let (kernel, tall, stride) = (1 + below(9), below(4) == 0, 1 + below(3));
        // A kernel that is not square.
        let high = if tall { kernel + 2 } else { kernel };
        let named = format!("{n} × {from} × {height} × {width} to {to}, {high} × {kernel}, stride {stride}");
        agree(&named, 4e-5, || {
            let (x, w, b) = (leaf(1, [n, from, height, width]), leaf(2, [to, from, high, kernel]), leaf(3, [to]));
            let y = ops::conv2d(x.clone(), w.clone(), Some(b.clone()), stride);
            let tape = back(&y);
            let mut results = vec![read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)];
            if !tall {
                let y = ops::conv_pool(x.clone(), w.clone(), b.clone(), true);
                let tape = back(&y);
                results.extend([read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)]);
            }
            results
        });
        let (rows, inputs, outputs) = (1 + below(70), 1 + below(140), 1 + below(20));
        agree(&format!("{rows} rows, {inputs} to {outputs}"), 4e-5, || {
            let (x, w, b) = (leaf(1, [rows, inputs]), leaf(2, [inputs, outputs]), leaf(3, [outputs]));
            let y = ops::linear(x.clone(), w.clone(), Some(b.clone()), false);
            let tape = back(&y);
            vec![read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)]
        });
    }
}

/// Images in a permuted layout, and gradients in a permuted layout.
#[test]
fn permuted_images() {
    let to_channels_first = |x: &Tensor<4>| x.clone().permute([0, 3, 1, 2]);
    let backwards = |x: &Tensor<4>, y: Tensor<4>, others: &[&Tensor<4>]| {
        let y = y.permute([0, 2, 3, 1]);
        let tape = back(&y);
        let others = others.iter().map(|other| gradient(other, &tape));
        [read(y), gradient(x, &tape)].into_iter().chain(others).collect::<Vec<_>>()
    };
    for (kernel, stride) in [(1, 2), (3, 1), (3, 2), (7, 1)] {
        agree(&format!("channels permuted, kernel {kernel}, stride {stride}"), 2e-5, || {
            let (x, w, b) = (leaf(1, [3, 6, 8, 5]), leaf(2, [7, 5, kernel, kernel]), leaf(3, [7]));
            let y = ops::conv2d(to_channels_first(&x), w.clone(), Some(b.clone()), stride);
            let mut all = backwards(&x, y, &[&w]);
            all.extend(backwards(&x, ops::conv_pool(to_channels_first(&x), w.clone(), b.clone(), true), &[&w]));
            all
        });
    }
    agree("channels permuted, pooling", 0.0, || {
        let x = leaf(1, [3, 6, 8, 5]);
        backwards(&x, ops::max_pool2d(to_channels_first(&x), true), &[])
    });
    agree("channels permuted, norm", 1e-4, || {
        let (x, with_residual) = (leaf(1, [3, 6, 8, 5]), leaf(2, [3, 6, 8, 5]));
        let tail = Tail { residual: Some(to_channels_first(&with_residual)), relu: true };
        let (y, ..) = ops::batch_norm2d(to_channels_first(&x), leaf(3, [5]), leaf(4, [5]), 1e-5, tail);
        backwards(&x, y, &[&with_residual])
    });
}

/// Half precision uses the reference implementation.
#[test]
fn half_precision_uses_the_reference() {
    let half = |seed, shape: [usize; 2]| values(seed, shape).cast(DType::F16);
    let y = ops::linear(half(1, [5, 7]), half(2, [7, 3]), Some(values::<1>(3, [3]).cast(DType::F16)), true);
    assert_eq!(y.dtype(), DType::F16);
    let whole = ops::linear(values(1, [5, 7]), values(2, [7, 3]), Some(values(3, [3])), true);
    alike("half precision", 4e-3, &[read(whole)], &[read(y.cast(DType::F32))]);
}

#[test]
fn convolutions_with_pooling() {
    for (n, from, to, side, kernel) in [
        (2, 1, 16, [28, 28], 3),
        (2, 16, 32, [14, 14], 3),
        (3, 3, 5, [7, 9], 3),
        (2, 2, 3, [8, 6], 5),
        (1, 2, 3, [6, 7], 7),
        (1, 4, 4, [2, 2], 1),
        // More workgroups than one dimension of a device takes.
        (1, 512, 512, [4, 4], 3),
    ] {
        for relu in [true, false] {
            agree(&format!("{from} to {to}, kernel {kernel}, relu {relu}"), 2e-5, || {
                let (x, w) = (leaf(1, [n, from, side[0], side[1]]), leaf(2, [to, from, kernel, kernel]));
                let b = leaf(3, [to]);
                let y = ops::conv_pool(x.clone(), w.clone(), b.clone(), relu);
                let tape = back(&y);
                vec![read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)]
            });
        }
    }
}

#[test]
fn unneeded_gradients_are_skipped() {
    agree("weights alone, and inputs alone", 2e-5, || {
        let (x, w, b) = (values(1, [2, 3, 6, 6]), leaf(2, [4, 3, 3, 3]), leaf(3, [4]));
        let y = ops::conv_pool(Tensor::from_inner(x.clone()), w.clone(), b.clone(), true);
        let tape = back(&y);
        let weights = gradient(&w, &tape);
        let (x, w) = (x.autodiff().require_grad(), w.inner());
        let y = ops::conv_pool(x.clone(), Tensor::from_inner(w), Tensor::from_inner(b.inner()), true);
        vec![weights, gradient(&x, &back(&y))]
    });
}

#[test]
fn pooling() {
    for relu in [true, false] {
        agree(&format!("pooling, relu {relu}"), 0.0, || {
            let x = leaf(1, [3, 5, 7, 6]);
            let y = ops::max_pool2d(x.clone(), relu);
            let tape = back(&y);
            vec![read(y), gradient(&x, &tape)]
        });
    }
}

#[test]
fn linear_layers() {
    let some = [(1, 1, 1), (64, 64, 10), (7, 13, 17), (65, 200, 33), (129, 257, 258)];
    // Few outputs that are long sums, forward and for the weight.
    let long = [(64, 1568, 10), (5, 517, 3), (1, 700, 1), (37, 611, 70), (650, 1, 1), (531, 19, 18), (700, 70, 45)];
    for (n, from, to) in some.into_iter().chain(long) {
        for relu in [true, false] {
            agree(&format!("{n} rows, {from} to {to}, relu {relu}"), 2e-5, || {
                let (x, w, b) = (leaf(1, [n, from]), leaf(2, [from, to]), leaf(3, [to]));
                let y = ops::linear(x.clone(), w.clone(), Some(b.clone()), relu);
                let tape = back(&y);
                vec![read(y), gradient(&x, &tape), gradient(&w, &tape), gradient(&b, &tape)]
            });
        }
    }
}

#[test]
fn low_rank_branches() {
    agree("a branch of rank 3", 2e-5, || {
        let (x, a, b) = (leaf(1, [7, 13]), leaf(2, [13, 3]), leaf(3, [3, 17]));
        let y = ops::low_rank(x.clone(), a.clone(), b.clone(), 0.5);
        let tape = back(&y);
        vec![read(y), gradient(&x, &tape), gradient(&a, &tape), gradient(&b, &tape)]
    });
}

#[test]
fn cross_entropies() {
    for (n, classes) in [(1, 2), (7, 3), (64, 10), (5, 46)] {
        agree(&format!("{n} rows, {classes} classes"), 1e-6, || {
            let logits = values(1, [n, classes]).mul_scalar(20.0).autodiff().require_grad();
            let labels: Vec<i32> = (0..n as i32).map(|row| row * 5 % classes as i32).collect();
            let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [n]), &device());
            let loss = ops::cross_entropy(logits.clone(), labels.clone());
            let tape = back(&loss);
            let (losses, of_losses) = (read(loss), gradient(&logits, &tape));
            let logits = logits.inner().autodiff().require_grad();
            let mean = ops::mean_cross_entropy(logits.clone(), labels.clone());
            let tape = mean.clone().mul_scalar(3.0).backward();
            let (mean, of_mean) = (read(mean), gradient(&logits, &tape));
            let logits = logits.inner().autodiff().require_grad();
            let odds = ops::wrong_log_odds(logits.clone(), labels);
            let tape = back(&odds);
            vec![losses, of_losses, mean, of_mean, read(odds), gradient(&logits, &tape)]
        });
    }
}

#[test]
fn batches() {
    agree("rows of a set", 0.0, || {
        let labels = TensorData::new((0..9).collect::<Vec<i32>>(), [9]);
        // The second of two batches; the last row index belongs to none.
        let order = TensorData::new(vec![1_i32, 7, 7, 7, 7, 7, 8, 0, 3, 3, 5, 1], [12]);
        let (labels, order) = (Tensor::from_data(labels, &device()), Tensor::from_data(order, &device()));
        let (x, y) = ops::gather_batch(&values(1, [9, 3, 5, 4]), &labels, order, 5);
        vec![read(x), read(y.float())]
    });
}

#[test]
fn ends_of_steps() {
    agree("the end of a step", 0.0, || {
        let order = Tensor::<1, Int>::from_data(TensorData::new(vec![0_i32, 7, 8, 9, 4], [5]), &device());
        let (mut order, mut log) = (order, Tensor::<1>::zeros([1 + 3], &device()));
        for loss in 0..5 {
            (order, log) = ops::finish_step(order, log, values(1 + loss, [1]));
        }
        let noted: Vec<f32> = [4, 5, 3].into_iter().flat_map(|loss| read(values::<1>(loss, [1]))).collect();
        assert_eq!((read(order.clone().float()), &read(log.clone())[1..]), (vec![5.0, 7.0, 8.0, 9.0, 4.0], &*noted));
        vec![read(order.float()), read(log)]
    });
}

/// Steps of one batch each: a linear layer, the mean loss, Adam. There are more steps than learning rates on the
/// device.
#[test]
fn replayed_steps_are_steps() {
    const STEPS: usize = 300;
    let train = |replay: bool| {
        let labels =
            Tensor::<1, Int>::from_data(TensorData::new((0..64).map(|i| i % 7).collect::<Vec<i32>>(), [64]), &device());
        let inputs = values::<4>(1, [64, 1, 3, 4]);
        let rows = (0..64_i32).map(|i| i * 37 % 64);
        let order = |first: i32| {
            let order = std::iter::once(0).chain(rows.clone().map(|row| (row + first) % 64)).collect::<Vec<i32>>();
            Tensor::<1, Int>::from_data(TensorData::new(order, [65]), &device())
        };
        let mut weight = Param::from_tensor(leaf(2, [12, 7]));
        let mut optimizer =
            Optimizer::new(Rule::Adam { decay: 0.01, decoupled: true }, |step| 0.05 / (1.0 + step as f64));
        let bias = values::<1>(3, [7]).autodiff();
        let mut log = Some(Tensor::<1>::zeros([1 + STEPS], &device()));
        let mut now = Some(order(0));
        let mut kernels = |weight: Param<Tensor<2>>, optimizer: &mut Optimizer, now: &mut Option<Tensor<1, Int>>| {
            let at = now.take().unwrap();
            let (x, y) = ops::gather_batch(&inputs, &labels, at.clone(), 16);
            let logits = ops::linear(x.reshape([16, 12]).autodiff(), weight.val(), Some(bias.clone()), false);
            let loss = ops::mean_cross_entropy(logits, y);
            let gradients = GradientsParams::from_module(&mut loss.backward(), &weight);
            let weight = optimizer.apply(weight, gradients);
            let (at, noted) = ops::finish_step(at, log.take().unwrap(), loss.inner());
            (*now, log) = (Some(at), Some(noted));
            weight
        };
        let mut graph: Option<Graph> = None;
        for step in 0..STEPS {
            if step > 0 && step % 4 == 0 {
                now = Some(ops::renewed(now.take().unwrap(), order(step as i32)));
            }
            optimizer.begin();
            let recording = if replay && step == 5 { Recording::prepare(&device()) } else { None };
            match &graph {
                // SAFETY: all tensors live until the end of the loop.
                Some(graph) => unsafe { graph.replay() }.unwrap(),
                None => weight = kernels(weight, &mut optimizer, &mut now),
            }
            if let Some(mut recording) = recording {
                recording.begin();
                weight = kernels(weight, &mut optimizer, &mut now);
                graph = recording.end();
                assert!(graph.is_some(), "the step is in place");
            }
        }
        let moved = read(weight.val());
        vec![read(log.take().unwrap()), moved]
    };
    agree("steps as ever", 1e-5, || train(false));
    agree("replayed steps", 1e-5, || train(true));
}

#[test]
fn steps_of_attacks() {
    agree("a step in the ball", 0.0, || {
        let (x, center) = (values(1, [3, 2, 5, 5]), values(2, [3, 2, 5, 5]).add_scalar(0.5));
        let gradient = values(3, [3, 2, 5, 5]);
        // A zero gradient moves nothing.
        let gradient = gradient.clone().mask_fill(gradient.clone().lower_elem(-0.5), 0.0);
        let near = center.clone() + x.mul_scalar(0.1);
        vec![read(ops::step_linf(near, gradient, &center, 0.05, 0.1))]
    });
}

#[test]
fn norms_of_images() {
    for (n, c, height, width) in [(1, 1, 1, 2), (3, 5, 4, 3), (2, 16, 6, 6), (4, 33, 2, 2)] {
        for (relu, with_residual) in [(false, false), (true, false), (false, true), (true, true)] {
            let shape = [n, c, height, width];
            let tail = |residual: &Tensor<4>| Tail { residual: with_residual.then(|| residual.clone()), relu };
            agree(&format!("of the batch, {shape:?}, relu {relu}, residual {with_residual}"), 1e-4, || {
                let (x, residual) = (leaf(1, shape), leaf(2, shape));
                let (weight, bias) = (leaf(3, [c]), leaf(4, [c]));
                let tail = tail(&residual);
                let (y, mean, var) = ops::batch_norm2d(x.clone(), weight.clone(), bias.clone(), 1e-5, tail);
                let tape = back(&y);
                let mut all = vec![read(y), read(mean), read(var), gradient(&x, &tape)];
                all.extend([gradient(&weight, &tape), gradient(&bias, &tape)]);
                all.extend(with_residual.then(|| gradient(&residual, &tape)));
                all
            });
            for groups in [1, 3, 4, c].into_iter().filter(|groups| c.is_multiple_of(*groups)) {
                agree(&format!("of {groups} groups, {shape:?}, relu {relu}, residual {with_residual}"), 1e-4, || {
                    let (x, residual) = (leaf(1, shape), leaf(2, shape));
                    let (weight, bias) = (leaf(3, [c]), leaf(4, [c]));
                    let tail = tail(&residual);
                    let y = ops::group_norm2d(x.clone(), groups, weight.clone(), bias.clone(), 1e-5, tail);
                    let tape = back(&y);
                    let mut all = vec![read(y), gradient(&x, &tape), gradient(&weight, &tape), gradient(&bias, &tape)];
                    all.extend(with_residual.then(|| gradient(&residual, &tape)));
                    all
                });
            }
            agree(&format!("of running statistics, {shape:?}, relu {relu}, residual {with_residual}"), 2e-5, || {
                let (x, residual) = (leaf(1, shape), leaf(2, shape));
                let (weight, bias) = (leaf(3, [c]), leaf(4, [c]));
                let (mean, var) = (values(5, [c]).autodiff(), values(6, [c]).add_scalar(1.5).autodiff());
                let y = ops::norm2d(x.clone(), mean, var, weight.clone(), bias.clone(), 1e-5, tail(&residual));
                let tape = back(&y);
                let mut all = vec![read(y), gradient(&x, &tape), gradient(&weight, &tape), gradient(&bias, &tape)];
                all.extend(with_residual.then(|| gradient(&residual, &tape)));
                all
            });
        }
    }
}

#[test]
fn running_statistics() {
    for (c, count) in [(1, 1), (3, 2), (70, 500)] {
        agree(&format!("of {c} channels of {count}"), 1e-6, || {
            let batch = || [values::<1>(3, [c]), values::<1>(4, [c]).add_scalar(1.5)];
            let mut held = [values::<1>(1, [c]), values::<1>(2, [c]).add_scalar(1.5)];
            for _ in 0..3 {
                held = ops::update_running_stats(held, batch(), count, 0.1);
            }
            held.map(read).into()
        });
    }
}

#[test]
fn norms_with_input_gradients_alone() {
    for relu in [false, true] {
        agree(&format!("inputs alone, relu {relu}"), 2e-5, || {
            let (x, with_residual) = (leaf(1, [2, 3, 4, 4]), leaf(4, [2, 3, 4, 4]));
            let (weight, bias) = (values(2, [3]).autodiff(), values(3, [3]).autodiff());
            let (mean, var) = (values(5, [3]).autodiff(), values(6, [3]).add_scalar(1.5).autodiff());
            let tail = Tail { residual: Some(with_residual.clone()), relu };
            let tape = back(&ops::norm2d(x.clone(), mean, var, weight.clone(), bias.clone(), 1e-5, tail.clone()));
            let known = [gradient(&x, &tape), gradient(&with_residual, &tape)];
            let tape = back(&ops::group_norm2d(x.clone(), 3, weight, bias, 1e-5, tail));
            known.into_iter().chain([gradient(&x, &tape), gradient(&with_residual, &tape)]).collect()
        });
    }
}

#[test]
fn transformers() {
    let some = [(1, 1, 1, 1), (2, 5, 3, 7), (3, 16, 4, 16), (2, 17, 2, 8)];
    // The longest head that graphics devices cover, a longer one, and more queries than a workgroup has threads.
    for (n, t, heads, d) in some.into_iter().chain([(1, 3, 2, 64), (1, 3, 1, 65), (2, 67, 1, 4)]) {
        agree(&format!("attention of {t} patches, {heads} heads of {d}"), 2e-5, || {
            let qkv = leaf(1, [n, t, 3 * heads * d]);
            let y = ops::attention(qkv.clone(), heads);
            let tape = back(&y);
            vec![read(y), gradient(&qkv, &tape)]
        });
    }
    // The last has more rows than a workgroup has threads to sum them.
    for (n, d) in [(1, 3), (7, 5), (9, 64), (50, 7)] {
        agree(&format!("layer norm of {d}"), 1e-4, || {
            let (x, weight, bias) = (leaf(1, [n, 3, d]), leaf(2, [d]), leaf(3, [d]));
            let y = ops::layer_norm(x.clone(), weight.clone(), bias.clone(), 1e-5);
            let tape = back(&y);
            vec![read(y), gradient(&x, &tape), gradient(&weight, &tape), gradient(&bias, &tape)]
        });
    }
    agree("gelu", 2e-6, || {
        let x = values(1, [7, 33]).mul_scalar(6.0).autodiff().require_grad();
        let y = ops::gelu(x.clone());
        let tape = back(&y);
        vec![read(y), gradient(&x, &tape)]
    });
}

#[test]
fn update_rules() {
    let rules = [
        Rule::Sgd { momentum: 0.0, decay: 0.0 },
        Rule::Sgd { momentum: 0.9, decay: 0.01 },
        Rule::Adam { decay: 0.0, decoupled: false },
        Rule::Adam { decay: 0.01, decoupled: false },
        Rule::Adam { decay: 0.01, decoupled: true },
    ];
    for rule in rules {
        agree(&format!("{rule:?}"), 2e-6, || {
            let mut weight = Param::from_tensor(leaf(1, [5, 7]));
            let mut optimizer = Optimizer::new(rule, |step| if step < 5 { 0.01 } else { 0.002 });
            for step in 0..8 {
                let mut gradients = GradientsParams::new();
                gradients.register(weight.id, values::<2>(2 + step, [5, 7]));
                weight = optimizer.step(weight, gradients);
            }
            vec![read(weight.val())]
        });
    }
}
