//! The context of the run.

use super::{
    catalogue::catalogue,
    history::PastRun,
    notices::{Notices, Taken},
    strip::{Slot, Strip},
};
use crate::engine::Engine;
use gloo_timers::callback::Timeout;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use report::{Answers, Images, Outcome};
use spec::Event;
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// The run that the engine has in hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Playing {
    /// Its number.
    pub run: u32,
    /// Names of the stages it plays, with the prints of their results.
    pub stages: Vec<(String, String)>,
    /// The stage in hand.
    pub now: Option<String>,
    /// Milliseconds: when the phase in hand began; what it was paused for is added.
    pub since: f64,
    /// Milliseconds: since when it is paused, if it is.
    pub paused: Option<f64>,
    /// Whether the view goes along from stage to stage.
    pub follow: bool,
}

impl Playing {
    /// A phase begins. A paused run that is stepped may come to its next phase.
    pub(super) const fn begin_phase(&mut self, now: f64) {
        self.since = now;
        if let Some(paused) = &mut self.paused {
            *paused = now;
        }
    }

    pub(super) fn pause(&mut self, now: f64) {
        self.paused.get_or_insert(now);
    }

    /// Goes on. The pause does not count as time that the phase took.
    pub(super) fn resume(&mut self, now: f64) {
        if let Some(paused) = self.paused.take() {
            self.since += now - paused;
        }
    }
}

/// Stages that are to be played as soon as the engine is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub stages: Vec<String>,
    pub paused: bool,
    pub follow: bool,
}

/// What the browser keeps of finished work.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kept {
    /// Files, one for each stage or retrained reference.
    pub works: usize,
    /// Their size.
    pub bytes: f64,
    /// Bytes that they may have together.
    pub room: f64,
}

/// The run file and all that is known of it. Declared once in `main`, found with [`Run::get`]. Stages go by their
/// names; [`START`] is the source network. What hangs on a stage is kept under the print of its result, so that undoing
/// a change brings the result back. A struct of signals, and no reactive store: its parts change on their own, and
/// inside a part [`report`] reads the run file as a whole, so fields of fields would have no subscriber.
#[derive(Clone, Copy)]
pub struct Run {
    pub strip: RwSignal<Strip>,
    pub slots: Memo<Vec<Slot>>,
    /// Prints of all stages by their names.
    pub prints: Memo<HashMap<String, String>>,
    /// Results by their prints.
    pub outcomes: RwSignal<HashMap<String, Arc<Outcome>>>,
    /// Answers of a model on a task that it was not played on, or of its base alone: by print, task and whether the
    /// base.
    pub asked: RwSignal<HashMap<(String, String, bool), Arc<Answers>>>,
    /// Images of a task for the leaf, by [`Run::task_key`].
    pub samples: RwSignal<HashMap<String, Arc<Images>>>,
    /// Class names by task; there once the run is prepared.
    pub classes: RwSignal<HashMap<String, Vec<String>>>,
    /// Layers of the network with their numbers of weights.
    pub layers: RwSignal<Vec<(String, usize)>>,
    /// Parameters of the network.
    pub parameters: RwSignal<Option<usize>>,
    /// Seconds that a stage will take, by its print.
    pub estimates: RwSignal<HashMap<String, f64>>,
    /// Why the run file as a whole cannot be played, in the engine's words.
    pub trouble: RwSignal<Option<String>>,
    pub playing: RwSignal<Option<Playing>>,
    pub queued: RwSignal<Option<Queued>>,
    /// Names of stages that were finished once.
    pub played: RwSignal<HashSet<String>>,
    /// Strips before each layer that was taken off, oldest first.
    pub taken_off: RwSignal<Vec<Strip>>,
    /// What was played, newest first; kept in this browser.
    pub history: RwSignal<Vec<PastRun>>,
    /// What the browser keeps of finished work; `None` where it keeps none.
    pub kept: RwSignal<Option<Kept>>,
    pub engine: Engine,
    pub notices: Notices,
    pub(super) preparing: StoredValue<Option<Timeout>, LocalStorage>,
    /// A file of the visitor that the engine has not read yet, by its name.
    pub(super) arriving: StoredValue<Option<(String, Taken)>>,
    pub(super) recalling: StoredValue<Recalling, LocalStorage>,
    /// Steps of the stage in hand that are not yet folded into its outcome.
    pub(super) coming: StoredValue<Vec<Coming>>,
    /// When steps were last folded, in milliseconds of the page's life; before the first ones, long ago.
    pub(super) folded: StoredValue<f64>,
}

/// The stages of which the engine was asked last what is kept.
#[derive(Default)]
pub struct Recalling {
    /// The number under which it speaks of them.
    pub run: u32,
    /// Prints of their results by their names.
    pub prints: HashMap<String, String>,
    /// The stage that it speaks of, which the page shows when all was said.
    pub outcome: Outcome,
    /// Its network, as a file.
    pub model: Option<ArrayBuffer>,
}

/// A step or a point of a curve, and whose it is.
#[derive(Clone, Debug)]
pub struct Coming {
    /// The stage's name.
    pub stage: String,
    /// The print of its result.
    pub print: String,
    pub event: Event,
}

impl Run {
    pub fn new(strip: Strip, history: Vec<PastRun>, engine: Engine, notices: Notices) -> Self {
        let strip = RwSignal::new(strip);
        let slots = Memo::new(move |_| strip.with(|strip| strip.slots(catalogue())));
        let prints = Memo::new(move |_| {
            strip.with(|strip| {
                let mut prints: HashMap<_, _> =
                    (0..strip.len()).map(|index| (strip.name(index), strip.print(index, catalogue()))).collect();
                prints.extend(strip.spec.sources().map(|(name, _)| (name.to_owned(), strip.source_print(name))));
                prints
            })
        });
        Self {
            strip,
            slots,
            prints,
            outcomes: RwSignal::default(),
            asked: RwSignal::default(),
            samples: RwSignal::default(),
            classes: RwSignal::default(),
            layers: RwSignal::default(),
            parameters: RwSignal::default(),
            estimates: RwSignal::default(),
            trouble: RwSignal::default(),
            playing: RwSignal::default(),
            queued: RwSignal::default(),
            played: RwSignal::default(),
            taken_off: RwSignal::default(),
            history: RwSignal::new(history),
            kept: RwSignal::default(),
            engine,
            notices,
            preparing: StoredValue::new_local(None),
            arriving: StoredValue::default(),
            recalling: StoredValue::new_local(Recalling::default()),
            coming: StoredValue::default(),
            folded: StoredValue::new(f64::NEG_INFINITY),
        }
    }

    pub fn get() -> Self {
        expect_context()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_does_not_count_as_time_of_a_phase() {
        let mut playing = Playing { run: 1, stages: vec![], now: None, since: 100.0, paused: None, follow: false };
        playing.pause(150.0);
        // Said again after each single step.
        playing.pause(400.0);
        playing.resume(550.0);
        assert_eq!((playing.since, playing.paused), (500.0, None));
        playing.resume(600.0);
        assert_eq!(playing.since, 500.0);
        // A step into the next phase: only the rest of the pause lies in it.
        playing.pause(650.0);
        playing.begin_phase(700.0);
        playing.resume(750.0);
        assert_eq!(playing.since, 750.0);
    }
}
