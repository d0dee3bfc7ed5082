//! What the visitor does that moves the view: goes, selects, and plays what is selected.

use super::{
    address,
    catalogue::catalogue,
    notices::{News, Notice},
    strip::Strip,
    view::{OpenDialog, Side, View},
};
use crate::engine::browser;
use leptos::prelude::*;
use serde_json::Value;
use spec::{Family, RunSpec, START};
use std::collections::HashMap;

/// Seconds of work that a reset may drop without a question.
const ASK_ABOVE: f64 = 30.0;

impl View {
    // --- going ---

    /// Goes to a place of the page, chosen by hand.
    pub fn go(&self, path: &str) {
        self.chose.set_value(browser::now());
        self.show(path);
        self.select_for_path();
    }

    /// The address has changed by itself: a link, or the browser's way back.
    pub fn follow(&self, path: &str) {
        if self.path.with_untracked(|now| now != path) {
            self.path.set(path.into());
            self.select_for_path();
        }
    }

    fn show(&self, path: &str) {
        set_hash(path);
        self.path.set(path.into());
    }

    /// Selects a stage of the lab at this path: the newest that has begun, else the first planned one; nothing at a
    /// path that is no lab.
    pub fn select_for_path(&self) {
        let path = self.path.get_untracked();
        if !catalogue().methods.iter().any(|method| (self.home)(method.card.family) == path) {
            return;
        }
        let run = self.run;
        untrack(|| {
            let is_here = |name: &str| self.home_of(name).is_some_and(|home| home == path);
            if is_here(&self.selected.get()) {
                return;
            }
            let here: Vec<String> = run.order().into_iter().filter(|name| is_here(name)).collect();
            let layer = |name: &&String| run.method(name).is_some_and(|method| method.shape.is_layer());
            let begun = || here.iter().rev().filter(|name| run.outcome(name).is_some());
            let newest = begun().find(layer).or_else(|| begun().next());
            let pick = match run.next() {
                Some(next) if is_here(&next) && !run.is_playing() => Some(next),
                _ => newest.or(here.first()).cloned(),
            };
            self.selected.set(pick.unwrap_or_else(|| START.into()));
        });
        self.side.set(Side::All);
    }

    /// Selects a stage and goes to its lab.
    pub fn select(&self, name: &str) {
        self.selected.set(name.into());
        self.side.set(Side::All);
        if let Some(home) = untrack(|| self.home_of(name)) {
            self.show(home);
        }
    }

    /// Selects the layer so many places further on the line.
    pub fn step_layer(&self, by: isize) {
        untrack(|| {
            let (line, layer) = (self.run.line(), self.layer());
            let at = line.iter().position(|name| *name == layer).map_or(-1, |at| at as isize);
            if let Some(name) = usize::try_from(at + by).ok().and_then(|at| line.get(at)) {
                self.select(name);
            }
        });
    }

    // --- the strip ---

    /// Writes one setting of a stage. A finished layer gets a new version, which is selected.
    pub fn set(&self, name: &str, path: &[String], value: Value) {
        let written = self.run.write(name, path, value);
        if written != name {
            self.selected.set(written);
        }
    }

    /// Opens another run file and selects its first stage.
    pub fn load(&self, spec: RunSpec) {
        let run = self.run;
        match Strip::new(spec, catalogue()) {
            Ok(strip) => {
                run.stop();
                run.notices.close();
                if let Some(notice) = Notice::of_opened(&strip) {
                    run.notices.show(notice);
                }
                run.edit(|old| *old = strip);
                run.classes.update(HashMap::clear);
                self.selected.set(START.into());
                if let Some(name) = untrack(|| run.order().first().cloned()) {
                    self.select(&name);
                }
            }
            Err(wrong) => run.notices.show(Notice::Refused(wrong)),
        }
    }

    /// What follows on the line goes on from this version, which is selected.
    pub fn use_version(&self, name: &str) {
        self.run.edit(|strip| strip.use_version(name, catalogue()));
        self.select(name);
    }

    /// Takes the last layer of the line off.
    pub fn take_off(&self) {
        if let Some(last) = untrack(|| self.run.line().pop()) {
            self.remove(&last);
        }
    }

    /// Takes a stage off, with all that stands on it. It can be put back until the next change.
    pub fn remove(&self, name: &str) {
        let run = self.run;
        untrack(|| {
            let mut strip = run.strip.get();
            let before = strip.clone();
            if strip.take_off(name) {
                let selected = self.selected.get();
                if selected == name || run.layer_of(&selected) == name {
                    self.selected.set(run.parent_of(name));
                }
                run.put(strip);
                run.taken_off.update(|stack| stack.push(before));
                run.notices.tell(News::TakenOff);
                self.select_for_path();
            }
        });
    }

    /// Puts back what was taken off last.
    pub fn put_back(&self) {
        let strip = self.run.taken_off.try_update(Vec::pop).flatten();
        if let Some(strip) = strip {
            self.run.put(strip);
            self.select_for_path();
        }
    }

    // --- playing ---

    /// The stages that a press of play means: the selected one; a defence brings the attacks on it along.
    pub fn wanted(&self) -> Vec<String> {
        untrack(|| {
            let (run, selected) = (self.run, self.selected.get());
            let mut wanted = vec![selected.clone()];
            if run.family(&selected) == Some(Family::Defend) {
                wanted.extend(run.view(|view| view.notes(&selected)));
            }
            wanted
        })
    }

    /// Plays what is selected, or goes on with a paused run.
    pub fn play(&self) {
        self.play_from(false);
    }

    fn play_from(&self, paused: bool) {
        if untrack(|| self.run.is_paused()) {
            self.run.engine.resume();
        } else if !untrack(|| self.run.is_playing()) {
            self.run.start(&self.wanted(), paused, false);
        }
    }

    /// Plays, or pauses the run in hand.
    pub fn play_or_pause(&self) {
        match untrack(|| self.run.is_playing() && !self.run.is_paused()) {
            true => self.run.pause(),
            false => self.play(),
        }
    }

    /// One step of the run in hand, else the first step of the selected stage.
    pub fn step(&self) {
        match untrack(|| (self.run.is_playing(), self.run.is_paused())) {
            (true, true) => self.run.engine.step(),
            (true, false) => {}
            (false, _) => self.play_from(true),
        }
    }

    /// Plays the selected stage once more from its beginning.
    pub fn play_again(&self) {
        self.run.forget_result(&self.selected.get_untracked());
        self.play();
    }

    /// Drops the selected stage's result; asks before, where it took long.
    pub fn reset(&self) {
        let outcome = untrack(|| self.run.outcome(&self.selected.get()));
        if outcome.is_some_and(|outcome| outcome.seconds > ASK_ABOVE) {
            self.open(OpenDialog::Reset);
        } else {
            self.reset_now();
        }
    }

    /// As [`Self::reset`], without a question.
    pub fn reset_now(&self) {
        self.run.stop();
        self.run.forget_result(&self.selected.get_untracked());
    }
}

/// Without a new step of the browser's history for where it is already.
fn set_hash(path: &str) {
    let location = window().location();
    let hash = address::hash(path);
    if location.hash().unwrap_or_default() != hash {
        let _ = location.set_hash(&hash);
    }
}
