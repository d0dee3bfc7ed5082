//! What can be done to the run.

use super::{
    catalogue::catalogue,
    context::{Playing, Queued, Run},
    notices::{Notice, Taken},
    storage::{self, Stored},
    strip::Strip,
};
use crate::engine::{Order, browser};
use gloo_timers::callback::Timeout;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use report::{Outcome, Status};
use serde_json::Value;
use spec::{DeviceChoice, Import, Pick};
use std::{collections::HashMap, sync::Arc};
use wasm_bindgen_futures::spawn_local;

/// Milliseconds from the last of a row of changes until the engine is told.
const SETTLE: u32 = 400;

impl Run {
    // --- the run file ---

    /// Every change of the run file goes through here: it is stored and told to the engine. What was taken off cannot
    /// be put back afterwards.
    pub fn edit(&self, change: impl FnOnce(&mut Strip)) {
        let mut strip = self.strip.get_untracked();
        change(&mut strip);
        self.taken_off.update(Vec::clear);
        self.put(strip);
    }

    pub(super) fn put(&self, strip: Strip) {
        storage::store("spec", &strip.spec);
        self.strip.set(strip);
        self.prepare_soon();
    }

    /// Writes one setting. A finished or running layer is not edited: it gets a new version. Returns the name of the
    /// stage that was written.
    pub(super) fn write(&self, name: &str, path: &[String], value: Value) -> String {
        let mut target = name.to_owned();
        untrack(|| {
            let begun = self.is_done(name) || self.outcome(name).is_some_and(|outcome| outcome.is_live());
            let is_layer = self.method(name).is_some_and(|method| method.shape.is_layer());
            self.edit(|strip| {
                if begun
                    && is_layer
                    && let Some(id) = strip.stage(name).map(|stage| stage.id.clone())
                    && let Some(version) = strip.add_version(name, &id, catalogue())
                {
                    strip.use_version(&version, catalogue());
                    target = version;
                }
                strip.set(&target, path, value, catalogue());
            });
        });
        target
    }

    /// Picks training images by their numbers to be forgotten by a stage.
    pub fn pick_to_forget(&self, stage: &str, ids: &[u32]) {
        let params = [("ids".to_owned(), ids.into())].into_iter().collect();
        self.edit(|strip| strip.set_forget(stage, Pick { id: "picked".into(), params }, catalogue()));
    }

    // --- playing ---

    /// Plays these stages, and what they stand on where it is not finished. Where the engine is not ready yet, it
    /// begins when it is. `paused`: stop after the first step. `follow`: the view goes along.
    pub fn start(&self, wanted: &[String], paused: bool, follow: bool) {
        if !untrack(|| self.engine.is_ready()) {
            self.queued.set(Some(Queued { stages: wanted.to_vec(), paused, follow }));
            return;
        }
        untrack(|| {
            if !self.is_playing() && self.refusal().is_none() {
                self.send(wanted, paused, follow);
            }
        });
    }

    fn send(&self, wanted: &[String], paused: bool, follow: bool) {
        let strip = self.strip.get();
        let wanted: Vec<usize> = wanted.iter().filter_map(|name| strip.find(name)).collect();
        let (spec, range) = strip.play(&wanted, |index| self.is_done(&strip.name(index)), catalogue());
        let Some((first, last)) = range else { return };
        let prints = self.prints.get();
        let mut stages: Vec<(String, String)> = (0..=last)
            .filter_map(|index| {
                let name = spec.stage_name(index);
                let print = prints.get(&name)?.clone();
                Some((name, print))
            })
            .collect();
        let played = stages.split_off(first);
        let now = played.first().cloned();
        let run = self.engine.play(Order { spec, first, last, paused, before: stages });
        self.outcomes.update(|outcomes| {
            for (_, print) in &played {
                outcomes.remove(print);
            }
            if let Some((_, print)) = &now {
                // The button answers at once; the engine's first word may take a moment.
                outcomes.insert(print.clone(), Arc::new(Outcome { status: Status::Running, ..Outcome::default() }));
            }
        });
        self.playing.set(Some(Playing {
            run,
            now: now.map(|(name, _)| name),
            stages: played,
            since: browser::now(),
            paused: None,
            follow,
        }));
    }

    /// Plays all stages of the line that are not done; `again`: all of them.
    pub fn play_all(&self, again: bool) {
        untrack(|| {
            let order = self.order();
            if again {
                order.iter().for_each(|name| self.forget_result(name));
            }
            let wanted: Vec<String> = order.into_iter().filter(|name| !self.is_done(name)).collect();
            self.start(&wanted, false, true);
        });
    }

    pub fn pause(&self) {
        self.engine.pause();
    }

    pub fn stop(&self) {
        self.engine.cancel();
    }

    /// Drops a stage's result from the strip and from what the browser keeps, so that it does not come back; its row
    /// in the history stays.
    pub fn forget_result(&self, name: &str) {
        if let Some(print) = untrack(|| self.print(name)) {
            self.outcomes.update(|outcomes| {
                outcomes.remove(&print);
            });
        }
        let strip = self.strip.get_untracked();
        if let Some(stage) = strip.find(name) {
            self.engine.forget(strip.spec, stage);
        }
    }

    /// What was in hand when the worker went starts again with the next one.
    pub(super) fn queue_again(&self) {
        if let Some(playing) = self.playing.get_untracked() {
            let stages = playing.stages.into_iter().map(|(name, _)| name).collect();
            self.queued.set(Some(Queued { stages, paused: false, follow: playing.follow }));
        }
        self.playing.set(None);
    }

    // --- the engine ---

    /// Fetches shipped networks while the engine's code loads, which takes longer.
    pub fn fetch_sources(self) {
        let names = self.shipped_sources();
        spawn_local(async move {
            self.engine.fetch_sources(names).await;
        });
    }

    /// The shipped networks that the strip begins with. Those that the visitor has brought along lie beside no page.
    fn shipped_sources(&self) -> Vec<String> {
        let is_shipped = |name: &&str| catalogue().sources.iter().any(|source| source.weights == **name);
        self.strip
            .with_untracked(|strip| strip.spec.weights().into_iter().filter(is_shipped).map(str::to_owned).collect())
    }

    /// A device is open: hands over what the engine needs, and plays what waited for it.
    pub(super) fn begin(self) {
        spawn_local(async move {
            self.engine.begin(self.shipped_sources()).await;
            self.prepare_now().await;
            let queued = self.queued.try_update(Option::take).flatten();
            if let Some(Queued { stages, paused, follow }) = queued {
                self.start(&stages, paused, follow);
            }
        });
    }

    /// Tells the engine of the run file after the last of a row of changes.
    pub fn prepare_soon(&self) {
        let run = *self;
        self.preparing.set_value(Some(Timeout::new(SETTLE, move || run.prepare())));
    }

    fn prepare(self) {
        if !untrack(|| self.engine.is_ready()) {
            return;
        }
        if self.playing.with_untracked(Option::is_some) {
            self.prepare_soon();
            return;
        }
        spawn_local(self.prepare_now());
    }

    async fn prepare_now(self) {
        self.engine.bring_sources(self.shipped_sources()).await;
        self.trouble.set(None);
        self.engine.prepare(self.strip.with_untracked(|strip| strip.spec.clone()));
        self.recall();
    }

    /// A file of the visitor: weights of a source network, or data.
    pub fn import(&self, what: Import, name: String, bytes: ArrayBuffer) {
        if self.engine.import(what, name, bytes) {
            // Results of the file that had this name are of other data. What is kept of them comes back with it.
            self.outcomes.update(HashMap::clear);
            self.asked.update(HashMap::clear);
            self.samples.update(HashMap::clear);
            self.engine.forget_models();
        }
        self.prepare_soon();
    }

    /// Says of a file that was handed to the engine that it is being read, and what became of it when it was.
    pub fn announce(&self, file: String, what: Taken) {
        self.notices.show(Notice::FileRead(file.clone()));
        self.arriving.set_value(Some((file, what)));
    }

    /// The engine has read what it was handed, or says why it cannot.
    pub(super) fn arrived(&self, refusal: Option<String>) {
        let Some((name, what)) = self.arriving.try_update_value(Option::take).flatten() else { return };
        self.notices.show(match refusal {
            Some(why) => Notice::FileNotUsed { name, why },
            None => Notice::FileTaken { name, what },
        });
    }

    pub fn choose_device(&self, choice: DeviceChoice) {
        storage::store("device", &choice);
        self.engine.choice.set(choice);
        self.engine.restart();
    }

    /// Whether the engine shall use burn's own operations alone.
    pub fn choose_plain(&self, plain: bool) {
        self.engine.plain.set(plain);
        self.engine.restart();
    }

    // --- the history ---

    pub fn store_history(&self) {
        match self.history.with_untracked(|runs| super::history::store(runs)) {
            Stored::Kept => {}
            Stored::Full => self.notices.show(Notice::StorageFull(self.old_runs())),
            Stored::Refused => self.notices.show_refusal(),
        }
    }

    /// How many runs can go to make room: three, but never the newest.
    fn old_runs(&self) -> usize {
        self.history.with_untracked(|runs| runs.len().saturating_sub(1).min(3))
    }

    /// Deletes the oldest runs, to make room.
    pub fn drop_old_runs(&self) {
        let old = self.old_runs();
        self.history.update(|runs| runs.truncate(runs.len() - old));
        self.store_history();
    }
}
