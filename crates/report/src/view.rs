//! A run as page and command line speak of it: its file, what is known of its stages, and the facts of the catalogue.

use crate::{
    chart::listed,
    figure::{budget, capital},
    outcome::{Answers, Outcome},
    table,
};
use serde_json::{Map, Value};
use spec::{
    Adjective, CLASSES, Catalogue, Choice, Control, Event, Family, Kind, Manner, MethodInfo, Noun, Pick, Report,
    RunSpec, START, Said, Stage, Widget,
};
use std::{collections::BTreeMap, sync::Arc};

/// Where the results of a run are kept.
pub trait Known {
    /// What a stage has said so far; [`START`] is the source network.
    fn outcome(&self, stage: &str) -> Option<Arc<Outcome>>;

    /// Answers of a stage's model on a task that the stage did not work on, if it was asked.
    fn asked(&self, _stage: &str, _task: &str) -> Option<Arc<Answers>> {
        None
    }

    /// Names of a task's classes in the order of the labels; `None` until they are known.
    fn class_names(&self, _task: &str) -> Option<Vec<String>> {
        None
    }

    /// Seconds that a stage alone will take.
    fn seconds(&self, _stage: &str) -> Option<f64> {
        None
    }
}

/// Outcomes by the names of their stages.
pub type Outcomes = BTreeMap<String, Arc<Outcome>>;

impl Known for Outcomes {
    fn outcome(&self, stage: &str) -> Option<Arc<Outcome>> {
        self.get(stage).cloned()
    }
}

/// A report alone has rows, but neither curves nor answers.
impl Known for Report {
    fn outcome(&self, stage: &str) -> Option<Arc<Outcome>> {
        Outcome::of(self, stage).map(Arc::new)
    }
}

/// Folds an event into the outcome of its stage; an event of no stage is left out. `buffers` are those beside it.
pub fn hear(outcomes: &mut Outcomes, said: &Said, buffers: &[Vec<u8>]) {
    if let Some(stage) = &said.stage
        && !matches!(said.event, Event::Answer { .. })
    {
        let pixels = match (&said.event, buffers.first()) {
            (Event::Exhibit(_), Some(bytes)) => {
                Some(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
            }
            _ => None,
        };
        Arc::make_mut(outcomes.entry(stage.clone()).or_default()).take(said.event.clone(), pixels);
    }
}

/// A run that has ended: its report, and what its stages said on the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    /// The report of the run, or the mean of several seeds.
    pub report: Report,
    /// With the rows and exhibits of the report, which may be means over seeds.
    pub stages: Outcomes,
}

impl Played {
    /// `heard` is empty for a run that was only read from a file.
    pub fn new(report: Report, mut heard: Outcomes) -> Self {
        for index in 0..report.spec.stages.len() {
            let name = report.spec.stage_name(index);
            if let Some(Outcome { status, rows, exhibits, .. }) = Outcome::of(&report, &name) {
                let outcome = Arc::make_mut(heard.entry(name).or_default());
                (outcome.status, outcome.rows) = (status, rows);
                // A report has all but images.
                outcome.exhibits.retain(|exhibit| outcome.images.contains_key(exhibit.series()));
                outcome.exhibits.extend(exhibits);
            }
        }
        Self { report, stages: heard }
    }
}

/// A run file with what is known of its stages. A stage goes by its name; [`START`] is the source network.
#[derive(Clone, Copy)]
pub struct RunView<'a> {
    /// The run file.
    pub spec: &'a RunSpec,
    /// Methods, data sets and networks, and what they are called.
    pub catalogue: &'a Catalogue,
    /// Where the results of the stages are looked up.
    pub known: &'a dyn Known,
}

/// The network that a run starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// "Letters cnn", "Fresh mlp"
    pub title: String,
    /// What it has learned before the run.
    pub past: Past,
}

/// What the source network was trained on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Past {
    /// These, as things: "letters".
    Known(String),
    /// Weights that the visitor brought.
    Own,
    /// Nothing: its weights are random.
    Untrained,
}

impl<'a> RunView<'a> {
    /// The run of a report, with its figures as all that is known.
    pub const fn of(report: &'a Report, catalogue: &'a Catalogue) -> Self {
        Self { spec: &report.spec, catalogue, known: report }
    }

    // --- the graph of stages ---

    /// Names of all stages, in the order of the file.
    pub fn names(&self) -> Vec<String> {
        (0..self.spec.stages.len()).map(|index| self.spec.stage_name(index)).collect()
    }

    fn is_layer_id(&self) -> impl Fn(&str) -> bool + Copy + 'a {
        let catalogue = self.catalogue;
        move |id| catalogue.is_layer(id)
    }

    pub(crate) fn stage(&self, name: &str) -> Option<&'a Stage> {
        self.spec.find(name).map(|index| &self.spec.stages[index])
    }

    /// Whether a stage leaves a new model.
    pub(crate) fn is_layer(&self, name: &str) -> bool {
        self.stage(name).is_some_and(|stage| self.catalogue.is_layer(&stage.id))
    }

    /// The stage whose model this one starts from or asks.
    pub fn parent(&self, name: &str) -> String {
        self.spec.find(name).map_or_else(|| START.into(), |index| self.spec.parent_name(index, self.is_layer_id()))
    }

    /// The task that a stage works on, or that a source network is made for.
    pub fn task(&self, name: &str) -> String {
        match self.spec.find(name) {
            Some(index) => self.spec.task_of(index, self.is_layer_id()),
            None => {
                self.spec.models.get(name).and_then(|model| model.on.clone()).unwrap_or_else(|| self.spec.first_task())
            }
        }
    }

    /// The layer that a stage is, or asks.
    pub fn layer_of(&self, name: &str) -> String {
        match self.spec.find(name) {
            Some(_) if self.is_layer(name) => name.into(),
            Some(_) => self.parent(name),
            None => START.into(),
        }
    }

    /// Layers that start from the same model as this one, itself included.
    pub fn versions(&self, name: &str) -> Vec<String> {
        let index = self.spec.find(name).filter(|_| self.is_layer(name));
        let versions = index.map_or_else(Vec::new, |index| self.spec.versions(index, self.is_layer_id()));
        versions.into_iter().map(|at| self.spec.stage_name(at)).collect()
    }

    /// Attacks and measures of a layer's model.
    pub fn notes(&self, layer: &str) -> Vec<String> {
        let notes = self.spec.notes(self.spec.find(layer), self.is_layer_id());
        notes.into_iter().map(|at| self.spec.stage_name(at)).collect()
    }

    /// Whether the stage retrains without what is to be forgotten: what other forgetters are held against.
    pub fn is_reference(&self, name: &str) -> bool {
        self.method(name).and_then(|method| method.manner) == Some(Manner::Reference)
    }

    /// As on a layer's card: `4`, or `4b` for its second version; of a note, that of its layer.
    pub fn number(&self, name: &str) -> String {
        let layer = self.spec.find(name).and_then(|index| self.spec.layer_of(index, self.is_layer_id()));
        let Some(layer) = layer else { return String::new() };
        let place = self.spec.ancestors(layer, self.is_layer_id()).len() + 1;
        match self.spec.versions(layer, self.is_layer_id()).iter().position(|at| *at == layer) {
            None | Some(0) => place.to_string(),
            Some(version) => format!("{place}{}", char::from(b'a' + version.min(25) as u8)),
        }
    }

    // --- methods and settings ---

    pub(crate) fn method(&self, name: &str) -> Option<&'a MethodInfo> {
        self.catalogue.method(&self.stage(name)?.id)
    }

    /// Family of a stage's method, by the first word of its id where the catalogue lacks it; `None` without such a
    /// stage.
    pub fn family(&self, name: &str) -> Option<Family> {
        let id = &self.stage(name)?.id;
        self.catalogue.method(id).map_or_else(|| Family::of_id(id), |method| Some(method.card.family))
    }

    /// The title of a stage's method: "LoRA".
    pub fn method_title(&self, name: &str) -> String {
        self.stage(name).map_or_else(String::new, |stage| table::title(self.catalogue, &stage.id))
    }

    /// Method and what matters most of its settings: "LoRA, rank 4", "PGD ε 0.20", "SalUn, digit 3".
    pub fn title(&self, name: &str) -> String {
        if self.spec.models.contains_key(name) {
            return name.into();
        }
        if self.stage(name).is_none() {
            return self.source().title;
        }
        let title = self.method_title(name);
        match self.family(name) {
            Some(Family::Peft) => match self.setting(name, &["rank"]) {
                Some(rank) if !rank.is_null() => format!("{title}, rank {rank}"),
                _ => title,
            },
            Some(Family::Attack) => {
                let epsilon = self.epsilon(name).map_or_else(String::new, |epsilon| format!(" ε {}", budget(epsilon)));
                format!("{title}{epsilon}{}", self.aim(name))
            }
            Some(Family::Unlearn) => {
                let task = self.task(name);
                match self.forget_class(name, &task).zip(self.noun(&task)).filter(|(_, noun)| !noun.classes.is_empty())
                {
                    Some((class, noun)) => format!("{title}, {} {}", noun.thing, self.class_of_set(&task, class)),
                    None => title,
                }
            }
            _ => title,
        }
    }

    /// A setting of a stage, given or the method's own.
    pub fn setting(&self, name: &str, path: &[&str]) -> Option<Value> {
        let stage = self.stage(name)?;
        let controls = self.method(name).map_or(&[][..], |method| &method.controls);
        value(controls, &stage.params, path)
    }

    /// The budget of an attack.
    pub(crate) fn epsilon(&self, name: &str) -> Option<f64> {
        self.setting(name, &["epsilon"])?.as_f64()
    }

    /// Whether two stages are the same method with the same settings on the same task.
    pub(crate) fn is_same(&self, one: &str, other: &str) -> bool {
        let settings = |name: &str| {
            let stage = self.stage(name)?;
            let controls = self.method(name).map_or(&[][..], |method| &method.controls);
            Some((&stage.id, &stage.with, self.task(name), all_settings(controls, &stage.params)))
        };
        settings(one) == settings(other)
    }

    /// The class that an attack aims at, as the run file names it; `None` where any wrong one will do.
    fn target(&self, name: &str) -> Option<Value> {
        self.setting(name, &["target"]).filter(|target| !target.is_null())
    }

    /// The place among the classes of its task of the one that an attack aims at, where that is known.
    pub(crate) fn target_class(&self, name: &str) -> Option<u16> {
        self.place(&self.task(name), &self.target(name)?)
    }

    /// What the class that an attack aims at is called, one sample of it: "eight"; `None` where any wrong one will do.
    pub(crate) fn target_name(&self, name: &str) -> Option<String> {
        let (task, target) = (self.task(name), self.target(name)?);
        let words = self.place(&task, &target).and_then(|class| self.class_words(&task, class));
        Some(words.map_or_else(|| plain(&target), |(one, _)| one.clone()))
    }

    /// What a method's title does not say of a stage: " with a and b", of an attack " crafted on a and b", where it
    /// takes other networks, and " towards eight" where it has a target.
    pub(crate) fn aim(&self, name: &str) -> String {
        let towards = self.target_name(name).map_or_else(String::new, |target| format!(" towards {target}"));
        self.beside(name) + &towards
    }

    /// " crafted on a and b" or " with a and b" where a stage takes other networks, else nothing.
    pub(crate) fn beside(&self, name: &str) -> String {
        let word = if self.family(name) == Some(Family::Attack) { "crafted on" } else { "with" };
        match self.stage(name).map_or(&[][..], |stage| &stage.with) {
            [] => String::new(),
            with => format!(" {word} {}", listed(with)),
        }
    }

    /// What a stage forgets, or is an audit of; of a source network what the run says.
    pub fn forget_set(&self, name: &str) -> Option<&'a Pick> {
        match self.spec.find(name) {
            Some(index) => self.spec.forget_of(index, |id| self.catalogue.method(id).map(|method| method.shape)),
            None => self.spec.forget.as_ref(),
        }
    }

    /// The class that a stage is to forget whole, where it is one, as the run file names it.
    fn forgets(&self, name: &str) -> Option<Value> {
        let pick = self.forget_set(name).filter(|pick| pick.id == "class")?;
        Some(pick.params.get("class").cloned().unwrap_or_else(|| 0.into()))
    }

    /// The place among the classes of a task of the one that a stage is to forget whole, where it is one and its place
    /// is known.
    pub fn forget_class(&self, name: &str, task: &str) -> Option<u16> {
        self.place(task, &self.forgets(name)?)
    }

    /// The places among the classes of a task of those that a stage, and the stages that it stands on, have forgotten
    /// whole: what was to be kept is the others.
    pub fn forgotten_classes(&self, name: &str, task: &str) -> Vec<u16> {
        let index = self.spec.find(name);
        let below = index.map_or_else(Vec::new, |index| self.spec.ancestors(index, self.is_layer_id()));
        let all = index.into_iter().chain(below).map(|at| self.spec.stage_name(at));
        let forgets = |name: &String| self.family(name) == Some(Family::Unlearn);
        all.filter(forgets).filter_map(|name| self.forget_class(&name, task)).collect()
    }

    /// What all samples of the class that a stage is to forget whole are called: "threes"; `None` where it is none.
    pub fn forgotten(&self, name: &str, task: &str) -> Option<String> {
        let class = self.forgets(name)?;
        Some(match self.place(task, &class) {
            Some(place) => self.many_of(task, place),
            None => format!("{} of class {}", self.bare_things(task), plain(&class)),
        })
    }

    /// The place among the classes of a task of one that the run file names by its number or name; `None` where the
    /// task has no such class, or its classes are not known yet.
    fn place(&self, task: &str, class: &Value) -> Option<u16> {
        let names = self.class_names(task);
        let named = |name: &str| names.iter().position(|known| known == name).map(|place| place as u16);
        match class {
            Value::String(name) => named(name),
            class => {
                let number = class.as_u64()?;
                if let Some(kept) = self.kept_classes(task) {
                    return kept.iter().position(|one| one.as_u64() == Some(number)).map(|place| place as u16);
                }
                // Where all names are numbers they are the classes' own; others have those of their places in the set.
                match !names.is_empty() && names.iter().all(|name| name.parse::<u16>().is_ok()) {
                    true => named(&number.to_string()),
                    false => number.try_into().ok(),
                }
            }
        }
    }

    /// Names of the classes of a task; empty until they are known.
    fn class_names(&self, task: &str) -> Vec<String> {
        self.known.class_names(task).unwrap_or_else(|| {
            let of = |name: &String| self.task(name) == task;
            let names = self.names().into_iter().filter(of).filter_map(|name| self.outcome(&name));
            names.map(|outcome| outcome.class_names.clone()).find(|names| !names.is_empty()).unwrap_or_default()
        })
    }

    // --- what samples and classes are called ---

    fn data(&self, task: &str) -> Option<(&'a Choice, &'a Map<String, Value>)> {
        let pick = self.spec.tasks.get(task)?;
        Some((self.catalogue.data(&pick.id)?, &pick.params))
    }

    fn noun(&self, task: &str) -> Option<&'a Noun> {
        let (choice, params) = self.data(task)?;
        choice.facts.as_ref()?.noun(|key| value(&choice.controls, params, &[key]))
    }

    /// What the task's settings make of its samples: tilted.
    pub(crate) fn adjective(&self, task: &str) -> Option<&'a Adjective> {
        let (choice, params) = self.data(task)?;
        choice.facts.as_ref()?.adjective(params)
    }

    /// What the task's samples are; images where nothing is known.
    pub fn kind(&self, task: &str) -> Kind {
        let facts = self.data(task).and_then(|(choice, _)| choice.facts.as_ref());
        facts.map_or(Kind::Images, |facts| facts.kind)
    }

    /// What a task's samples are called: "digits", "tilted digits", "points".
    pub fn things(&self, task: &str) -> String {
        let things = self.bare_things(task);
        self.adjective(task).map_or_else(|| things.into(), |adjective| format!("{} {things}", adjective.word))
    }

    /// As [`Self::things`], whatever was done to them: "digits".
    pub fn bare_things(&self, task: &str) -> &'a str {
        self.noun(task).map_or("images", |noun| &noun.things)
    }

    /// One of [`Self::bare_things`]: "digit".
    pub fn bare_thing(&self, task: &str) -> &'a str {
        self.noun(task).map_or("image", |noun| &noun.thing)
    }

    /// What so many samples are, whatever an image shows: "image", "images", "points".
    pub fn samples(&self, task: &str, n: usize) -> &'a str {
        match (self.kind(task), n) {
            (Kind::Images, 1) => "image",
            (Kind::Images, _) => "images",
            (Kind::Points, 1) => self.bare_thing(task),
            (Kind::Points, _) => self.bare_things(task),
        }
    }

    /// Whether a network reads the task's samples, as writing, rather than names them.
    pub(crate) fn reads(&self, task: &str) -> bool {
        self.noun(task).is_some_and(|noun| noun.reads)
    }

    /// What a network does with the task's samples: "reads" or "names".
    pub fn verb(&self, task: &str) -> &'static str {
        if self.reads(task) { "reads" } else { "names" }
    }

    /// What a network is made to do with them: "read" or "name".
    pub(crate) fn infinitive(&self, task: &str) -> &'static str {
        if self.reads(task) { "read" } else { "name" }
    }

    /// What a network does to them, as a participle: "read" or "named".
    pub fn participle(&self, task: &str) -> &'static str {
        if self.reads(task) { "read" } else { "named" }
    }

    /// The number in its set of a class of a task: in a choice of classes, the third need not be the digit 3.
    pub fn class_of_set(&self, task: &str, class: u16) -> u16 {
        let number = |kept: &Vec<Value>| kept.get(usize::from(class)).and_then(Value::as_u64);
        self.kept_classes(task).map_or(class, |kept| number(kept).map_or(u16::MAX, |number| number as u16))
    }

    /// Whether the task's labels are those of its set.
    pub fn has_all_classes(&self, task: &str) -> bool {
        self.kept_classes(task).is_none()
    }

    /// The classes that the task chooses; `None` where it keeps all.
    fn kept_classes(&self, task: &str) -> Option<&'a Vec<Value>> {
        let kept = self.spec.tasks.get(task)?.params.get(CLASSES)?.as_array()?;
        (!kept.is_empty()).then_some(kept)
    }

    fn class_words(&self, task: &str, class: u16) -> Option<&'a (String, String)> {
        self.noun(task)?.classes.get(usize::from(self.class_of_set(task, class)))
    }

    /// One sample of a class: "three", else "image".
    pub fn one_of(&self, task: &str, class: u16) -> String {
        match self.class_words(task, class) {
            Some((one, _)) => one.clone(),
            None => self.bare_thing(task).into(),
        }
    }

    /// All samples of a class, by its place: "threes", else "images of class B", by its number where it has no name.
    pub fn many_of(&self, task: &str, class: u16) -> String {
        match (self.class_words(task, class), self.class_names(task).get(usize::from(class))) {
            (Some((_, many)), _) => many.clone(),
            (None, Some(name)) => format!("{} of class {name}", self.bare_things(task)),
            (None, None) => format!("{} of class {class}", self.bare_things(task)),
        }
    }

    /// Whether two tasks are views on one set: a number is the same sample in both.
    pub fn is_one_set(&self, a: &str, b: &str) -> bool {
        let source = |task| {
            let mut pick = self.spec.tasks.get(task)?.clone();
            let facts = self.data(task).and_then(|(choice, _)| choice.facts.as_ref());
            pick.params.retain(|key, _| !facts.is_some_and(|facts| facts.views.contains(key)));
            Some(pick)
        };
        source(a) == source(b)
    }

    // --- what is known ---

    /// The network that the first layers start from.
    pub fn source(&self) -> Source {
        let model = &self.spec.model;
        match model.params.get("weights").and_then(Value::as_str) {
            Some(weights) => match self.catalogue.sources.iter().find(|source| source.weights == weights) {
                Some(source) => Source { title: source.title.clone(), past: Past::Known(source.knows.clone()) },
                None => Source { title: weights.into(), past: Past::Own },
            },
            None => Source { title: format!("Fresh {}", model.id), past: Past::Untrained },
        }
    }

    /// Whether a stage begins with a network that has learned something: that of another stage, or of a file.
    pub(crate) fn has_past(&self, name: &str) -> bool {
        let own = self.stage(name).and_then(|stage| stage.model.as_ref());
        match (own, self.spec.source(&self.parent(name))) {
            (Some(own), _) => own.weights().is_some(),
            (None, Some(source)) => source.pick().weights().is_some(),
            (None, None) => true,
        }
    }

    pub(crate) fn outcome(&self, name: &str) -> Option<Arc<Outcome>> {
        self.known.outcome(name)
    }

    /// Answers of a stage's model on single samples of a task, to draw them: as [`Self::answers`], and until there are
    /// any those on the few samples that are drawn while the stage runs.
    pub fn drawn(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        let shown = || self.outcome(name).filter(|_| self.task(name) == task)?.answers("shown").cloned();
        self.answers(name, task).or_else(shown)
    }

    /// Answers that figures on a task are made of: as [`Self::answers`], and until there are any those on the
    /// validation samples.
    pub fn counted(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        let valid = || self.outcome(name).filter(|_| self.task(name) == task)?.answers("valid").cloned();
        self.answers(name, task).or_else(valid)
    }

    /// Answers of a stage's model on the test split of a task: as played, else as asked.
    pub fn answers(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        let played = || self.outcome(name)?.answers("test").cloned();
        let played = if self.task(name) == task { played() } else { None };
        played.or_else(|| self.known.asked(name, task))
    }

    pub(crate) fn is_done(&self, name: &str) -> bool {
        self.spec.is_source(name) || self.outcome(name).is_some_and(|outcome| outcome.is_done())
    }

    /// Seconds that a stage will take, with what it stands on and is not played.
    pub fn seconds(&self, name: &str) -> Option<f64> {
        let index = self.spec.find(name)?;
        let under = self.spec.basis(index, self.is_layer_id()).into_iter().map(|at| self.spec.stage_name(at));
        let all = under.filter(|other| !self.is_done(other)).chain([name.to_owned()]);
        all.map(|name| self.known.seconds(&name)).sum()
    }

    /// Budget of a finished attack, and the accuracy that it left.
    pub fn held(&self, attack: &str) -> Option<(f64, f64)> {
        let held = self.outcome(attack)?.figure("robust_accuracy")?;
        Some((self.epsilon(attack)?, held))
    }

    /// Budget and accuracy of the first finished attack on a layer that aims at no class and is crafted on the layer
    /// itself.
    pub(crate) fn attacked(&self, layer: &str) -> Option<(f64, f64)> {
        let is_plain = |note: &String| self.stage(note).is_some_and(|stage| stage.with.is_empty());
        let mut notes = self.notes(layer).into_iter().filter(|note| self.target(note).is_none() && is_plain(note));
        notes.find_map(|note| self.held(&note))
    }

    /// The words of the button that plays a stage: "Teach it digits".
    pub fn press(&self, name: &str) -> String {
        let Some(info) = self.family(name).and_then(|family| self.catalogue.family(family)) else {
            return "Play".into();
        };
        let task = self.task(name);
        match info.family {
            Family::Train | Family::Transfer if self.reads(&task) => {
                format!("{} {}", info.press, self.bare_things(&task))
            }
            _ => info.press.clone(),
        }
    }

    /// The words of the button that goes on to a stage: "Next: teach it".
    pub fn next(&self, name: &str) -> String {
        let info = self.family(name).and_then(|family| self.catalogue.family(family));
        format!("Next: {}", info.map_or("play", |info| &info.next))
    }

    /// "Layer 4", or the title of a note.
    pub(crate) fn subject(&self, name: &str) -> String {
        if self.is_layer(name) { format!("Layer {}", self.number(name)) } else { capital(&self.title(name)) }
    }
}

/// A class as the run file names it, without quotation marks.
fn plain(class: &Value) -> String {
    class.as_str().map_or_else(|| class.to_string(), str::to_owned)
}

/// A setting by its path, given or by default.
pub fn value(controls: &[Control], params: &Map<String, Value>, path: &[impl AsRef<str>]) -> Option<Value> {
    let (key, rest) = path.split_first()?;
    let key = key.as_ref();
    let control = controls.iter().find(|control| control.key == key);
    match (rest.is_empty(), control.map(|control| &control.widget)) {
        (true, _) => params.get(key).or(control.map(|control| &control.default)).cloned(),
        (false, Some(Widget::Group { of })) => {
            let none = Map::new();
            value(of, params.get(key).and_then(Value::as_object).unwrap_or(&none), rest)
        }
        (false, _) => rest.iter().try_fold(params.get(key)?, |value, key| value.get(key.as_ref())).cloned(),
    }
}

/// Every setting, given or by default; numbers without their kind, for 1 is 1.0.
fn all_settings(controls: &[Control], params: &Map<String, Value>) -> BTreeMap<String, String> {
    fn write(at: &str, value: &Value, out: &mut BTreeMap<String, String>) {
        match (value, value.as_f64()) {
            (Value::Object(table), _) => {
                table.iter().for_each(|(key, value)| write(&format!("{at}.{key}"), value, out));
            }
            (_, Some(number)) => drop(out.insert(at.into(), number.to_string())),
            (other, None) => drop(out.insert(at.into(), other.to_string())),
        }
    }
    let mut out = BTreeMap::new();
    for setting in Control::flat(controls) {
        write(&format!(".{}", setting.key()), &setting.control.default, &mut out);
    }
    write("", &Value::Object(params.clone()), &mut out);
    out
}
