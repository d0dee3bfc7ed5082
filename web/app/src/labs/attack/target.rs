//! What the strip says about attacks: which networks are attacked, by which method, on which data. Everything here
//! tracks what it reads.

use super::state::{State, Subject};
use crate::{
    labs::lab::Drawing,
    run::{Run, START, View, catalogue, sample::Sample},
};
use leptos::prelude::*;
use report::Outcome;
use spec::{Control, Family, Pick, Stage, Widget};
use std::sync::Arc;

/// The lab with all that it looks at.
#[derive(Clone, Copy)]
pub struct Target {
    pub run: Run,
    pub view: View,
    pub state: State,
}

impl Target {
    pub fn get() -> Self {
        Self { run: Run::get(), view: View::get(), state: State::get() }
    }

    /// Layers that can be attacked: those of the line that an attack asks, else all of it.
    pub fn victims(self) -> Vec<String> {
        let line = self.run.line();
        let asked: Vec<String> = line.iter().filter(|name| self.attack_on(name).is_some()).cloned().collect();
        if asked.is_empty() { line } else { asked }
    }

    /// Stages that attack a layer.
    pub fn attacks(self, layer: &str) -> Vec<String> {
        self.run
            .view(|view| view.notes(layer))
            .into_iter()
            .filter(|note| self.run.family(note) == Some(Family::Attack))
            .collect()
    }

    /// The attack on a layer that is shown: the selected one, else its first.
    pub fn attack_on(self, layer: &str) -> Option<String> {
        let (attacks, selected) = (self.attacks(layer), self.view.selected.get());
        if attacks.contains(&selected) { Some(selected) } else { attacks.into_iter().next() }
    }

    /// The network under attack: the chosen one, else the one that the selected stage is about.
    pub fn victim(self) -> Option<String> {
        let (run, victims) = (self.run, self.victims());
        let chosen = self.state.victim.get().filter(|name| victims.contains(name) && run.is_done(name));
        chosen
            .or_else(|| {
                let layer = self.view.layer();
                [layer.clone(), run.parent_of(&layer)].into_iter().find(|name| name != START && run.is_done(name))
            })
            .or_else(|| victims.into_iter().rev().find(|name| run.is_done(name)))
    }

    /// The data that a layer is attacked on: its attack's own, else what it learned from.
    pub fn task(self, layer: &str) -> String {
        self.run.task_of(&self.attack_on(layer).unwrap_or_else(|| layer.into()))
    }

    /// The images on the leaf of the network under attack.
    pub fn sample(self) -> Sample {
        let layer = self.victim().unwrap_or_else(|| self.view.selected.get());
        self.run.sample(&layer, &self.task(&layer))
    }

    /// The image in hand: the chosen one, else the second four, which shows much at a glance.
    pub fn image(self) -> Option<Subject> {
        let is_drawn_for = |drawing: &Drawing| self.run.view(|view| view.is_one_set(&drawing.task, &self.data()));
        let fits = |subject: &Subject| match subject {
            Subject::Samples(_) => true,
            Subject::Drawn(drawing) => is_drawn_for(drawing),
        };
        self.state.image.get().filter(fits).or_else(|| {
            let sample = self.sample();
            let (_, places) = sample.rows.get(4).or(sample.rows.first())?;
            Some(Subject::Samples(vec![*sample.ids.get(*places.get(1)?)?]))
        })
    }

    /// Whether a network can be attacked here with this image of a task.
    pub fn takes(self, task: &str, id: u32) -> bool {
        self.fits(task) && self.sample().ids.contains(&id)
    }

    /// Whether a network can be attacked here with images of a task.
    pub fn fits(self, task: &str) -> bool {
        let is_attacked = |name: &String| matches!(self.run.family(name), Some(Family::Attack | Family::Defend));
        let fits = |layer: String| self.run.view(|view| view.is_one_set(task, &self.task(&layer)));
        self.run.order().iter().any(is_attacked) && self.victim().is_some_and(fits)
    }

    /// The stage that attacks a layer.
    fn stage(self, layer: &str) -> Option<Stage> {
        let selected = self.view.selected.get();
        let own = (self.run.family(&selected) == Some(Family::Attack)).then_some(selected);
        let name = self.attack_on(layer).or(own)?;
        self.run.strip.with(|strip| strip.stage(&name).cloned())
    }

    /// Method and settings of the attack on a layer.
    pub fn method(self, layer: &str) -> Pick {
        self.stage(layer).map_or_else(default_attack, |Stage { id, params, .. }| Pick { id, params })
    }

    /// The networks that the attack on a layer is crafted on; that layer's where there are none.
    pub fn with(self, layer: &str) -> Vec<String> {
        self.stage(layer).map(|stage| stage.with).unwrap_or_default()
    }

    /// The attack in hand: on the network under attack, or on what is going to be one.
    pub fn shown(self) -> String {
        let layer = self.victim().unwrap_or_else(|| self.view.layer());
        self.method(&layer).id
    }

    /// The network and the attack on it, whatever its budget.
    pub fn key(self, layer: &str) -> Option<String> {
        let mut pick = self.method(layer);
        pick.params.shift_remove("epsilon");
        let with: Vec<Option<String>> = self.with(layer).iter().map(|name| self.run.print(name)).collect();
        Some(format!("{} {} {:?} {with:?}", self.run.print(layer)?, pick.id, pick.params))
    }

    /// The slider, else the budget of the attack on the strip.
    pub fn epsilon(self) -> f64 {
        self.state.epsilon.get().unwrap_or_else(|| {
            let layer = self.view.layer();
            let near = [layer.clone(), self.run.parent_of(&layer)];
            let attack = near.iter().find_map(|name| self.attack_on(name)).unwrap_or_else(|| self.view.selected.get());
            let own = self.run.setting(&attack, &["epsilon"]).as_f64().unwrap_or(0.2);
            own.min(end(&self.shown()))
        })
    }

    /// The finished attack on a layer.
    pub fn played(self, layer: &str) -> Option<Arc<Outcome>> {
        let outcome = self.run.outcome(&self.attack_on(layer)?)?;
        (outcome.is_done() && outcome.answers("attacked").is_some()).then_some(outcome)
    }

    /// The data in hand: what the network under attack is attacked on, else what the selected stage is played on.
    pub fn data(self) -> String {
        self.victim().map_or_else(|| self.run.task_of(&self.view.selected.get()), |layer| self.task(&layer))
    }
}

fn default_attack() -> Pick {
    let id = if catalogue().method("attack.pgd-linf").is_some() { "attack.pgd-linf" } else { "attack.fgsm" };
    Pick { id: id.into(), params: serde_json::Map::new() }
}

/// The setting of a method that is its budget.
pub fn budget(method: &str) -> Option<&'static Control> {
    catalogue().method(method)?.controls.iter().find(|control| control.key == "epsilon")
}

/// The slider's end; every attack's own range goes further. A budget that may be more than a pixel's full brightness is
/// a length.
pub fn end(method: &str) -> f64 {
    match budget(method).map(|control| &control.widget) {
        Some(Widget::Slider { max, .. }) if *max > 1.0 => 2.0,
        _ => 0.4,
    }
}
