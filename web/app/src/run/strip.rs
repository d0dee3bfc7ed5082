//! The strip: a run file seen as a line of layers with notes hanging under them.

use super::settings;
use serde_json::{Map, Value};
use spec::{Catalogue, Digest, MethodInfo, Pick, RunSpec, START, Shape, Stage, Wrong, short};
use std::collections::BTreeSet;

/// One place on the line: versions share a parent, one of them is used by what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub versions: Vec<usize>,
    pub used: usize,
    /// Attacks and measures of the used version.
    pub notes: Vec<usize>,
}

/// A run file whose stages all have names and say what they start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    pub spec: RunSpec,
    /// Of several versions at the end of the line, the one in use.
    tip: Option<String>,
}

impl Strip {
    /// Names what has no name, writes out what each stage starts from, and drops what equals a default.
    pub fn new(spec: RunSpec, catalogue: &Catalogue) -> Result<Self, Wrong> {
        let mut spec = spec.explicit(|id| catalogue.is_layer(id));
        for index in 0..spec.stages.len() {
            let (name, stage) = (spec.stage_name(index), &mut spec.stages[index]);
            let Some(method) = catalogue.method(&stage.id) else {
                let known = catalogue.methods.iter().map(|method| method.card.id.as_str());
                return Err(Wrong::unknown("method", &format!("stage.{name}"), &stage.id, known));
            };
            settings::drop_defaults(&method.controls, &mut stage.params);
        }
        spec.check_shapes(|id| catalogue.method(id).map(|method| method.shape))?;
        Ok(Self { spec, tip: None })
    }

    fn free_name(&self, wish: &str) -> String {
        self.spec.free_name(wish)
    }

    pub fn len(&self) -> usize {
        self.spec.stages.len()
    }

    pub fn name(&self, index: usize) -> String {
        self.spec.stage_name(index)
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        self.spec.find(name)
    }

    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.find(name).map(|index| &self.spec.stages[index])
    }

    pub fn method<'a>(&self, index: usize, catalogue: &'a Catalogue) -> &'a MethodInfo {
        catalogue.method(&self.spec.stages[index].id).expect("checked when the strip was made")
    }

    pub fn is_layer(&self, index: usize, catalogue: &Catalogue) -> bool {
        self.method(index, catalogue).shape.is_layer()
    }

    /// The stage whose model this one starts from or asks; `None` is the source network.
    pub fn parent(&self, index: usize) -> Option<usize> {
        self.spec.parent(index, alone)
    }

    pub fn task(&self, index: usize) -> String {
        self.spec.task_of(index, alone)
    }

    /// The line from the source to its end. The version that has successors is the used one; at the end, the chosen
    /// one, else the newest.
    pub fn slots(&self, catalogue: &Catalogue) -> Vec<Slot> {
        let layers: Vec<usize> = (0..self.len()).filter(|&index| self.is_layer(index, catalogue)).collect();
        let depth = |index: usize| {
            let mut depths = vec![0_usize; self.len()];
            for &layer in layers.iter().rev() {
                if let Some(parent) = self.parent(layer) {
                    depths[parent] = depths[parent].max(depths[layer] + 1);
                }
            }
            depths[index]
        };
        let holds_tip = |index: usize| {
            let mut at = self.tip.as_deref().and_then(|tip| self.find(tip));
            while let Some(stage) = at {
                if stage == index {
                    return true;
                }
                at = self.parent(stage);
            }
            false
        };
        let mut slots = Vec::new();
        let mut parent = None;
        loop {
            let versions: Vec<usize> = layers.iter().copied().filter(|&layer| self.parent(layer) == parent).collect();
            let Some(used) = versions.iter().copied().max_by_key(|&at| (depth(at), holds_tip(at), at)) else { break };
            let notes = (0..self.len()).filter(|&at| !layers.contains(&at) && self.parent(at) == Some(used)).collect();
            slots.push(Slot { versions, used, notes });
            parent = Some(used);
        }
        slots
    }

    /// Names of stages that ask the source network. The strip hangs notes under layers, so they have no place on it.
    pub fn left_out(&self, catalogue: &Catalogue) -> Vec<String> {
        let asks_source = |&at: &usize| !self.is_layer(at, catalogue) && self.parent(at).is_none();
        (0..self.len()).filter(asks_source).map(|at| self.name(at)).collect()
    }

    /// All stages that a stage stands on, in the order of the file.
    pub fn basis(&self, index: usize) -> BTreeSet<usize> {
        self.spec.basis(index, alone)
    }

    /// What a stage's result hangs on. Two equal prints are one result, so that undoing a change brings it back.
    pub fn print(&self, index: usize, catalogue: &Catalogue) -> String {
        // Stages stand behind those that they start from, so each is made once, however many start from it.
        let mut prints = Vec::with_capacity(index + 1);
        for at in 0..=index {
            prints.push(self.print_over(&prints, at, catalogue));
        }
        prints.pop().expect("there is at least one")
    }

    fn print_over(&self, before: &[String], index: usize, catalogue: &Catalogue) -> String {
        let stage = &self.spec.stages[index];
        let forgets = self.method(index, catalogue).card.needs.forget;
        let above = match self.parent(index) {
            Some(parent) => before[parent].clone(),
            None => self.source_print(stage.from.as_deref().filter(|_| stage.model.is_none()).unwrap_or(START)),
        };
        let shape = |id: &str| catalogue.method(id).map(|method| method.shape);
        // What a measure reads beside its network.
        let method = self.method(index, catalogue);
        let reads = (method.shape == Shape::Measure).then(|| {
            let is_attack = |at: &usize| self.method(*at, catalogue).shape == Shape::Attack;
            let attacks = (0..index).filter(|_| method.card.needs.attacks.is_some()).filter(is_attack);
            (&self.spec.tasks, attacks.map(|at| before[at].clone()).collect::<Vec<_>>())
        });
        let print = |name: &String| self.find(name).map_or_else(|| self.source_print(name), |at| before[at].clone());
        let with: Vec<String> = stage.with.iter().map(print).collect();
        digest(&serde_json::json!([
            above,
            with,
            stage.id,
            stage.model,
            (stage.draw, stage.take, &stage.epsilons),
            stage.params,
            self.spec.tasks.get(&self.task(index)),
            reads,
            forgets.then_some((self.spec.forget_of(index, shape), self.spec.seeds_of_reference())),
            self.spec.repeats,
        ]))
    }

    /// As [`Self::print`], of a network that the run begins with.
    pub fn source_print(&self, name: &str) -> String {
        let source = self.spec.source(name);
        let task = source.as_ref().and_then(|source| source.on.clone()).unwrap_or_else(|| self.spec.first_task());
        digest(&serde_json::json!([source, self.spec.tasks.get(&task), self.spec.seed]))
    }

    /// Puts a stage at the end of the line (a layer) or under a layer (a note); says its name.
    pub fn add(&mut self, id: &str, under: Option<&str>, catalogue: &Catalogue) -> String {
        let layer = catalogue.method(id).is_some_and(|method| method.shape.is_layer());
        let slots = self.slots(catalogue);
        let end = slots.last().map(|slot| self.name(slot.used));
        let from = if layer { end } else { under.map(str::to_owned).or(end) };
        let name = self.free_name(short(id));
        let after = if layer { None } else { from.as_deref().and_then(|from| self.find(from)) };
        let at = after.map_or(self.len(), |at| at + 1 + self.notes_right_after(at, catalogue));
        self.spec.stages.insert(at, new_stage(id, &name, from));
        name
    }

    fn notes_right_after(&self, layer: usize, catalogue: &Catalogue) -> usize {
        (layer + 1..self.len())
            .take_while(|&at| !self.is_layer(at, catalogue) && self.parent(at) == Some(layer))
            .count()
    }

    /// Puts another method beside a layer: same parent, same task, the same notes under it.
    pub fn add_version(&mut self, of: &str, id: &str, catalogue: &Catalogue) -> Option<String> {
        let index = self.find(of)?;
        let mut stage = self.spec.stages[index].clone();
        if stage.id != id {
            stage = Stage { id: id.into(), params: Map::new(), ..stage };
        }
        let name = self.free_name(if stage.id == self.spec.stages[index].id { of } else { short(id) });
        stage.name = Some(name.clone());
        if stage.from.is_none() && stage.model.is_none() {
            stage.from = Some(START.into());
        }
        let mut at = index + 1 + self.notes_right_after(index, catalogue);
        let notes: Vec<Stage> = (0..self.len())
            .filter(|&note| !self.is_layer(note, catalogue) && self.parent(note) == Some(index))
            .map(|note| self.spec.stages[note].clone())
            .collect();
        self.spec.stages.insert(at, stage);
        for mut note in notes {
            at += 1;
            note.name = Some(self.free_name(note.name.as_deref().unwrap_or(short(&note.id))));
            note.from = Some(name.clone());
            self.spec.stages.insert(at, note);
        }
        Some(name)
    }

    /// What follows a layer goes on from this version of it.
    pub fn use_version(&mut self, name: &str, catalogue: &Catalogue) {
        let Some(index) = self.find(name) else { return };
        let slots = self.slots(catalogue);
        let Some(slot) = slots.iter().find(|slot| slot.versions.contains(&index)) else { return };
        let old = self.name(slot.used);
        let followers: Vec<usize> =
            (0..self.len()).filter(|&at| self.is_layer(at, catalogue) && self.parent(at) == Some(slot.used)).collect();
        if followers.is_empty() {
            self.tip = Some(name.into());
        }
        for at in followers {
            self.spec.stages[at].from = Some(name.into());
        }
        self.move_before_followers(name, &old);
    }

    /// A stage may only name what stands before it.
    fn move_before_followers(&mut self, name: &str, old: &str) {
        let (Some(from), Some(to)) = (self.find(name), self.find(old)) else { return };
        let first = (0..from).find(|&at| self.spec.stages[at].from.as_deref() == Some(name));
        if first.is_some() {
            let stage = self.spec.stages.remove(from);
            self.spec.stages.insert(to + 1, stage);
        }
    }

    /// Replaces a stage's method; settings of the old one go.
    pub fn set_method(&mut self, name: &str, id: &str) {
        if let Some(index) = self.find(name) {
            let stage = &mut self.spec.stages[index];
            if stage.id != id {
                stage.id = id.into();
                stage.params = Map::new();
            }
        }
    }

    /// Writes one setting; a default is not written down.
    pub fn set(&mut self, name: &str, path: &[String], value: Value, catalogue: &Catalogue) {
        if let Some(index) = self.find(name) {
            let method = self.method(index, catalogue);
            settings::set(&method.controls, &mut self.spec.stages[index].params, path, value);
        }
    }

    /// Chooses what a stage forgets, or is an audit of, where that is said: by a stage, else by the run.
    pub fn set_forget(&mut self, name: &str, pick: Pick, catalogue: &Catalogue) {
        let shape = |id: &str| catalogue.method(id).map(|method| method.shape);
        match self.find(name).and_then(|index| self.spec.forgetter(index, shape)) {
            Some(forgetter) => self.spec.stages[forgetter].forget = Some(pick),
            None => self.spec.forget = Some(pick),
        }
    }

    /// Whether no layer stands on a stage, and another one is left without it.
    pub fn is_free(&self, name: &str, catalogue: &Catalogue) -> bool {
        self.find(name).is_some_and(|index| {
            let others = || (0..self.len()).filter(|&at| at != index && self.is_layer(at, catalogue));
            others().next().is_some() && others().all(|at| self.parent(at) != Some(index))
        })
    }

    /// Takes a stage off, with all that stands on it. `false` if it would leave nothing.
    pub fn take_off(&mut self, name: &str) -> bool {
        let Some(index) = self.find(name) else { return false };
        let gone: Vec<usize> =
            (index..self.len()).filter(|&at| at == index || self.basis(at).contains(&index)).collect();
        if gone.len() == self.len() {
            return false;
        }
        let mut at = 0;
        self.spec.stages.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
        true
    }

    /// The run that plays these stages: the used line with its notes, and what they stand on. What is finished comes
    /// first, so that one range covers the rest; the range is `None` when nothing of it is left to play. What is
    /// finished on a stage that is not, because that one was reset, does not count: it cannot stand before it.
    pub fn play(
        &self,
        wanted: &[usize],
        done: impl Fn(usize) -> bool,
        catalogue: &Catalogue,
    ) -> (RunSpec, Option<(usize, usize)>) {
        let slots = self.slots(catalogue);
        let done = |at: usize| done(at) && self.basis(at).into_iter().all(&done);
        let stands = |at: usize| wanted.iter().any(|&index| self.basis(index).contains(&at));
        let is_played = |at: usize| wanted.contains(&at) || (stands(at) && !done(at));
        let is_shown = |at: usize| slots.iter().any(|slot| slot.used == at || slot.notes.contains(&at));
        // What a planned note takes under `with` may be a version that is not shown.
        let is_named = |at: usize| (0..self.len()).any(|other| is_shown(other) && self.basis(other).contains(&at));
        let is_taken = |at: usize| is_played(at) || stands(at) || is_shown(at) || is_named(at);
        // Finished stages, then those to play, then what stays planned.
        let rank = |at: usize| {
            if is_played(at) {
                1
            } else if done(at) {
                0
            } else {
                2
            }
        };
        let take: Vec<usize> = (0..3)
            .flat_map(|wave| (0..self.len()).map(move |at| (wave, at)))
            .filter(|&(wave, at)| rank(at) == wave && is_taken(at))
            .map(|(_, at)| at)
            .collect();
        let count = take.iter().filter(|&&at| is_played(at)).count();
        let range = take.iter().position(|index| rank(*index) == 1).map(|first| (first, first + count - 1));
        // A note whose layer is planned keeps its place after it; a finished note of an unplayed layer cannot be.
        let mut stages: Vec<Stage> = take.iter().map(|&index| self.spec.stages[index].clone()).collect();
        // The first layer need not say that it starts from the source network, unless another layer now stands before.
        for stage in stages.iter_mut().skip(1).filter(|stage| stage.model.is_none()) {
            stage.from.get_or_insert_with(|| START.into());
        }
        (RunSpec { stages, ..self.spec.clone() }, range)
    }
}

/// Every stage says what it starts from: nothing follows from the layers before it.
const fn alone(_: &str) -> bool {
    false
}

fn new_stage(id: &str, name: &str, from: Option<String>) -> Stage {
    Stage {
        id: id.into(),
        name: Some(name.into()),
        from,
        with: vec![],
        on: None,
        model: None,
        draw: 0,
        forget: None,
        take: None,
        epsilons: vec![],
        params: Map::new(),
    }
}

fn digest(value: &Value) -> String {
    let mut digest = Digest::default();
    digest.write(value.to_string().as_bytes());
    digest.hex()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn method(id: &str, family: &str, shape: &str) -> Value {
        json!({
            "card": {
                "id": id, "title": short(id), "family": family, "authors": "", "year": 2020, "paper": "",
                "equation": "", "summary": "", "notes": "",
                "needs": {
                    "kinds": ["images"], "access": "weights", "min_classes": 2, "forget": family == "unlearn",
                },
            },
            "shape": shape,
            "controls": [{
                "key": "epsilon", "label": "ε", "help": "", "default": 0.2,
                "widget": { "slider": { "min": 0, "max": 0.5 } },
            }],
        })
    }

    fn catalogue() -> Catalogue {
        serde_json::from_value(json!({
            "version": 1,
            "methods": [
                method("transfer.full-finetune", "transfer", "tune"),
                method("train.scratch", "train", "tune"),
                method("peft.lora", "peft", "peft"),
                method("attack.fgsm", "attack", "attack"),
                method("unlearn.salun", "unlearn", "unlearn"),
                method("unlearn.finetune", "unlearn", "unlearn"),
            ],
            "families": [], "tasks": [], "nets": [], "sources": [], "forget": [], "presets": [],
            "leaf": { "data": "digits", "train": 0, "ids": [], "labels": [], "size": 8, "pixels": "" },
        }))
        .unwrap()
    }

    /// Transfer, LoRA with an attack under it, forgetting.
    fn strip() -> Strip {
        let spec = RunSpec::read(
            r#"
            version = 1
            tasks.digits = { id = "digits" }
            tasks.tilted = { id = "digits", tilt = 30 }
            model = { id = "cnn" }
            forget = { id = "class", class = 3 }
            stage = [
                { id = "transfer.full-finetune", as = "digits", epsilon = 0.2 },
                { id = "peft.lora", as = "lora", on = "tilted" },
                { id = "attack.fgsm" },
                { id = "unlearn.salun", from = "lora" },
            ]"#,
        );
        Strip::new(spec.unwrap(), &catalogue()).unwrap()
    }

    fn line(strip: &Strip) -> Vec<String> {
        strip.slots(&catalogue()).iter().map(|slot| strip.name(slot.used)).collect()
    }

    #[test]
    fn names_and_origins_are_written_out() {
        let strip = strip();
        let from: Vec<_> = strip.spec.stages.iter().map(|stage| stage.from.as_deref()).collect();
        assert_eq!(from, [None, Some("digits"), Some("lora"), Some("lora")]);
        assert_eq!(strip.name(2), "fgsm");
        assert!(strip.spec.stages[0].params.is_empty(), "a default is not written");
        assert_eq!((strip.task(0), strip.task(3)), ("digits".into(), "tilted".into()));
        assert_eq!(RunSpec::read(&strip.spec.to_toml()).unwrap(), strip.spec);
    }

    #[test]
    fn notes_hang_under_their_layer() {
        let slots = strip().slots(&catalogue());
        assert_eq!(line(&strip()), ["digits", "lora", "salun"]);
        assert_eq!(slots[1].notes, [2]);
        let (strip, catalogue, known) = (strip(), catalogue(), report::view::Outcomes::new());
        let view = report::RunView { spec: &strip.spec, catalogue: &catalogue, known: &known };
        assert_eq!([view.number("fgsm"), view.number("lora")], ["2", "2"]);
    }

    #[test]
    fn what_asks_the_source_is_left_out_and_said() {
        let mut spec = strip().spec;
        spec.stages[2].from = Some(START.into());
        assert_eq!(Strip::new(spec, &catalogue()).unwrap().left_out(&catalogue()), ["fgsm"]);
        assert!(strip().left_out(&catalogue()).is_empty());
        let mut spec = strip().spec;
        spec.stages[3].from = Some("fgsm".into());
        let wrong = Strip::new(spec, &catalogue()).unwrap_err().to_string();
        assert_eq!(wrong, "stage.salun.from: \"fgsm\" leaves no network; there are: digits, lora, start");
    }

    #[test]
    fn an_unknown_method_is_named() {
        let mut spec = strip().spec;
        spec.stages[3].id = "unlearn.salum".into();
        assert!(Strip::new(spec, &catalogue()).unwrap_err().to_string().contains("did you mean \"unlearn.salun\""));
    }

    #[test]
    fn a_version_brings_its_notes_and_what_follows_goes_on_from_it() {
        let (catalogue, mut strip) = (catalogue(), strip());
        let version = strip.add_version("lora", "peft.lora", &catalogue).unwrap();
        assert_eq!((version.as_str(), line(&strip)), ("lora-2", vec!["digits".into(), "lora".into(), "salun".into()]));
        let slot = &strip.slots(&catalogue)[1];
        assert_eq!((slot.versions.len(), strip.name(slot.versions[1])), (2, "lora-2".into()));
        strip.use_version("lora-2", &catalogue);
        assert_eq!(line(&strip), ["digits", "lora-2", "salun"]);
        let note = strip.slots(&catalogue)[1].notes[0];
        assert_eq!((strip.name(note), strip.spec.parent_name(note, alone)), ("fgsm-2".into(), "lora-2".into()));
        assert!(RunSpec::read(&strip.spec.to_toml()).is_ok());
    }

    #[test]
    fn of_two_versions_at_the_end_the_chosen_one_is_used() {
        let (catalogue, mut strip) = (catalogue(), strip());
        strip.add_version("salun", "unlearn.finetune", &catalogue);
        assert_eq!(line(&strip)[2], "finetune");
        strip.use_version("salun", &catalogue);
        assert_eq!(line(&strip)[2], "salun");
    }

    #[test]
    fn a_version_of_the_first_layer_starts_from_the_source() {
        let (catalogue, mut strip) = (catalogue(), strip());
        strip.add_version("digits", "train.scratch", &catalogue);
        assert_eq!(strip.stage("scratch").unwrap().from.as_deref(), Some(START));
        assert_eq!(strip.slots(&catalogue)[0].versions.len(), 2);
        assert!(RunSpec::read(&strip.spec.to_toml()).is_ok());
    }

    #[test]
    fn a_change_makes_what_follows_stale_and_undoing_it_brings_the_results_back() {
        let (catalogue, mut strip) = (catalogue(), strip());
        let prints = |strip: &Strip| (0..strip.len()).map(|at| strip.print(at, &catalogue)).collect::<Vec<_>>();
        let before = prints(&strip);
        let key = ["epsilon".to_owned()];
        strip.set("lora", &key, 0.3.into(), &catalogue);
        let after = prints(&strip);
        assert_eq!(before[0], after[0]);
        assert!((1..4).all(|at| before[at] != after[at]));
        strip.set("lora", &key, 0.2.into(), &catalogue);
        assert_eq!(prints(&strip), before);
        let four = Pick { id: "class".into(), params: json!({ "class": 4 }).as_object().unwrap().clone() };
        strip.set_forget("", four, &catalogue);
        let after = prints(&strip);
        assert!((0..3).all(|at| before[at] == after[at]) && before[3] != after[3]);
    }

    #[test]
    fn the_last_layer_comes_off_with_its_notes() {
        let mut strip = strip();
        assert!(strip.take_off("lora"));
        assert_eq!(strip.len(), 1);
        assert!(!strip.take_off("digits"), "something must stay");
    }

    /// The source network named outright stays what a later layer starts from, also where stages change places.
    #[test]
    fn a_layer_may_start_from_the_source_again() {
        let spec = RunSpec::read(
            r#"
            version = 1
            tasks.digits = { id = "digits" }
            model = { id = "cnn" }
            stage = [
                { id = "transfer.full-finetune", as = "one" },
                { id = "train.scratch", as = "two", from = "start" },
            ]"#,
        );
        let strip = Strip::new(spec.unwrap(), &catalogue()).unwrap();
        assert_eq!(strip.spec.parent_name(1, |_| true), START);
        let (spec, _) = strip.play(&[0], |at| at == 1, &catalogue());
        let parents: Vec<_> = (0..2).map(|at| spec.parent_name(at, |_| true)).collect();
        assert_eq!((spec.stage_name(0), parents), ("two".into(), vec![START.into(), START.into()]));
    }

    #[test]
    fn what_nothing_stands_on_can_go() {
        let (catalogue, mut strip) = (catalogue(), strip());
        let free = |strip: &Strip| -> Vec<String> {
            (0..strip.len()).map(|at| strip.name(at)).filter(|name| strip.is_free(name, &catalogue)).collect()
        };
        assert_eq!(free(&strip), ["fgsm", "salun"]);
        strip.add_version("lora", "peft.lora", &catalogue);
        assert_eq!(free(&strip), ["fgsm", "lora-2", "fgsm-2", "salun"]);
        strip.take_off("lora");
        strip.take_off("lora-2");
        assert!(free(&strip).is_empty(), "one layer must stay");
    }

    #[test]
    fn playing_puts_finished_stages_first() {
        let (catalogue, strip) = (catalogue(), strip());
        let (spec, range) = strip.play(&[3], |at| at == 0, &catalogue);
        let names: Vec<_> = (0..spec.stages.len()).map(|at| spec.stage_name(at)).collect();
        assert_eq!(names, ["digits", "lora", "salun", "fgsm"]);
        assert_eq!(range, Some((1, 2)));
        let (spec, range) = strip.play(&[2], |at| at < 2, &catalogue);
        assert_eq!((spec, range), (strip.spec.clone(), Some((2, 2))));
    }

    /// A planned note may take the network of a version that is not shown.
    #[test]
    fn what_notes_take_is_there_where_a_part_is_played() {
        let (catalogue, mut strip) = (catalogue(), strip());
        let version = strip.add_version("lora", "peft.lora", &catalogue).unwrap();
        strip.use_version("lora", &catalogue);
        strip.spec.stages.iter_mut().find(|stage| stage.id == "attack.fgsm").unwrap().with = vec![version.clone()];
        let note = strip.spec.stages.iter().position(|stage| stage.id == "attack.fgsm").unwrap();
        let note = strip.spec.stages.remove(note);
        strip.spec.stages.push(note);
        let (spec, _) = strip.play(&[0], |_| false, &catalogue);
        assert_eq!(spec.check_names(), Ok(()), "{version}");
        assert!(spec.find(&version).is_some());
    }

    #[test]
    fn a_forget_set_is_chosen_where_it_is_said() {
        let (catalogue, mut strip) = (catalogue(), strip());
        let class =
            |class: u32| Pick { id: "class".into(), params: json!({ "class": class }).as_object().unwrap().clone() };
        let at = strip.find("salun").unwrap();
        strip.spec.stages[at].forget = Some(class(5));
        strip.set_forget("salun", class(6), &catalogue);
        assert_eq!((&strip.spec.stages[at].forget, &strip.spec.forget), (&Some(class(6)), &Some(class(3))));
        // An attack on its network shows what that one has forgotten.
        let note = strip.add("attack.fgsm", Some("salun"), &catalogue);
        strip.set_forget(&note, class(7), &catalogue);
        assert_eq!((&strip.spec.stages[at].forget, &strip.spec.forget), (&Some(class(7)), &Some(class(3))));
    }

    /// Each stage finds what it starts from, whichever of them were reset.
    #[test]
    fn what_is_finished_on_a_stage_that_was_reset_stands_behind_it() {
        let (catalogue, strip) = (catalogue(), strip());
        let names = |spec: &RunSpec| (0..spec.stages.len()).map(|at| spec.stage_name(at)).collect::<Vec<_>>();
        let play = |wanted: usize, done: &[usize]| strip.play(&[wanted], |at| done.contains(&at), &catalogue);
        for done in [vec![], vec![1], vec![3], vec![1, 2], vec![1, 2, 3], vec![2, 3], vec![0, 3], vec![0, 2, 3]] {
            for wanted in (0..4).filter(|at| !done.contains(at)) {
                let (spec, range) = play(wanted, &done);
                for (at, name) in names(&spec).iter().enumerate() {
                    let parent = spec.parent(at, alone).map(|up| spec.stage_name(up));
                    let right = strip.parent(strip.find(name).unwrap()).map(|up| strip.name(up));
                    assert_eq!(parent, right, "{name}, played {wanted} with {done:?}");
                }
                let (first, last) = range.unwrap();
                assert!(names(&spec)[first..=last].contains(&strip.name(wanted)));
            }
        }
        let (spec, range) = play(0, &[1, 2, 3]);
        assert_eq!((names(&spec), range), (names(&strip.spec), Some((0, 0))));
        // The layer between has to be there for what is played on it.
        let (spec, range) = play(3, &[1]);
        assert_eq!(
            (names(&spec)[..3].to_vec(), range),
            (vec!["digits".into(), "lora".into(), "salun".into()], Some((0, 2)))
        );
    }
}
