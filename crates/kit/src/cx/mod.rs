//! The context of a method: device, randomness and host; its [`Progress`]; and its [`LossLog`].

mod losses;
mod progress;
mod work;

pub use losses::LossLog;
pub use progress::{Pace, Part, Progress};
pub use work::{Lasting, Work};

use crate::data::{CHUNK, Task, View};
use crate::error::{Error, Result};
use crate::host::{Gate, Host};
use crate::nets::{Cost, Net};
use crate::seed::Rng;
use crate::stats::Tested;
use burn::tensor::{Device, Tensor};
use spec::{Event, Exhibit, Row, RunSpec, Said};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The latest model of each stage. Questions from outside (drawing pad, budget slider, decision boundary) are answered
/// from it between two steps.
#[derive(Default)]
pub struct Published {
    /// By the name of the stage.
    pub nets: BTreeMap<String, Net>,
    /// The stage that was published last.
    pub latest: Option<String>,
}

/// What the training loop looks at from time to time; the harness chooses it. No look is at the test split: that is for
/// the figures of a network that is finished.
#[derive(Clone)]
pub struct Watch {
    /// Steps between two looks; `None`: about 30 looks at a training.
    pub every: Option<usize>,
    /// Validation samples; none where all are trained on.
    pub valid: View,
    /// Classes that accuracy on them leaves out, because they are to be forgotten whole.
    pub gone: Vec<u16>,
    /// Some of the training samples.
    pub seen: View,
    /// The test samples that the host draws one by one, if it does: a picture of the network, of which no figure is
    /// made.
    pub shown: Option<View>,
}

impl Watch {
    /// What a run wants looked at: validation samples, and as many training samples as fill two chunks. `None` where it
    /// wants no looks.
    pub fn of(task: &Task, spec: &RunSpec, host: &dyn Host) -> Option<Self> {
        let seen = task.train.share(2 * CHUNK);
        let valid = spec.look.map_or_else(|| task.valid.clone(), |look| task.valid.share(look as usize));
        let shown = host.draws_samples().then(|| task.test.first_of_each_class());
        let every = spec.every.map(|every| every as usize);
        (every != Some(0)).then_some(Self { every, valid, gone: Vec::new(), seen, shown })
    }

    /// How many chunks a look evaluates.
    pub fn chunks(&self) -> usize {
        let views = [&self.valid, &self.seen].into_iter().chain(&self.shown);
        views.map(|view| view.len().div_ceil(CHUNK)).sum()
    }
}

/// A model in the middle of its training.
pub struct Checkpoint {
    /// Training steps taken so far.
    pub step: usize,
    /// Its weights after those steps.
    pub net: Net,
}

/// The context that is passed to every method.
pub struct Cx {
    /// The device without autodiff, for data, victims and evaluation.
    pub device: Device,
    /// The run's seed.
    pub seed: u32,
    /// Part of the name of each random stream, see [`RunSpec::streams`]: that of the stage, or of the stage that a
    /// retraining repeats.
    pub stream: String,
    /// The ports to the outside.
    pub host: Rc<dyn Host>,
    /// Number of the run, part of each message.
    pub run: u32,
    /// Name of the stage, part of each message.
    pub stage: String,
    /// Whether only progress is reported: for retrained references and measurements.
    pub quiet: bool,
    /// Models for questions from outside.
    pub published: Rc<RefCell<Published>>,
    /// What the training loop evaluates from time to time; `None`: nothing.
    pub watch: Option<Watch>,
    /// The last checkpoint whose logits were finite; it is kept if the stage fails or is cancelled.
    pub good: Option<Checkpoint>,
    /// Figures that the method reports itself; the harness adds them to its own.
    pub rows: Vec<Row>,
    /// Collects the iterates of an attack `[n, c, h, w]`; `None` if nobody asked for them.
    pub trace: Option<Vec<Tensor<4>>>,
    /// Steps, times and the user's pause.
    pub progress: Progress,
    /// What the method has asked of networks; evaluation is not counted.
    pub cost: Cost,
    /// Losses on the device that were not read yet.
    pub losses: LossLog,
    /// What is being made for the store; `None` if it is not kept.
    pub work: Option<Work>,
    /// What the stage has said so far that is worth saying again, where work is kept.
    pub said: RefCell<Vec<Lasting>>,
}

impl Cx {
    /// A context that belongs to no stage yet; see [`Self::enter`].
    pub fn new(device: Device, seed: u32, run: u32, host: Rc<dyn Host>, gate: Rc<Gate>) -> Self {
        let progress = Progress::new(gate, host.now());
        Self {
            device,
            seed,
            stream: String::new(),
            host,
            run,
            stage: String::new(),
            quiet: false,
            published: Rc::default(),
            watch: None,
            good: None,
            rows: Vec::new(),
            trace: None,
            progress,
            cost: Cost::default(),
            losses: LossLog::default(),
            work: None,
            said: RefCell::default(),
        }
    }

    /// A context with the same host for an auxiliary training run: with another seed, and quiet.
    pub fn beside(&self, seed: u32) -> Self {
        let gate = self.progress.gate.clone();
        let mut cx = Self::new(self.device.clone(), seed, self.run, self.host.clone(), gate);
        cx.stage = self.stage.clone();
        cx.stream = self.stream.clone();
        cx.quiet = true;
        cx
    }

    /// Like [`Self::beside`], to measure the pace of a loop.
    pub fn pacing(&self) -> Self {
        let mut cx = self.beside(self.seed);
        cx.progress.pace = Some(Pace::new(cx.host.now()));
        cx
    }

    /// Begins a stage, whose random streams have this name, and drops everything that belongs to the previous one.
    pub fn enter(&mut self, stage: String, stream: String) {
        self.stage = stage;
        self.stream = stream;
        self.watch = None;
        self.good = None;
        self.progress.steps = 0;
        self.progress.evaluating = 0.0;
        // An attack that failed has left them in its middle.
        (self.progress.part, self.progress.counts_attack_steps) = (Part::WHOLE, false);
        self.rows.clear();
        self.losses.clear();
        self.work = None;
        self.said.get_mut().clear();
    }

    /// Seconds of work since some fixed moment: without waiting, but with those that an earlier program spent on
    /// trainings that were gone on with.
    pub fn clock(&self) -> f64 {
        self.host.now() + self.progress.earlier - self.progress.waited
    }

    /// A random stream for a purpose, a sample and a turn (epoch, step or restart), from the run's seed and the
    /// name of the stage's streams.
    /// The device's generator is never used, as it differs between devices. Without `turn` each epoch would draw the
    /// same permutation, noise and dropout masks.
    pub fn rng(&self, purpose: &str, sample: u32, turn: u32) -> Rng {
        Rng::of(self.seed, &format!("{}/{purpose}", self.stream), &[sample, turn])
    }

    /// Sends an event.
    pub fn say(&self, event: Event) {
        self.say_with(event, Vec::new());
    }

    /// Sends an event with buffers beside it.
    pub fn say_with(&self, event: Event, buffers: Vec<Vec<u8>>) {
        let progress = matches!(event, Event::Step { .. } | Event::Paused { .. } | Event::Resumed);
        if !self.quiet || (progress && self.progress.pace.is_none()) {
            if self.host.store().is_some() {
                let lasting = Lasting::of(&event, &buffers);
                lasting.into_iter().for_each(|lasting| lasting.keep(&mut self.said.borrow_mut()));
            }
            self.host.say(Said { run: self.run, stage: Some(self.stage.clone()), event }, buffers);
        }
    }

    /// Shows a result that is no single figure. One of the same series takes the place of the one before.
    pub fn show(&self, exhibit: Exhibit) {
        debug_assert!(exhibit.is_whole(), "{exhibit:?}");
        self.say(Event::Exhibit(exhibit));
    }

    /// Shows images, with their pixels `[n, channels, height, width]` in row-major order.
    pub fn show_images(&self, images: Exhibit, pixels: &[f32]) {
        debug_assert!(images.is_whole(), "{images:?}");
        let bytes = pixels.iter().flat_map(|x| x.to_le_bytes()).collect();
        self.say_with(Event::Exhibit(images), vec![bytes]);
    }

    /// Reports progress, reads losses, yields to the event loop, pauses, and ends in an error once the run is
    /// cancelled. Every loop of a method calls it after each step, loops on the host too.
    pub async fn step(&mut self, done: usize, of: usize) -> Result {
        let (done, of) = self.progress.in_stage(done, of);
        if self.progress.is_measured() {
            return self.measured_step(of).await;
        }
        let now = self.host.now();
        let due = self.progress.message_is_due(now, done, of);
        if self.progress.begin_step() || due {
            self.flush().await?;
            self.progress.losses_were_read(self.host.now());
        }
        if due {
            self.progress.message_was_sent(now);
            self.say(Event::Step { done, of });
        }
        let gate = self.progress.gate.clone();
        if self.progress.turn_is_due(now) || gate.paused.get() {
            self.turn().await;
        }
        if gate.holds() {
            self.flush().await?;
            self.say(Event::Step { done, of });
            self.say(Event::Paused { step: done });
            while gate.holds() {
                self.rest().await;
            }
            self.say(Event::Resumed);
        }
        gate.allowed.set(gate.allowed.get().saturating_sub(1));
        gate.check()
    }

    /// Waits for somebody else, which is no time of the stage.
    pub async fn rest(&mut self) {
        let since = self.host.now();
        self.host.rest().await;
        self.progress.waited += self.host.now() - since;
    }

    /// Records the time of a step. Ends with [`Error::Cancelled`] once enough steps were measured.
    async fn measured_step(&mut self, of: usize) -> Result {
        self.flush().await?;
        let now = self.host.now();
        if self.progress.pace.as_mut().is_some_and(|pace| pace.step(now, of)) {
            return Err(Error::Cancelled);
        }
        self.breathe().await?;
        // Restart the clock: time spent on answering questions does not belong to this loop.
        let now = self.host.now();
        self.progress.pace.iter_mut().for_each(|pace| pace.restart(now));
        Ok(())
    }

    /// Yields to the event loop once.
    async fn turn(&mut self) {
        self.host.turn().await;
        self.progress.event_loop_turned(self.host.now());
    }

    /// Yields to the event loop if that is due, and ends in an error once the run is cancelled. For work without steps,
    /// such as evaluation.
    pub async fn breathe(&mut self) -> Result {
        if self.progress.turn_is_due(self.host.now()) {
            self.turn().await;
        }
        self.progress.gate.check()
    }

    /// Takes an iterate of an attack, `[n, c, h, w]`, after each of its steps. Adds it to [`Self::trace`] if that is
    /// set, and counts it as a step of the stage if the stage is an attack.
    pub async fn attack_step(&mut self, x: &Tensor<4>, done: usize, of: usize) -> Result {
        if let Some(trace) = &mut self.trace {
            trace.push(x.clone());
            // A question wants the iterates. The run continues meanwhile, and may be cancelled.
            self.breathe().await?;
        }
        if self.progress.pace.is_some() {
            // Reading waits until a graphics device has really done the step.
            self.read(x.clone()).await?;
        }
        if self.progress.counts_attack_steps { self.step(done, of).await } else { Ok(()) }
    }

    /// Reads all unread losses from the device in one transfer and reports them. The first one that is not finite ends
    /// the stage.
    pub async fn flush(&mut self) -> Result {
        let Some(waiting) = self.losses.take() else { return Ok(()) };
        let values = self.read(waiting.on_device.clone()).await?;
        for loss in waiting.losses(&values) {
            if !loss.value.is_finite() {
                return Err(if loss.step == 0 { Error::BadStart } else { Error::Diverged { step: loss.step } });
            }
            self.say(Event::Scalar { series: "loss".into(), step: loss.step, value: loss.value, n: None });
        }
        Ok(())
    }

    /// The elements of a tensor in row-major order.
    pub async fn read<const D: usize>(&self, tensor: Tensor<D>) -> Result<Vec<f32>> {
        tensor.into_data_async().await.map_err(Error::lost)?.try_to_vec::<f32>().map_err(Error::lost)
    }

    /// Makes a model available to questions from outside.
    pub fn publish(&self, net: &Net) {
        if !self.quiet {
            let mut published = self.published.borrow_mut();
            published.nets.insert(self.stage.clone(), net.clone());
            published.latest = Some(self.stage.clone());
        }
    }

    /// Reports every answer, and accuracy by class, under the name of a series: `test`, `valid`.
    pub fn say_tested(&self, series: &str, tested: &Tested) {
        self.say(tested.event(series));
        self.say(Event::Classes { series: series.into(), values: tested.by_class() });
    }

    /// Reports a point of a curve of accuracy, if there is a sample.
    pub fn say_accuracy(&self, series: &str, step: usize, tested: &Tested) {
        if let Some(accuracy) = tested.accuracy() {
            let (value, n) = (accuracy as f32, Some(tested.len()));
            self.say(Event::Scalar { series: series.into(), step, value, n });
        }
    }

    /// A network that the run begins with and that no file holds, for its task.
    pub fn source(mut self, name: &str, source: &spec::Model, task: &Task) -> Result<Net> {
        self.enter(name.into(), source.draw.to_string());
        self.net(&source.pick(), task)
    }

    /// A fresh net for a task. Its weights depend on the run's seed and on the name of the stage's
    /// streams.
    pub fn net(&self, pick: &spec::Pick, task: &Task) -> Result<Net> {
        Net::new(pick, task, &mut self.rng("net", 0, 0), &self.device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::Patient;

    /// Seconds of three steps.
    fn seconds(is_paused: bool) -> f64 {
        let host = Rc::new(Patient::default());
        let mut cx = Cx::new(Device::flex(), 1, 1, host.clone(), host.gate.clone());
        let begun = cx.clock();
        for step in 0..3 {
            host.gate.paused.set(is_paused && step == 1);
            pollster::block_on(cx.step(step + 1, 3)).unwrap();
        }
        cx.clock() - begun
    }

    /// A stage that failed in the middle of an attack.
    #[test]
    fn a_stage_counts_its_own_steps() {
        let host = Rc::new(Patient::default());
        let mut cx = Cx::new(Device::flex(), 1, 1, host.clone(), host.gate.clone());
        (cx.progress.part, cx.progress.counts_attack_steps) = (Part { at: 2, of: 6 }, true);
        cx.enter("next".into(), "0".into());
        assert!((cx.progress.part.at, cx.progress.part.of, cx.progress.counts_attack_steps) == (0, 1, false));
    }

    #[test]
    fn a_pause_is_no_time_of_the_method() {
        let (alone, paused) = (seconds(false), seconds(true));
        assert!(paused < alone + 10.0, "{alone} {paused}");
    }
}
