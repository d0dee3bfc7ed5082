//! Tests of every operation on one device: results against the reference implementation in double precision, gradients
//! against central differences of it. Operations without a gradient are compared with the CPU. Natively these are
//! tests; in the browser a page of its own runs them on WebGPU.

use burn::module::Param;
use burn::optim::GradientsParams;
use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};
use ops::{Optimizer, Rule, Tail};
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;

/// The mismatches, one sentence each.
pub type Wrong = Vec<String>;
type Case = fn(Device) -> Pin<Box<dyn Future<Output = Wrong>>>;

/// All cases, by name.
pub const CASES: [(&str, Case); 7] = [
    ("convolutions", |device| Box::pin(convolutions(device))),
    ("linear layers", |device| Box::pin(linear_layers(device))),
    ("norms", |device| Box::pin(norms(device))),
    ("transformers", |device| Box::pin(transformers(device))),
    ("cross-entropies", |device| Box::pin(cross_entropies(device))),
    ("steps", |device| Box::pin(steps(device))),
    ("rules", |device| Box::pin(rules(device))),
];

type Gradient = Box<dyn Fn(&Gradients) -> Tensor<1>>;

/// The inputs of an operation, in either precision.
struct Inputs {
    values: Vec<Vec<f64>>,
    precision: DType,
    device: Device,
    gradients: RefCell<Vec<Gradient>>,
}

/// `n` different values between −1 and 1, exact in single precision. Neighbours are far apart, so that a small step
/// never changes which of two is the larger.
fn spread(seed: usize, n: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..n).collect();
    let mut state = seed as u64 * 2 + 1;
    for at in (1..n).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    order.into_iter().map(|place| f64::from((2.0 * (place as f32 + 0.5) / n as f32) - 1.0)).collect()
}

impl Inputs {
    fn new(values: Vec<Vec<f64>>, precision: DType, device: Device) -> Self {
        Self { values, precision, device, gradients: RefCell::default() }
    }

    /// Input `at` of the operation, as a leaf of the tape.
    fn leaf<const D: usize>(&self, at: usize, shape: [usize; D]) -> Tensor<D> {
        let data = TensorData::new(self.values[at].clone(), shape).convert_dtype(self.precision);
        let x = Tensor::<D>::from_data(data, (&self.device, self.precision)).autodiff().require_grad();
        let leaf = x.clone();
        self.gradients.borrow_mut().push(Box::new(move |tape| flat(leaf.grad(tape).expect("a gradient"))));
        x
    }

    fn known(&self, values: [f64; 4]) -> Tensor<1> {
        let data = TensorData::new(values.to_vec(), [4]).convert_dtype(self.precision);
        Tensor::from_inner(Tensor::<1>::from_data(data, (&self.device, self.precision)))
    }

    fn labels(&self, labels: &[i32]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &self.device)
    }
}

fn flat<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let n: usize = x.dims().iter().product();
    x.reshape([n])
}

async fn read<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    let x = if x.is_autodiff() { x.inner() } else { x };
    let data = x.into_data_async().await.expect("it can be read");
    data.convert::<f64>().try_to_vec().expect("it is in double precision")
}

/// The weighted sum of an operation's results.
fn weighed(y: Tensor<1>) -> Tensor<1> {
    let n = y.dims()[0];
    let weights = TensorData::new(spread(7, n), [n]).convert_dtype(y.dtype());
    let weights = Tensor::<1>::from_data(weights, (&y.device().inner(), y.dtype()));
    (y * Tensor::from_inner(weights)).sum()
}

/// The elements where `ours` differs from `right` by more than 2e-5 of the largest element, or of 0.1 if that is
/// larger: a sum of values near 1 has a rounding error of 1e-7 however much of it cancels.
fn apart(name: &str, ours: &[f64], right: &[f64]) -> Wrong {
    if ours.len() != right.len() {
        return vec![format!("{name}: {} elements for {}", ours.len(), right.len())];
    }
    let scale = right.iter().fold(0.1_f64, |most, x| most.max(x.abs()));
    // NaN is not near anything.
    let near = |ours: f64, right: f64| (ours - right).abs() <= 2e-5 * scale;
    let wrong = ours.iter().zip(right).enumerate().filter(|(_, (ours, right))| !near(**ours, **right));
    wrong.map(|(at, (ours, right))| format!("{name} at {at}: {ours} for {right}")).collect()
}

async fn agree(device: &Device, name: &str, sizes: &[usize], run: impl Fn(&Inputs) -> Tensor<1>) -> Wrong {
    let values: Vec<Vec<f64>> = sizes.iter().enumerate().map(|(at, n)| spread(at + 1, *n)).collect();
    let double = |values: Vec<Vec<f64>>| run(&Inputs::new(values, DType::F64, Device::flex()));
    let fused = Inputs::new(values.clone(), DType::F32, device.clone());
    let y = run(&fused);
    let mut wrong = apart(&format!("{name}, result"), &read(y.clone()).await, &read(double(values.clone())).await);
    let tape = weighed(y).backward();
    let leaves: Vec<Tensor<1>> = fused.gradients.borrow().iter().map(|gradient| gradient(&tape)).collect();
    if leaves.len() != values.len() {
        wrong.push(format!("{name}: {} of {} inputs are used", leaves.len(), values.len()));
    }
    const STEP: f64 = 1e-5;
    for (input, ours) in leaves.into_iter().enumerate() {
        let mut right = Vec::new();
        for at in 0..sizes[input] {
            let mut ends = [0.0; 2];
            for (end, by) in ends.iter_mut().zip([STEP, -STEP]) {
                let mut values = values.clone();
                values[input][at] += by;
                *end = read(weighed(double(values))).await[0];
            }
            right.push((ends[0] - ends[1]) / (2.0 * STEP));
        }
        wrong.extend(apart(&format!("{name}, gradient {input}"), &read(ours).await, &right));
    }
    wrong
}

async fn convolutions(device: Device) -> Wrong {
    let mut wrong = Vec::new();
    for (kernel, stride) in [(1, 1), (3, 1), (3, 2), (5, 1), (7, 2)] {
        let named = format!("convolution {kernel}, stride {stride}");
        wrong.extend(
            agree(&device, &named, &[60, 6 * kernel * kernel, 2], |inputs| {
                let (x, weight) = (inputs.leaf(0, [1, 3, 4, 5]), inputs.leaf(1, [2, 3, kernel, kernel]));
                flat(ops::conv2d(x, weight, Some(inputs.leaf(2, [2])), stride))
            })
            .await,
        );
    }
    for kernel in [3, 5, 7] {
        let named = format!("convolution {kernel} with pooling");
        wrong.extend(
            agree(&device, &named, &[2 * 2 * 5 * 6, 6 * kernel * kernel, 3], |inputs| {
                let (x, weight) = (inputs.leaf(0, [2, 2, 5, 6]), inputs.leaf(1, [3, 2, kernel, kernel]));
                flat(ops::conv_pool(x, weight, inputs.leaf(2, [3]), true))
            })
            .await,
        );
    }
    let pooling = agree(&device, "pooling", &[60], |inputs| flat(ops::max_pool2d(inputs.leaf(0, [1, 3, 4, 5]), true)));
    wrong.extend(pooling.await);
    wrong
}

async fn linear_layers(device: Device) -> Wrong {
    let linear = agree(&device, "linear", &[15, 20, 4], |inputs| {
        flat(ops::linear(inputs.leaf(0, [3, 5]), inputs.leaf(1, [5, 4]), Some(inputs.leaf(2, [4])), true))
    });
    let low_rank = agree(&device, "low-rank branch", &[15, 10, 8], |inputs| {
        flat(ops::low_rank(inputs.leaf(0, [3, 5]), inputs.leaf(1, [5, 2]), inputs.leaf(2, [2, 4]), 0.5))
    });
    [linear.await, low_rank.await].concat()
}

async fn norms(device: Device) -> Wrong {
    let sizes = [2 * 4 * 3 * 3, 4, 4, 2 * 4 * 3 * 3];
    let parts = |inputs: &Inputs| (inputs.leaf(0, [2, 4, 3, 3]), inputs.leaf(1, [4]), inputs.leaf(2, [4]));
    let tail = |inputs: &Inputs| Tail { residual: Some(inputs.leaf(3, [2, 4, 3, 3])), relu: true };
    let batch = agree(&device, "batch norm", &sizes, |inputs| {
        let (x, weight, bias) = parts(inputs);
        flat(ops::batch_norm2d(x, weight, bias, 1e-5, tail(inputs)).0)
    });
    let known = agree(&device, "norm of known statistics", &sizes, |inputs| {
        let (x, weight, bias) = parts(inputs);
        let (mean, var) = (inputs.known([-0.5, 0.5, 0.25, 1.0]), inputs.known([2.0, 0.5, 0.25, 1.0]));
        flat(ops::norm2d(x, mean, var, weight, bias, 1e-5, tail(inputs)))
    });
    let group = agree(&device, "group norm", &sizes, |inputs| {
        let (x, weight, bias) = parts(inputs);
        flat(ops::group_norm2d(x, 2, weight, bias, 1e-5, tail(inputs)))
    });
    let layer = agree(&device, "layer norm", &[30, 5, 5], |inputs| {
        flat(ops::layer_norm(inputs.leaf(0, [2, 3, 5]), inputs.leaf(1, [5]), inputs.leaf(2, [5]), 1e-5))
    });
    [batch.await, known.await, group.await, layer.await].concat()
}

async fn transformers(device: Device) -> Wrong {
    let gelu = agree(&device, "gelu", &[30], |inputs| flat(ops::gelu(inputs.leaf(0, [5, 6]).mul_scalar(3.0))));
    let attention =
        agree(&device, "attention", &[2 * 4 * 18], |inputs| flat(ops::attention(inputs.leaf(0, [2, 4, 18]), 2)));
    [gelu.await, attention.await].concat()
}

async fn cross_entropies(device: Device) -> Wrong {
    let each = agree(&device, "cross-entropy", &[15], |inputs| {
        ops::cross_entropy(inputs.leaf(0, [3, 5]).mul_scalar(4.0), inputs.labels(&[4, 0, 2]))
    });
    let mean = agree(&device, "mean cross-entropy", &[15], |inputs| {
        ops::mean_cross_entropy(inputs.leaf(0, [3, 5]).mul_scalar(4.0), inputs.labels(&[4, 0, 2]))
    });
    let odds = agree(&device, "log-odds against the label", &[15], |inputs| {
        ops::wrong_log_odds(inputs.leaf(0, [3, 5]).mul_scalar(4.0), inputs.labels(&[4, 0, 2]))
    });
    [each.await, mean.await, odds.await].concat()
}

/// Compares one device with the CPU, for operations without a gradient.
async fn alike(device: &Device, name: &str, run: impl Fn(&Inputs) -> Vec<Tensor<1>>) -> Wrong {
    let values: Vec<Vec<f64>> = (1..7).map(|seed| spread(seed, 60)).collect();
    let on = |device: Device| run(&Inputs::new(values.clone(), DType::F32, device));
    let mut wrong = Vec::new();
    for (at, (ours, right)) in on(device.clone()).into_iter().zip(on(Device::flex())).enumerate() {
        wrong.extend(apart(&format!("{name}, result {at}"), &read(ours).await, &read(right).await));
    }
    wrong
}

async fn steps(device: Device) -> Wrong {
    let whole = |inputs: &Inputs, at: usize| inputs.leaf(at, [3, 5, 2, 2]).inner();
    let step = alike(&device, "a step in the ball", |inputs| {
        let (center, gradient) = (whole(inputs, 1), whole(inputs, 2));
        let gradient = gradient.clone().mask_fill(gradient.lower_elem(-0.5), 0.0);
        let near = center.clone() + whole(inputs, 0).mul_scalar(0.1);
        vec![flat(ops::step_linf(near, gradient, &center, 0.05, 0.1))]
    });
    let gather = alike(&device, "rows of a set", |inputs| {
        let order = inputs.labels(&[1, 2, 2, 0, 1, 2, 0]);
        let (x, y) = ops::gather_batch(&whole(inputs, 0), &inputs.labels(&[7, 8, 9]), order, 3);
        vec![flat(x), y.float()]
    });
    let finish_step = alike(&device, "the end of a step", |inputs| {
        let (order, log) = (inputs.labels(&[0, 5, 6]), Tensor::zeros([1 + 3], &inputs.device));
        let loss = inputs.leaf(0, [60]).inner().narrow(0, 0, 1);
        let (order, log) = ops::finish_step(order, log, loss);
        vec![order.float(), log]
    });
    let running_stats = alike(&device, "running statistics", |inputs| {
        let [mean, var, m, v] = [0, 1, 2, 3].map(|at| inputs.leaf(at, [60]).inner().add_scalar(1.5));
        ops::update_running_stats([mean, var], [m, v], 8, 0.1).into()
    });
    [step.await, gather.await, finish_step.await, running_stats.await].concat()
}

async fn rules(device: Device) -> Wrong {
    let mut wrong = Vec::new();
    for rule in [
        Rule::Sgd { momentum: 0.9, decay: 0.01 },
        Rule::Adam { decay: 0.01, decoupled: false },
        Rule::Adam { decay: 0.01, decoupled: true },
    ] {
        let steps = |inputs: &Inputs| {
            let mut weight = Param::from_tensor(inputs.leaf(0, [12, 5]));
            let mut optimizer = Optimizer::new(rule, |step| if step < 3 { 0.01 } else { 0.002 });
            for step in 1..6 {
                let mut gradients = GradientsParams::new();
                gradients.register(weight.id, inputs.leaf(step, [12, 5]).inner());
                weight = optimizer.step(weight, gradients);
            }
            vec![flat(weight.val().inner())]
        };
        wrong.extend(alike(&device, &format!("{rule:?}"), steps).await);
    }
    wrong
}
