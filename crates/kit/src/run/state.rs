//! A run's data and models.

use super::results::{AttackStage, Judged, Reference};
use super::shapes::{Beside, Other};
use crate::cx::Cx;
use crate::data::{Split, Task, View, forget_rows};
use crate::error::{Error, Result};
use crate::host::Boxed;
use crate::nets::Net;
use indexmap::IndexMap;
use serde_json::{Map, Value};
use spec::{Needs, Pick, RunSpec, START, Stage, Wrong};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Makes a new net from a stage's settings and a net, without measuring it: what a retrained reference repeats.
pub type Make = for<'a> fn(&'a Map<String, Value>, Net, &'a Task, Beside<'a>, &'a mut Cx) -> Boxed<'a, Result<Net>>;

/// Looks up how the method with this id makes a net; `None` for methods that do not train one.
pub type Makers = Rc<dyn Fn(&str) -> Option<Make>>;

/// A model of the run.
#[derive(Clone)]
pub struct Made {
    /// The network.
    pub net: Net,
    /// Name of the task that it was made on.
    pub task: String,
    /// Index of the stage that made it; `None` for the start.
    pub stage: Option<usize>,
    /// Name of the model that it was made from; `None` for the start, and where the stage began with a network of its
    /// own.
    pub parent: Option<String>,
}

impl Made {
    /// What it is known by; `name` is its own.
    pub fn base(&self, name: &str) -> Base {
        self.stage.map_or_else(|| Base::Source(name.into()), Base::Stage)
    }
}

/// What a network of the run is known by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// The name of a network that the run begins with.
    Source(String),
    /// The index of the stage that leaves it.
    Stage(usize),
}

/// A network that is there before any stage is played.
#[derive(Clone)]
pub struct Given {
    /// The network.
    pub net: Net,
    /// Name of the task that it is made for.
    pub task: String,
    /// What it depends on: its file's content, or its kind and how it is drawn.
    pub print: String,
}

/// The networks that are there before any stage is played.
#[derive(Default)]
pub struct Begun {
    /// Those that the run begins with, by name; [`START`] is last.
    pub sources: IndexMap<String, Given>,
    /// Those that single stages begin with and that a file holds, by the stage's index.
    pub own: BTreeMap<usize, Given>,
}

/// What is to be forgotten.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The key where the run file says it.
    pub at: String,
    /// The forget set.
    pub forget: Pick,
    /// Name of the task whose samples it chooses.
    pub task: String,
}

/// A stage before it is played.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The name of its random streams, see [`RunSpec::streams`].
    pub stream: String,
    /// Name of the task that it works on.
    pub task: String,
    /// What its result depends on beside the stages below it, the run's start and seed: its method, its settings with
    /// those that are not written, its own network, its data, which samples it forgets, and its `draw`.
    pub identity: Value,
    /// The network that it starts from or asks; `None` of a stage with one of its own.
    pub from: Option<Base>,
    /// The networks under `with`.
    pub with: Vec<Base>,
    /// Of a method with a forget set, what it forgets or audits, then what the stages below it have forgotten before.
    pub gone: Vec<Request>,
    /// Whether it attacks.
    pub attacks: bool,
    /// Whether it draws every weight anew, so that of the network before it only the kind counts.
    pub draws_anew: bool,
    /// Whether it trains a network, which a retrained reference has to repeat.
    pub trains: bool,
    /// A digest of this and of the identities of all stages below, and of those under `with`.
    pub line: String,
}

/// A run's data and models.
pub struct RunState {
    /// The run file.
    pub spec: Rc<RunSpec>,
    /// By name, in the order of the run file.
    pub tasks: IndexMap<String, Task>,
    /// By stage name, in the order in which they were made, after those that the run begins with.
    pub models: IndexMap<String, Made>,
    /// Results of the attack stages, by stage name.
    pub attacks: BTreeMap<String, Rc<AttackStage>>,
    /// Retrained references by their key, kept between the runs of a session.
    pub references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
    /// What was found of the networks that are compared in forgetting, by network and task.
    pub judged: RefCell<BTreeMap<[String; 2], Rc<Judged>>>,
    /// How methods make nets: a retrained reference repeats stages that are known by id.
    pub makers: Makers,
    /// What is known of each stage, in the order of the run file.
    pub plan: Vec<Planned>,
    /// What is there before any stage is played.
    pub begun: Begun,
    /// The device with its instructions: what results depend on beside what the run file says.
    pub contents: BTreeMap<String, String>,
}

impl RunState {
    /// A run before its first stage.
    pub fn new(
        spec: Rc<RunSpec>,
        tasks: IndexMap<String, Task>,
        begun: Begun,
        makers: Makers,
        references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
        plan: Vec<Planned>,
    ) -> Self {
        let made = |given: &Given| Made { net: given.net.clone(), task: given.task.clone(), stage: None, parent: None };
        let models = begun.sources.iter().map(|(name, given)| (name.clone(), made(given))).collect();
        let (attacks, judged, contents) = (BTreeMap::new(), RefCell::default(), BTreeMap::new());
        Self { spec, tasks, models, attacks, references, judged, makers, plan, begun, contents }
    }

    /// The model that a stage starts from, and its name.
    pub fn from(&self, stage: &Stage) -> Result<(&str, &Made)> {
        let found = match &stage.from {
            Some(name) => self.models.get_key_value(name.as_str()),
            None => self.models.last(),
        };
        let name = stage.from.as_deref().unwrap_or(START);
        let known = self.models.keys().map(String::as_str);
        found
            .map(|(name, made)| (name.as_str(), made))
            .ok_or_else(|| Wrong::unknown("model", &stage.id, name, known).into())
    }

    /// The task that a stage works on: its own `on`, or else that of the model it starts from.
    pub fn task(&self, stage: &Stage) -> Result<&Task> {
        let name = match &stage.on {
            Some(name) => name,
            None => &self.from(stage)?.1.task,
        };
        let known = self.tasks.keys().map(String::as_str);
        self.tasks.get(name).ok_or_else(|| Wrong::unknown("task", &stage.id, name, known).into())
    }

    /// The attack stages whose results a measure may read, where it reads any: those before it on its own task and
    /// network, on every network where it takes others.
    pub fn attacks_before(&self, index: usize, needs: &Needs) -> Vec<usize> {
        let own = &self.plan[index];
        let is_read = |at: &usize| {
            let other = &self.plan[*at];
            other.attacks && other.task == own.task && (needs.with[1] > 0 || other.from == own.from)
        };
        if needs.attacks.is_some() { (0..index).filter(is_read).collect() } else { Vec::new() }
    }

    /// The index of the stage that `cx` is in.
    pub fn index(&self, cx: &Cx) -> usize {
        self.spec.find(&cx.stage).expect("a stage of the run is played")
    }

    /// The network that a stage with a `model` of its own begins with: that of its file, else a random one.
    pub fn own(&self, index: usize, pick: &Pick, task: &Task, cx: &Cx) -> Result<Net> {
        match self.begun.own.get(&index) {
            Some(given) => Ok(given.net.clone()),
            None => cx.net(pick, task),
        }
    }

    /// Name of the task that a network is made for.
    pub fn task_of(&self, base: &Base) -> &str {
        match base {
            Base::Source(name) => &self.begun.sources[name].task,
            Base::Stage(at) => &self.plan[*at].task,
        }
    }

    /// The networks that a stage names under `with`.
    pub fn others(&self, stage: &Stage) -> Result<Vec<Other>> {
        let other = |name: &String| {
            let known = self.models.keys().map(String::as_str);
            let made = self.models.get(name).ok_or_else(|| Wrong::unknown("model", &stage.id, name, known))?;
            Ok(Other { name: name.clone(), net: made.net.clone(), task: self.tasks[&made.task].clone() })
        };
        stage.with.iter().map(other).collect()
    }

    /// The split of a task by what a stage forgets.
    pub fn split(&self, index: usize, task: &Task, cx: &Cx) -> Result<Split> {
        let none = "the run file names nothing to forget; `forget = { id = \"class\", class = 3 }` is one way";
        let (own, before) = self.plan[index].gone.split_first().ok_or_else(|| Error::input("forget", none))?;
        let gone = |request: &Request| {
            let task = &self.tasks[&request.task];
            Ok(task.train.at(forget_rows(&request.at, &request.forget, task, cx.seed)?))
        };
        let chosen: View = gone(own)?;
        if chosen.set.origin != task.set.origin {
            let name = self.spec.stage_name(index);
            let why =
                format!("its network has forgotten samples of \"{}\", and \"{}\" has others", own.task, task.name);
            return Err(Error::input(format!("stage.{name}.on"), why));
        }
        Split::of(&own.at, &chosen.rows, before.iter().map(gone).collect::<Result<_>>()?, task)
    }

    /// Stores the model of the stage that `cx` is in.
    pub(super) fn push(&mut self, parent: Option<String>, net: Net, task: &Task, cx: &Cx) {
        let stage = self.spec.find(&cx.stage);
        let made = Made { net, task: task.name.clone(), stage, parent };
        self.models.shift_remove(&cx.stage);
        self.models.insert(cx.stage.clone(), made);
    }
}
