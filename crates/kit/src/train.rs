//! The one training loop.

use crate::cx::{Boxed, Cx};
use crate::data::{Batch, View, upload};
use crate::error::{Error, Result};
use crate::metrics::test;
use crate::nets::layers::Statistics;
use crate::nets::{Net, Norms, Pass};
use burn::module::{Module, ModuleMapper, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Gradients, Int, Tensor};
use ops::{Graph, Optimizer, Recording};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::Event;
use std::rc::Rc;

/// How a network is trained: the nested `train = { … }` table of every trained method. Defaults are PyTorch's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recipe {
    /// Passes over the training images.
    #[schemars(range(min = 1, max = 1000))]
    pub epochs: u32,
    /// Images of one step; an epoch is as many full batches as there are.
    #[schemars(range(min = 1, max = 4096), extend("x-advanced" = true))]
    pub batch: u32,
    /// Rule that turns gradients into steps.
    #[schemars(extend("x-label" = "optimiser"))]
    pub optimizer: Rule,
    /// Length of a step.
    #[schemars(range(min = 1e-6, max = 10.0), extend("x-log" = true, "x-label" = "learning rate", "x-symbol" = "η"))]
    pub lr: f64,
    /// Share of the last step that SGD keeps.
    #[schemars(
        range(min = 0.0, max = 0.999),
        extend("x-advanced" = true, "x-symbol" = "μ", "x-needs" = { "optimizer": "sgd" })
    )]
    pub momentum: f64,
    /// Pull of every weight towards zero: added to the gradient by SGD and Adam, apart from it by AdamW.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-advanced" = true, "x-label" = "weight decay", "x-symbol" = "λ"))]
    pub decay: f64,
    /// How the learning rate changes.
    #[schemars(extend("x-advanced" = true))]
    pub schedule: Schedule,
    /// Epochs between two drops of the learning rate to a tenth.
    #[schemars(range(min = 1, max = 1000), extend("x-advanced" = true, "x-needs" = { "schedule": "step" }))]
    pub step_epochs: u32,
    /// Steps over which the learning rate rises to its full value first.
    #[schemars(range(min = 0, max = 100_000), extend("x-advanced" = true, "x-label" = "warm-up", "x-unit" = "steps"))]
    pub warmup: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    Sgd,
    Adam,
    Adamw,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    Constant,
    Cosine,
    Step,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            epochs: 10,
            batch: 64,
            optimizer: Rule::Adam,
            lr: 1e-3,
            momentum: 0.0,
            decay: 0.0,
            schedule: Schedule::Constant,
            step_epochs: 30,
            warmup: 0,
        }
    }
}

impl Recipe {
    /// How SalUn's code trains every forgetter (OPTML-Group/Unlearn-Saliency, arg_parser.py), epochs and rate aside.
    pub fn unlearning(epochs: u32, lr: f64) -> Self {
        Self { epochs, lr, optimizer: Rule::Sgd, momentum: 0.9, decay: 5e-4, batch: 256, ..Self::default() }
    }

    /// For `total` steps, `epoch` of them one epoch.
    pub fn optimizer(&self, total: usize, epoch: usize) -> Optimizer {
        let [momentum, decay] = [self.momentum as f32, self.decay as f32];
        let rule = match self.optimizer {
            Rule::Sgd => ops::Rule::Sgd { momentum, decay },
            Rule::Adam => ops::Rule::Adam { decay, decoupled: false },
            Rule::Adamw => ops::Rule::Adam { decay, decoupled: true },
        };
        let recipe = self.clone();
        Optimizer::new(rule, move |step| recipe.rate(step, total, epoch))
    }

    /// The learning rate of step `step` of `total`, `epoch` steps being one epoch.
    ///
    /// As PyTorch's `LinearLR` from 1/warmup, then `CosineAnnealingLR` over the rest or `StepLR` with γ 0.1.
    pub fn rate(&self, step: usize, total: usize, epoch: usize) -> f64 {
        let warmup = self.warmup as usize;
        if step < warmup {
            return self.lr * (step + 1) as f64 / warmup as f64;
        }
        let (step, total) = (step - warmup, (total - warmup.min(total)).max(1));
        match self.schedule {
            Schedule::Constant => self.lr,
            Schedule::Cosine => self.lr * 0.5 * (1.0 + libm::cos(std::f64::consts::PI * step as f64 / total as f64)),
            Schedule::Step => self.lr * 0.1_f64.powi((step / (epoch * self.step_epochs as usize).max(1)) as i32),
        }
    }
}

pub type Loss = fn(&Net, &Batch, &mut Pass) -> Tensor<1>;

/// What a loop minimises: mean cross-entropy, where it does not say otherwise.
pub trait Objective {
    /// One number. May await an attack; where it does not say otherwise, [`Self::steady`].
    fn loss<'a>(
        &'a mut self,
        net: &'a Net,
        batch: &'a Batch,
        pass: &'a mut Pass,
        _: &'a mut Cx,
    ) -> Boxed<'a, Result<Tensor<1>>> {
        Box::pin(async move { Ok(self.steady().unwrap_or(mean_loss)(net, batch, pass)) })
    }

    /// Masks on gradients.
    fn gradients(&mut self, net: &Net, tape: &mut Gradients) -> GradientsParams {
        GradientsParams::from_module(tape, net)
    }

    /// Restores masked weights bit for bit.
    fn after(&mut self, net: Net) -> Net {
        net
    }

    /// The loss as a plain function, where every step asks the device for the same, in place and without a number from
    /// the host. Where it can, the loop then records one step and replays it.
    fn steady(&self) -> Option<Loss> {
        None
    }

    /// The model that is shown and kept on the way, where the loop trains a part of it (a probe on cached features).
    fn whole(&self, net: Net) -> Net {
        net
    }
}

/// Mean cross-entropy.
pub struct CrossEntropy;

impl Objective for CrossEntropy {
    fn steady(&self) -> Option<Loss> {
        Some(mean_loss)
    }
}

pub fn mean_loss(net: &Net, batch: &Batch, pass: &mut Pass) -> Tensor<1> {
    ops::mean_cross_entropy(net.forward(batch.x.clone(), pass), batch.y.clone())
}

/// Statistics of norm layers while a loop trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Batch statistics, running ones updated.
    #[default]
    Train,
    /// Running statistics, left as they are: PEFT, probes.
    Eval,
}

/// Trains what is not frozen. The net comes in and goes out without a tape.
///
/// An epoch is as many full batches of a fresh permutation as there are; the rest waits for the next one. With several
/// views it passes over one after the other, under one optimiser.
pub async fn descend(
    net: Net,
    recipe: &Recipe,
    mode: Mode,
    views: &[&View],
    objective: &mut dyn Objective,
    cx: &mut Cx,
) -> Result<Net> {
    let mut streams: Vec<Stream> = views.iter().enumerate().map(|(at, view)| Stream::new(at, view, recipe)).collect();
    let epoch: usize = streams.iter().map(Stream::batches).sum();
    if epoch == 0 {
        return Err(Error::input("train", "there is no image to train on"));
    }
    let total = epoch * recipe.epochs as usize;
    let every = every(total);
    let mut optimizer = recipe.optimizer(total, epoch);
    observe(objective.whole(net.clone()), 0, false, cx).await?;
    let mut net = net.train();
    let steady = objective.steady().filter(|_| streams.len() == 1);
    let mut graph: Option<Graph> = None;
    for step in 0..total {
        let mut place = step % epoch;
        let turn = streams.iter().position(|stream| match place.checked_sub(stream.batches()) {
            Some(rest) => {
                place = rest;
                false
            }
            None => true,
        });
        let stream = &mut streams[turn.expect("a step is in one pass")];
        stream.reach((step / epoch) as u32, place, cx);
        let mut kernels = Kernels { stream, mode, step, optimizer: &mut optimizer, objective };
        let mut recorded = None;
        if RECORDED.contains(&step)
            && graph.is_none()
            && let Some(loss) = steady
        {
            cx.flush().await?;
            recorded = Recording::prepare(&cx.device).map(|recording| (recording, loss));
        }
        match (&graph, recorded) {
            (Some(graph), _) => {
                kernels.optimizer.begin();
                // SAFETY: the net, the optimiser, the order and the log are held until the loop ends.
                unsafe { graph.replay() }.map_err(Error::DeviceLost)?;
                if mode == Mode::Train {
                    net.statistics(|statistics| statistics.seen += 1);
                }
            }
            (None, Some((recording, loss))) => (net, graph) = kernels.record(recording, loss, net, cx),
            (None, None) => net = kernels.run(net, cx).await?,
        }
        cx.logged(step);
        cx.steps += 1;
        let last = step + 1 == total;
        // A replay writes into the net's own memory.
        let shown = |net: &Net| objective.whole(if graph.is_some() { still(net.valid()) } else { net.valid() });
        let mut went = Ok(());
        if (step + 1) % every == 0 || last || cx.gate.paused.get() {
            cx.flush().await?;
            went = observe(shown(&net), step + 1, last, cx).await;
        }
        if went.is_ok() {
            went = cx.step(step + 1, total).await;
        }
        if let Err(error) = went {
            if matches!(error, Error::Cancelled) {
                cx.good = Some((step + 1, shown(&net)));
            }
            return Err(error);
        }
    }
    cx.flush().await?;
    Ok(net.valid())
}

/// Steps that are recorded, if steps are: at the first everything that is used is in its place. The device may refuse
/// one for want of free memory, which the next one finds.
const RECORDED: [usize; 3] = [3, 6, 12];

/// A step.
struct Kernels<'a, 'v> {
    stream: &'a mut Stream<'v>,
    mode: Mode,
    step: usize,
    optimizer: &'a mut Optimizer,
    objective: &'a mut dyn Objective,
}

impl Kernels<'_, '_> {
    async fn run(&mut self, net: Net, cx: &mut Cx) -> Result<Net> {
        self.optimizer.begin();
        let (batch, mut pass) = (self.stream.batch(), self.pass(cx));
        let loss = self.objective.loss(&net, &batch, &mut pass, cx).await?;
        Ok(self.descend(net, &pass, loss, cx))
    }

    fn pass(&self, cx: &Cx) -> Pass {
        let norms = if self.mode == Mode::Train { Norms::Batch } else { Norms::Running };
        Pass::train(norms, cx.rng("dropout", 0, self.step as u32))
    }

    fn descend(&mut self, net: Net, pass: &Pass, loss: Tensor<1>, cx: &mut Cx) -> Net {
        let mut tape = loss.backward();
        let gradients = self.objective.gradients(&net, &mut tape);
        let mut net = self.optimizer.apply(net, gradients);
        net.absorb(pass);
        self.stream.order = self.stream.order.take().map(|order| cx.log(order, loss.inner()));
        self.objective.after(net)
    }

    /// Runs the step, and records it for those that follow, where that can be done.
    fn record(&mut self, mut recording: Recording, loss: Loss, net: Net, cx: &mut Cx) -> (Net, Option<Graph>) {
        let (spare, optimizer) = (still(net.clone()), self.optimizer.copied());
        self.optimizer.begin();
        let net = self.steadily(loss, net, cx);
        recording.begin();
        let mut net = self.steadily(loss, net, cx);
        if let Some(graph) = recording.end() {
            if self.mode == Mode::Train {
                // The batch of the recorded step was not seen.
                net.statistics(|statistics| statistics.seen -= 1);
            }
            return (net, Some(graph));
        }
        // The step once more, with what it began with.
        *self.optimizer = optimizer;
        self.stream.order = None;
        self.stream.upload(&cx.device);
        cx.forget();
        self.optimizer.begin();
        (self.steadily(loss, spare, cx), None)
    }

    fn steadily(&mut self, loss: Loss, net: Net, cx: &mut Cx) -> Net {
        let (batch, mut pass) = (self.stream.batch(), self.pass(cx));
        let loss = loss(&net, &batch, &mut pass);
        self.descend(net, &pass, loss, cx)
    }
}

/// The net in memory of its own.
fn still(net: Net) -> Net {
    struct Still;
    impl ModuleMapper for Still {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let (id, tensor, mapper) = param.consume();
            let (tracked, wanted) = (tensor.is_autodiff(), tensor.is_require_grad());
            // Times one.
            let copy = if tracked { tensor.inner() } else { tensor }.mul_scalar(1.0);
            let copy = if tracked { Tensor::from_inner(copy).set_require_grad(wanted) } else { copy };
            Param::from_mapped_value(id, copy, mapper)
        }
    }
    let mut net = net.map(&mut Still);
    net.statistics(|Statistics { mean, var, .. }| {
        for held in [mean, var] {
            *held = held.clone().mul_scalar(1.0);
        }
    });
    net
}

/// Steps between two evaluations on the way.
pub fn every(total: usize) -> usize {
    (total / 30).max(5)
}

/// Shows the model on its way, and keeps it as the last good one.
async fn observe(net: Net, step: usize, last: bool, cx: &mut Cx) -> Result {
    // The harness tests the finished model itself.
    if let Some(watch) = cx.watch.clone().filter(|watch| !last && watch.test.set.shape == net.shape) {
        let tested = test(&net, &watch.test, cx).await?;
        if tested.is_finite() {
            let seen = test(&net, &watch.seen, cx).await?;
            cx.say(Event::Scalar { series: "train_accuracy".into(), step, value: seen.accuracy() as f32 });
            cx.say_tested(step, &tested);
            cx.publish(&net);
            cx.good = Some((step, net));
        }
    } else if last {
        cx.good = Some((step, net));
    }
    Ok(())
}

/// Batches of one view: the order of an epoch is uploaded once, rows are gathered on the device.
struct Stream<'a> {
    at: u32,
    view: &'a View,
    batch: usize,
    rows: Rc<[u32]>,
    place: usize,
    /// The same on the device ([`ops::gather_batch`]), once there was a first epoch.
    order: Option<Tensor<1, Int>>,
}

impl<'a> Stream<'a> {
    fn new(at: usize, view: &'a View, recipe: &Recipe) -> Self {
        let batch = (recipe.batch as usize).min(view.len()).max(1);
        Self { at: at as u32, view, batch, rows: Rc::from([]), place: 0, order: None }
    }

    fn batches(&self) -> usize {
        self.view.len() / self.batch
    }

    /// Comes to batch `place` of an epoch.
    fn reach(&mut self, epoch: u32, place: usize, cx: &Cx) {
        self.place = place;
        if place == 0 {
            let mut rows = self.view.rows.to_vec();
            cx.rng("batch", self.at, epoch).shuffle(&mut rows);
            self.rows = rows.into();
            self.upload(&cx.device);
        }
    }

    fn upload(&mut self, device: &Device) {
        let rows = &self.rows[..self.batches() * self.batch];
        let order = upload([self.place as u32].iter().chain(rows).map(|number| *number as i32), device);
        self.order = Some(match self.order.take() {
            Some(old) => ops::renewed(old, order),
            None => order,
        });
    }

    fn batch(&self) -> Batch {
        let ids = &self.rows[self.place * self.batch..][..self.batch];
        self.view.gather(self.order.clone().expect("uploaded at the first place"), ids.into())
    }
}
