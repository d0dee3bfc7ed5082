//! A host that collects what a run says, a lab that is played stage by stage, the golden files.

use burn::tensor::{Device, Tensor, TensorData};
use engine::{Boxed, Ended, Gate, Host, Lease, Opened, Registry, Result, Session, Store};
use kit::Entry;
use kit::cx::Cx;
use kit::data::Task;
use kit::nets::Net;
use kit::nets::layers::{Layer, LowRank, LowRankConv};
use kit::nets::weights::Item;
use kit::run::{Aimed, Begun, Given, RunState};
use kit::seed::Rng;
use safetensors::SafeTensors;
use serde_json::{Map, Value};
use spec::{Event, Pick, Report, Row, RunSpec, Said, Why};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Events in order, each with the buffers beside it.
pub type Heard = Vec<(Said, Vec<Vec<u8>>)>;

#[derive(Default)]
pub struct Collect {
    pub said: RefCell<Heard>,
}

impl Host for Collect {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        self.said.borrow_mut().push((said, buffers));
    }
    fn now(&self) -> f64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        #[allow(clippy::disallowed_methods, reason = "a test's clock")]
        START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
    }
    fn turn(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn rest(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        let path = format!("{}/static/weights/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Box::pin(async move { std::fs::read(&path).map_err(|error| engine::Error::input(name, error.to_string())) })
    }
}

/// Those methods of a test's own [`Host`] that are the ones of the host in a field.
macro_rules! forward {
    ($field:tt: $($method:ident),*) => { $($crate::common::forward!(@$method $field);)* };
    (@say $field:tt) => {
        fn say(&self, said: spec::Said, buffers: Vec<Vec<u8>>) {
            self.$field.say(said, buffers);
        }
    };
    (@now $field:tt) => {
        fn now(&self) -> f64 {
            self.$field.now()
        }
    };
    (@asset $field:tt) => {
        fn asset<'a>(&'a self, name: &'a str) -> engine::Boxed<'a, engine::Result<Vec<u8>>> {
            self.$field.asset(name)
        }
    };
    (@$turn_or_rest:ident $field:tt) => {
        fn $turn_or_rest(&self) -> engine::Boxed<'_, ()> {
            self.$field.$turn_or_rest()
        }
    };
}
pub(crate) use forward;

/// A host that keeps work in memory, and a checkpoint of each step.
#[derive(Default)]
pub struct Keeping {
    pub heard: Collect,
    pub gate: Rc<Gate>,
    pub works: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The keys of all checkpoints, in the order in which they were made.
    pub checkpoints: RefCell<Vec<String>>,
    /// After so many checkpoints the run is cut, and nothing is kept any more.
    pub cut: Option<usize>,
    /// How often the clock was looked at: a second passes each time.
    pub seconds: Cell<u32>,
}

impl Keeping {
    /// Plays a run in a session of its own.
    pub fn play(self: &Rc<Self>, spec: RunSpec) -> (Ended, Session) {
        let mut session = Session::new(Opened::cpu(Why::Chosen), self.clone(), self.gate.clone(), Registry::shipped());
        let ended = pollster::block_on(session.play(1, spec, 0, None)).unwrap();
        (ended, session)
    }
}

impl Host for Keeping {
    forward!(heard: say, turn, rest, asset);
    fn now(&self) -> f64 {
        self.seconds.set(self.seconds.get() + 1);
        self.seconds.get().into()
    }
    fn store(&self) -> Option<&dyn Store> {
        Some(self)
    }
}

impl Store for Keeping {
    fn recall<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Vec<u8>>> {
        Box::pin(async { self.works.borrow().get(key).cloned() })
    }
    fn keep<'a>(&'a self, key: &'a str, work: Vec<u8>) -> Boxed<'a, ()> {
        Box::pin(async {
            if self.gate.cancel.get() {
                return;
            }
            self.works.borrow_mut().insert(key.into(), work);
            if key.contains(r#""what":"checkpoint""#) {
                self.checkpoints.borrow_mut().push(key.into());
                self.gate.cancel.set(self.cut == Some(self.checkpoints.borrow().len()));
            }
        })
    }
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        Box::pin(async { self.works.borrow_mut().remove(key).is_some() })
    }
    fn lease<'a>(&'a self, _: &'a str) -> Boxed<'a, Option<Lease>> {
        Box::pin(async { Some(Box::new(()) as Lease) })
    }
    fn checkpoint_every(&self) -> Option<f64> {
        Some(0.0)
    }
}

pub fn session() -> (Session, Rc<Collect>) {
    let host = Rc::new(Collect::default());
    (Session::new(Opened::cpu(Why::Chosen), host.clone(), Rc::new(Gate::default()), Registry::shipped()), host)
}

/// Plays a whole run on the CPU.
pub fn play(spec: &str) -> (std::result::Result<Report, String>, Heard) {
    let (mut session, host) = session();
    let spec = match RunSpec::read(spec) {
        Ok(spec) => spec,
        Err(wrong) => return (Err(wrong.to_string()), Vec::new()),
    };
    let ended = pollster::block_on(session.play(1, spec, 0, None));
    let said = host.said.take();
    let report = match ended {
        Ok(Ended::Finished(report)) => Ok(*report),
        Ok(Ended::Cancelled(_)) => Err("cancelled".into()),
        Ok(Ended::Failed(_, error)) => Err(error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    (report, said)
}

/// Why a run file is refused, by its reader or once its data is loaded; nothing is played.
pub fn refused(session: &mut Session, file: &str) -> String {
    match RunSpec::read(file) {
        Ok(spec) => match pollster::block_on(session.prepare(1, spec)) {
            Ok(()) => panic!("it is not refused: {file}"),
            Err(error) => error.to_string(),
        },
        Err(wrong) => wrong.to_string(),
    }
}

/// Values of one series in order.
pub fn series(said: &[(Said, Vec<Vec<u8>>)], wanted: &str) -> Vec<f32> {
    let values = said.iter().filter_map(|(said, _)| match &said.event {
        Event::Scalar { series, value, .. } if series == wanted => Some(*value),
        _ => None,
    });
    values.collect()
}

/// A run's data and models, played stage by stage: for tests that look at views, weights and references.
pub struct Bench {
    pub run: RunState,
    pub cx: Cx,
    host: Rc<Collect>,
}

impl Bench {
    /// Data loaded and the start drawn as a session does it.
    pub fn new(spec: RunSpec) -> Self {
        let host = Rc::new(Collect::default());
        let cx = Cx::new(device(), spec.seed, 1, host.clone(), Rc::new(Gate::default()));
        let load = |(name, pick): (&String, &spec::Pick)| {
            let task = pollster::block_on(Task::load(name, pick, kit::data::SETS, &*host, &cx.device)).unwrap();
            (name.clone(), task)
        };
        let tasks: indexmap::IndexMap<String, Task> = spec.tasks.iter().map(load).collect();
        let mut begun = Begun::default();
        for (name, source) in spec.sources() {
            let net = cx.beside(spec.seed).source(name, &source, &tasks[0]).unwrap();
            begun.sources.insert(name.into(), Given { net, task: tasks[0].name.clone(), print: String::new() });
        }
        let makers = Rc::new(|id: &str| engine::entry(id).ok().and_then(|entry| entry.make));
        let plan = Registry::shipped().plan(&spec, &tasks, &begun).unwrap();
        let run = RunState::new(Rc::new(spec), tasks, begun, makers, Rc::default(), plan);
        Self { run, cx, host }
    }

    pub fn play(&mut self, index: usize) -> Result<Vec<Row>> {
        let spec = self.run.spec.clone();
        let stage = &spec.stages[index];
        let entry = engine::entry(&stage.id)?;
        self.cx.enter(spec.stage_name(index), self.run.plan[index].stream.clone());
        pollster::block_on((entry.run)(entry, stage, &mut self.run, &mut self.cx))
    }

    /// What was said so far.
    pub fn heard(&self) -> Heard {
        self.host.said.take()
    }

    pub fn net(&self, name: &str) -> &Net {
        &self.run.models[name].net
    }
}

pub fn device() -> Device {
    Opened::cpu(Why::Chosen).device
}

/// A context of no run, for calls below the engine.
pub fn cx() -> Cx {
    Cx::new(device(), 1, 1, Rc::new(Collect::default()), Rc::new(Gate::default()))
}

/// The shipped digits.
pub fn digits(cx: &Cx) -> Task {
    let pick = Pick { id: "digits".into(), params: serde_json::Map::new() };
    pollster::block_on(Task::load("digits", &pick, kit::data::SETS, &*Rc::clone(&cx.host), &cx.device)).unwrap()
}

pub fn read<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    pollster::block_on(x.into_data_async()).unwrap().try_to_vec().unwrap()
}

/// Equal for equal bits.
pub fn hash(net: &Net) -> String {
    pollster::block_on(kit::nets::weights::hash(net)).unwrap()
}

/// A tensor of a weight file.
pub fn item(name: &str, shape: &[usize], values: Vec<f32>) -> Item {
    Item { name: name.into(), shape: shape.into(), values }
}

/// Names, shapes and values as the files have them.
pub fn state(net: &Net) -> Vec<Item> {
    pollster::block_on(kit::nets::weights::state(net)).unwrap()
}

/// A net from its words in a run file, with a drawn start.
pub fn net(model: Value, shape: [usize; 3], classes: usize) -> Net {
    let pick = serde_json::from_value(model).unwrap();
    Net::with(&pick, shape, classes, &mut Rng::of(5, "a test", &[]), &device()).unwrap()
}

/// A branch beside every layer, its B not zero.
pub fn adapted(mut net: Net) -> Net {
    let rng = &mut Rng::of(7, "adapters", &[]);
    let drawn = |count: usize, rng: &mut Rng| -> Vec<f32> { (0..count).map(|_| 0.3 * rng.normal()).collect() };
    net.layers(|_, layer| match layer {
        Layer::Dense(layer) => {
            let mut adapter = LowRank::new(layer.dims(), 2, 1.5, 0.0, rng, &device());
            let shape = adapter.b.val().dims();
            let b = TensorData::new(drawn(shape[0] * shape[1], rng), shape);
            adapter.b = adapter.b.map(|_| Tensor::from_data(b, &device()));
            layer.adapter = Some(adapter);
        }
        Layer::Conv(layer) => {
            let mut adapter = LowRankConv::new(layer.dims(), 2, 1.5, 0.0, rng, &device());
            let shape = adapter.b.val().dims();
            let b = TensorData::new(drawn(shape[0] * shape[1], rng), shape);
            adapter.b = adapter.b.map(|_| Tensor::from_data(b, &device()));
            layer.adapter = Some(adapter);
        }
        Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
    });
    net
}

pub fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

/// A file of `tests/goldens`.
pub struct Golden {
    pub about: Value,
    pub items: BTreeMap<String, (Vec<usize>, Vec<f32>)>,
    pub counts: BTreeMap<String, u64>,
}

impl Golden {
    pub fn open(name: &str) -> Self {
        let bytes = golden(&format!("{name}.safetensors"));
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let about = header.metadata().as_ref().map_or(Value::Null, |map| serde_json::from_str(&map["about"]).unwrap());
        let (mut items, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in file.tensors() {
            if tensor.dtype() == safetensors::Dtype::I64 {
                counts.insert(name, u64::from_le_bytes(tensor.data().try_into().unwrap()));
            } else {
                let values = tensor.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()));
                items.insert(name, (tensor.shape().to_vec(), values.collect()));
            }
        }
        Self { about, items, counts }
    }

    pub fn values(&self, name: &str) -> &[f32] {
        &self.items[name].1
    }

    pub fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        let (shape, values) = &self.items[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), &device())
    }

    /// The network in it, without what the file holds besides (`golden.…`).
    pub fn net_file(&self) -> Vec<u8> {
        let ours = |name: &&String| !name.starts_with("golden.");
        let items: Vec<Item> = self
            .items
            .keys()
            .filter(ours)
            .map(|name| {
                let (shape, values) = &self.items[name];
                item(name, shape, values.clone())
            })
            .collect();
        let counts: Vec<(String, u64)> =
            self.counts.keys().filter(ours).map(|name| (name.clone(), self.counts[name])).collect();
        kit::nets::weights::file(&items, &counts, serde_json::json!({ "format": "pt" }))
    }
}

pub fn golden(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/goldens/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Parameters in the order that modules are visited, adapters last in their layer; norm statistics are none.
pub mod params {
    use super::read;
    use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
    use burn::optim::GradientsParams;
    use burn::tensor::{Tensor, TensorData};
    use kit::nets::Net;

    /// All values in one list.
    pub fn values(net: &Net) -> Vec<f32> {
        struct Values(Vec<f32>);
        impl ModuleVisitor for Values {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.0.extend(read(param.val().without_autodiff()));
            }
        }
        let mut values = Values(Vec::new());
        net.visit(&mut values);
        values.0
    }

    /// What belongs to every value of [`values`]: gradients or masks.
    pub fn of(net: &Net, beside: &GradientsParams) -> Vec<f32> {
        struct Beside<'a>(&'a GradientsParams, Vec<f32>);
        impl ModuleVisitor for Beside<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                self.1.extend(read(self.0.get::<D>(param.id).expect("every parameter has one")));
            }
        }
        let mut beside = Beside(beside, Vec::new());
        net.visit(&mut beside);
        beside.1
    }

    /// The net with other values.
    pub fn put(net: &Net, values: &[f32]) -> Net {
        struct Put<'a>(&'a [f32]);
        impl ModuleMapper for Put<'_> {
            fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
                param.map(|old| {
                    let (ours, rest) = self.0.split_at(old.shape().num_elements());
                    self.0 = rest;
                    let device = old.device();
                    Tensor::from_data(TensorData::new(ours.to_vec(), old.shape()), &device)
                })
            }
        }
        let mut put = Put(values);
        let net = net.clone().map(&mut put);
        assert!(put.0.is_empty());
        net
    }
}

/// An attack on a network by its own gradients, at no target.
pub fn aimed<'a>(entry: &'a Entry, params: &'a Map<String, Value>, net: &'a Net) -> Aimed<'a> {
    Aimed { entry, params, target: None, net, with: &[] }
}
