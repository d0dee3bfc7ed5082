//! The context of the run.

use super::{
    catalogue::catalogue,
    history::PastRun,
    notices::Notices,
    strip::{Slot, Strip},
};
use crate::engine::Engine;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use report::{Answers, Images, Outcome};
use spec::{Event, START};
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
    /// Milliseconds: when the phase in hand began.
    pub since: f64,
    pub paused: bool,
    /// Whether the view goes along from stage to stage.
    pub follow: bool,
}

/// Stages that are to be played as soon as the engine is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub stages: Vec<String>,
    pub paused: bool,
    pub follow: bool,
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
    pub engine: Engine,
    pub notices: Notices,
    pub(super) preparing: StoredValue<Option<Timeout>, LocalStorage>,
    /// Steps of the stage in hand that are not yet folded into its outcome.
    pub(super) coming: StoredValue<Vec<Coming>>,
    /// When steps were last folded, in milliseconds of the page's life; before the first ones, long ago.
    pub(super) folded: StoredValue<f64>,
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
                prints.insert(START.into(), strip.start_print());
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
            engine,
            notices,
            preparing: StoredValue::new_local(None),
            coming: StoredValue::default(),
            folded: StoredValue::new(f64::NEG_INFINITY),
        }
    }

    pub fn get() -> Self {
        expect_context()
    }
}
