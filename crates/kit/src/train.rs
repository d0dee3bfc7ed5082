//! The one training loop.

use crate::cx::{Boxed, Cx};
use crate::data::{Batch, View, upload};
use crate::error::{Error, Result};
use crate::metrics::test;
use crate::nets::{Net, Norms, Pass};
use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Gradients, Int, Tensor};
use ops::Optimizer;
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

    pub fn optimizer(&self) -> Optimizer {
        let [momentum, decay] = [self.momentum as f32, self.decay as f32];
        Optimizer::new(match self.optimizer {
            Rule::Sgd => ops::Rule::Sgd { momentum, decay },
            Rule::Adam => ops::Rule::Adam { decay, decoupled: false },
            Rule::Adamw => ops::Rule::Adam { decay, decoupled: true },
        })
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

/// What a loop minimises: mean cross-entropy, where it does not say otherwise.
pub trait Objective {
    /// One number. May await an attack.
    fn loss<'a>(
        &'a mut self,
        net: &'a Net,
        batch: &'a Batch,
        pass: &'a mut Pass,
        _: &'a mut Cx,
    ) -> Boxed<'a, Result<Tensor<1>>> {
        Box::pin(async move { Ok(mean_loss(net, batch, pass)) })
    }

    /// Masks on gradients.
    fn gradients(&mut self, net: &Net, tape: &mut Gradients) -> GradientsParams {
        GradientsParams::from_module(tape, net)
    }

    /// Restores masked weights bit for bit.
    fn after(&mut self, net: Net) -> Net {
        net
    }

    /// The model that is shown and kept on the way, where the loop trains a part of it (a probe on cached features).
    fn whole(&self, net: Net) -> Net {
        net
    }
}

/// Mean cross-entropy.
pub struct CrossEntropy;

impl Objective for CrossEntropy {}

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
    let mut optimizer = recipe.optimizer();
    observe(objective.whole(net.clone()), 0, false, cx).await?;
    let mut net = net.train();
    for step in 0..total {
        let mut place = step % epoch;
        let turn = streams.iter().position(|stream| match place.checked_sub(stream.batches()) {
            Some(rest) => {
                place = rest;
                false
            }
            None => true,
        });
        let batch = streams[turn.expect("a step is in one pass")].next((step / epoch) as u32, place, cx);
        let mut pass = match mode {
            Mode::Train => Pass::train(Norms::Batch, cx.rng("dropout", 0, step as u32)),
            Mode::Eval => Pass::train(Norms::Running, cx.rng("dropout", 0, step as u32)),
        };
        let loss = objective.loss(&net, &batch, &mut pass, cx).await?;
        let mut tape = loss.backward();
        let gradients = objective.gradients(&net, &mut tape);
        net = optimizer.step(recipe.rate(step, total, epoch), net, gradients);
        net.absorb(&pass);
        net = objective.after(net);
        cx.scalar("loss", step, loss.inner());
        cx.steps += 1;
        let last = step + 1 == total;
        let mut went = Ok(());
        if (step + 1) % every == 0 || last || cx.gate.paused.get() {
            went = observe(objective.whole(net.valid()), step + 1, last, cx).await;
        }
        if went.is_ok() {
            went = cx.step(step + 1, total).await;
        }
        if let Err(error) = went {
            if matches!(error, Error::Cancelled) {
                cx.good = Some((step + 1, objective.whole(net.valid())));
            }
            return Err(error);
        }
    }
    cx.flush().await?;
    Ok(net.valid())
}

/// Steps between two evaluations on the way.
pub fn every(total: usize) -> usize {
    (total / 30).max(5)
}

/// Shows the model on its way, and keeps it as the last good one.
async fn observe(net: Net, step: usize, last: bool, cx: &mut Cx) -> Result {
    cx.flush().await?;
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
    order: Rc<[u32]>,
    uploaded: Option<Tensor<1, Int>>,
}

impl<'a> Stream<'a> {
    fn new(at: usize, view: &'a View, recipe: &Recipe) -> Self {
        let batch = (recipe.batch as usize).min(view.len()).max(1);
        Self { at: at as u32, view, batch, order: Rc::from([]), uploaded: None }
    }

    fn batches(&self) -> usize {
        self.view.len() / self.batch
    }

    /// From batch to batch: 256 bytes and their multiples are where a graphics device can begin to read, so that a
    /// batch's row numbers are a part of the uploaded ones, not a copy of them.
    fn pitch(&self) -> usize {
        self.batch.next_multiple_of(64)
    }

    /// Batch `place` of an epoch.
    fn next(&mut self, epoch: u32, place: usize, cx: &Cx) -> Batch {
        if place == 0 {
            let mut order = self.view.rows.to_vec();
            cx.rng("batch", self.at, epoch).shuffle(&mut order);
            let pitch = self.pitch();
            let mut pitched = vec![0; self.batches() * pitch];
            for (to, batch) in pitched.chunks_exact_mut(pitch).zip(order.chunks_exact(self.batch)) {
                to.iter_mut().zip(batch).for_each(|(to, row)| *to = *row as i32);
            }
            self.uploaded = Some(upload(pitched.into_iter(), &cx.device));
            self.order = order.into();
        }
        let start = place * self.batch;
        let uploaded = self.uploaded.clone().expect("uploaded at the first place");
        let index = uploaded.narrow(0, place * self.pitch(), self.batch);
        self.view.gather(index, self.order[start..start + self.batch].into())
    }
}
