use crate::ball::Ball;
use crate::cx::Cx;
use crate::data::{Set, Task, View};
use crate::entry::Entry;
use crate::error::{Error, Result};
use crate::nets::Net;
use crate::shapes::attack::Attacked;
use crate::shapes::unlearn::Reference;
use indexmap::IndexMap;
use spec::{Pick, RunSpec, START, Stage, Wrong};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a stage left: a model, the task that it was made on, and the stage it came from.
#[derive(Clone)]
pub struct Made {
    pub net: Net,
    pub task: String,
    /// Index of the stage that made it; none for the start.
    pub stage: Option<usize>,
    /// Name of the model that it was made from; none for the start.
    pub parent: Option<String>,
}

/// A run's data and models.
pub struct Lab {
    pub spec: Rc<RunSpec>,
    pub tasks: IndexMap<String, Task>,
    /// By stage name, in the order they were made; [`START`] is first.
    pub models: IndexMap<String, Made>,
    /// What the attack stages left, by stage name.
    pub seen: BTreeMap<String, (Ball, View, Attacked)>,
    /// Retrained references, kept between the runs of a session.
    pub references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
    /// Every method.
    pub catalogue: &'static [&'static Entry],
}

/// What stays and what goes: the same for every forgetter, and none can change it.
pub struct Split {
    pub forget: View,
    pub retain: View,
    /// Unseen samples; without a class that is forgotten whole.
    pub test: View,
}

impl Lab {
    pub fn new(
        spec: Rc<RunSpec>,
        tasks: IndexMap<String, Task>,
        start: Net,
        catalogue: &'static [&'static Entry],
        references: Rc<RefCell<BTreeMap<String, Rc<Reference>>>>,
    ) -> Self {
        let task = tasks.keys().next().cloned().unwrap_or_default();
        let start = Made { net: start, task, stage: None, parent: None };
        let models = IndexMap::from([(START.into(), start)]);
        Self { spec, tasks, models, seen: BTreeMap::new(), references, catalogue }
    }

    pub fn entry(&self, id: &str) -> Result<&'static Entry> {
        let mut all = self.catalogue.iter().copied();
        let known = all.clone().map(|entry| entry.id);
        all.find(|entry| entry.id == id).ok_or_else(|| Wrong::unknown("method", "stage", id, known).into())
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

    /// The task that a stage works on: its own `on`, else that of the model it starts from.
    pub fn task(&self, stage: &Stage) -> Result<&Task> {
        let name = match &stage.on {
            Some(name) => name,
            None => &self.from(stage)?.1.task,
        };
        let known = self.tasks.keys().map(String::as_str);
        self.tasks.get(name).ok_or_else(|| Wrong::unknown("task", &stage.id, name, known).into())
    }

    /// Stages between the start and a model, first to last: its lineage.
    pub fn lineage(&self, name: &str) -> Vec<usize> {
        let mut stages = Vec::new();
        let mut at = self.models.get(name);
        while let Some(made) = at {
            stages.extend(made.stage);
            at = made.parent.as_ref().and_then(|parent| self.models.get(parent));
        }
        stages.reverse();
        stages
    }

    /// What `forget` of the run file means on a task.
    pub fn split(&self, task: &Task, cx: &Cx) -> Result<Split> {
        let none = "the run file names nothing to forget; `forget = { id = \"class\", class = 3 }` is one way";
        let forget = self.spec.forget.as_ref().ok_or_else(|| Error::input("forget", none))?;
        split(forget, task, cx.seed)
    }
}

fn split(forget: &Pick, task: &Task, seed: u32) -> Result<Split> {
    let train = &task.train;
    let chosen = crate::data::forget_rows(forget, task, seed)?;
    let forget = train.filter(|row| chosen.binary_search(&row).is_ok());
    let retain = train.filter(|row| chosen.binary_search(&row).is_err());
    if forget.is_empty() {
        return Err(Error::input("forget", "nothing is chosen to forget; pick at least one image or class"));
    }
    if retain.is_empty() {
        let why = format!("all {} images are chosen; at least one class must stay", train.len());
        return Err(Error::input("forget", why));
    }
    let kept: Vec<u16> = retain.rows.iter().map(|row| train.label(*row)).collect();
    let test = task.test.filter(|row| kept.contains(&task.test.label(row)));
    Ok(Split { forget, retain, test })
}

impl Task {
    /// This task without the forgotten samples, if it shows the same ones under the same ids; else as it is.
    pub fn without(&self, set: &Set, gone: &View) -> Self {
        if self.set.source != set.source {
            return self.clone();
        }
        let mut rows = gone.rows.to_vec();
        rows.sort_unstable();
        self.on(self.train.filter(|row| rows.binary_search(&row).is_err()))
    }
}
