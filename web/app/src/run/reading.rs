//! What can be read of the run. Every method tracks the signals it reads.

use super::{
    catalogue::catalogue,
    context::{Playing, Run},
    settings,
    strip::Slot,
};
use leptos::prelude::*;
use report::{Answers, Known, Outcome, RunView, Sentence};
use serde_json::Value;
use spec::{Family, MethodInfo, Pick, START};
use std::sync::Arc;

/// In place of the sentence of a stage where there is none.
const NO_LAYER: &str = "There is no such layer on the strip yet. Add one, and it is played from here.";

impl Known for Run {
    fn outcome(&self, stage: &str) -> Option<Arc<Outcome>> {
        Run::outcome(self, stage)
    }

    fn asked(&self, stage: &str, task: &str) -> Option<Arc<Answers>> {
        let key = (self.print(stage)?, task.to_owned(), false);
        self.asked.with(|asked| asked.get(&key).cloned())
    }

    fn class_names(&self, task: &str) -> Option<Vec<String>> {
        self.classes.with(|classes| classes.get(task).cloned())
    }

    fn seconds(&self, stage: &str) -> Option<f64> {
        self.own_estimate(stage)
    }
}

impl Run {
    /// The method of a stage; `None` of the source network.
    pub fn method(&self, name: &str) -> Option<&'static MethodInfo> {
        self.strip.with(|strip| strip.stage(name).and_then(|stage| catalogue().method(&stage.id)))
    }

    pub fn family(&self, name: &str) -> Option<Family> {
        self.view(|view| view.family(name))
    }

    /// The title of a stage's method; empty of the source network.
    pub fn method_title(&self, name: &str) -> String {
        self.view(|view| view.method_title(name))
    }

    /// What a stage's result hangs on, as a short name.
    pub fn print(&self, name: &str) -> Option<String> {
        self.prints.with(|prints| prints.get(name).cloned())
    }

    pub fn outcome(&self, name: &str) -> Option<Arc<Outcome>> {
        let print = self.print(name)?;
        self.outcomes.with(|outcomes| outcomes.get(&print).cloned())
    }

    /// The source network is always done.
    pub fn is_done(&self, name: &str) -> bool {
        self.strip.with(|strip| strip.spec.is_source(name))
            || self.outcome(name).is_some_and(|outcome| outcome.is_done())
    }

    /// The run as [`report`] speaks of it.
    pub fn view<T>(&self, read: impl FnOnce(&RunView) -> T) -> T {
        self.strip.with(|strip| read(&RunView { spec: &strip.spec, catalogue: catalogue(), known: self }))
    }

    /// The sentence of a stage, whatever it has come to.
    pub fn sentence(&self, name: &str) -> Sentence {
        match name {
            START => Sentence::new(NO_LAYER),
            name => self.view(|view| view.sentence(name)),
        }
    }

    /// Method and what matters most of its settings: "LoRA, rank 4".
    pub fn title(&self, name: &str) -> String {
        self.view(|view| view.title(name))
    }

    /// As on a layer's card: `4`, or `4b` for its second version.
    pub fn number(&self, name: &str) -> String {
        self.view(|view| view.number(name))
    }

    /// What a task's samples are called: "tilted digits".
    pub fn things(&self, task: &str) -> String {
        self.view(|view| view.things(task))
    }

    /// What so many of a task's samples are, whatever an image shows: "image", "images", "points".
    pub fn samples(&self, task: &str, n: usize) -> String {
        self.view(|view| view.samples(task, n).into())
    }

    /// Layers that start from the same model as this one, itself included.
    pub fn versions(&self, name: &str) -> Vec<String> {
        self.view(|view| view.versions(name))
    }

    /// The layer that a stage is, or asks.
    pub fn layer_of(&self, name: &str) -> String {
        self.view(|view| view.layer_of(name))
    }

    /// The stage whose model this one starts from or asks.
    pub fn parent_of(&self, name: &str) -> String {
        self.view(|view| view.parent(name))
    }

    /// The task that a stage is played on; of the source network the first one.
    pub fn task_of(&self, name: &str) -> String {
        self.view(|view| view.task(name))
    }

    /// Data set and settings of a task.
    pub fn task_pick(&self, task: &str) -> Option<Pick> {
        self.strip.with(|strip| strip.spec.tasks.get(task).cloned())
    }

    /// What a task's images are kept under.
    pub fn task_key(&self, task: &str) -> String {
        let pick = self.task_pick(task);
        pick.map_or_else(String::new, |pick| serde_json::to_value(&pick).unwrap_or_default().to_string())
    }

    /// Accuracy of every class in percent, by a series of a stage's answers: `test`, `original`, `retrained`. `None` of
    /// a class without samples; empty where there are no answers.
    pub fn by_class(&self, name: &str, series: &str) -> Vec<Option<f64>> {
        let outcome = self.outcome(name);
        let values = outcome.as_ref().and_then(|outcome| outcome.classes.get(series));
        values.map_or_else(Vec::new, |values| values.iter().map(|value| value.map(f64::from)).collect())
    }

    /// Accuracy of every class in percent, on the test split or, while the stage runs, on the validation samples.
    pub fn by_class_now(&self, name: &str) -> Vec<Option<f64>> {
        let outcome = self.outcome(name);
        let values = outcome.as_ref().and_then(|outcome| outcome.by_class());
        values.map_or_else(Vec::new, |values| values.iter().map(|value| value.map(f64::from)).collect())
    }

    /// What that is made on, if it is not the test split: "validation, n = 144".
    pub fn made_on(&self, name: &str) -> Option<String> {
        self.outcome(name)?.made_on()
    }

    /// Answers on single samples, to draw them: see [`report::RunView::drawn`].
    pub fn drawn(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        self.view(|view| view.drawn(name, task))
    }

    /// Answers that figures are made of: see [`report::RunView::counted`].
    pub fn counted(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        self.view(|view| view.counted(name, task))
    }

    /// Answers of a stage's model on a task: as played, else as asked.
    pub fn answers(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        self.view(|view| view.answers(name, task))
    }

    /// As [`Self::answers`], of the base without its adapter.
    pub fn base_answers(&self, name: &str, task: &str) -> Option<Arc<Answers>> {
        let key = (self.print(name)?, task.into(), true);
        self.asked.with(|asked| asked.get(&key).cloned())
    }

    /// Seconds of a stage alone.
    pub fn own_estimate(&self, name: &str) -> Option<f64> {
        let print = self.print(name)?;
        self.estimates.with(|estimates| estimates.get(&print).copied())
    }

    /// See [`RunView::forgotten_classes`].
    pub fn forgotten_classes(&self, stage: &str, task: &str) -> Vec<u16> {
        self.view(|view| view.forgotten_classes(stage, task))
    }

    /// The place among a task's classes of the one that a stage is to forget, where it is one.
    pub fn forget_class(&self, stage: &str, task: &str) -> Option<u16> {
        self.view(|view| view.forget_class(stage, task))
    }

    /// What a stage forgets.
    pub fn forget_set(&self, stage: &str) -> Option<Pick> {
        self.view(|view| view.forget_set(stage).cloned())
    }

    /// Numbers of the training images that were picked to be forgotten.
    pub fn picked(&self, stage: &str) -> Vec<u32> {
        let ids = self.forget_set(stage).and_then(|pick| pick.params.get("ids").cloned());
        let ids = ids.and_then(|ids| ids.as_array().cloned()).unwrap_or_default();
        ids.iter().filter_map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok())).collect()
    }

    /// Names of a task's classes; until the run is prepared, their numbers.
    pub fn class_names(&self, task: &str) -> Vec<String> {
        self.classes.with(|classes| classes.get(task).cloned()).unwrap_or_else(|| {
            let count = catalogue().leaf.labels.iter().max().map_or(0, |label| label + 1);
            (0..count).map(|class| class.to_string()).collect()
        })
    }

    /// What a stage's setting is, written or by default; `Null` of no such setting.
    pub fn setting(&self, name: &str, path: &[&str]) -> Value {
        self.view(|view| view.setting(name, path)).unwrap_or_default()
    }

    /// The layers in use, from the source to the end of the line.
    pub fn line(&self) -> Vec<String> {
        self.slots.with(|slots| self.strip.with(|strip| slots.iter().map(|slot| strip.name(slot.used)).collect()))
    }

    /// The versions of a layer and the notes under it; of a note those of its layer.
    pub fn slot_of(&self, name: &str) -> Option<Slot> {
        let layer = self.layer_of(name);
        let index = self.strip.with(|strip| strip.find(&layer))?;
        self.slots.with(|slots| slots.iter().find(|slot| slot.versions.contains(&index)).cloned())
    }

    /// Stages of the line in playing order, notes after their layers.
    pub fn order(&self) -> Vec<String> {
        self.slots.with(|slots| {
            let on_line = |at: &usize| slots.iter().any(|slot| slot.used == *at || slot.notes.contains(at));
            self.strip.with(|strip| (0..strip.len()).filter(on_line).map(|at| strip.name(at)).collect())
        })
    }

    /// The first stage of the line that is not done.
    pub fn next(&self) -> Option<String> {
        self.order().into_iter().find(|name| !self.is_done(name))
    }

    /// One sentence if the strip cannot be played as it is set.
    pub fn refusal(&self) -> Option<String> {
        let wrong = self.strip.with(|strip| {
            strip
                .spec
                .stages
                .iter()
                .find_map(|stage| settings::wrong(&catalogue().method(&stage.id)?.controls, &stage.params))
        });
        wrong.or_else(|| self.trouble.get())
    }

    /// Whether a stage was played and what it hangs on has changed since.
    pub fn is_stale(&self, name: &str) -> bool {
        self.outcome(name).is_none() && self.played.with(|played| played.contains(name))
    }

    pub fn is_playing(&self) -> bool {
        self.playing.with(Option::is_some)
    }

    pub fn is_paused(&self) -> bool {
        self.playing.with(|playing| playing.as_ref().is_some_and(|playing| playing.paused.is_some()))
    }

    /// Whether the run with this number is the one that the engine has in hand.
    pub(super) fn has_in_hand(&self, run: u32) -> bool {
        self.playing.with_untracked(|playing| playing.as_ref().is_some_and(|playing| playing.run == run))
    }

    /// The print of a stage of the run in hand; `None` if it belongs to another run.
    pub(super) fn print_in(&self, run: u32, stage: &str) -> Option<String> {
        let print_of =
            |playing: &Playing| playing.stages.iter().find(|(name, _)| name == stage).map(|(_, print)| print.clone());
        let played =
            self.playing.with_untracked(|playing| playing.as_ref().filter(|p| p.run == run).and_then(print_of));
        played.or_else(|| (stage == START).then(|| self.strip.with_untracked(|strip| strip.source_print(stage))))
    }
}
