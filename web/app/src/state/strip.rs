//! The strip: a run file seen as a line of layers with notes hanging under them.

use super::controls;
use serde_json::{Map, Value};
use spec::{Catalogue, Family, MethodInfo, Pick, RunSpec, Stage, Wrong};

/// The name under which the engine keeps the run's source network.
pub const START: &str = "start";

/// The four views on a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lab {
    Transfer,
    Adapt,
    Attack,
    Forget,
}

impl Lab {
    pub const ALL: [Self; 4] = [Self::Transfer, Self::Adapt, Self::Attack, Self::Forget];

    pub const fn of(family: Family) -> Self {
        match family {
            Family::Train | Family::Transfer => Self::Transfer,
            Family::Peft => Self::Adapt,
            Family::Attack | Family::Defend => Self::Attack,
            Family::Unlearn | Family::Measure => Self::Forget,
        }
    }

    pub const fn families(self) -> &'static [Family] {
        match self {
            Self::Transfer => &[Family::Transfer, Family::Train],
            Self::Adapt => &[Family::Peft],
            Self::Attack => &[Family::Attack, Family::Defend],
            Self::Forget => &[Family::Unlearn, Family::Measure],
        }
    }
}

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
        let mut strip = Self { spec, tip: None };
        for index in 0..strip.spec.stages.len() {
            let id = strip.spec.stages[index].id.clone();
            let Some(method) = catalogue.method(&id) else {
                let known = catalogue.methods.iter().map(|method| method.card.id.as_str());
                return Err(Wrong::unknown("method", &format!("stage.{}", strip.spec.stage_name(index)), &id, known));
            };
            let parent = strip.spec.parent(index, |id| is_layer(catalogue, id));
            let parent = parent.map(|at| strip.spec.stage_name(at));
            if strip.spec.stages[index].name.is_none() {
                let old = strip.spec.stage_name(index);
                let name = strip.free_name(short(&id));
                for stage in &mut strip.spec.stages[index + 1..] {
                    for from in stage.from.iter_mut().chain(&mut stage.with).filter(|from| **from == old) {
                        from.clone_from(&name);
                    }
                }
                strip.spec.stages[index].name = Some(name);
            }
            let stage = &mut strip.spec.stages[index];
            if stage.model.is_none() {
                stage.from = parent;
            }
            controls::drop_defaults(&method.controls, &mut stage.params);
        }
        Ok(strip)
    }

    fn free_name(&self, wish: &str) -> String {
        let taken = |name: &str| name == START || self.spec.stages.iter().any(|s| s.name.as_deref() == Some(name));
        if !taken(wish) {
            return wish.into();
        }
        (2..).map(|n| format!("{wish}-{n}")).find(|name| !taken(name)).expect("numbers do not end")
    }

    pub fn len(&self) -> usize {
        self.spec.stages.len()
    }

    pub fn name(&self, index: usize) -> String {
        self.spec.stage_name(index)
    }

    pub fn find(&self, name: &str) -> Option<usize> {
        (0..self.len()).find(|&index| self.spec.stages[index].name.as_deref() == Some(name))
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
        let from = self.spec.stages[index].from.as_deref()?;
        (0..index).find(|&at| self.spec.stages[at].name.as_deref() == Some(from))
    }

    pub fn parent_name(&self, index: usize) -> String {
        self.parent(index).map_or_else(|| START.into(), |at| self.name(at))
    }

    pub fn task(&self, index: usize) -> String {
        match (&self.spec.stages[index].on, self.parent(index)) {
            (Some(task), _) => task.clone(),
            (None, Some(parent)) => self.task(parent),
            (None, None) => self.first_task(),
        }
    }

    pub fn first_task(&self) -> String {
        self.spec.tasks.keys().next().cloned().unwrap_or_default()
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

    /// Place on the line (from 1) and version (0 is the first) of a layer, or of the layer that a note asks.
    pub fn place(&self, name: &str, catalogue: &Catalogue) -> Option<(usize, usize)> {
        let index = self.find(name)?;
        let layer = if self.is_layer(index, catalogue) { index } else { self.parent(index)? };
        let slots = self.slots(catalogue);
        slots.iter().enumerate().find_map(|(place, slot)| {
            slot.versions.iter().position(|&version| version == layer).map(|version| (place + 1, version))
        })
    }

    /// Stages that a stage stands on, nearest first.
    pub fn ancestors(&self, index: usize) -> Vec<usize> {
        std::iter::successors(self.parent(index), |&at| self.parent(at)).collect()
    }

    /// What a stage's result hangs on. Two equal prints are one result, so that undoing a change brings it back.
    pub fn print(&self, index: usize, catalogue: &Catalogue) -> String {
        let stage = &self.spec.stages[index];
        let family = self.method(index, catalogue).card.family;
        let forgets = matches!(family, Family::Unlearn | Family::Measure);
        let above = match self.parent(index) {
            Some(parent) => self.print(parent, catalogue),
            None => self.start_print(),
        };
        let with: Vec<String> =
            stage.with.iter().filter_map(|name| self.find(name)).map(|at| self.print(at, catalogue)).collect();
        digest(&serde_json::json!([
            above,
            with,
            stage.id,
            stage.model,
            stage.params,
            self.spec.tasks.get(&self.task(index)),
            forgets.then_some((&self.spec.forget, self.spec.retrain_seeds)),
            self.spec.repeats,
        ]))
    }

    /// As [`Self::print`], of the source network.
    pub fn start_print(&self) -> String {
        digest(&serde_json::json!([self.spec.model, self.spec.tasks.get(&self.first_task()), self.spec.seed]))
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
        let parent = self.parent(index);
        let slots = self.slots(catalogue);
        let Some(slot) = slots.iter().find(|slot| slot.versions.contains(&index)) else { return };
        let old = self.name(slot.used);
        let followers: Vec<usize> =
            (0..self.len()).filter(|&at| self.is_layer(at, catalogue) && self.parent(at) == Some(slot.used)).collect();
        debug_assert_eq!(self.parent(slot.used), parent);
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
            controls::set(&method.controls, &mut self.spec.stages[index].params, path, value);
        }
    }

    pub fn set_forget(&mut self, pick: Pick) {
        self.spec.forget = Some(pick);
    }

    /// Takes a stage off, with all that stands on it. `false` if it would leave nothing.
    pub fn take_off(&mut self, name: &str) -> bool {
        let Some(index) = self.find(name) else { return false };
        let gone: Vec<usize> =
            (index..self.len()).filter(|&at| at == index || self.ancestors(at).contains(&index)).collect();
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
    /// first, so that one range covers the rest; the range is `None` when nothing of it is left to play.
    pub fn play(
        &self,
        wanted: &[usize],
        done: impl Fn(usize) -> bool,
        catalogue: &Catalogue,
    ) -> (RunSpec, Option<(usize, usize)>) {
        let mut take: Vec<usize> =
            self.slots(catalogue).iter().flat_map(|slot| slot.notes.iter().copied().chain([slot.used])).collect();
        for &index in wanted {
            take.push(index);
            take.extend(self.ancestors(index));
        }
        take.sort_unstable();
        take.dedup();
        let mut play: Vec<usize> = wanted.to_vec();
        for &index in wanted {
            play.extend(self.ancestors(index).into_iter().filter(|&at| !done(at)));
        }
        play.sort_unstable();
        play.dedup();
        // Finished stages, then those to play, then what stays planned.
        let rank = |index: &usize| {
            if play.contains(index) {
                1
            } else if done(*index) {
                0
            } else {
                2
            }
        };
        take.sort_by_key(|index| (rank(index), *index));
        let range = take.iter().position(|index| rank(index) == 1).map(|first| (first, first + play.len() - 1));
        // A note whose layer is planned keeps its place after it; a finished note of an unplayed layer cannot be.
        let stages = take.iter().map(|&index| self.spec.stages[index].clone()).collect();
        (RunSpec { stages, ..self.spec.clone() }, range)
    }
}

pub fn is_layer(catalogue: &Catalogue, id: &str) -> bool {
    catalogue.method(id).is_some_and(|method| method.shape.is_layer())
}

/// `lora` of `peft.lora`.
pub fn short(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

fn new_stage(id: &str, name: &str, from: Option<String>) -> Stage {
    Stage { id: id.into(), name: Some(name.into()), from, with: vec![], on: None, model: None, params: Map::new() }
}

/// FNV-1a of the canonical text: a name, not a secret.
fn digest(value: &Value) -> String {
    let text = value.to_string();
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
