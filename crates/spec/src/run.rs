use crate::wrong::typed;
use crate::{
    Model, Shape, Wrong,
    strict::{self, Room, Strict},
};
use indexmap::IndexMap;
use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// The version of the run file that this build writes and understands.
pub const VERSION: u32 = 1;

/// The keys of a run file, of which `stage` is the list of stages.
pub(crate) const KEYS: [&str; 14] = [
    "version",
    "name",
    "seed",
    "repeats",
    "retrain_seeds",
    "every",
    "look",
    "device",
    "tasks",
    "model",
    "models",
    "forget",
    "grid",
    "stage",
];

/// A stage's own keys: no method's setting may have one of these names.
pub const RESERVED: [&str; 10] = ["id", "as", "from", "with", "on", "model", "draw", "forget", "take", "epsilons"];

/// The name of a run's source network among its stages.
pub const START: &str = "start";

/// The name of the random streams from which the source network is drawn, see [`RunSpec::streams`].
pub const START_STREAM: &str = "0";

/// Networks that are retrained as the reference of forgetting where the run file does not say how many.
const RETRAIN_SEEDS: u32 = 3;

/// What a number has to be that counts something.
pub(crate) const AT_LEAST_ONE: &str = "a whole number, at least 1";

/// How many seeds a run file may ask for.
pub const SEEDS: RangeInclusive<u32> = 1..=100;

/// One run file for page, command line and tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunSpec {
    /// [`VERSION`]; other versions are refused.
    pub version: u32,
    /// A name for people, in reports and tables; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Fits TOML's integers and JavaScript's numbers.
    #[serde(default = "first_seed")]
    pub seed: u32,
    /// Seeds `seed .. seed + repeats`; figures become mean ± standard deviation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// Seeds of the retrained reference, 1 to 100, 3 unless given; with fewer than three its noise is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrain_seeds: Option<u32>,
    /// Steps between two looks at a network in training; 0: none, and no curves of accuracy. Unless given, about 30
    /// looks a training. No network depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    /// Validation samples that a look is at, at least 1; all unless given. No network depends on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<u32>,
    /// Where to compute.
    #[serde(default, skip_serializing_if = "DeviceChoice::is_auto")]
    pub device: DeviceChoice,
    /// `tasks.digits = { id = "digits" }`; a stage names the one it works `on`.
    pub tasks: IndexMap<String, Pick>,
    /// The network that the first stages start from; `weights` names one that is shipped or brought along, without it
    /// the weights are random.
    pub model: Pick,
    /// `models.teacher = { id = "cnn", weights = "teacher" }`: networks beside `model`, which stages name under `from`
    /// and `with`.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub models: IndexMap<String, Model>,
    /// What unlearning stages forget.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forget: Option<Pick>,
    /// `"stage.1.epsilon" = [0.1, 0.2]`: the product of all axes, one run each, one table in the end.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub grid: IndexMap<String, Vec<Value>>,
    /// The stages in playing order; at least one.
    #[serde(rename = "stage")]
    pub stages: Vec<Stage>,
}

/// A stage edits the model that the stage before it left, or a named one: a table of unlearners is one
/// `as = "base"` and a row of `from = "base"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// The method: `attack.fgsm`.
    pub id: String,
    /// The stage's name: a word without dots, not a number and not `start`. Without one its index stands for it.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name of an earlier stage whose model it starts from or asks, or `start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Names of other stages whose models the method works with beside its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Name of the task that it works on; without it that of the stage that it starts from, else the first task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// A fresh net of another kind, in place of `from`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Pick>,
    /// Another number draws other random numbers where all else is equal, as for the members of an ensemble.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub draw: u32,
    /// What this stage forgets, or is an audit of, in place of the run's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget: Option<Pick>,
    /// Test samples that an attack or a measure works on, the first of their task; all unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<usize>,
    /// Budgets that an attack is tried at beside its own `epsilon`, in the same unit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epsilons: Vec<f64>,
    /// Settings of the method; those that are absent keep the method's defaults.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

/// The last part of an id, by which it is told from others of its family: `lora` of `peft.lora`.
pub fn short(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

/// Something chosen by its id, with settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pick {
    /// Id in the catalogue's list of such things.
    pub id: String,
    /// Its settings; those that are absent keep their defaults.
    #[serde(flatten)]
    pub params: Map<String, Value>,
}

/// The device that a run wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// In a browser the faster of graphics device and CPU, by a short probe; elsewhere the graphics device that the
    /// engine was built for, else the CPU.
    #[default]
    Auto,
    /// Always there: natively on all cores, in a browser on one.
    Cpu,
    /// The browser's graphics device.
    Webgpu,
    /// A graphics device through Vulkan.
    Vulkan,
    /// A graphics device through Metal.
    Metal,
    /// A graphics device of NVIDIA through CUDA.
    Cuda,
}

/// What people call a device, by the word that events and reports have for it; `–` while that is not known.
pub fn device_name(key: &str) -> &str {
    match key {
        "" => "–",
        "cpu" => "CPU",
        "webgpu" => "WebGPU",
        "vulkan" => "Vulkan",
        "metal" => "Metal",
        "cuda" => "CUDA",
        other => other,
    }
}

fn first_seed() -> u32 {
    1
}

pub(crate) fn is_zero(draw: &u32) -> bool {
    *draw == 0
}

impl DeviceChoice {
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

impl RunSpec {
    /// Reads TOML or JSON, told apart by the beginning. The version is checked first: a file of another version is
    /// refused for that alone, not for a key that this build does not know.
    ///
    /// However long the text is, reading takes at most 64 MB beside it.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let text = strict::unmarked(text);
        if strict::is_json(text) {
            return Self::read_json(text);
        }
        strict::fits(text)?;
        let seed = Strict { at: "run file", room: &Room::of(strict::MOST) };
        let read = toml::Deserializer::parse(text).and_then(|text| seed.deserialize(text));
        Self::from_value(read.map_err(|error| {
            let at = error.span().map_or(String::new(), |span| {
                format!(" (line {})", 1 + text[..span.start.min(text.len())].matches('\n').count())
            });
            let why = match (error.message(), error.span().and_then(|span| text.get(span))) {
                // In the words that JSON has for it.
                ("duplicate key", Some(key)) => {
                    format!("the key \"{}\" stands twice in one table", key.trim_matches('"'))
                }
                (message, _) => message.trim_end().to_owned(),
            };
            Wrong::new("run file", format!("{why}{at}"))
        })?)
    }

    /// Reads JSON. Errors are as for [`Self::read`].
    pub fn read_json(text: &str) -> Result<Self, Wrong> {
        Self::from_value(strict::json("run file", text, &Room::of(strict::MOST))?)
    }

    /// Reads a run file that was parsed. An error if the version is another, a key is unknown or missing, a value has
    /// the wrong type, or names contradict each other.
    pub fn from_value(mut value: Value) -> Result<Self, Wrong> {
        without_nulls("run file", &mut value)?;
        match value.get("version").and_then(Value::as_u64) {
            Some(version) if version == u64::from(VERSION) => {}
            Some(version) if version > u64::from(VERSION) => {
                let why = format!("it was made by a newer Palimpsest (version {version}; this one knows {VERSION})");
                return Err(Wrong { is_newer: true, ..Wrong::new("run file", why) });
            }
            _ => return Err(Wrong::new("version", format!("the run file must say `version = {VERSION}`"))),
        }
        if let Some(table) = value.as_object() {
            for key in table.keys() {
                if !KEYS.contains(&key.as_str()) {
                    return Err(Wrong::unknown("key", "run file", key, KEYS));
                }
            }
        }
        let stages = value.get_mut("stage").and_then(Value::as_array_mut);
        stages.into_iter().flatten().filter_map(|stage| stage.get_mut("epsilons")).for_each(fractions);
        let mut spec: Self =
            serde_path_to_error::deserialize(value).map_err(|error| typed(&error.path().to_string(), error.inner()))?;
        spec.stages.iter_mut().flat_map(|stage| stage.params.values_mut()).for_each(fractions);
        spec.check_names()?;
        Ok(spec)
    }

    /// A stage's name: its `as`, else its index.
    pub fn stage_name(&self, index: usize) -> String {
        self.stages[index].name.clone().unwrap_or_else(|| index.to_string())
    }

    /// The place of a stage by its name.
    pub fn find(&self, name: &str) -> Option<usize> {
        (0..self.stages.len()).find(|&index| self.stage_name(index) == name)
    }

    /// How many networks are retrained as a reference.
    pub fn seeds_of_reference(&self) -> u32 {
        self.retrain_seeds.unwrap_or(RETRAIN_SEEDS)
    }

    /// The stage whose model a stage starts from or asks; `None` for a source network of the run (`from = "start"`
    /// names the first one where a layer stands before) and for a stage with a `model` of its own. `is_layer` says
    /// which ids leave a new model.
    pub fn parent(&self, index: usize, is_layer: impl Fn(&str) -> bool) -> Option<usize> {
        if self.stages[index].model.is_some() { None } else { self.before(index, is_layer) }
    }

    /// As [`Self::parent`], whether or not the stage puts another network in place of that one.
    fn before(&self, index: usize, is_layer: impl Fn(&str) -> bool) -> Option<usize> {
        match &self.stages[index].from {
            Some(name) => (0..index).find(|&at| self.stage_name(at) == *name),
            None => (0..index).rev().find(|&at| is_layer(&self.stages[at].id)),
        }
    }

    /// As [`Self::parent`], by name: that of the source network where it is none of a stage.
    pub fn parent_name(&self, index: usize, is_layer: impl Fn(&str) -> bool) -> String {
        let source = || self.stages[index].from.clone().filter(|name| self.models.contains_key(name));
        match self.parent(index, is_layer) {
            Some(at) => self.stage_name(at),
            None => source().unwrap_or_else(|| START.into()),
        }
    }

    /// Stages that a stage stands on, nearest first.
    pub fn ancestors(&self, index: usize, is_layer: impl Fn(&str) -> bool + Copy) -> Vec<usize> {
        std::iter::successors(self.parent(index, is_layer), |&at| self.parent(at, is_layer)).collect()
    }

    /// What a stage forgets, or is an audit of: what it says itself; of an audit, what the network that it asks has
    /// forgotten last; else what the run says. `shape` is that of a method's id.
    pub fn forget_of(&self, index: usize, shape: impl Fn(&str) -> Option<Shape> + Copy) -> Option<&Pick> {
        match self.forgetter(index, shape) {
            Some(at) => self.stages[at].forget.as_ref(),
            None => self.forget.as_ref(),
        }
    }

    /// The stage that says what this one forgets, or is an audit of; `None` where the run does. See
    /// [`Self::forget_of`].
    pub fn forgetter(&self, index: usize, shape: impl Fn(&str) -> Option<Shape> + Copy) -> Option<usize> {
        let is_layer = |id: &str| shape(id).is_some_and(Shape::is_layer);
        let forgets = |at: &usize| shape(&self.stages[*at].id) == Some(Shape::Unlearn);
        let stage = match &self.stages[index] {
            Stage { id, forget: None, .. } if !is_layer(id) => {
                self.ancestors(index, is_layer).into_iter().find(forgets).unwrap_or(index)
            }
            _ => index,
        };
        self.stages[stage].forget.as_ref().map(|_| stage)
    }

    /// Every choice of what is to be forgotten.
    pub fn forget_sets(&self) -> impl Iterator<Item = &Pick> {
        self.forget.iter().chain(self.stages.iter().filter_map(|stage| stage.forget.as_ref()))
    }

    /// All stages that a stage stands on: those that it and they start from or ask, and those that they name under
    /// `with`. In the order of the file.
    pub fn basis(&self, index: usize, is_layer: impl Fn(&str) -> bool + Copy) -> BTreeSet<usize> {
        let mut basis = BTreeSet::new();
        let mut open = vec![index];
        while let Some(at) = open.pop() {
            let with = self.stages[at].with.iter().filter_map(|name| self.find(name));
            let next: Vec<usize> = self.parent(at, is_layer).into_iter().chain(with).collect();
            open.extend(next.into_iter().filter(|at| basis.insert(*at)));
        }
        basis
    }

    /// The names of the random streams of each stage: the methods of the stages below it, first to last, and its
    /// `draw`. Its own method, settings, names and places have no say, so that methods that are compared on one network
    /// share start, batches and noise. [`START_STREAM`] is that of a stage with nothing below it.
    pub fn streams(&self, is_layer: impl Fn(&str) -> bool + Copy) -> Vec<String> {
        let mut below: Vec<String> = Vec::with_capacity(self.stages.len());
        for index in 0..self.stages.len() {
            let parent = self.parent(index, is_layer);
            below.push(parent.map_or_else(String::new, |at| format!("{}{} ", below[at], self.stages[at].id)));
        }
        below.into_iter().zip(&self.stages).map(|(below, stage)| format!("{below}{}", stage.draw)).collect()
    }

    /// The layer that a stage is, or asks; `None` is the source network.
    pub fn layer_of(&self, index: usize, is_layer: impl Fn(&str) -> bool) -> Option<usize> {
        if is_layer(&self.stages[index].id) { Some(index) } else { self.parent(index, is_layer) }
    }

    /// Layers that start from the same model as this one, itself included, in the order of the file.
    pub fn versions(&self, layer: usize, is_layer: impl Fn(&str) -> bool + Copy) -> Vec<usize> {
        let parent = self.parent_name(layer, is_layer);
        self.layers(is_layer).filter(|&at| self.parent_name(at, is_layer) == parent).collect()
    }

    /// Stages that leave a new model, in the order of the file.
    pub fn layers(&self, is_layer: impl Fn(&str) -> bool) -> impl Iterator<Item = usize> {
        (0..self.stages.len()).filter(move |&at| is_layer(&self.stages[at].id))
    }

    /// Stages that only ask the model of a layer, in the order of the file; `None` is the source network.
    pub fn notes(&self, layer: Option<usize>, is_layer: impl Fn(&str) -> bool + Copy) -> Vec<usize> {
        let asks = |at: &usize| !is_layer(&self.stages[*at].id) && self.parent(*at, is_layer) == layer;
        (0..self.stages.len()).filter(asks).collect()
    }

    /// The task that a stage works on: its own `on`, else that of the stage before it, first the first task.
    pub fn task_of(&self, index: usize, is_layer: impl Fn(&str) -> bool + Copy) -> String {
        match (&self.stages[index].on, self.before(index, is_layer)) {
            (Some(name), _) => name.clone(),
            (None, Some(before)) => self.task_of(before, is_layer),
            (None, None) => {
                let source = self.stages[index].from.as_ref().and_then(|name| self.models.get(name));
                source.and_then(|source| source.on.clone()).unwrap_or_else(|| self.first_task())
            }
        }
    }

    /// The same run in which every stage has a name and says what it starts from, and on which task where that does
    /// not follow from it: so that stages can be moved, and read one by one.
    pub fn explicit(&self, is_layer: impl Fn(&str) -> bool + Copy) -> Self {
        let mut spec = self.clone();
        for index in 0..spec.stages.len() {
            let stage = &spec.stages[index];
            let (parent, task) = (spec.parent_name(index, is_layer), spec.task_of(index, is_layer));
            let is_first = !spec.layers(is_layer).any(|at| at < index);
            let from = match (stage.model.is_some(), is_first && parent == START) {
                (false, false) => Some(parent),
                _ => None,
            };
            let on = stage.on.clone().or_else(|| (stage.model.is_some() && task != spec.first_task()).then_some(task));
            let old = spec.stage_name(index);
            let name = stage.name.clone().unwrap_or_else(|| spec.free_name(short(&stage.id)));
            for later in &mut spec.stages[index + 1..] {
                for other in later.from.iter_mut().chain(&mut later.with).filter(|other| **other == old) {
                    other.clone_from(&name);
                }
            }
            let stage = &mut spec.stages[index];
            (stage.name, stage.from, stage.on) = (Some(name), from, on);
        }
        spec
    }

    /// The wish, or the wish with the first number that makes it a name that no stage has.
    pub fn free_name(&self, wish: &str) -> String {
        let taken =
            |name: &str| self.is_source(name) || self.stages.iter().any(|stage| stage.name.as_deref() == Some(name));
        if !taken(wish) {
            return wish.into();
        }
        (2..).map(|n| format!("{wish}-{n}")).find(|name| !taken(name)).expect("numbers do not end")
    }

    /// The task that the source network stands before.
    pub fn first_task(&self) -> String {
        self.tasks.keys().next().cloned().unwrap_or_default()
    }

    /// Writes one value by its path: `seed`, `forget.class`, `tasks.digits.tilt`, `stage.K.epsilon` (K is a stage's
    /// `as` or its index).
    pub fn set(&self, path: &str, value: Value) -> Result<Self, Wrong> {
        if let Some(right) = self.not_of_the_run(path) {
            return Err(Wrong::new(path, format!("the run has no such key; a stage's setting is `{right}`")));
        }
        let mut root = serde_json::to_value(self).expect("a run file has string keys only");
        let mut parts = path.split('.').peekable();
        let mut at = &mut root;
        let mut is_stage = false;
        while let Some(part) = parts.next() {
            if std::mem::take(&mut is_stage) {
                let names: Vec<String> = (0..self.stages.len()).map(|index| self.stage_name(index)).collect();
                let index = names
                    .iter()
                    .position(|name| name == part)
                    .or_else(|| part.parse().ok().filter(|index| *index < names.len()))
                    .ok_or_else(|| Wrong::unknown("stage", path, part, names.iter().map(String::as_str)))?;
                at = &mut at[index];
            } else {
                is_stage = part == "stage" && at.get("version").is_some();
                let Some(table) = at.as_object_mut() else {
                    return Err(Wrong::new(path, format!("there is no table before \"{part}\"")));
                };
                at = table.entry(part).or_insert_with(|| Value::Object(Map::new()));
            }
            if parts.peek().is_none() {
                *at = value;
                return Self::from_value(root);
            }
        }
        Err(Wrong::new("set", "the path is empty, where `stage.1.epsilon=0.2` would be right"))
    }

    /// What a path may have meant that begins with no key of a run file and is near none: a setting of the stage that
    /// it begins with, or else of the last one.
    fn not_of_the_run(&self, path: &str) -> Option<String> {
        let first = path.split('.').next().filter(|first| !first.is_empty() && !KEYS.contains(first))?;
        if self.stages.iter().any(|stage| stage.name.as_deref() == Some(first)) {
            return Some(format!("stage.{path}"));
        }
        let is_typo = KEYS.iter().any(|key| strsim::damerau_levenshtein(first, key) <= 2);
        (!is_typo).then(|| format!("stage.{}.{path}", self.stage_name(self.stages.len() - 1)))
    }

    /// What the shapes of the methods rule out; `shape` is that of a method's id. An error names the stage and what
    /// would be right.
    pub fn check_shapes(&self, shape: impl Fn(&str) -> Option<Shape>) -> Result<(), Wrong> {
        let is_layer = |id: &str| shape(id).is_some_and(Shape::is_layer);
        for (index, stage) in self.stages.iter().enumerate() {
            let at = |key: &str| format!("stage.{}.{key}", self.stage_name(index));
            if stage.model.is_some() && shape(&stage.id).is_some_and(|shape| shape != Shape::Tune) {
                let why = "this method works on the network of an earlier stage; only training takes one of its own";
                return Err(Wrong::new(at("model"), why));
            }
            let leaves_none = |name: &str| {
                self.find(name).and_then(|from| shape(&self.stages[from].id)).is_some_and(|shape| !shape.is_layer())
            };
            let named = stage.from.iter().map(|name| ("from", name));
            let mut named = named.chain(stage.with.iter().map(|name| ("with", name)));
            if let Some((key, name)) = named.find(|(_, name)| leaves_none(name)) {
                let names: Vec<String> =
                    self.layers(is_layer).filter(|at| *at < index).map(|at| self.stage_name(at)).collect();
                let known = names
                    .iter()
                    .map(String::as_str)
                    .chain(self.sources().map(|(name, _)| name))
                    .collect::<Vec<_>>()
                    .join(", ");
                return Err(Wrong::new(at(key), format!("\"{name}\" leaves no network; there are: {known}")));
            }
            let tests = matches!(shape(&stage.id), None | Some(Shape::Attack | Shape::Measure));
            if stage.take.is_some() && !tests {
                return Err(Wrong::new(at("take"), "only attacks and measures take some of the test samples"));
            }
            if stage.take == Some(0) {
                return Err(Wrong::new(at("take"), format!("must be {AT_LEAST_ONE}")));
            }
            if let Some(twice) = stage.with.iter().enumerate().find(|(place, name)| stage.with[..*place].contains(name))
            {
                return Err(Wrong::new(at("with"), format!("\"{}\" stands there twice", twice.1)));
            }
        }
        Ok(())
    }

    /// Names that contradict each other; what each method takes is the engine's business.
    pub fn check_names(&self) -> Result<(), Wrong> {
        if self.tasks.is_empty() {
            return Err(Wrong::new("tasks", "there is none; `tasks.digits = { id = \"digits\" }` is one"));
        }
        if self.stages.is_empty() {
            return Err(Wrong::new("stage", "there is none; give at least one stage"));
        }
        for (key, limit) in [("repeats", self.repeats), ("retrain_seeds", self.retrain_seeds)] {
            if limit.is_some_and(|count| !SEEDS.contains(&count)) {
                let why = format!("must be a whole number between {} and {}", SEEDS.start(), SEEDS.end());
                return Err(Wrong::new(key, why));
            }
        }
        if self.look == Some(0) {
            return Err(Wrong::new("look", format!("must be {AT_LEAST_ONE}; `every = 0` is how not to look")));
        }
        // The last run retrains its last reference with the largest seed.
        let retrained = if self.forget_sets().next().is_some() { self.seeds_of_reference() } else { 1 };
        let more = (self.repeats.unwrap_or(1) - 1) + (retrained - 1);
        if self.seed.checked_add(more).is_none() {
            let why = format!("{} leaves no room for {} seeds; {} is the largest", self.seed, more + 1, u32::MAX);
            return Err(Wrong::new("seed", why));
        }
        let tasks = || self.tasks.keys().map(String::as_str);
        for (name, source) in &self.models {
            let at = format!("models.{name}");
            can_be_a_name(&at, name)?;
            if let Some(task) = source.on.as_ref().filter(|task| !self.tasks.contains_key(*task)) {
                return Err(Wrong::unknown("task", &at, task, tasks()));
            }
        }
        for (index, stage) in self.stages.iter().enumerate() {
            let at = format!("stage.{}", self.stage_name(index));
            if let Some(name) = &stage.name {
                can_be_a_name(&at, name)?;
                if self.models.contains_key(name) {
                    return Err(Wrong::new(at, format!("the name \"{name}\" is taken by `models.{name}`")));
                }
                if (0..index).any(|earlier| self.stages[earlier].name.as_ref() == Some(name)) {
                    return Err(Wrong::new(at, format!("the name \"{name}\" is taken by an earlier stage")));
                }
            }
            if stage.from.is_some() && stage.model.is_some() {
                return Err(Wrong::new(at, "`from` and `model` exclude each other"));
            }
            for name in stage.from.iter().chain(&stage.with) {
                if self.is_source(name) || (0..index).any(|earlier| self.stage_name(earlier) == *name) {
                    continue;
                }
                if (index..self.stages.len()).any(|later| self.stage_name(later) == *name) {
                    return Err(Wrong::new(at, format!("\"{name}\" is used before it exists; move that stage up")));
                }
                let names: Vec<String> = (0..index).map(|earlier| self.stage_name(earlier)).collect();
                let known = names.iter().chain(self.models.keys()).map(String::as_str);
                return Err(Wrong::unknown("stage", &at, name, known));
            }
            if let Some(task) = stage.on.as_ref().filter(|task| !self.tasks.contains_key(*task)) {
                return Err(Wrong::unknown("task", &at, task, tasks()));
            }
        }
        Ok(())
    }
}

/// An error if a stage or a model cannot be called so.
fn can_be_a_name(at: &str, name: &str) -> Result<(), Wrong> {
    if name.is_empty() || name.parse::<usize>().is_ok() || name.contains('.') || name == START {
        let why = format!("\"{name}\" cannot be a name: a word without dots, not a number, not \"start\"");
        return Err(Wrong::new(at, why));
    }
    Ok(())
}

/// Takes out keys whose value is JSON's null: it says that they are not there, which TOML says by leaving them out. In
/// a list it would say nothing.
fn without_nulls(key: &str, value: &mut Value) -> Result<(), Wrong> {
    match value {
        Value::Object(table) => {
            table.retain(|_, value| !value.is_null());
            table.iter_mut().try_for_each(|(key, value)| without_nulls(key, value))
        }
        Value::Array(items) if items.contains(&Value::Null) => {
            Err(Wrong::new("run file", format!("{key}: there is a null in the list; leave it out")))
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| without_nulls(key, item)),
        _ => Ok(()),
    }
}

/// Puts numbers in place of texts such as "8/255", as budgets of attacks are written.
pub(crate) fn fractions(value: &mut Value) {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = |text: &str| Some(text.trim()).filter(|text| digits(text)).and_then(|text| text.parse::<f64>().ok());
    match value {
        Value::Object(table) => table.values_mut().for_each(fractions),
        Value::Array(items) => items.iter_mut().for_each(fractions),
        Value::String(text) => {
            let parts = text.split_once('/').and_then(|(over, under)| Some(number(over)? / number(under)?));
            if let Some(quotient) = parts.and_then(serde_json::Number::from_f64) {
                *value = Value::Number(quotient);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        version = 1
        tasks.zebra = { id = "digits" }
        tasks.aardvark = { id = "digits", tilt = 30 }
        model = { id = "mlp" }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 2 } },
            { id = "attack.fgsm", from = "base", epsilon = 0.1 },
        ]
    "#;

    fn json(spec: &RunSpec) -> String {
        serde_json::to_string_pretty(spec).unwrap()
    }

    #[test]
    fn toml_and_json_agree_and_keep_the_order() {
        let spec = RunSpec::read(FILE).unwrap();
        assert_eq!(spec.tasks.keys().next().unwrap(), "zebra");
        assert_eq!(RunSpec::read(&json(&spec)).unwrap(), spec);
        assert_eq!(RunSpec::read(&spec.to_toml()).unwrap(), spec);
    }

    #[test]
    fn a_fraction_is_a_number() {
        let spec = RunSpec::read(&FILE.replace("epsilon = 0.1", "epsilon = \"8/255\", loss = \"a/b\"")).unwrap();
        assert_eq!(spec.stages[1].params["epsilon"], 8.0 / 255.0);
        assert_eq!(spec.stages[1].params["loss"], "a/b");
        let set = |text: &str| spec.set("stage.1.epsilon", text.into()).unwrap().stages[1].params["epsilon"].clone();
        assert_eq!(set("2 / 4"), 0.5);
        // What is no number stays a text, and is refused as one.
        for text in ["1/0", "/", "8/", "-1/2", "1/2/3", "1e9/2"] {
            assert_eq!(set(text), text);
        }
        assert_eq!(spec.set("name", "8/255".into()).unwrap().name, "8/255");
    }

    #[test]
    fn set_reaches_a_stage_by_name_and_by_index() {
        let spec = RunSpec::read(FILE).unwrap();
        let set = spec.set("stage.base.train.epochs", 7.into()).unwrap();
        assert_eq!(set.stages[0].params["train"]["epochs"], 7);
        let set = spec.set("stage.1.epsilon", 0.3.into()).unwrap();
        assert_eq!(set.stages[1].params["epsilon"], 0.3);
        assert!(spec.set("stage.bose.epsilon", 1.into()).unwrap_err().to_string().contains("\"base\""));
        assert_eq!(spec.set("seed", 9.into()).unwrap().seed, 9);
    }

    #[test]
    fn the_graph_is_walked() {
        let spec = RunSpec::read(
            r#"
            version = 1
            tasks.a = { id = "digits" }
            tasks.b = { id = "moons" }
            model = { id = "mlp" }
            stage = [
                { id = "layer", as = "one" },
                { id = "note", as = "asks" },
                { id = "layer", as = "two", on = "b" },
                { id = "layer", as = "three", from = "one" },
                { id = "note", as = "also", from = "one" },
                { id = "layer", as = "four", from = "start" },
                { id = "layer", as = "own", model = { id = "cnn" } },
            ]
            "#,
        )
        .unwrap();
        let is_layer = |id: &str| id == "layer";
        let parents: Vec<_> = (0..7).map(|at| spec.parent_name(at, is_layer)).collect();
        assert_eq!(parents, ["start", "one", "one", "one", "one", "start", "start"]);
        assert_eq!(spec.ancestors(2, is_layer), [0]);
        assert_eq!([spec.layer_of(1, is_layer), spec.layer_of(2, is_layer)], [Some(0), Some(2)]);
        // What starts from one network shares its streams, whatever it is called and does.
        assert_eq!(spec.streams(is_layer), [crate::START_STREAM, "layer 0", "layer 0", "layer 0", "layer 0", "0", "0"]);
        let drawn = spec.set("stage.one.draw", 2.into()).unwrap();
        assert_eq!(drawn.streams(is_layer)[..2], ["2", "layer 0"]);
        assert_eq!(spec.versions(2, is_layer), [2, 3]);
        assert_eq!(spec.versions(5, is_layer), [0, 5, 6]);
        assert_eq!(spec.notes(Some(0), is_layer), [1, 4]);
        assert_eq!(spec.notes(None, is_layer), [0; 0]);
        let tasks: Vec<_> = (0..7).map(|at| spec.task_of(at, is_layer)).collect();
        assert_eq!(tasks, ["a", "a", "b", "a", "a", "a", "a"]);
        assert_eq!((spec.find("two"), spec.find("x"), spec.seeds_of_reference()), (Some(2), None, 3));
        // Written out, the same graph follows from each stage alone.
        let explicit = spec.explicit(is_layer);
        let alone = |_: &str| false;
        assert_eq!((0..7).map(|at| explicit.parent_name(at, alone)).collect::<Vec<_>>(), parents);
        assert_eq!((0..7).map(|at| explicit.task_of(at, alone)).collect::<Vec<_>>(), tasks);
        assert_eq!(explicit.explicit(is_layer), explicit);
        assert_eq!(RunSpec::read(&explicit.to_toml()).unwrap(), explicit);
    }

    #[test]
    fn grid_is_a_product() {
        let mut spec = RunSpec::read(FILE).unwrap();
        spec.grid.insert("seed".into(), vec![1.into(), 2.into()]);
        spec.grid.insert("stage.1.epsilon".into(), vec![0.1.into(), 0.2.into(), 0.3.into()]);
        let runs = spec.grid_runs().unwrap();
        assert_eq!(runs.len(), 6);
        assert_eq!(crate::point_name(&runs[5].point), "seed=2, stage.1.epsilon=0.3");
        assert_eq!((runs[5].run.seed, runs[5].run.stages[1].params["epsilon"].as_f64()), (2, Some(0.3)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (from, to, said) in [
            ("version = 1", "version = 7", "newer Palimpsest"),
            ("version = 1", "", "version"),
            ("version = 1", "version = 1\nseeed = 2", "did you mean \"seed\""),
            ("as = \"base\"", "as = \"base\", from = \"late\"", "no stage \"late\""),
            ("from = \"base\"", "from = \"1\"", "before it exists"),
            ("from = \"base\"", "as = \"base\"", "taken"),
            ("epsilon = 0.1", "epsilon = nan", "epsilon: NaN is not a finite number (line 8)"),
            ("epsilon = 0.1", "epsilon = [1, -inf]", "epsilon: -inf is not a finite number (line 8)"),
            ("epsilon = 0.1", "epsilon = 9007199254740993", "epsilon: 9007199254740993 is too large a number (line 8)"),
            ("epsilon = 0.1", "epsilon = 1979-05-27", "epsilon: a run file has no dates (line 8)"),
            ("epochs = 2", "epochs = 2, epochs = 3", "the key \"epochs\" stands twice in one table (line 7)"),
            ("from = \"base\"", "with = \"base\"", "stage[1].with: must be a list, not \"base\""),
            ("model = { id = \"mlp\" }", "", "`model` is missing"),
            ("version = 1", "version = 1\nseed = -1", "seed: must be a whole number from 0 to 4294967295, not -1"),
            ("from = \"base\"", "on = \"zebro\"", "did you mean \"zebra\""),
            ("model = { id = \"mlp\" }", "model = \"mlp\"", "model: must be a table with an `id`, not \"mlp\""),
            (
                "tasks.zebra = { id = \"digits\" }",
                "tasks.zebra = 3",
                "tasks.zebra: must be a table with an `id`, not 3",
            ),
            ("as = \"base\"", "as = [1]", "stage[0].as: must be a text, not a list"),
            (
                "version = 1",
                "version = 1\ndevice = \"tpu\"",
                "device: must be one of auto, cpu, webgpu, vulkan, metal, cuda, not \"tpu\"",
            ),
            ("version = 1", "version = 1\ndevice = 5", "device: must be a text, not 5"),
            ("version = 1", "version = 1\nrepeats = 1.5", "repeats: must be a whole number between 1 and 100, not 1.5"),
            ("version = 1", "version = = 1", "line 2"),
        ] {
            let text = FILE.replacen(from, to, 1);
            let error = RunSpec::read(&text).expect_err(to).to_string();
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_wherever_it_stands() {
        let json = json(&RunSpec::read(FILE).unwrap());
        for (from, to) in [
            ("\"version\": 1", "\"version\": 1, \"version\": 1"),
            ("\"epsilon\": 0.1", "\"epsilon\": 0.1,\n\"epsilon\": 0.2"),
            ("\"epochs\": 2", "\"epochs\": 2, \"epochs\": 2"),
            ("\"tilt\": 30", "\"tilt\": 30, \"tilt\": 30"),
        ] {
            let twice = json.replacen(from, to, 1);
            assert_ne!(twice, json, "{from}");
            let error = RunSpec::read(&twice).expect_err(to).to_string();
            assert!(error.contains("stands twice in one table at line "), "{error}");
        }
    }

    #[test]
    fn null_says_that_a_key_is_not_there() {
        let spec = RunSpec::read(FILE).unwrap();
        let text = json(&spec);
        for (from, to) in [
            ("\"epsilon\": 0.1", "\"epsilon\": 0.1, \"target\": null"),
            ("\"tilt\": 30", "\"tilt\": 30, \"deep\": null"),
            ("\"version\": 1", "\"version\": 1, \"forget\": null, \"name\": null"),
        ] {
            assert_eq!(RunSpec::read(&text.replacen(from, to, 1)).as_ref(), Ok(&spec), "{to}");
        }
        assert_eq!(spec.set("stage.1.target", Value::Null).as_ref(), Ok(&spec));
        // TOML cannot say it at all in a list.
        for list in ["[null]", "[1, null]", "{ \"of\": [[null]] }"] {
            let error = RunSpec::read(&text.replacen("0.1", list, 1)).unwrap_err().to_string();
            assert!(error.ends_with("there is a null in the list; leave it out"), "{error}");
        }
    }

    #[test]
    fn what_is_said_is_one_short_line() {
        let long = "x".repeat(5000);
        for odd in ["two\\nlines", "\\u0000", "\\u001b[2J", "\\u0085", &long] {
            for (from, to) in [
                ("from = \"base\"", format!("from = \"{odd}\"")),
                ("from = \"base\"", format!("on = \"{odd}\"")),
                ("version = 1", format!("version = 1\n\"{odd}\" = 1")),
                ("as = \"base\"", format!("as = \"{odd}.\"")),
                ("tilt = 30", format!("\"{odd}\" = 1e999")),
                ("model = { id = \"mlp\" }", format!("model = \"{odd}\"")),
            ] {
                let error = RunSpec::read(&FILE.replacen(from, &to, 1)).expect_err(&to).to_string();
                assert!(!error.contains(char::is_control) && error.chars().count() < 600, "{error:?}");
            }
        }
        // The end of a long sentence says what would be right.
        let wrong = Wrong::new("run file", format!("there is no key \"{long}\"; did you mean \"seed\"?"));
        let said = wrong.to_string();
        assert!(said.starts_with("run file: there is no key \"xxx") && said.ends_with("x\"; did you mean \"seed\"?"));
        assert_eq!(said.matches('…').count(), 1);
    }

    #[test]
    fn files_nested_too_deeply_are_refused() {
        // The first two ended the program: what they close was taken off the depth, though it had not been added.
        for piece in [
            "x = { id = \"m\" }\nmodel = { id = \n",
            "m = { i = \n n = {} ",
            "[",
            "{ a = ",
            "[{ a = ",
            "{ a = [ ",
            "{ = [ ",
            "[ } ",
            "{ ] ",
            "a.",
            "[a.[",
            "{ a { ",
        ] {
            for start in ["", "a = "] {
                let text = format!("{start}{}", piece.repeat(100_000 / piece.len()));
                assert!(RunSpec::read(&text).is_err(), "{piece}");
            }
        }
        for piece in ["[", "{\"a\":", "[{\"a\":"] {
            assert!(RunSpec::read(&format!("{{\"a\":{}", piece.repeat(20_000))).is_err(), "{piece}");
        }
    }

    #[test]
    fn any_text_survives_toml() {
        let mut spec = RunSpec::read(FILE).unwrap();
        let text: String = (0..=300).filter_map(char::from_u32).collect();
        spec.name = text.clone();
        spec.model.params.insert(text.clone(), text.into());
        assert_eq!(RunSpec::read(&spec.to_toml()).unwrap(), spec);
    }
}
