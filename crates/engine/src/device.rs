//! Which device runs, and why. The only module that names a backend.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use kit::attack::{Response, Victim};
use kit::learn::{Rule, Training};
use kit::nets::{Cost, Net, Norms, Pass};
use kit::seed::Rng;
use kit::{Error, Result};
use ops::{Graph, Optimizer, Recording};
use spec::{Access, DeviceChoice, Event, Pick, Why};

/// An open device.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Where tensors are stored and computed, without autodiff.
    pub device: Device,
    /// `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
    pub name: &'static str,
    /// The adapter's own name; empty on CPU.
    pub adapter: String,
    /// Whether the adapter is emulated on the CPU.
    pub software: bool,
    /// Why this device was chosen.
    pub why: Why,
    /// How many times faster it was than the other device; `None` if they were not compared.
    pub times: Option<f64>,
}

impl Opened {
    /// The CPU, which is always there.
    pub fn cpu(why: Why) -> Self {
        Self { device: Device::flex(), name: "cpu", adapter: String::new(), software: false, why, times: None }
    }

    /// The event that tells which device is open, and why.
    pub fn ready(&self) -> Event {
        Event::Ready {
            format: spec::FORMAT,
            device: self.name.into(),
            adapter: self.adapter.clone(),
            software: self.software,
            why: self.why,
            times: self.times,
        }
    }
}

/// Switches the reference implementation on or off: with it, runs from now on use only burn's own operations.
pub fn plain(on: bool) {
    ops::use_reference(on);
}

/// Sets how many threads of the CPU compute, the calling one among them; `None` uses all. Call it once, before the
/// first run, from the thread that plays the runs.
#[cfg(not(target_arch = "wasm32"))]
pub fn threads(number: Option<usize>) {
    ops::threads(number);
}

/// The graphics device of this native build.
const GRAPHICS: Option<&str> = if cfg!(feature = "cuda") {
    Some("cuda")
} else if cfg!(feature = "vulkan") {
    Some("vulkan")
} else if cfg!(feature = "metal") {
    Some("metal")
} else {
    None
};

/// What this native build can be asked for: "auto or cpu".
pub fn built() -> String {
    GRAPHICS.map_or_else(|| "auto or cpu".into(), |graphics| format!("auto, cpu or {graphics}"))
}

/// Opens the device that was asked for. `auto` is the CPU unless this build has a graphics backend.
pub async fn open(choice: DeviceChoice) -> Result<Opened> {
    match choice {
        DeviceChoice::Cpu => Ok(Opened::cpu(Why::Chosen)),
        DeviceChoice::Auto => Ok(match native().await {
            Some(opened) => opened,
            None => Opened::cpu(Why::Default),
        }),
        wanted => match native().await {
            Some(opened) if opened.name == name(wanted) => Ok(Opened { why: Why::Chosen, ..opened }),
            _ => {
                let name = name(wanted);
                let built = built();
                let why = match wanted {
                    DeviceChoice::Webgpu => format!("\"webgpu\" is the browser's; this build has {built}"),
                    _ if GRAPHICS == Some(name) => {
                        format!("no device \"{name}\" can be opened here; \"cpu\" is always there")
                    }
                    _ => {
                        format!("this build has no \"{name}\", but {built}; `--features {name}` builds one that has it")
                    }
                };
                Err(Error::input("device", why))
            }
        },
    }
}

fn name(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "auto",
        DeviceChoice::Cpu => "cpu",
        DeviceChoice::Webgpu => "webgpu",
        DeviceChoice::Vulkan => "vulkan",
        DeviceChoice::Metal => "metal",
        DeviceChoice::Cuda => "cuda",
    }
}

/// Most dispatches in one submit. A step of the page's nets fits into one; burn's own 32 would split the steps of other
/// nets.
#[cfg(any(feature = "gpu", all(any(feature = "vulkan", feature = "metal"), not(feature = "cuda"))))]
const TASKS: usize = 64;

/// The graphics backend of this native build, if it has one.
#[cfg(feature = "cuda")]
async fn native() -> Option<Opened> {
    let device = Device::cuda(0);
    Some(Opened { device, name: "cuda", ..Opened::cpu(Why::Default) })
}

#[cfg(all(any(feature = "vulkan", feature = "metal"), not(feature = "cuda")))]
async fn native() -> Option<Opened> {
    use burn::tensor::wgpu::{WgpuBackend, wgpu::DeviceType};
    let vulkan = cfg!(feature = "vulkan");
    let (name, api) = if vulkan { ("vulkan", WgpuBackend::Vulkan) } else { ("metal", WgpuBackend::Metal) };
    let options = Device::wgpu_options().graphics_api(api).tasks_max(TASKS);
    let (device, setup) = options.init_with_setup_async().await.ok()?;
    let adapter = setup.adapter.get_info();
    let software = adapter.device_type == DeviceType::Cpu;
    Some(Opened { device, name, adapter: adapter.name, software, ..Opened::cpu(Why::Default) })
}

#[cfg(not(any(feature = "cuda", feature = "vulkan", feature = "metal")))]
async fn native() -> Option<Opened> {
    None
}

/// Opens WebGPU in a worker. The name of the adapter, and whether it is `software`, come from the browser.
#[cfg(feature = "gpu")]
pub async fn webgpu(adapter: String, software: bool) -> Result<Opened> {
    let device = Device::wgpu_options().tasks_max(TASKS).init_async().await;
    let device = device.map_err(|error| Error::Adapter(format!("the adapter gave no device ({error:?})")))?;
    Ok(Opened { device, name: "webgpu", adapter, software, why: Why::Chosen, times: None })
}

/// Compares every kind of operation that training and attacks use, forward and backward, with the CPU. Returns the
/// number of checks.
///
/// A wrong shader fails silently in WebGPU: it leaves old values in place. So no device is used before this test.
pub async fn self_test(opened: &Opened) -> Result<usize> {
    let ours = answers(&opened.device).await?;
    let right = answers(&Device::flex()).await?;
    for ((name, ours), (_, right)) in ours.iter().zip(&right) {
        let scale = right.iter().fold(1e-3_f32, |max, x| max.max(x.abs()));
        let off = ours
            .iter()
            .zip(right)
            .fold(0.0_f32, |max, (a, b)| if a.is_finite() { max.max((a - b).abs()) } else { f32::INFINITY });
        if ours.len() != right.len() || off > 2e-3 * scale {
            let why = format!("the graphics device gave a wrong result for {name}, so it is not used");
            return Err(Error::SelfTest(why));
        }
    }
    Ok(right.len())
}

/// The results of every check on a device: its name, and the elements of the result.
async fn answers(device: &Device) -> Result<Vec<(&'static str, Vec<f32>)>> {
    let numbers = |seed: u32, shape: [usize; 4]| {
        let mut rng = Rng::of(seed, "self-test", &[]);
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.unit()).collect();
        Tensor::<4>::from_data(TensorData::new(values, shape), device)
    };
    let pick = |id: &str, params: serde_json::Value| {
        let params = params.as_object().cloned().unwrap_or_default();
        Pick { id: id.into(), params }
    };
    let cnn = |norm: bool| pick("cnn", serde_json::json!({ "channels": [4, 8], "norm": norm, "hidden": [16] }));
    let nets = [
        ("a convolutional network", cnn(false)),
        ("batch normalisation", cnn(true)),
        ("a residual network", pick("resnet", serde_json::json!({ "width": 4, "blocks": [1, 1] }))),
        ("a transformer", pick("vit", serde_json::json!({ "width": 8, "depth": 1, "heads": 2 }))),
    ];
    let x = numbers(1, [8, 1, 8, 8]);
    let labels = Tensor::<1, Int>::from_data(TensorData::new((0..8).map(|i| i % 4).collect::<Vec<i32>>(), [8]), device);
    let order = Tensor::<1, Int>::from_data(TensorData::new(vec![1, 2, 2, 2, 2, 7, 0, 3, 3], [9]), device);
    let flat = x.clone().reshape([8, 64]);
    let square = numbers(2, [1, 1, 64, 64]).reshape([64, 64]);
    let mut answers = Vec::new();
    let mut keep = async |name: &'static str, values: Tensor<1>| -> Result {
        let data = values.into_data_async().await.map_err(|error| Error::DeviceLost(format!("{error:?}")))?;
        let values = data.try_to_vec::<f32>().map_err(|error| Error::DeviceLost(format!("{error:?}")))?;
        answers.push((name, values));
        Ok(())
    };
    keep("a matrix product", flat.clone().matmul(square).flatten(0, 1)).await?;
    keep("pooling", ops::max_pool2d(x.clone(), false).flatten(0, 3)).await?;
    keep("a softmax", burn::tensor::activation::softmax(flat.clone(), 1).flatten(0, 1)).await?;
    let (picked, named) = ops::gather_batch(&x, &labels, order, 4);
    keep("gathering rows", picked.flatten(0, 3)).await?;
    keep("gathering labels", named.float()).await?;
    keep("projecting", ops::project_linf(x.clone() * 2.0, &x, 0.1).flatten(0, 3)).await?;
    let center = x.clone().mul_scalar(0.5);
    let step = ops::step_linf(x.clone(), x.clone().sub_scalar(0.5), &center, 0.1, 0.2);
    keep("a step of an attack", step.flatten(0, 3)).await?;
    keep("normalising", ops::project_l2(x.clone() * 2.0, &x, 0.5).flatten(0, 3)).await?;
    for (name, pick) in &nets {
        let net = Net::with(pick, [1, 8, 8], 4, &mut Rng::of(3, "self-test", &[]), device)?;
        let victim = Victim::of(&net, Access::Gradients, &Cost::default());
        let Response { loss, gradient, .. } =
            victim.gradient(&x, &labels, &|logits, y| ops::cross_entropy(logits, y))?;
        keep(name, loss).await?;
        keep(name, gradient.flatten(0, 3)).await?;
        for optimizer in [Rule::Sgd, Rule::Adam] {
            let mut rule = Training { optimizer, lr: 0.01, momentum: 0.9, ..Training::default() }.optimizer(3, 3);
            let mut net = net.clone().train();
            for _ in 0..3 {
                let mut pass = Pass::train(Norms::Batch, Rng::of(4, "self-test", &[]), &Cost::default());
                let logits = net.forward(x.clone(), &mut pass);
                let loss = ops::mean_cross_entropy(logits, labels.clone());
                let gradients = GradientsParams::from_grads(loss.backward(), &net);
                net = rule.step(net, gradients);
                net.update_statistics(&pass);
            }
            keep(name, net.frozen().forward(x.clone(), &mut Pass::eval(&Cost::default())).flatten(0, 1)).await?;
        }
    }
    // Recording is optional: a device that refuses is still used.
    if let Some(logits) = replayed(device, &nets[0].1, &x, &labels)? {
        keep("a replayed step", logits.flatten(0, 1)).await?;
    }
    Ok(answers)
}

/// The logits `[n, classes]` of a net after six training steps, the last four of them replayed where the device can;
/// `None` where a recording began and failed.
fn replayed(device: &Device, pick: &Pick, x: &Tensor<4>, labels: &Tensor<1, Int>) -> Result<Option<Tensor<2>>> {
    let mut net = Net::with(pick, [1, 8, 8], 4, &mut Rng::of(6, "self-test", &[]), device)?.train();
    let mut rule = Training { lr: 0.01, ..Training::default() }.optimizer(6, 6);
    let kernels = |net: Net, rule: &mut Optimizer| {
        let loss = ops::mean_cross_entropy(net.forward(x.clone(), &mut Pass::eval(&Cost::default())), labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        rule.apply(net, gradients)
    };
    let mut graph: Option<Graph> = None;
    for step in 0..6 {
        rule.begin();
        let recording = if step == 1 { Recording::prepare(device) } else { None };
        match &graph {
            // SAFETY: the net, the rule and the images are held until the loop ends.
            Some(graph) => unsafe { graph.replay() }.map_err(Error::DeviceLost)?,
            None => net = kernels(net, &mut rule),
        }
        if let Some(mut recording) = recording {
            recording.begin();
            net = kernels(net, &mut rule);
            let Some(recorded) = recording.end() else { return Ok(None) };
            graph = Some(recorded);
        }
    }
    Ok(Some(net.frozen().forward(x.clone(), &mut Pass::eval(&Cost::default()))))
}

/// The graphics device or the CPU, whichever trains a small network faster. Takes about a second; `now` is a clock in
/// seconds.
pub async fn faster(opened: Opened, now: fn() -> f64) -> Result<Opened> {
    let graphics = steps_per_second(&opened.device, now).await?;
    let cpu = steps_per_second(&Device::flex(), now).await?;
    let ratio = graphics / cpu;
    let (winner, times) = if ratio >= 1.0 { (opened, ratio) } else { (Opened::cpu(Why::Faster), 1.0 / ratio) };
    Ok(Opened { why: Why::Faster, times: Some(times), ..winner })
}

async fn steps_per_second(device: &Device, now: fn() -> f64) -> Result<f64> {
    let params = serde_json::json!({ "channels": [16, 32] });
    let pick = Pick { id: "cnn".into(), params: params.as_object().cloned().unwrap_or_default() };
    let mut net = Net::with(&pick, [1, 8, 8], 10, &mut Rng::of(5, "probe", &[]), device)?.train();
    let x = Tensor::<4>::zeros([64, 1, 8, 8], device);
    let labels = Tensor::<1, Int>::zeros([64], device);
    let mut rule = Training::default().optimizer(1, 1);
    let (mut steps, mut begun) = (0_u32, now());
    loop {
        let loss = ops::mean_cross_entropy(net.forward(x.clone(), &mut Pass::eval(&Cost::default())), labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &net);
        net = rule.step(net, gradients);
        loss.inner().into_data_async().await.map_err(|error| Error::DeviceLost(format!("{error:?}")))?;
        steps += 1;
        // The first two steps compile.
        if steps == 2 {
            begun = now();
        } else if steps > 2 && (now() - begun > 0.4 || steps > 200) {
            return Ok(f64::from(steps - 2) / (now() - begun).max(1e-6));
        }
    }
}
