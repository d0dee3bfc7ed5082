//! The engine as worker and command line see it: one device, and the runs played on it.

use crate::answer::Asker;
use crate::attacks::Adversarials;
use crate::device::Opened;
use crate::ended::{End, Ended, Why, ends_all};
use crate::estimate::estimate;
use crate::foresee::foresee;
use crate::recall::{DEVICE, Recalled, twins};
use crate::{ENGINE, Registry};
use indexmap::IndexMap;
use kit::cx::{Checkpoint, Cx, Published};
use kit::data::{Task, forget_rows};
use kit::host::{Gate, Host};
use kit::learn::{logits, test};
use kit::nets::Net;
use kit::nets::weights::{self, AdapterFiles};
use kit::run::{AttackStage, Made, Reference, RunState};
use kit::{Error, Result, Store};
use serde_json::{Map, Value, json};
use spec::{
    Cause, Digest, Event, Exhibit, Exhibited, Import, Point, Report, Row, RunSpec, START, Said, Samples, Wrong,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// One engine: a device, the data loaded on it, and the models that its runs have left.
pub struct Session {
    pub(crate) host: Rc<dyn Host>,
    pub(crate) opened: Opened,
    /// Pause, single step and cancel of the run that is played.
    pub gate: Rc<Gate>,
    published: Rc<RefCell<Published>>,
    /// Loaded tasks, by name and description in the run file.
    tasks: Rc<RefCell<BTreeMap<String, Task>>>,
    references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
    /// Models by the name of the stage that made them.
    kept: BTreeMap<String, Net>,
    /// Imported data and source networks, by file name.
    files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>>,
    /// The changed inputs of the last run's attack stages, by stage name.
    pub adversarials: BTreeMap<String, Adversarials>,
    /// What attack stages have left, by stage name, with all that it depends on: for measures of later runs.
    pub(crate) attacks: BTreeMap<String, (String, Rc<AttackStage>)>,
    /// What the run has said so far that its report keeps.
    noted: Rc<RefCell<Noted>>,
    /// Whether [`Session::adversarials`] are wanted: then attack stages are played even if they were before, since
    /// changed inputs are not kept.
    pub needs_inputs: bool,
    pub(crate) registry: Registry,
}

/// What is known of a run that fits together, before it is played.
pub struct Fits {
    /// How many samples each task has.
    pub samples: IndexMap<String, Samples>,
    /// Names of stages that leave one and the same network, because they are equal in all but their names; the earlier
    /// one is first.
    pub twins: Vec<[String; 2]>,
    /// Equal for runs of equal results.
    pub identity: String,
}

/// What a network says of the test split of its task.
#[derive(Clone, Debug)]
pub struct Logits {
    /// Ids of the samples, `[n]`.
    pub ids: Vec<u32>,
    /// Their true classes, `[n]`.
    pub labels: Vec<u16>,
    /// `[n, channels, height, width]` of the inputs.
    pub shape: [usize; 4],
    /// The inputs that it was asked, in row-major order.
    pub pixels: Vec<f32>,
    /// Number of classes of the network.
    pub classes: usize,
    /// `[n, classes]` in row-major order.
    pub values: Vec<f32>,
}

/// A model as other programs load it.
#[derive(Clone, Debug)]
pub struct Exported {
    /// A safetensors file that PyTorch loads, adapters merged.
    pub weights: Vec<u8>,
    /// What PEFT loads; `None` for a model without adapters.
    pub adapter: Option<AdapterFiles>,
}

impl Session {
    /// A session on an open device, with the methods and data sets of `registry`.
    pub fn new(opened: Opened, host: Rc<dyn Host>, gate: Rc<Gate>, registry: Registry) -> Self {
        let files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>> = Rc::default();
        let noted: Rc<RefCell<Noted>> = Rc::default();
        let host: Rc<dyn Host> = Rc::new(SessionHost { host, files: files.clone(), noted: noted.clone() });
        Self {
            host,
            opened,
            gate,
            published: Rc::default(),
            tasks: Rc::default(),
            references: Rc::default(),
            kept: BTreeMap::new(),
            files,
            adversarials: BTreeMap::new(),
            attacks: BTreeMap::new(),
            noted,
            needs_inputs: false,
            registry,
        }
    }

    /// Answers questions about this session's models, also while a run is played.
    pub fn asker(&self) -> Asker {
        let device = self.opened.device.clone();
        Asker::new(self.registry, device, self.host.clone(), self.published.clone(), self.tasks.clone())
    }

    /// Imports a file: the weights of a finished stage, a source network, or data.
    pub fn import(&mut self, name: &str, what: Import, bytes: Vec<u8>) -> Result {
        match what {
            Import::Weights => {
                let net = weights::open_any(name, &bytes, &self.opened.device)?;
                self.published.borrow_mut().nets.insert(name.into(), net.clone());
                self.kept.insert(name.into(), net);
            }
            Import::Source | Import::Data => {
                self.tasks.borrow_mut().clear();
                self.files.borrow_mut().insert(name.into(), Rc::new(bytes));
            }
        }
        Ok(())
    }

    /// The model that the stage with this name left, or the start.
    pub fn model(&self, name: &str) -> Option<Net> {
        self.published.borrow().nets.get(name).cloned().or_else(|| self.kept.get(name).cloned())
    }

    /// As [`Self::model`]; an error if there is none.
    fn left(&self, name: &str) -> Result<Net> {
        self.model(name).ok_or_else(|| Error::input(name, "this stage has left no model"))
    }

    /// A stage's model as files for PyTorch and PEFT.
    pub async fn export(&self, name: &str) -> Result<Exported> {
        let net = self.left(name)?;
        Ok(Exported { weights: weights::export(&net).await?, adapter: weights::export_adapter(&net).await? })
    }

    /// The logits of the network that a stage of the run that was played last has left, on the test split of the task
    /// that it was made on.
    pub async fn logits(&self, spec: &RunSpec, index: usize) -> Result<Logits> {
        let (name, task) = (spec.stage_name(index), spec.task_of(index, |id| self.registry.is_layer(id)));
        let net = self.left(&name)?;
        let view = self.tasks.borrow().values().find(|known| known.name == task).map(|task| task.test.clone());
        let view = view.ok_or_else(|| Error::input(task, "this task is not loaded"))?;
        let mut cx = self.aside(spec.seed);
        let values = logits(&net, &view, &mut cx).await?;
        let labels = view.rows.iter().map(|row| view.label(*row)).collect();
        let pixels = view.rows.iter().flat_map(|row| view.pixels(*row)).copied().collect();
        Ok(Logits { ids: view.rows.to_vec(), labels, shape: view.shape(), pixels, classes: net.classes, values })
    }

    /// The changed images of an attack stage of the run that was played last, in levels of eight bits inside the ball,
    /// and what the network that was attacked makes of them; `None` for points, and where the ball around an image has
    /// no image of eight bits.
    pub async fn eight_bits(&self, spec: &RunSpec, index: usize) -> Result<Option<(Vec<u8>, Option<Row>)>> {
        let (name, parent) = (spec.stage_name(index), spec.parent_name(index, |id| self.registry.is_layer(id)));
        let net = self.left(&parent)?;
        let left =
            self.adversarials.get(&name).ok_or_else(|| Error::input(&name, "this stage has attacked nothing"))?;
        let Some(levels) = left.levels() else { return Ok(None) };
        let pixels: Vec<f32> = levels.iter().map(|level| f32::from(*level) / 255.0).collect();
        let view = left.stage().view.changed(pixels);
        let mut cx = self.aside(spec.seed);
        let held = test(&net, &view, &mut cx).await?.accuracy();
        let row = held.map(|held| Row::share(&name, "robust_accuracy_8bit", held, view.len()));
        Ok(Some((levels, row)))
    }

    /// The rows of the splits of each task of the run that was checked or played last, and of the forget set on each
    /// task that a stage forgets on: `{ "splits": { task: { "train", "valid", "test" } }, "forget": { task: [..] } }`;
    /// of a stage with a forget set of its own under `"stages": { stage: [..] }`.
    pub fn indices(&self, spec: &RunSpec) -> Result<Value> {
        let tasks = self.tasks.borrow();
        let tasks: BTreeMap<&str, &Task> = tasks.values().map(|task| (task.name.as_str(), task)).collect();
        let mut splits = Map::new();
        for name in spec.tasks.keys() {
            let known = tasks.keys().copied();
            let task = tasks.get(name.as_str()).ok_or_else(|| Wrong::unknown("task", "indices", name, known))?;
            let rows = json!({ "train": *task.train.rows, "valid": *task.valid.rows, "test": *task.test.rows });
            splits.insert(name.clone(), rows);
        }
        let (mut forgotten, mut requests) = (Map::new(), Map::new());
        for (index, stage) in spec.stages.iter().enumerate() {
            let task = spec.task_of(index, |id| self.registry.is_layer(id));
            if !self.registry.entry(&stage.id)?.needs.forget {
                continue;
            }
            // Beside the run's own forget set, by task, those of single stages. What an audit asks for is there
            // already.
            let (at, forget) = match spec.forgetter(index, |id| self.registry.shape(id)) {
                Some(forgetter) if forgetter != index => continue,
                Some(_) => (&mut requests, stage.forget.as_ref().map(|own| (spec.stage_name(index), own))),
                None => (&mut forgotten, spec.forget.as_ref().map(|forget| (task.clone(), forget))),
            };
            if let Some((name, forget)) = forget.filter(|(name, _)| !at.contains_key(name)) {
                at.insert(name, json!(forget_rows("forget", forget, tasks[task.as_str()], spec.seed)?));
            }
        }
        let mut indices = json!({ "splits": splits, "forget": forgotten });
        if !requests.is_empty() {
            indices["stages"] = requests.into();
        }
        Ok(indices)
    }

    /// An error if data, weights, forget set or stages of a run are missing or do not fit each other; nothing is
    /// played. Else what was found.
    pub async fn fits(&mut self, spec: RunSpec) -> Result<Fits> {
        let state = self.begin(0, Rc::new(spec)).await?;
        foresee(self.registry, &state, &mut self.aside(state.spec.seed))?;
        let twins = twins(&state, |id| self.registry.is_layer(id));
        Ok(Fits { samples: samples(&state), twins, identity: self.identity(&state) })
    }

    /// Loads and checks data and source network of a run, and reports what they are.
    pub async fn prepare(&mut self, run: u32, spec: RunSpec) -> Result {
        let state = self.begin(run, Rc::new(spec)).await?;
        let net = &state.models[START].net;
        let classes = state.tasks.iter().map(|(name, task)| (name.clone(), task.classes.to_vec())).collect();
        let mut cx = self.cx(run, state.spec.seed);
        // It has its own gate, so that cancelling an earlier run does not end it.
        cx.progress.gate = Rc::default();
        let task = state.tasks.values().next().expect("a run has a task");
        // The first stage will receive the net with a last layer for the task's classes; report that one's size.
        let fitted = net.with_head(task.classes.len(), &mut cx.rng("head", 0, 0), &cx.device);
        let (parameters, layers) = (fitted.base_size(), fitted.sizes());
        self.say(run, Event::Prepared { parameters, layers, classes });
        if net.knows(task).is_ok() {
            let tested = test(net, &task.test, &mut cx).await?;
            self.say(run, tested.event("test"));
        }
        Ok(())
    }

    /// Reports how long each stage of a run may take. It has its own gate, so that it can be stopped when a run begins.
    pub async fn estimate(&mut self, run: u32, spec: RunSpec, gate: Rc<Gate>) -> Result {
        let state = self.begin(run, Rc::new(spec)).await?;
        let mut cx = self.cx(run, state.spec.seed);
        (cx.progress.gate, cx.quiet) = (gate, true);
        let seconds = estimate(self.registry, &state, &mut cx).await?;
        self.say(run, Event::Estimate { seconds });
        Ok(())
    }

    /// Plays the stages `first..=last`, by default to the last one. Events go to the host; the report is also returned.
    pub async fn play(&mut self, run: u32, spec: RunSpec, first: usize, last: Option<usize>) -> Result<Ended> {
        let begun = self.host.now();
        let spec = Rc::new(spec);
        let last = last.unwrap_or(spec.stages.len() - 1).min(spec.stages.len() - 1);
        let mut state = self.begin(run, spec.clone()).await?;
        self.restore(&mut state, first)?;
        self.adversarials.clear();
        self.bring_attacks(&mut state, first);
        self.noted.take();
        let twins = twins(&state, |id| self.registry.is_layer(id));
        let mut cx = self.cx(run, spec.seed);
        let mut rows: Vec<Row> = Vec::new();
        let mut ends: Vec<End> = Vec::new();
        for index in first..=last {
            let stage = &spec.stages[index];
            if let Some(on) = self.stands_on(index, &state, &ends)? {
                let said = Said { run, stage: Some(spec.stage_name(index)), event: Event::Skipped { on: on.clone() } };
                self.host.say(said, Vec::new());
                ends.push(End { index, why: Why::StandsOn(on) });
                continue;
            }
            enter(index, &state, &mut cx);
            self.warn_of_twin(&twins, &cx);
            let played = self.stage(index, &mut state, &mut cx).await;
            let failed = match played.map_err(|error| error.of_stage(&stage.id, &cx.stage)) {
                Ok((made, seconds)) => {
                    rows.extend(made.clone());
                    cx.say(Event::StageDone { rows: made, seconds });
                    continue;
                }
                Err(error) => error,
            };
            self.end_early(index, &failed, &mut state, &mut cx).await?;
            let is_over = ends_all(&failed);
            ends.push(End { index, why: Why::Failed(failed) });
            if is_over {
                break;
            }
        }
        self.keep_attacks(&state);
        let hashes = hashes(self.registry, &state, &cx).await;
        let Noted { warnings, exhibits } = self.noted.take();
        let report = Box::new(Report {
            format: spec::FORMAT,
            spec: (*spec).clone(),
            point: Point::new(),
            engine: ENGINE.into(),
            device: self.opened.name.into(),
            seed: spec.seed,
            played_seeds: vec![spec.seed],
            files: Vec::new(),
            seconds: self.host.now() - begun,
            // A device that is lost has no weights to be hashed.
            samples: samples(&state),
            hashes: if ends.is_empty() { hashes? } else { hashes.unwrap_or_default() },
            rows,
            exhibits,
            warnings,
            unfinished: ends.iter().map(|end| end.sentence(&spec)).collect(),
        });
        let failed = End::worst(ends);
        if !failed.as_ref().is_some_and(ends_all) {
            self.say(run, Event::Finished { report: report.clone() });
        }
        Ok(match failed {
            None => Ended::Finished(report),
            Some(Error::Cancelled) => Ended::Cancelled(report),
            Some(error) => Ended::Failed(report, error),
        })
    }

    /// The stage that did not come to its end and that this one stands on, by name: it starts from it, asks it, takes
    /// its network as well, or reads what it would have left.
    fn stands_on(&self, index: usize, state: &RunState, ends: &[End]) -> Result<Option<String>> {
        let entry = self.registry.entry(&state.spec.stages[index].id)?;
        let basis_of = |at: usize| state.spec.basis(at, |id| self.registry.is_layer(id));
        let mut basis = basis_of(index);
        for attack in state.attacks_before(index, &entry.needs) {
            basis.insert(attack);
            basis.append(&mut basis_of(attack));
        }
        Ok(ends.iter().find(|end| basis.contains(&end.index)).map(|end| state.spec.stage_name(end.index)))
    }

    /// Plays a stage, or takes it from the store. Returns its figures and its seconds.
    async fn stage(&mut self, index: usize, state: &mut RunState, cx: &mut Cx) -> Result<(Vec<Row>, f64)> {
        let lease = match self.recall(index, state, cx).await? {
            Recalled::Stage(rows, seconds) => return Ok((rows, seconds)),
            Recalled::Missing(lease) => lease,
        };
        let spec = state.spec.clone();
        let entry = self.registry.entry(&spec.stages[index].id)?;
        let begun = cx.clock();
        let rows = (entry.run)(entry, &spec.stages[index], state, cx).await?;
        let file = match entry.shape.is_layer() {
            true => self.keep(state, cx.progress.steps, cx).await?,
            false => None,
        };
        let seconds = cx.clock() - begun;
        self.keep_work(index, &rows, seconds, file, state, cx).await;
        drop(lease);
        Ok((rows, seconds))
    }

    /// Says why a stage did not come to its end, and keeps its last good network.
    async fn end_early(&mut self, index: usize, error: &Error, state: &mut RunState, cx: &mut Cx) -> Result {
        let entry = self.registry.entry(&state.spec.stages[index].id)?;
        let kept = cx.good.as_ref().map(|good| good.step);
        let good = cx.good.take().filter(|_| entry.shape.is_layer());
        let event = match error.cause() {
            None => Event::Cancelled { step: kept.unwrap_or(cx.progress.steps) },
            // The device is gone for the whole engine, which is said by those who hold it.
            Some(Cause::Lost) => return Ok(()),
            Some(cause) => Event::Failed {
                cause,
                message: error.to_string(),
                step: if let Error::Diverged { step } = error { Some(*step) } else { None },
                kept,
                cure: cure(error, entry, &state.spec.stages[index]),
            },
        };
        if let Some(Checkpoint { step, net }) = good {
            self.keep_good(index, net, step, state, cx).await?;
        }
        cx.say(event);
        Ok(())
    }

    pub(crate) fn cx(&self, run: u32, seed: u32) -> Cx {
        let mut cx = Cx::new(self.opened.device.clone(), seed, run, self.host.clone(), self.gate.clone());
        cx.published = self.published.clone();
        cx
    }

    /// The context of what is asked after a run, of which nobody is told. It has its own gate, because a run that was
    /// stopped leaves finished stages too.
    fn aside(&self, seed: u32) -> Cx {
        let mut cx = self.cx(0, seed);
        (cx.progress.gate, cx.quiet) = (Rc::default(), true);
        cx
    }

    fn say(&self, run: u32, event: Event) {
        self.host.say(Said { run, stage: None, event }, Vec::new());
    }

    /// Loads data and source network, and checks each stage against the task that it will work on.
    pub(crate) async fn begin(&mut self, run: u32, spec: Rc<RunSpec>) -> Result<RunState> {
        self.registry.check(&spec)?;
        let mut tasks = IndexMap::new();
        let mut loaded = BTreeMap::new();
        for (name, pick) in &spec.tasks {
            let key = format!("{name} {}", serde_json::to_string(pick).unwrap_or_default());
            let known = self.tasks.borrow().get(&key).cloned();
            let task = match known {
                Some(task) => task,
                None => Task::load(name, pick, self.registry.sets, &*self.host, &self.opened.device).await?,
            };
            loaded.insert(key, task.clone());
            tasks.insert(name.clone(), task);
        }
        *self.tasks.borrow_mut() = loaded;
        let begun = self.given(run, &spec, &tasks).await?;
        for (name, given) in &begun.sources {
            self.published.borrow_mut().nets.insert(name.clone(), given.net.clone());
        }
        let (plan, makers) = (self.registry.plan(&spec, &tasks, &begun)?, self.registry.makers());
        let mut state = RunState::new(spec.clone(), tasks, begun, makers, self.references.clone(), plan);
        state.contents.insert(DEVICE.to_owned(), self.opened.name.to_owned());
        // Machines may share a store.
        state.contents.insert("instructions".to_owned(), ops::instruction_set());
        for (index, stage) in spec.stages.iter().enumerate() {
            let task = &state.tasks[&state.plan[index].task];
            let entry = self.registry.entry(&stage.id)?;
            entry.fits(stage, task).map_err(|error| error.of_stage(&stage.id, &spec.stage_name(index)))?;
            if entry.needs.forget {
                state.split(index, task, &self.cx(run, spec.seed))?;
            }
        }
        Ok(state)
    }

    /// The network that this session holds of a stage.
    pub(crate) fn held(&self, name: &str) -> Option<&Net> {
        self.kept.get(name)
    }

    /// Puts the models of the stages before `first` into the run.
    fn restore(&self, state: &mut RunState, first: usize) -> Result {
        let spec = state.spec.clone();
        for index in (0..first.min(spec.stages.len())).filter(|at| self.registry.is_layer(&spec.stages[*at].id)) {
            let name = spec.stage_name(index);
            let Some(net) = self.kept.get(&name).cloned() else {
                return Err(Error::input(
                    format!("stage.{name}"),
                    "it has not been played here, but a later stage needs it",
                ));
            };
            self.put(index, net, state);
        }
        Ok(())
    }

    /// Puts the network of a stage that was played before into the run.
    pub(crate) fn put(&self, index: usize, net: Net, state: &mut RunState) {
        let (spec, is_layer) = (state.spec.clone(), |id: &str| self.registry.is_layer(id));
        let parent = spec.stages[index].model.is_none().then(|| spec.parent_name(index, is_layer));
        let task = spec.task_of(index, is_layer);
        state.models.shift_remove(&spec.stage_name(index));
        state.models.insert(spec.stage_name(index), Made { net, task, stage: Some(index), parent });
    }

    /// Saves and keeps the stage's network as it was after `step` steps. Returns its file where work is kept.
    async fn keep(&mut self, state: &RunState, step: usize, cx: &Cx) -> Result<Option<Vec<u8>>> {
        let net = state.models[&cx.stage].net.clone();
        let file = weights::save(&net).await?;
        let kept = cx.work.is_some().then(|| file.clone());
        self.hold(net, step, file, cx);
        Ok(kept)
    }

    /// Holds the stage's network, as it was after `step` steps, and says so with its file.
    pub(crate) fn hold(&mut self, net: Net, step: usize, file: Vec<u8>, cx: &Cx) {
        cx.say_with(Event::Saved { step }, vec![file]);
        self.kept.insert(cx.stage.clone(), net);
    }

    /// Keeps the last good model of a stage that did not finish.
    async fn keep_good(&mut self, index: usize, net: Net, step: usize, state: &mut RunState, cx: &Cx) -> Result {
        let parent = state.spec.parent_name(index, |id| self.registry.is_layer(id));
        let task = state.spec.task_of(index, |id| self.registry.is_layer(id));
        state.models.insert(cx.stage.clone(), Made { net, task, stage: Some(index), parent: Some(parent) });
        self.keep(state, step, cx).await.map(drop)
    }
}

/// A changed setting to suggest after a failure: if the loss diverged, a tenth of the learning rate.
fn cure(error: &Error, entry: &kit::Entry, stage: &spec::Stage) -> Option<(String, Value)> {
    let Error::Diverged { .. } = error else { return None };
    let defaults = (entry.defaults)();
    let rate =
        stage.params.get("train").and_then(|train| train.get("lr")).or_else(|| defaults.get("train")?.get("lr"))?;
    Some(("train.lr".into(), json!(rate.as_f64()? / 10.0)))
}

/// Begins a stage, and says so.
pub(crate) fn enter(index: usize, state: &RunState, cx: &mut Cx) {
    let (spec, planned) = (&state.spec, &state.plan[index]);
    cx.enter(spec.stage_name(index), planned.stream.clone());
    let classes = state.tasks[&planned.task].classes.to_vec();
    cx.say(Event::Stage { index, of: spec.stages.len(), id: spec.stages[index].id.clone(), classes });
}

/// How many samples each task has.
fn samples(state: &RunState) -> IndexMap<String, Samples> {
    state.tasks.iter().map(|(name, task)| (name.clone(), task.samples())).collect()
}

/// Fingerprints of start, splits and the first epoch's order of the first trained stage: equal for one run file on
/// every device.
async fn hashes(registry: Registry, state: &RunState, cx: &Cx) -> Result<IndexMap<String, String>> {
    let rows = |rows: &[u32]| Digest::of_rows(rows).hex();
    let mut hashes = IndexMap::new();
    for (name, given) in state.begun.sources.iter().rev() {
        hashes.insert(name.clone(), weights::hash(&given.net).await?);
    }
    for (name, task) in &state.tasks {
        hashes.insert(format!("split.{name}"), rows(&[&*task.train.rows, &*task.test.rows].concat()));
    }
    if let Some(index) = (0..state.spec.stages.len()).find(|at| registry.is_layer(&state.spec.stages[*at].id)) {
        let mut beside = cx.beside(state.spec.seed);
        beside.enter(state.spec.stage_name(index), state.plan[index].stream.clone());
        let mut order = state.tasks[&state.spec.task_of(index, |id| registry.is_layer(id))].train.rows.to_vec();
        beside.rng("batch", 0, 0).shuffle(&mut order);
        hashes.insert("order".into(), rows(&order));
    }
    Ok(hashes)
}

/// What a run says that its report keeps.
#[derive(Default)]
struct Noted {
    /// Each with its stage.
    warnings: Vec<String>,
    /// The last of each series of a stage. Images are left out, as without their pixels there is nothing to see.
    exhibits: Vec<Exhibited>,
}

impl Noted {
    fn take(&mut self, stage: &str, event: &Event) {
        match event {
            Event::Warning { message } => self.warnings.push(format!("stage.{stage}: {message}")),
            Event::Exhibit(Exhibit::Images { .. }) => {}
            Event::Exhibit(exhibit) => {
                self.exhibits.retain(|old| old.stage != stage || old.exhibit.series() != exhibit.series());
                self.exhibits.push(Exhibited { stage: stage.into(), exhibit: exhibit.clone(), seeds: 1 });
            }
            _ => {}
        }
    }
}

/// A host that looks for a file among the imported ones first, and notes what the report keeps.
struct SessionHost {
    host: Rc<dyn Host>,
    files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>>,
    noted: Rc<RefCell<Noted>>,
}

impl Host for SessionHost {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        if let Some(stage) = &said.stage {
            self.noted.borrow_mut().take(stage, &said.event);
        }
        self.host.say(said, buffers);
    }
    fn now(&self) -> f64 {
        self.host.now()
    }
    fn turn(&self) -> kit::Boxed<'_, ()> {
        self.host.turn()
    }
    fn rest(&self) -> kit::Boxed<'_, ()> {
        self.host.rest()
    }
    fn asset<'a>(&'a self, name: &'a str) -> kit::Boxed<'a, Result<Vec<u8>>> {
        if name.is_empty() {
            return Box::pin(async { Err(Error::input("run file", "the name of a data or weight file is empty")) });
        }
        let known = self.files.borrow().get(name).cloned();
        match known {
            Some(bytes) => Box::pin(async move { Ok((*bytes).clone()) }),
            None => self.host.asset(name),
        }
    }
    fn draws_samples(&self) -> bool {
        self.host.draws_samples()
    }
    fn store(&self) -> Option<&dyn Store> {
        self.host.store()
    }
}
