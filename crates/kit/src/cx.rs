//! What a method works in: device, randomness, progress, events. Files, clocks and event loops come in through
//! [`Host`].

use crate::data::{Task, View};
use crate::error::{Error, Result};
use crate::metrics::Tested;
use crate::nets::Net;
use crate::seed::Rng;
use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::{Event, Row, Said};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The outside of the engine: page, worker, command line and tests each bring one.
pub trait Host {
    /// Buffers (pixels, weights) go beside the message.
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>);
    /// Seconds since some fixed moment.
    fn now(&self) -> f64;
    /// Lets the event loop turn once, so that a cancel can arrive.
    fn turn(&self) -> Boxed<'_, ()>;
    /// Waits some milliseconds; asked while a run is paused.
    fn rest(&self) -> Boxed<'_, ()>;
    /// The bytes behind a name in the run file: source weights, IDX files.
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>>;
}

/// Pause, single step and cancel, set from outside while a run is on.
#[derive(Default)]
pub struct Gate {
    pub cancel: Cell<bool>,
    pub paused: Cell<bool>,
    /// Steps that a paused run may still take.
    pub allowed: Cell<u32>,
}

/// The latest model of every stage, for whoever asks between two steps (drawing pad, ε slider, boundary).
#[derive(Default)]
pub struct Published {
    pub nets: BTreeMap<String, Net>,
    pub latest: Option<String>,
}

/// What `descend` evaluates on the way, chosen by the harness.
#[derive(Clone)]
pub struct Watch {
    pub test: View,
    /// Some of what is learned from: the "seen" line of the curve.
    pub seen: View,
}

impl Watch {
    /// The test split, and as many training samples as fit two chunks.
    pub fn of(task: &Task) -> Self {
        Self { test: task.test.clone(), seen: task.train.first(2 * crate::victim::CHUNK) }
    }
}

/// How fast a loop goes, by its first steps.
#[derive(Clone, Copy, Default)]
pub struct Pace {
    /// Seconds until the first step was done: what comes before it, and what only the first one needs.
    first: f64,
    /// Seconds of the others, and how many they were.
    others: (f64, usize),
    /// Steps that there would be.
    pub of: usize,
    mark: f64,
}

impl Pace {
    /// Steps that are enough, or seconds; the first is not counted.
    const ENOUGH: (usize, f64) = (8, 0.02);

    /// Seconds of a loop of so many steps.
    pub fn seconds(&self, steps: f64) -> f64 {
        let (spent, count) = self.others;
        self.first + (steps - 1.0).max(0.0) * if count > 0 { spent / count as f64 } else { self.first }
    }

    /// One more step was done at `now`; says whether that is enough.
    fn step(&mut self, now: f64, of: usize) -> bool {
        let spent = now - self.mark;
        if self.of == 0 {
            (self.first, self.of) = (spent, of);
        } else {
            self.others = (self.others.0 + spent, self.others.1 + 1);
        }
        let (steps, seconds) = Self::ENOUGH;
        self.others.1 >= steps || self.others.0 >= seconds
    }
}

pub struct Cx {
    /// Without autodiff: data, victims, evaluation.
    pub device: Device,
    pub seed: u32,
    /// The stage's name: in every event.
    pub stage: String,
    /// In every random stream: the stage's name, or that of the stage that a retraining repeats.
    pub stream: String,
    pub gate: Rc<Gate>,
    pub published: Rc<RefCell<Published>>,
    pub host: Rc<dyn Host>,
    pub run: u32,
    /// A reference run says nothing but its progress.
    pub quiet: bool,
    pub watch: Option<Watch>,
    /// The last model whose evaluation was finite, and its step.
    pub good: Option<(usize, Net)>,
    /// Training steps that the stage has taken.
    pub steps: usize,
    /// Figures that only the method knows.
    pub rows: Vec<Row>,
    /// Seconds spent in evaluation, to be left out of times that a paper states without it.
    pub evaluating: f64,
    /// Whether an attack's steps are the stage's own steps (not while it is part of a training step).
    pub paced: bool,
    /// Part `.0` of `.1` equal parts: what `done` and `of` of a step are said within.
    pub lap: (usize, usize),
    /// An attack's iterates, where somebody asked to see its way.
    pub trace: Option<Vec<Tensor<4>>>,
    /// Where somebody only wants to know how long it would take: nothing is said, and it ends after a few steps.
    pub pace: Option<Pace>,
    log: Option<Tensor<1>>,
    /// Steps whose losses are in the log and were not read yet, and how many losses were written there.
    logged: (Vec<usize>, usize),
    turned: f64,
    ticked: f64,
    /// When losses were read, how many steps were begun since then, and how many may be before the next reading: what
    /// is begun is not done yet on a graphics device.
    flushed: f64,
    ahead: usize,
    most: usize,
}

/// Losses that wait on the device at once.
const LOG: usize = 256;

/// Seconds between two turns of the event loop, and between two ticks that reach the page.
const TURN: f64 = 0.016;
const TICK: f64 = 0.1;

impl Cx {
    pub fn new(device: Device, seed: u32, run: u32, host: Rc<dyn Host>, gate: Rc<Gate>) -> Self {
        let now = host.now();
        Self {
            device,
            seed,
            stage: String::new(),
            stream: String::new(),
            gate,
            published: Rc::default(),
            host,
            run,
            quiet: false,
            watch: None,
            good: None,
            steps: 0,
            rows: Vec::new(),
            evaluating: 0.0,
            paced: false,
            lap: (0, 1),
            trace: None,
            pace: None,
            log: None,
            logged: (Vec::new(), 0),
            turned: now,
            ticked: now,
            flushed: now,
            ahead: 0,
            most: 1,
        }
    }

    /// The same outside for a training beside the run's own: another seed, no curves, no watch.
    pub fn beside(&self, seed: u32) -> Self {
        let mut cx = Self::new(self.device.clone(), seed, self.run, self.host.clone(), self.gate.clone());
        cx.stage = self.stage.clone();
        cx.stream = self.stream.clone();
        cx.quiet = true;
        cx
    }

    /// As [`Self::beside`], for a look at the pace of what is begun with it.
    pub fn pacing(&self) -> Self {
        let mut cx = self.beside(self.seed);
        cx.pace = Some(Pace { mark: cx.host.now(), ..Pace::default() });
        cx
    }

    /// Forgets what belongs to the stage before.
    pub fn enter(&mut self, stage: String) {
        self.stream = stage.clone();
        self.stage = stage;
        self.watch = None;
        self.good = None;
        self.steps = 0;
        self.evaluating = 0.0;
        self.rows.clear();
        self.forget();
    }

    /// One stream per stage, purpose, sample and turn (epoch, step or restart), from the run's seed; never the
    /// device's generator. Without `turn` every epoch would draw the same permutation, noise and dropout masks.
    pub fn rng(&self, purpose: &str, sample: u32, turn: u32) -> Rng {
        Rng::of(self.seed, &format!("{}/{purpose}", self.stream), &[sample, turn])
    }

    pub fn say(&self, event: Event) {
        self.say_with(event, Vec::new());
    }

    pub fn say_with(&self, event: Event, buffers: Vec<Vec<u8>>) {
        let progress = matches!(event, Event::Step { .. } | Event::Paused { .. } | Event::Resumed);
        if !self.quiet || (progress && self.pace.is_none()) {
            self.host.say(Said { run: self.run, stage: Some(self.stage.clone()), event }, buffers);
        }
    }

    /// The loss of a training step, kept on the device ([`ops::finish_step`]) and read back with all others in one
    /// transfer at the next tick. [`Self::logged`] says of which step it is.
    pub fn log(&mut self, order: Tensor<1, Int>, loss: Tensor<1>) -> Tensor<1, Int> {
        let log = self.log.take().unwrap_or_else(|| Tensor::zeros([1 + LOG], &self.device));
        let (order, log) = ops::finish_step(order, log, loss);
        self.log = Some(log);
        order
    }

    pub fn logged(&mut self, step: usize) {
        self.logged.0.push(step);
        self.logged.1 += 1;
    }

    /// Losses that were not read are of no interest.
    pub fn forget(&mut self) {
        self.log = None;
        self.logged = (Vec::new(), 0);
    }

    /// Progress, readback, a turn for the event loop, pause, cancel. Every loop of a method calls it, host loops too.
    pub async fn step(&mut self, done: usize, of: usize) -> Result {
        let (done, of) = (self.lap.0 * of + done, self.lap.1 * of);
        // What only prepares a loop belongs to its first step.
        if self.pace.is_some() && (self.paced || self.steps > 0) {
            self.flush().await?;
            let now = self.host.now();
            if self.pace.as_mut().is_some_and(|pace| pace.step(now, of)) {
                return Err(Error::Cancelled);
            }
            self.breathe().await?;
            // What was answered in that turn is not of this loop.
            let now = self.host.now();
            self.pace.iter_mut().for_each(|pace| pace.mark = now);
            return Ok(());
        }
        let now = self.host.now();
        // The first step is said at once: somebody waits for it.
        let due = now - self.ticked >= TICK || done == 1 || done == of;
        self.ahead += 1;
        if due || self.ahead >= self.most {
            self.flush().await?;
            self.spread();
        }
        if due {
            self.ticked = now;
            self.say(Event::Step { done, of });
        }
        if now - self.turned >= TURN || self.gate.paused.get() {
            self.host.turn().await;
            self.turned = self.host.now();
        }
        if self.gate.paused.get() && self.gate.allowed.get() == 0 && !self.gate.cancel.get() {
            self.flush().await?;
            self.say(Event::Step { done, of });
            self.say(Event::Paused { step: done });
            while self.gate.paused.get() && self.gate.allowed.get() == 0 && !self.gate.cancel.get() {
                self.host.rest().await;
            }
            self.say(Event::Resumed);
        }
        self.gate.allowed.set(self.gate.allowed.get().saturating_sub(1));
        if self.gate.cancel.get() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// As many steps before the next reading as a tick has room for, by the time of those that were just read.
    fn spread(&mut self) {
        let now = self.host.now();
        let fit = TICK / ((now - self.flushed) / self.ahead as f64).max(1e-9);
        self.most = (fit as usize).clamp(1, (2 * self.most).min(LOG));
        (self.flushed, self.ahead) = (now, 0);
    }

    /// A turn for the event loop and a look at cancel, where work is no step: evaluation.
    pub async fn breathe(&mut self) -> Result {
        if self.host.now() - self.turned >= TURN {
            self.host.turn().await;
            self.turned = self.host.now();
        }
        if self.gate.cancel.get() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// One iterate of an attack: kept where somebody asked to see it, and a step where the attack is the stage.
    pub async fn attack_step(&mut self, x: &Tensor<4>, done: usize, of: usize) -> Result {
        if let Some(trace) = &mut self.trace {
            trace.push(x.clone());
            // A run beside the question goes on meanwhile, and can be cancelled.
            self.breathe().await?;
        }
        if self.pace.is_some() {
            // Nothing else waits for a graphics device here.
            self.read(x.clone()).await?;
        }
        if self.paced { self.step(done, of).await } else { Ok(()) }
    }

    /// Reads all losses that wait, in one transfer. The first one that is not finite ends the stage.
    pub async fn flush(&mut self) -> Result {
        let (waiting, written) = (std::mem::take(&mut self.logged.0), self.logged.1);
        let Some(log) = self.log.clone().filter(|_| !waiting.is_empty()) else { return Ok(()) };
        let values = self.read(log).await?;
        for (at, step) in (written - waiting.len()..).zip(waiting) {
            let value = values[1 + at % LOG];
            if !value.is_finite() {
                return Err(Error::Diverged { step });
            }
            self.say(Event::Scalar { series: "loss".into(), step, value });
        }
        Ok(())
    }

    pub async fn read<const D: usize>(&self, tensor: Tensor<D>) -> Result<Vec<f32>> {
        floats(tensor.into_data_async().await.map_err(lost)?)
    }

    pub fn publish(&self, net: &Net) {
        if !self.quiet {
            let mut published = self.published.borrow_mut();
            published.nets.insert(self.stage.clone(), net.clone());
            published.latest = Some(self.stage.clone());
        }
    }

    /// Says how the test split is answered: the whole split, each class, the mean.
    pub fn say_tested(&self, step: usize, tested: &Tested) {
        self.say(Event::Scalar { series: "accuracy".into(), step, value: tested.accuracy() as f32 });
        self.say(tested.answers("test"));
        self.say(Event::Classes { series: "test".into(), values: tested.by_class() });
    }

    /// A fresh net for this task, drawn from the run's seed and the stage's name.
    pub fn net(&self, pick: &spec::Pick, task: &Task) -> Result<Net> {
        Net::new(pick, task, &mut self.rng("net", 0, 0), &self.device)
    }
}

pub(crate) fn lost(error: impl std::fmt::Debug) -> Error {
    Error::DeviceLost(format!("{error:?}"))
}

fn floats(data: TensorData) -> Result<Vec<f32>> {
    data.try_to_vec::<f32>().map_err(lost)
}
