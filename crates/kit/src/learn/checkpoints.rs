//! Checkpoints of a training, from which it goes on as if it had never been cut.
//!
//! A checkpoint holds the weights that are trained, running statistics, the optimiser's state, and what was said. The
//! order of the batches and all random numbers follow from the number of the step.

use crate::cx::{Cx, Lasting};
use crate::error::{Error, Result};
use crate::nets::Net;
use crate::nets::layers::Statistics;
use crate::nets::weights::{self, Item};
use crate::store;
use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use ops::Optimizer;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::Event;
use std::collections::BTreeMap;

/// The checkpoints of one training. Each replaces the one before.
pub(super) struct Checkpoints {
    /// Their key in the store; `None` if the training belongs to no work that is kept.
    key: Option<String>,
    /// Steps of the whole training.
    total: usize,
    /// When the training began, or would have begun in one piece, by [`Cx::clock`].
    begun: f64,
    /// Seconds of evaluation that the stage had spent before.
    evaluating: f64,
    /// What the stage had asked of networks before.
    cost: u64,
    /// How much the stage had said before.
    said: usize,
    /// When the last checkpoint was made.
    made: f64,
}

/// What is told of a checkpoint.
#[derive(Serialize, Deserialize)]
struct About {
    step: usize,
    total: usize,
    /// Seconds of the training so far, evaluation included.
    seconds: f64,
    /// Those of evaluation.
    evaluating: f64,
    /// What the training has asked of networks.
    cost: u64,
    /// What the training has said.
    said: Vec<Lasting>,
}

/// A training that goes on.
pub(super) struct Resumed {
    /// The network, with autodiff.
    pub net: Net,
    pub optimizer: Optimizer,
    /// Steps that were done.
    pub step: usize,
}

impl Checkpoints {
    /// Those of a training of `total` steps that begins now.
    pub fn new(total: usize, cx: &mut Cx) -> Self {
        let key = match (&mut cx.work, cx.host.store()) {
            (Some(work), Some(_)) => {
                let training = work.begin_training();
                Some(store::checkpoint_key(&work.key, training))
            }
            _ => None,
        };
        let (now, said) = (cx.clock(), cx.said.borrow().len());
        let (evaluating, cost) = (cx.progress.evaluating, cx.cost.samples());
        Self { key, total, begun: now, evaluating, cost, said, made: now }
    }

    /// Whether it is time for a checkpoint. One is made at the end of a training too, and where it is stopped.
    pub fn are_due(&self, ends: bool, cx: &Cx) -> bool {
        let every = self.key.as_ref().and_then(|_| cx.host.store()?.checkpoint_every());
        every.is_some_and(|every| ends || cx.clock() - self.made >= every)
    }

    /// Makes a checkpoint after `step` steps, of a network with autodiff. All losses have been read.
    pub async fn make(&mut self, step: usize, net: &Net, optimizer: &Optimizer, cx: &Cx) -> Result {
        let Some(key) = &self.key else { return Ok(()) };
        let mut gather = Gather::default();
        net.visit(&mut gather);
        let mut counts = Vec::new();
        let mut at = 0;
        net.clone().statistics(|Statistics { mean, var, seen }| {
            gather.push(format!("{at}.mean"), mean.clone());
            gather.push(format!("{at}.var"), var.clone());
            counts.push((format!("{at}.seen"), *seen));
            at += 1;
        });
        // The end needs no state of the optimiser.
        if step < self.total {
            for (name, tensor) in optimizer.state(net) {
                gather.push(format!("{OPTIMIZER}{name}"), tensor);
            }
        }
        let file = weights::file(&gather.read().await?, &counts, json!({}));
        let about = About {
            step,
            total: self.total,
            seconds: cx.clock() - self.begun,
            evaluating: cx.progress.evaluating - self.evaluating,
            cost: cx.cost.samples() - self.cost,
            said: cx.said.borrow()[self.said..].to_vec(),
        };
        store::keep(key, json!(about), &[file], cx).await;
        self.made = cx.clock();
        Ok(())
    }

    /// Where the training of `net` goes on, by the last checkpoint; `None` if it begins. What was said is said again.
    /// `optimizer` has no state yet.
    pub async fn resume(&mut self, net: &Net, optimizer: Optimizer, cx: &mut Cx) -> Option<Resumed> {
        let (about, files) = store::recall::<About>(self.key.as_ref()?, cx).await?;
        let tensors = Tensors::read(files.first()?)?;
        let About { step, total, seconds, evaluating, cost, said } = about;
        if total != self.total {
            return None;
        }
        let mut put = Put { tensors: &tensors.floats, device: &cx.device, at: 0, fits: true };
        let mut net = net.clone().train().map(&mut put);
        let mut at = 0;
        net.statistics(|statistics| {
            for (held, name) in [(&mut statistics.mean, "mean"), (&mut statistics.var, "var")] {
                let shape = held.dims();
                match tensors.floats.get(&format!("{at}.{name}")).filter(|values| values.len() == shape[0]) {
                    Some(values) => *held = put.like(held, values.clone()),
                    None => put.fits = false,
                }
            }
            statistics.seen = tensors.counts.get(&format!("{at}.seen")).copied().unwrap_or_default();
            at += 1;
        });
        if !put.fits {
            return None;
        }
        let state = tensors.floats.iter();
        let state = state.filter_map(|(name, values)| Some((name.strip_prefix(OPTIMIZER)?.into(), values.clone())));
        let optimizer = optimizer.after(step, &net, &state.collect(), &cx.device)?;
        cx.say(Event::Note { message: format!("It was cut after step {step} of {total}, and goes on from there.") });
        self.said = cx.said.borrow().len();
        for said in said {
            let (event, buffers) = said.again();
            cx.say_with(event, buffers);
        }
        cx.progress.steps += step;
        cx.progress.earlier += seconds;
        cx.progress.evaluating += evaluating;
        cx.cost.add(cost);
        self.made = cx.clock();
        Some(Resumed { net, optimizer, step })
    }
}

/// What the names of the optimiser's tensors begin with.
const OPTIMIZER: &str = "optimizer.";

/// Tensors that are to be read in one transfer. Parameters are named by their place among all: "3".
#[derive(Default)]
struct Gather {
    transfer: Transaction,
    /// Name and shape of each.
    places: Vec<(String, Vec<usize>)>,
    /// Parameters that were visited.
    visited: usize,
}

impl Gather {
    fn push<const D: usize>(&mut self, name: String, value: Tensor<D>) {
        self.places.push((name, value.dims().to_vec()));
        self.transfer = std::mem::take(&mut self.transfer).register(value.without_autodiff());
    }

    async fn read(self) -> Result<Vec<Item>> {
        let read = self.transfer.execute_async().await.map_err(Error::lost)?;
        let item = |((name, shape), data): ((String, Vec<usize>), TensorData)| {
            Ok(Item { name, shape, values: data.try_to_vec::<f32>().map_err(Error::lost)? })
        };
        self.places.into_iter().zip(read).map(item).collect()
    }
}

impl ModuleVisitor for Gather {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // What is frozen is as it was when the training began.
        if param.val().is_require_grad() {
            self.push(self.visited.to_string(), param.val());
        }
        self.visited += 1;
    }
}

/// The tensors of a checkpoint.
struct Tensors {
    floats: BTreeMap<String, Vec<f32>>,
    counts: BTreeMap<String, u64>,
}

impl Tensors {
    fn read(file: &[u8]) -> Option<Self> {
        let (mut floats, mut counts) = (BTreeMap::new(), BTreeMap::new());
        for (name, tensor) in SafeTensors::deserialize(file).ok()?.tensors() {
            if name.ends_with("seen") {
                counts.insert(name, weights::count(&tensor)?);
            } else {
                floats.insert(name, weights::floats(&tensor)?);
            }
        }
        Some(Self { floats, counts })
    }
}

/// Puts the parameters that are trained back, and keeps who they are.
struct Put<'a> {
    tensors: &'a BTreeMap<String, Vec<f32>>,
    /// The device without autodiff.
    device: &'a Device,
    at: usize,
    /// Whether every tensor was there, in its size.
    fits: bool,
}

impl Put<'_> {
    /// Values in the shape of a tensor, with autodiff as it has.
    fn like<const D: usize>(&self, old: &Tensor<D>, values: Vec<f32>) -> Tensor<D> {
        let new = Tensor::from_data(TensorData::new(values, old.shape()), self.device);
        if old.is_autodiff() { Tensor::from_inner(new).set_require_grad(old.is_require_grad()) } else { new }
    }
}

impl ModuleMapper for Put<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let values = self.tensors.get(&self.at.to_string());
        self.at += 1;
        let value = match values.filter(|values| values.len() == tensor.shape().num_elements()) {
            _ if !tensor.is_require_grad() => tensor,
            Some(values) => self.like(&tensor, values.clone()),
            None => {
                self.fits = false;
                tensor
            }
        };
        Param::from_mapped_value(id, value, mapper)
    }
}
