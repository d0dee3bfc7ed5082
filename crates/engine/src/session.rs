use crate::answer::Asker;
use crate::device::Opened;
use crate::estimate::estimate;
use crate::{ENGINE, check, entry};
use indexmap::IndexMap;
use kit::cx::{Cx, Gate, Host, Published};
use kit::data::Task;
use kit::lab::{Lab, Made};
use kit::nets::Net;
use kit::shapes::unlearn::Reference;
use kit::{Error, Result, metrics, weights};
use serde_json::{Map, Value, json};
use spec::{Cause, Digest, Event, Import, Report, Row, RunSpec, START, Said, Shape, Wrong};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How a run came to its end, when nothing was wrong with it.
#[derive(Clone, Debug)]
pub enum Ended {
    Finished(Box<Report>),
    Cancelled,
    /// A stage failed; what came before it is kept.
    Failed(String),
}

/// One engine: a device, what was loaded on it, and the models that its runs have left.
pub struct Session {
    host: Rc<dyn Host>,
    opened: Opened,
    pub gate: Rc<Gate>,
    published: Rc<RefCell<Published>>,
    /// Loaded sets by their words in the run file.
    tasks: Rc<RefCell<BTreeMap<String, Task>>>,
    references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
    /// Models by the name of the stage that made them.
    kept: BTreeMap<String, Net>,
    files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>>,
    /// What the last run's attack stages left, by stage name.
    pub adversarials: BTreeMap<String, Adversarials>,
}

/// Changed inputs of an attack stage.
#[derive(Clone, Debug)]
pub struct Adversarials {
    pub ids: Vec<u32>,
    /// What the images really show.
    pub labels: Vec<u16>,
    /// `[n, channels, height, width]`.
    pub shape: [usize; 4],
    pub pixels: Vec<f32>,
}

impl Session {
    pub fn new(opened: Opened, host: Rc<dyn Host>, gate: Rc<Gate>) -> Self {
        let files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>> = Rc::default();
        let host: Rc<dyn Host> = Rc::new(WithFiles { host, files: files.clone() });
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
        }
    }

    /// Answers questions while this session plays.
    pub fn asker(&self) -> Asker {
        Asker::new(self.opened.device.clone(), self.host.clone(), self.published.clone(), self.tasks.clone())
    }

    /// Takes a file in: a finished stage's weights, a source network or data.
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

    /// The model that a stage left, or the start.
    pub fn model(&self, name: &str) -> Option<Net> {
        self.published.borrow().nets.get(name).cloned().or_else(|| self.kept.get(name).cloned())
    }

    /// A stage's model as PyTorch loads it, adapters merged; and for one with adapters what PEFT loads, its
    /// `adapter_config.json` and `adapter_model.safetensors`.
    pub async fn export(&self, name: &str) -> Result<(Vec<u8>, Option<(Value, Vec<u8>)>)> {
        let net = self.model(name).ok_or_else(|| Error::input(name, "this stage has left no model"))?;
        Ok((weights::export(&net).await?, weights::export_adapter(&net).await?))
    }

    /// Rows of the splits of every task of the run checked or played last, and of the forget set on every task that a
    /// stage forgets on: `{ "splits": { task: { "train", "valid", "test" } }, "forget": { task: [..] } }`.
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
        let mut forgotten = Map::new();
        for (index, stage) in spec.stages.iter().enumerate() {
            let name = spec.task_of(index, crate::is_layer);
            if let Some(forget) = &spec.forget
                && matches!(entry(&stage.id)?.shape, Shape::Unlearn | Shape::Measure)
                && !forgotten.contains_key(&name)
            {
                let rows = kit::data::forget_rows(forget, tasks[name.as_str()], spec.seed)?;
                forgotten.insert(name, json!(rows));
            }
        }
        Ok(json!({ "splits": splits, "forget": forgotten }))
    }

    /// Whether data, weights and forget set of a run are there and fit each other; nothing is played.
    pub async fn fits(&mut self, spec: RunSpec) -> Result {
        self.lab(0, Rc::new(spec)).await.map(drop)
    }

    /// Data and source network of a run, checked and in place; says what they are.
    pub async fn prepare(&mut self, run: u32, spec: RunSpec) -> Result {
        let lab = self.lab(run, Rc::new(spec)).await?;
        let net = &lab.models[START].net;
        let classes = lab.tasks.iter().map(|(name, task)| (name.clone(), task.classes.to_vec())).collect();
        let mut cx = self.cx(run, lab.spec.seed);
        // A gate of its own: the cancel of a run before is not for it.
        cx.gate = Rc::default();
        let task = lab.tasks.values().next().expect("a run has a task");
        // As the first stage will find it: with a last layer for the task's classes.
        let fitted = net.with_head(task.classes.len(), &mut cx.rng("head", 0, 0), &cx.device);
        let (parameters, layers) = (fitted.base_size(), fitted.sizes());
        self.say(run, Event::Prepared { parameters, layers, classes });
        if net.classes == task.classes.len() && net.fits(task).is_ok() {
            let tested = metrics::test(net, &task.test, &mut cx).await?;
            self.say(run, tested.answers("test"));
        }
        Ok(())
    }

    /// Says what each stage of a run may cost. The gate is this guess's own, so that it can give way to a run.
    pub async fn estimate(&mut self, run: u32, spec: RunSpec, gate: Rc<Gate>) -> Result {
        let lab = self.lab(run, Rc::new(spec)).await?;
        let mut cx = self.cx(run, lab.spec.seed);
        (cx.gate, cx.quiet) = (gate, true);
        let seconds = estimate(&lab, &mut cx).await?;
        self.say(run, Event::Estimate { seconds });
        Ok(())
    }

    /// Plays stages `first..=last`. Events go to the host; the report comes back too.
    pub async fn play(&mut self, run: u32, spec: RunSpec, first: usize, last: Option<usize>) -> Result<Ended> {
        let begun = self.host.now();
        let spec = Rc::new(spec);
        let last = last.unwrap_or(spec.stages.len() - 1).min(spec.stages.len() - 1);
        let mut lab = self.lab(run, spec.clone()).await?;
        self.restore(&mut lab, first)?;
        self.adversarials.clear();
        let mut cx = self.cx(run, spec.seed);
        let mut rows: Vec<Row> = Vec::new();
        for index in first..=last {
            let stage = &spec.stages[index];
            let entry = entry(&stage.id)?;
            cx.enter(spec.stage_name(index));
            cx.say(Event::Stage { index, of: spec.stages.len(), id: stage.id.clone() });
            let at = self.host.now();
            let result = (entry.run)(entry, stage, &mut lab, &mut cx).await;
            let failed = match result {
                Ok(made) => {
                    rows.extend(made.clone());
                    if entry.shape.is_layer() {
                        self.keep(&lab, cx.steps, &cx).await?;
                    }
                    cx.say(Event::StageDone { rows: made, seconds: self.host.now() - at });
                    continue;
                }
                Err(error) => error,
            };
            let kept = cx.good.as_ref().map(|(step, _)| *step);
            if let Some((step, net)) = cx.good.take().filter(|_| entry.shape.is_layer()) {
                self.keep_good(index, net, step, &mut lab, &cx).await?;
            }
            return match failed.cause() {
                None => {
                    cx.say(Event::Cancelled { step: kept.unwrap_or(cx.steps) });
                    Ok(Ended::Cancelled)
                }
                Some(Cause::Lost) => Err(failed),
                Some(cause) => {
                    let step = match failed {
                        Error::Diverged { step } => Some(step),
                        _ => None,
                    };
                    let (message, cure) = (failed.to_string(), cure(&failed, entry, stage));
                    cx.say(Event::Failed { cause, message: message.clone(), step, kept, cure });
                    Ok(Ended::Failed(message))
                }
            };
        }
        for (name, (_, view, done)) in std::mem::take(&mut lab.seen) {
            let [channels, height, width] = view.set.shape;
            let left = Adversarials {
                ids: view.rows.to_vec(),
                labels: view.rows.iter().map(|row| view.label(*row)).collect(),
                shape: [view.len(), channels, height, width],
                pixels: done.pixels,
            };
            self.adversarials.insert(name, left);
        }
        let report = Report {
            spec: (*spec).clone(),
            engine: ENGINE.into(),
            device: self.opened.name.into(),
            seed: spec.seed,
            seconds: self.host.now() - begun,
            hashes: hashes(&lab, &cx).await?,
            rows,
        };
        self.say(run, Event::Finished { report: Box::new(report.clone()) });
        Ok(Ended::Finished(Box::new(report)))
    }

    fn cx(&self, run: u32, seed: u32) -> Cx {
        let mut cx = Cx::new(self.opened.device.clone(), seed, run, self.host.clone(), self.gate.clone());
        cx.published = self.published.clone();
        cx
    }

    fn say(&self, run: u32, event: Event) {
        self.host.say(Said { run, stage: None, event }, Vec::new());
    }

    /// Loads data and source network, and holds every stage against the task that it will work on.
    async fn lab(&mut self, run: u32, spec: Rc<RunSpec>) -> Result<Lab> {
        check(&spec)?;
        let mut tasks = IndexMap::new();
        let mut loaded = BTreeMap::new();
        for (name, pick) in &spec.tasks {
            let key = format!("{name} {}", serde_json::to_string(pick).unwrap_or_default());
            let known = self.tasks.borrow().get(&key).cloned();
            let task = match known {
                Some(task) => task,
                None => Task::load(name, pick, &*self.host, &self.opened.device).await?,
            };
            loaded.insert(key, task.clone());
            tasks.insert(name.clone(), task);
        }
        *self.tasks.borrow_mut() = loaded;
        let first = tasks.values().next().expect("checked: a run has a task");
        let start = match spec.model.params.get("weights").and_then(Value::as_str) {
            Some(name) => {
                let bytes = self.host.asset(name).await?;
                weights::open(name, &bytes, &spec.model, first.set.shape, &self.opened.device)?
            }
            None => {
                let mut cx = self.cx(run, spec.seed);
                cx.enter(START.into());
                cx.net(&spec.model, first)?
            }
        };
        self.published.borrow_mut().nets.insert(START.into(), start.clone());
        let lab = Lab::new(spec.clone(), tasks, start, &methods::CATALOGUE, self.references.clone());
        for (index, stage) in spec.stages.iter().enumerate() {
            let task = &lab.tasks[&spec.task_of(index, crate::is_layer)];
            entry(&stage.id)?.fits(stage, task)?;
            if matches!(entry(&stage.id)?.shape, Shape::Unlearn | Shape::Measure) {
                lab.split(task, &self.cx(run, spec.seed))?;
            }
        }
        Ok(lab)
    }

    /// Puts the models of the stages before `first` into the lab.
    fn restore(&self, lab: &mut Lab, first: usize) -> Result {
        let spec = lab.spec.clone();
        for index in (0..first.min(spec.stages.len())).filter(|at| crate::is_layer(&spec.stages[*at].id)) {
            let name = spec.stage_name(index);
            let Some(net) = self.kept.get(&name).cloned() else {
                return Err(Error::input(
                    format!("stage.{name}"),
                    "it has not been played here, but a later stage needs it",
                ));
            };
            let parent = spec.parent_name(index, crate::is_layer);
            let parent = spec.stages[index].model.is_none().then_some(parent);
            let task = spec.task_of(index, crate::is_layer);
            lab.models.insert(name, Made { net, task, stage: Some(index), parent });
        }
        Ok(())
    }

    /// The stage's network, as it was after `step` steps.
    async fn keep(&mut self, lab: &Lab, step: usize, cx: &Cx) -> Result {
        let net = lab.models[&cx.stage].net.clone();
        cx.say_with(Event::Saved { step }, vec![weights::save(&net).await?]);
        self.kept.insert(cx.stage.clone(), net);
        Ok(())
    }

    /// The last good model of a stage that did not come to its end.
    async fn keep_good(&mut self, index: usize, net: Net, step: usize, lab: &mut Lab, cx: &Cx) -> Result {
        let parent = lab.spec.parent_name(index, crate::is_layer);
        let task = lab.spec.task_of(index, crate::is_layer);
        lab.models.insert(cx.stage.clone(), Made { net, task, stage: Some(index), parent: Some(parent) });
        self.keep(lab, step, cx).await
    }
}

/// A tenth of the learning rate, where it ran away.
fn cure(error: &Error, entry: &kit::Entry, stage: &spec::Stage) -> Option<(String, Value)> {
    let Error::Diverged { .. } = error else { return None };
    let defaults = (entry.defaults)();
    let rate =
        stage.params.get("train").and_then(|train| train.get("lr")).or_else(|| defaults.get("train")?.get("lr"))?;
    Some(("train.lr".into(), json!(rate.as_f64()? / 10.0)))
}

/// Start, split and the first epoch's order of the first trained stage: equal for one run file on every device.
async fn hashes(lab: &Lab, cx: &Cx) -> Result<IndexMap<String, String>> {
    let rows = |rows: &[u32]| {
        let mut hash = Digest::default();
        rows.iter().for_each(|row| hash.write(&row.to_le_bytes()));
        hash.hex()
    };
    let mut hashes = IndexMap::from([(START.to_owned(), weights::hash(&lab.models[START].net).await?)]);
    for (name, task) in &lab.tasks {
        hashes.insert(format!("split.{name}"), rows(&[&*task.train.rows, &*task.test.rows].concat()));
    }
    if let Some(index) = (0..lab.spec.stages.len()).find(|at| crate::is_layer(&lab.spec.stages[*at].id)) {
        let mut beside = cx.beside(lab.spec.seed);
        beside.enter(lab.spec.stage_name(index));
        let mut order = lab.tasks[&lab.spec.task_of(index, crate::is_layer)].train.rows.to_vec();
        beside.rng("batch", 0, 0).shuffle(&mut order);
        hashes.insert("order".into(), rows(&order));
    }
    Ok(hashes)
}

/// Files that were handed over stand before those that the host finds.
struct WithFiles {
    host: Rc<dyn Host>,
    files: Rc<RefCell<BTreeMap<String, Rc<Vec<u8>>>>>,
}

impl Host for WithFiles {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
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
        let known = self.files.borrow().get(name).cloned();
        match known {
            Some(bytes) => Box::pin(async move { Ok((*bytes).clone()) }),
            None => self.host.asset(name),
        }
    }
}
