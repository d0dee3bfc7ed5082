//! The methods and data sets that an engine knows.

use crate::catalogue::{digits_sample, families, sources};
use indexmap::IndexMap;
use kit::data::Task;
use kit::data::{SETS, SetEntry, forget_choices, forget_rows};
use kit::run::{Base, Begun, Makers, Planned, Request};
use kit::{Entry, nets};
use serde_json::{Value, json};
use spec::{Card, Catalogue, Control, Digest, Manner, MethodInfo, Pick, Recipe, RunSpec, START, Shape, VERSION, Wrong};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The methods and data sets that an engine knows. Tests bring their own beside the shipped ones.
#[derive(Clone, Copy)]
pub struct Registry {
    /// All methods, sorted by id.
    pub methods: &'static [&'static Entry],
    /// All data sets, sorted by id.
    pub sets: &'static [SetEntry],
}

impl Registry {
    /// All methods and data sets of this repository.
    pub fn shipped() -> Self {
        Self { methods: &methods::CATALOGUE, sets: SETS }
    }

    /// The method with this id; the error names the nearest known one.
    pub fn entry(&self, id: &str) -> Result<&'static Entry, Wrong> {
        let known = self.methods.iter().map(|entry| entry.id);
        let found = self.methods.iter().copied().find(|entry| entry.id == id);
        found.ok_or_else(|| Wrong::unknown("method", "stage", id, known))
    }

    /// Whether stages with this id leave a new model.
    pub fn is_layer(&self, id: &str) -> bool {
        self.entry(id).is_ok_and(|entry| Shape::is_layer(entry.shape))
    }

    /// Whether stages with this id are compared with retrained networks.
    pub fn has_reference(&self, id: &str) -> bool {
        self.entry(id).is_ok_and(|entry| entry.shape == Shape::Unlearn || entry.needs.reference)
    }

    /// What is known of each stage once the data is loaded. An error if a setting is not possible.
    pub fn plan(&self, spec: &RunSpec, tasks: &IndexMap<String, Task>, begun: &Begun) -> kit::Result<Vec<Planned>> {
        let is_layer = |id: &str| self.is_layer(id);
        let contents: BTreeMap<&str, String> = tasks.iter().map(|(name, task)| (&**name, task.content())).collect();
        let mut plan: Vec<Planned> = Vec::with_capacity(spec.stages.len());
        for (index, stream) in spec.streams(is_layer).into_iter().enumerate() {
            let (stage, task) = (&spec.stages[index], spec.task_of(index, is_layer));
            let entry = self.entry(&stage.id)?;
            let settings = entry.settled(&stage.params, &tasks[&task]);
            let settings = settings.map_err(|error| error.of_stage(&stage.id, &spec.stage_name(index)))?;
            let (mut gone, mut without) = (Vec::new(), Vec::new());
            for request in self.requests(spec, index).into_iter().filter(|_| entry.needs.forget) {
                let task = &tasks[&request.task];
                let rows = forget_rows(&request.at, &request.forget, task, spec.seed)?;
                let print = format!("{} {}", Digest::of_rows(&rows).hex(), task.set.origin);
                // However it is written, nothing is forgotten twice.
                if !without.contains(&print) {
                    without.push(print);
                    gone.push(request);
                }
            }
            let base = |name: &str| spec.find(name).map_or_else(|| Base::Source(name.into()), Base::Stage);
            let from = stage.model.is_none().then(|| base(&spec.parent_name(index, is_layer)));
            let with: Vec<Base> = stage.with.iter().map(|name| base(name)).collect();
            // What tells the network that it begins with from others, where no stage has left it.
            let model = match (&stage.model, &from, begun.own.get(&index)) {
                (_, _, Some(given)) => Some(given.print.clone()),
                (Some(pick), ..) => Some(drawn(pick, contents.get(&*task), 0)?),
                (None, Some(Base::Source(name)), _) => Some(begun.sources[name].print.clone()),
                (None, ..) => None,
            };
            let own = json!([stage.draw, stage.take, stage.epsilons]);
            let identity = json!([stage.id, settings, model, contents.get(&*task), without, own]);
            let mut line = Digest::default();
            let line_of = |base: &Base| match base {
                Base::Source(name) => begun.sources[name].print.clone(),
                Base::Stage(at) => plan[*at].line.clone(),
            };
            line.write(from.iter().map(line_of).collect::<String>().as_bytes());
            line.write(identity.to_string().as_bytes());
            with.iter().for_each(|base| line.write(line_of(base).as_bytes()));
            line.write(self.reads(entry, spec, &plan, &contents).to_string().as_bytes());
            let (line, attacks, trains) = (line.hex(), entry.attack.is_some(), entry.make.is_some());
            let draws_anew = entry.manner == Some(Manner::Scratch);
            plan.push(Planned { stream, task, identity, from, with, gone, attacks, draws_anew, trains, line });
        }
        Ok(plan)
    }

    /// The shape of the method with this id.
    pub(crate) fn shape(&self, id: &str) -> Option<Shape> {
        self.entry(id).ok().map(|entry| entry.shape)
    }

    /// What a stage forgets or audits, then what the stages below it have forgotten before.
    fn requests(&self, spec: &RunSpec, index: usize) -> Vec<Request> {
        let (shape, is_layer) = (|id: &str| self.shape(id), |id: &str| self.is_layer(id));
        let below = spec.ancestors(index, is_layer).into_iter();
        let forgets = |at: &usize| self.shape(&spec.stages[*at].id) == Some(Shape::Unlearn);
        let request = |stage: usize| {
            let (forgetter, forget) = (spec.forgetter(stage, shape), spec.forget_of(stage, shape)?.clone());
            let at = forgetter.map_or_else(|| "forget".into(), |at| format!("stage.{}.forget", spec.stage_name(at)));
            // An audit asks for the samples of the task that its network has forgotten on.
            Some(Request { at, forget, task: spec.task_of(forgetter.unwrap_or(stage), is_layer) })
        };
        std::iter::once(index).chain(below.filter(forgets)).filter_map(request).collect()
    }

    /// What a measure reads beside its network and its task: the other tasks, and what attack stages before it have
    /// left. What it shows names the networks, and which attacks are on its own hangs on names too.
    fn reads(&self, entry: &Entry, spec: &RunSpec, before: &[Planned], contents: &BTreeMap<&str, String>) -> Value {
        if entry.shape != Shape::Measure {
            return Value::Null;
        }
        let is_attack = |at: &usize| self.entry(&spec.stages[*at].id).is_ok_and(|entry| entry.attack.is_some());
        let attacks = (0..before.len()).filter(|_| entry.needs.attacks.is_some()).filter(is_attack);
        let is_layer = |id: &str| self.is_layer(id);
        let attack = |at: usize| {
            json!([spec.stage_name(at), before[at].line, spec.parent_name(at, is_layer), spec.stages[at].with])
        };
        let attacks: Vec<Value> = attacks.map(attack).collect();
        let named = entry.needs.with[1] > 0 || entry.needs.attacks.is_some();
        let names = named.then(|| (spec.parent_name(before.len(), is_layer), &spec.stages[before.len()].with));
        json!([contents, attacks, names])
    }

    /// Looks up by id how a method makes a net, so that a retrained reference can repeat stages.
    pub(crate) fn makers(self) -> Makers {
        Rc::new(move |id| self.entry(id).ok().and_then(|entry| entry.make))
    }

    /// Describes this engine to page, command line and documents. `cards` are those of the methods, in the same order;
    /// `recipes` are the quick ones; `mathml` turns an equation in LaTeX into the inside of `<math>`.
    pub fn catalogue(
        &self,
        cards: impl IntoIterator<Item = &'static Card>,
        recipes: Vec<Recipe>,
        mathml: impl Fn(&str) -> String,
    ) -> Catalogue {
        let methods = self.methods.iter().zip(cards).map(|(entry, card)| MethodInfo {
            card: card.data(mathml(card.equation)),
            shape: entry.shape,
            first: entry.first,
            manner: entry.manner,
            controls: (entry.controls)(),
        });
        Catalogue {
            version: VERSION,
            families: families(),
            methods: methods.collect(),
            tasks: self.sets.iter().map(SetEntry::choice).collect(),
            nets: nets::choices(),
            sources: sources(),
            forget: forget_choices(),
            recipes,
            leaf: digits_sample(),
        }
    }

    /// Checks everything in a run file that can be checked before data is loaded: ids, keys, values.
    pub fn check(&self, spec: &RunSpec) -> Result<(), Wrong> {
        spec.check_names()?;
        for (name, pick) in &spec.tasks {
            let at = format!("tasks.{name}");
            let set = kit::data::find(self.sets, &at, &pick.id)?;
            spec::check_all(&at, &pick.params, &(set.controls)())?;
        }
        for (name, source) in spec.sources() {
            check_net(&source_key(name), &source.pick())?;
        }
        if let Some(pick) = &spec.forget {
            check_forget("forget", pick)?;
        }
        spec.check_shapes(|id| self.shape(id))?;
        for (index, stage) in spec.stages.iter().enumerate() {
            let at = format!("stage.{}", spec.stage_name(index));
            let entry = self.entry(&stage.id).map_err(|wrong| Wrong { what: at.clone(), ..wrong })?;
            (entry.settings)(&at, &stage.params).map_err(|error| match error {
                kit::Error::Input(wrong) => wrong,
                other => Wrong::new(&at, other.to_string()),
            })?;
            if let Some(pick) = &stage.model {
                check_net(&format!("{at}.model"), pick)?;
                if pick.weights().is_some() && entry.manner == Some(Manner::Scratch) {
                    let why = "this method draws every weight anew; `transfer.full-finetune` goes on from a file's";
                    return Err(Wrong::new(format!("{at}.model.weights"), why));
                }
            }
            let trains = |at: usize| self.entry(&spec.stages[at].id).is_ok_and(|entry| entry.make.is_some());
            let line = || spec.ancestors(index, |id| self.is_layer(id)).into_iter();
            if self.has_reference(&stage.id) && !line().any(trains) {
                let why = "no stage before it has trained the network; there is nothing to forget";
                return Err(Wrong::new(at, why));
            }
            let [least, most] = entry.needs.with;
            let own = spec.parent_name(index, |id| self.is_layer(id));
            if entry.shape == Shape::Measure && stage.with.contains(&own) {
                let why = format!("\"{own}\" is the network that it measures; other ones are right");
                return Err(Wrong::new(format!("{at}.with"), why));
            }
            if !(least..=most).contains(&stage.with.len()) {
                return Err(Wrong::new(format!("{at}.with"), takes(least, most)));
            }
            let is_attack = |at: &usize| self.entry(&spec.stages[*at].id).is_ok_and(|entry| entry.attack.is_some());
            let (attacks, least) = ((0..index).filter(is_attack).count(), entry.needs.attacks.unwrap_or(0));
            if attacks < least {
                let why =
                    format!("it reads what attacks before it have left, at least {least}, and there are {attacks}");
                return Err(Wrong::new(at, why));
            }
            if let Some(pick) = &stage.forget {
                let at = format!("{at}.forget");
                if !entry.needs.forget {
                    return Err(Wrong::new(at, "this method forgets nothing, and is no audit of forgetting"));
                }
                check_forget(&at, pick)?;
            }
            if entry.needs.forget && spec.forget_of(index, |id| self.shape(id)).is_none() {
                let why = "needs to know what to forget; `forget = { id = \"class\", class = 3 }` is one way";
                return Err(Wrong::new(at, why));
            }
        }
        Ok(())
    }
}

/// The key in a run file of a network that the run begins with.
pub(crate) fn source_key(name: &str) -> String {
    if name == START { "model".into() } else { format!("models.{name}") }
}

/// Checks the description of a forget set.
fn check_forget(at: &str, pick: &Pick) -> Result<(), Wrong> {
    let known = forget_choices();
    let choice = known.iter().find(|choice| choice.id == pick.id);
    let ids = known.iter().map(|choice| choice.id.as_str());
    spec::check_all(at, &pick.params, &choice.ok_or_else(|| Wrong::unknown("forget set", at, &pick.id, ids))?.controls)
}

/// How many networks a method takes under `with`.
fn takes(least: usize, most: usize) -> String {
    match (least, most) {
        (_, 0) => "this method takes no further networks".into(),
        (1, 1) => "this method takes one further network".into(),
        (least, most) if least == most => format!("this method takes {most} further networks"),
        (0, most) => format!("this method takes at most {most} further networks"),
        (least, most) => format!("this method takes {least} to {most} further networks"),
    }
}

/// What a random network depends on beside the run's seed: its kind, the data that it is made for, and its draw.
pub(crate) fn drawn(pick: &Pick, content: Option<&String>, draw: u32) -> Result<String, Wrong> {
    Ok(json!([net_identity(pick)?, content, draw]).to_string())
}

/// A network's description with the settings that are not written.
pub(crate) fn net_identity(pick: &Pick) -> Result<Value, Wrong> {
    let controls = (nets::find("model", &pick.id)?.choice)().controls;
    let value = |control: &Control| pick.params.get(&control.key).unwrap_or(&control.default).clone();
    Ok(json!([pick.id, controls.iter().map(value).collect::<Vec<_>>()]))
}

/// Checks the description of a network.
fn check_net(at: &str, pick: &Pick) -> Result<(), Wrong> {
    let choice = (nets::find(at, &pick.id)?.choice)();
    let mut params = pick.params.clone();
    if let Some(weights) = params.shift_remove("weights")
        && !weights.is_string()
    {
        return Err(Wrong::new(format!("{at}.weights"), "must be the name of a weight file"));
    }
    spec::check_all(at, &params, &choice.controls)
}
