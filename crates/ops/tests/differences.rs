//! The gradient of every operation against central differences in double precision, which only burn's own operations
//! have; and that what the fused bodies do not cover takes those.

use burn::tensor::{DType, Device, Gradients, Int, Tensor, TensorData};
use ops::Tail;
use std::cell::RefCell;
use std::sync::OnceLock;

/// Where the fused bodies run: with the feature `webgpu` on a graphics device, where there is one. It opens but once.
fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    let opened = DEVICE.get_or_init(|| {
        #[cfg(feature = "webgpu")]
        match Device::wgpu_options().init() {
            Ok(device) => return device,
            Err(error) => eprintln!("no graphics device ({error:?})"),
        }
        Device::flex()
    });
    opened.clone()
}

type Gradient = Box<dyn Fn(&Gradients) -> Vec<f64>>;

/// An operation's inputs, in either precision.
struct Inputs {
    values: Vec<Vec<f64>>,
    precision: DType,
    device: Device,
    gradients: RefCell<Vec<Gradient>>,
}

/// As many different numbers of about ±1 that single precision holds; neighbours are far apart, so that no small step
/// changes which of two is the larger one.
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
    /// Input `at` of the operation.
    fn leaf<const D: usize>(&self, at: usize, shape: [usize; D]) -> Tensor<D> {
        let data = TensorData::new(self.values[at].clone(), shape).convert_dtype(self.precision);
        let x = Tensor::<D>::from_data(data, (&self.device, self.precision)).autodiff().require_grad();
        let leaf = x.clone();
        let gradient = move |tape: &Gradients| numbers(leaf.grad(tape).expect("a gradient"));
        self.gradients.borrow_mut().push(Box::new(gradient));
        x
    }

    fn labels(&self, labels: &[i32]) -> Tensor<1, Int> {
        Tensor::from_data(TensorData::new(labels.to_vec(), [labels.len()]), &self.device)
    }
}

fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    let x = if x.is_autodiff() { x.inner() } else { x };
    let data = pollster::block_on(x.into_data_async()).expect("it can be read");
    data.convert::<f64>().try_to_vec().expect("it is in double precision")
}

/// The operation's results, weighed and added up.
fn sum<const D: usize>(y: Tensor<D>) -> Tensor<1> {
    let shape = y.dims();
    let weights = TensorData::new(spread(7, shape.iter().product()), shape).convert_dtype(y.dtype());
    let weights = Tensor::<D>::from_data(weights, (&y.device().inner(), y.dtype()));
    (y * Tensor::from_inner(weights)).sum()
}

fn agrees(name: &str, sizes: &[usize], run: impl Fn(&Inputs) -> Tensor<1>) {
    let values: Vec<Vec<f64>> = sizes.iter().enumerate().map(|(at, n)| spread(at + 1, *n)).collect();
    let inputs =
        |values: Vec<Vec<f64>>, precision, device| Inputs { values, precision, device, gradients: RefCell::default() };
    let fused = inputs(values.clone(), DType::F32, device());
    let tape = run(&fused).backward();
    let ours: Vec<Vec<f64>> = fused.gradients.borrow().iter().map(|gradient| gradient(&tape)).collect();
    assert_eq!(ours.len(), values.len(), "{name}: every input is used once");
    let value = |values: Vec<Vec<f64>>| numbers(run(&inputs(values, DType::F64, Device::flex())))[0];
    const STEP: f64 = 1e-5;
    for (input, ours) in ours.iter().enumerate() {
        // Sums of a few numbers of about one are rounded at 1e-7, whatever is left of them.
        let scale = ours.iter().fold(0.1_f64, |most, x| most.max(x.abs()));
        for at in 0..ours.len() {
            let moved = |by: f64| {
                let mut values = values.clone();
                values[input][at] += by;
                value(values)
            };
            let right = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
            assert!(
                (ours[at] - right).abs() <= 2e-5 * scale,
                "{name}, input {input} at {at}: {} for {right}",
                ours[at]
            );
        }
    }
}

#[test]
fn convolutions() {
    for (kernel, stride) in [(1, 1), (3, 1), (3, 2), (5, 1)] {
        agrees(&format!("convolution {kernel}, stride {stride}"), &[60, 6 * kernel * kernel, 2], |inputs| {
            let (x, weight) = (inputs.leaf(0, [1, 3, 4, 5]), inputs.leaf(1, [2, 3, kernel, kernel]));
            sum(ops::conv2d(x, weight, Some(inputs.leaf(2, [2])), stride))
        });
    }
    agrees("convolution with pooling", &[2 * 2 * 5 * 6, 3 * 2 * 9, 3], |inputs| {
        let (x, weight) = (inputs.leaf(0, [2, 2, 5, 6]), inputs.leaf(1, [3, 2, 3, 3]));
        sum(ops::conv_pool(x, weight, inputs.leaf(2, [3]), true))
    });
    agrees("pooling", &[60], |inputs| sum(ops::max_pool2d(inputs.leaf(0, [1, 3, 4, 5]), true)));
}

#[test]
fn linear_layers() {
    agrees("linear", &[15, 20, 4], |inputs| {
        sum(ops::linear(inputs.leaf(0, [3, 5]), inputs.leaf(1, [5, 4]), Some(inputs.leaf(2, [4])), true))
    });
    agrees("low-rank branch", &[15, 10, 8], |inputs| {
        sum(ops::low_rank(inputs.leaf(0, [3, 5]), inputs.leaf(1, [5, 2]), inputs.leaf(2, [2, 4]), 0.5))
    });
}

#[test]
fn norms() {
    let sizes = [2 * 4 * 3 * 3, 4, 4, 2 * 4 * 3 * 3];
    let tail = |inputs: &Inputs| Tail { residual: Some(inputs.leaf(3, [2, 4, 3, 3])), relu: true };
    agrees("batch norm", &sizes, |inputs| {
        let (x, weight, bias) = (inputs.leaf(0, [2, 4, 3, 3]), inputs.leaf(1, [4]), inputs.leaf(2, [4]));
        sum(ops::batch_norm2d(x, weight, bias, 1e-5, tail(inputs)).0)
    });
    agrees("norm of known statistics", &sizes, |inputs| {
        let (x, weight, bias) = (inputs.leaf(0, [2, 4, 3, 3]), inputs.leaf(1, [4]), inputs.leaf(2, [4]));
        let known = |value: f64| {
            let data = TensorData::new(vec![value, 0.5, 0.25, 1.0], [4]).convert_dtype(inputs.precision);
            Tensor::from_inner(Tensor::<1>::from_data(data, (&inputs.device, inputs.precision)))
        };
        sum(ops::norm2d(x, known(-0.5), known(2.0), weight, bias, 1e-5, tail(inputs)))
    });
    agrees("group norm", &sizes, |inputs| {
        let (x, weight, bias) = (inputs.leaf(0, [2, 4, 3, 3]), inputs.leaf(1, [4]), inputs.leaf(2, [4]));
        sum(ops::group_norm2d(x, 2, weight, bias, 1e-5, tail(inputs)))
    });
    agrees("layer norm", &[30, 5, 5], |inputs| {
        sum(ops::layer_norm(inputs.leaf(0, [2, 3, 5]), inputs.leaf(1, [5]), inputs.leaf(2, [5]), 1e-5))
    });
}

#[test]
fn transformers() {
    agrees("gelu", &[30], |inputs| sum(ops::gelu(inputs.leaf(0, [5, 6]).mul_scalar(3.0))));
    agrees("attention", &[2 * 4 * 18], |inputs| sum(ops::attention(inputs.leaf(0, [2, 4, 18]), 2)));
}

#[test]
fn cross_entropies() {
    agrees("cross-entropy", &[15], |inputs| {
        sum(ops::cross_entropy(inputs.leaf(0, [3, 5]).mul_scalar(4.0), inputs.labels(&[4, 0, 2])))
    });
    agrees("mean cross-entropy", &[15], |inputs| {
        ops::mean_cross_entropy(inputs.leaf(0, [3, 5]).mul_scalar(4.0), inputs.labels(&[4, 0, 2]))
    });
}
