//! What the one button does, and what is said around it: from the engine, the run in hand and the selected stage.

use crate::{
    engine::EngineState,
    route::Route,
    run::{Playing, Run, View, settings},
};
use leptos::prelude::*;
use report::{
    Failure, Outcome, Status,
    figure::{capital, counted, fixed, seconds, step, took},
};
use serde_json::Value;

/// What a press of the one button does.
#[derive(Clone, Debug, PartialEq)]
pub enum Press {
    /// Nothing yet.
    Wait,
    Play,
    Pause,
    Resume,
    Again,
    /// Plays again with this setting.
    Cure(String, Value),
    /// Selects this stage.
    Next(String),
    /// Plays the whole strip again.
    All,
}

/// The button, its words, and the line under it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlayState {
    pub press: Press,
    pub label: String,
    /// Below the bar, at its left: of this layer.
    pub left: String,
    /// At its right: of the whole strip.
    pub right: String,
    /// How far this layer is, of 1.
    pub share: f64,
    /// Whether it failed.
    pub bad: bool,
}

impl PlayState {
    fn new(press: Press, label: impl Into<String>) -> Self {
        let (left, right) = Default::default();
        Self { press, label: label.into(), left, right, share: 0.0, bad: false }
    }

    fn waits(label: &str, left: &str) -> Self {
        Self { left: left.into(), ..Self::new(Press::Wait, label) }
    }
}

/// As it is at this time (milliseconds).
pub fn play_state(view: View, now: f64) -> PlayState {
    let run = view.run;
    match run.engine.state.get() {
        EngineState::Loading if run.queued.with(Option::is_some) => {
            return PlayState::waits("Getting ready…", "Starts as soon as the engine is loaded");
        }
        EngineState::Loading => return PlayState::waits("Getting ready…", "Loading the engine"),
        EngineState::Restarting => return PlayState::waits("Restarting…", "Starting this layer again"),
        EngineState::Absent => return PlayState::waits("No engine here", "This browser cannot run it"),
        EngineState::NotStarted => return PlayState::waits("No engine here", "It could not be started"),
        EngineState::Ready => {}
    }
    if let Some(playing) = run.playing.get() {
        return running(run, &playing, now);
    }
    if Route::now(view).lab().is_none() && run.next().is_none() {
        return finished(run, format!("{} layers, all done", run.slots.with(Vec::len)));
    }
    let selected = view.selected.get();
    let Some(outcome) = run.outcome(&selected) else { return idle(run, &selected) };
    let share = share(&outcome);
    match &outcome.status {
        Status::Done => finished(run, format!("Done in {}", took(outcome.seconds))),
        Status::Cancelled => {
            let left = format!("Stopped by you at step {}", fixed(outcome.step as f64, 0));
            PlayState { left, share, ..PlayState::new(Press::Again, "Start again") }
        }
        Status::Failed(failure) => failed(run, &selected, &outcome, failure),
        Status::Waiting | Status::Running | Status::Paused | Status::Skipped(_) => {
            PlayState::new(Press::Play, run.view(|view| view.press(&selected)))
        }
    }
}

fn share(outcome: &Outcome) -> f64 {
    if outcome.of == 0 { 0.0 } else { outcome.step as f64 / outcome.of as f64 }
}

fn running(run: Run, playing: &Playing, now: f64) -> PlayState {
    let outcome = run.outcome(playing.now.as_deref().unwrap_or_default()).unwrap_or_default();
    let share = share(&outcome);
    let place = match outcome.of {
        0 => "Starting".to_owned(),
        of => step(outcome.step, of),
    };
    if playing.paused.is_some() {
        return PlayState { left: format!("Paused at {place}"), share, ..PlayState::new(Press::Resume, "Go on") };
    }
    // The time left is that of the phase in hand: how long later phases take is not known.
    let spent = (now - playing.since) / 1000.0;
    let right = match share > 0.02 && spent > 1.0 {
        true => format!("{} left", seconds(spent * (1.0 - share) / share)),
        false => String::new(),
    };
    let left = match outcome.phase.is_empty() {
        true => capital(&place),
        false => format!("{}: {place}", capital(&outcome.phase)),
    };
    PlayState { left, right, share, ..PlayState::new(Press::Pause, "Pause") }
}

fn idle(run: Run, selected: &str) -> PlayState {
    let waiting: Vec<String> = run.order().into_iter().filter(|name| !run.is_done(name)).collect();
    let total: Option<f64> = waiting.iter().map(|name| run.own_estimate(name)).sum();
    let left = run.refusal().unwrap_or_else(|| {
        run.view(|view| view.seconds(selected)).map_or_else(String::new, |time| format!("About {}", seconds(time)))
    });
    let layers = match run.slots.with(Vec::len) {
        1 => "the whole strip".into(),
        2 => "both layers".into(),
        n => format!("all {} layers", counted(n)),
    };
    let right = match total {
        Some(total) => format!("{layers}, about {}", seconds(total)),
        None => layers,
    };
    let label = if run.is_stale(selected) { "Run it again".into() } else { run.view(|view| view.press(selected)) };
    PlayState { left, right, ..PlayState::new(Press::Play, label) }
}

fn finished(run: Run, left: String) -> PlayState {
    let right = run.strip.with(|strip| format!("seed {}", strip.spec.seed));
    let state = match run.next() {
        Some(name) => {
            let label = run.view(|view| view.next(&name));
            PlayState::new(Press::Next(name), label)
        }
        None => PlayState::new(Press::All, "Play it all again"),
    };
    PlayState { left, right, share: 1.0, ..state }
}

fn failed(run: Run, selected: &str, outcome: &Outcome, failure: &Failure) -> PlayState {
    let state = match &failure.cure {
        Some((key, value)) => {
            let path: Vec<String> = key.split('.').map(str::to_owned).collect();
            let control = run.method(selected).and_then(|method| settings::find(&method.controls, &path));
            let name = control.map_or(key, |control| control.symbol.as_ref().unwrap_or(&control.label));
            PlayState::new(Press::Cure(key.clone(), value.clone()), format!("Try {name} {value}"))
        }
        None => PlayState::new(Press::Again, "Try again"),
    };
    let left = match failure.step {
        Some(at) if outcome.of > 0 => format!("Stopped at {}", step(at, outcome.of)),
        Some(at) => format!("Stopped at step {}", fixed(at as f64, 0)),
        None => "Stopped".into(),
    };
    let right = failure.kept.map_or_else(String::new, |kept| format!("step {} kept", fixed(kept as f64, 0)));
    PlayState { left, right, share: share(outcome), bad: true, ..state }
}
