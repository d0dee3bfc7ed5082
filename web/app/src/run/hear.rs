//! What the engine says, translated into the page's signals. This is the only place that does so.

use super::{
    catalogue::{catalogue, family},
    context::{Coming, Kept, Playing, Run},
    history::{self, PastRun},
    notices::{News, Notice},
    view::View,
};
use crate::engine::{Crash, FromEngine, browser};
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Float32Array};
use leptos::prelude::*;
use report::{Failure, Outcome, Status};
use spec::{Cause, Event, START, Said};
use std::sync::Arc;

/// Milliseconds after a choice by hand in which a run does not take the view along.
const BY_HAND: f64 = 10_000.0;

/// Milliseconds over which steps are gathered. A small network makes thousands a second, and each change of an outcome
/// draws the page anew.
const GATHERED: u32 = 40;

/// A step that comes so many milliseconds after the last ones is shown at once.
const APART: f64 = 250.0;

/// Takes in what the engine says.
pub fn hear(view: View, from: FromEngine) {
    let run = view.run;
    match from {
        FromEngine::Opened => run.begin(),
        FromEngine::Restarting => run.queue_again(),
        FromEngine::Crashed(crash) => crashed(run, crash),
        FromEngine::Said(said, buffers) if said.stage.is_none() => of_run(view, said, buffers),
        FromEngine::Said(said, buffers) => of_stage(view, said, buffers),
    }
}

fn crashed(run: Run, crash: Crash) {
    run.notices.show(match crash {
        Crash::Lost => Notice::Lost,
        Crash::LostTwice => Notice::LostTwice,
        Crash::Panicked { message, again } => {
            if let (true, Some(playing)) = (again, run.playing.get_untracked()) {
                // The same step would fail once more.
                fail(run, &playing);
                run.playing.set(None);
            }
            let device = run.engine.device.get_untracked();
            let spec = run.strip.with_untracked(|strip| strip.spec.to_toml());
            let report = format!("{message}\n{} {} {}\n{spec}", device.engine, device.name, device.adapter);
            Notice::Panicked { report }
        }
    });
}

fn fail(run: Run, playing: &Playing) {
    let print = playing.now.as_ref().and_then(|name| run.print_in(playing.run, name));
    let Some(print) = print else { return };
    run.outcomes.update(|outcomes| {
        let outcome = Arc::make_mut(outcomes.entry(print).or_default());
        outcome.status = Status::Failed(Failure {
            cause: Cause::Panic,
            message: String::new(),
            step: Some(outcome.step),
            kept: outcome.saved,
            cure: None,
        });
    });
}

/// What is said of a run or a preparation as a whole.
fn of_run(view: View, said: Said, buffers: Vec<ArrayBuffer>) {
    let run = view.run;
    let prepared = run.engine.is_prepared(said.run);
    match said.event {
        Event::Prepared { parameters, layers, classes } if prepared => {
            run.trouble.set(None);
            run.parameters.set(Some(parameters));
            run.layers.set(layers);
            run.classes.update(|all| all.extend(classes));
            run.arrived(None);
        }
        Event::Estimate { seconds } if prepared => {
            let prints: Vec<_> = run
                .strip
                .with_untracked(|strip| (0..strip.len()).map(|index| strip.print(index, catalogue())).collect());
            run.estimates.update(|all| {
                all.extend(prints.into_iter().zip(seconds).filter_map(|(print, seconds)| Some((print, seconds?))));
            });
        }
        Event::Failed { message, .. } if prepared => {
            run.arrived(Some(message.clone()));
            run.trouble.set(Some(message));
        }
        Event::Failed { message, .. } => refused(run, said.run, message),
        Event::Finished { .. } if run.has_in_hand(said.run) => run.playing.set(None),
        // Of no run: of a file that the engine was given.
        Event::Warning { message } if said.run == 0 => run.notices.show(Notice::FileRefused(message)),
        Event::Store { works, bytes, room, left, is_full } => {
            run.kept.set(Some(Kept { works, bytes, room }));
            if is_full {
                run.notices.show(Notice::WorkNotKept);
            } else if left > 0 {
                run.notices.show(Notice::WorkLeft(left));
            }
        }
        // Answers of the source network.
        Event::Answers { .. } | Event::Classes { .. } if prepared => {
            of_stage(view, Said { stage: Some(START.into()), ..said }, buffers);
        }
        _ => {}
    }
}

/// A run was refused before its first stage. What is said of a preparation that is not the newest any more is of no
/// run in hand, and of no interest.
fn refused(run: Run, number: u32, message: String) {
    if run.has_in_hand(number) {
        run.playing.set(None);
        run.notices.show(Notice::RunRefused(message));
    }
}

/// What is said of a stage: folded into its outcome, after what it changes elsewhere. Steps wait a moment for others.
fn of_stage(view: View, said: Said, buffers: Vec<ArrayBuffer>) {
    let run = view.run;
    if run.is_recalling(said.run) {
        run.recalled(said, buffers);
        return;
    }
    let Some(name) = said.stage else { return };
    let Some(print) = run.print_in(said.run, &name) else { return };
    if matches!(said.event, Event::Step { .. } | Event::Scalar { .. }) {
        gather(run, Coming { stage: name, print, event: said.event });
        return;
    }
    fold(run);
    before(view, &name, &said.event);
    let done = matches!(said.event, Event::StageDone { .. });
    let failed = matches!(said.event, Event::Failed { .. });
    let over = matches!(said.event, Event::Cancelled { .. });
    let mut buffers = buffers.into_iter();
    let pixels = match (&said.event, buffers.next()) {
        (Event::Saved { .. }, Some(model)) => {
            // The stage is done when its work is kept, which may take a while; meanwhile the page asks this model.
            run.engine.keep_model(print.clone(), model);
            run.engine.holds(name.clone(), print.clone());
            None
        }
        (_, pixels) => pixels.map(|pixels| Float32Array::new(&pixels).to_vec()),
    };
    run.outcomes.update(|outcomes| {
        Arc::make_mut(outcomes.entry(print.clone()).or_default()).take(said.event, pixels);
    });
    if done {
        keep(run, &name, &print);
    }
    if over {
        run.playing.set(None);
    }
    if done || failed || over {
        run.notices.tell(News::Ended { stage: name });
    }
}

fn gather(run: Run, coming: Coming) {
    let waits = run.coming.with_value(|all| !all.is_empty());
    let is_step = matches!(coming.event, Event::Step { .. });
    run.coming.update_value(|all| all.push(coming));
    if is_step && browser::now() - run.folded.get_value() > APART {
        fold(run);
    } else if !waits {
        Timeout::new(GATHERED, move || fold(run)).forget();
    }
}

/// Folds the steps that were gathered into their outcomes.
fn fold(run: Run) {
    let all = run.coming.try_update_value(std::mem::take).unwrap_or_default();
    let Some(Coming { stage, print, .. }) = all.last().cloned() else { return };
    let last = all.iter().rev().find_map(|coming| match coming.event {
        Event::Step { done, of } if coming.print == print => Some((done, of)),
        _ => None,
    });
    let outcome = run.outcomes.with_untracked(|outcomes| outcomes.get(&print).cloned());
    let passed = outcome.zip(last).and_then(|(outcome, (done, of))| quarter(&outcome, done, of));
    run.outcomes.update(|outcomes| {
        for Coming { print, event, .. } in all {
            // A result that was reset meanwhile stays away.
            if let Some(outcome) = outcomes.get_mut(&print) {
                Arc::make_mut(outcome).take(event, None);
            }
        }
    });
    run.folded.set_value(browser::now());
    if let Some(percent) = passed {
        run.notices.tell(News::Passed { stage, percent });
    }
}

fn before(view: View, name: &str, event: &Event) {
    let (run, now) = (view.run, browser::now());
    let change = |change: &dyn Fn(&mut Playing)| {
        run.playing.update(|playing| {
            if let Some(playing) = playing {
                change(playing);
            }
        });
    };
    match event {
        Event::Stage { .. } => {
            change(&|playing| {
                playing.now = Some(name.into());
                playing.begin_phase(now);
            });
            let follows = run.playing.with_untracked(|playing| playing.as_ref().is_some_and(|playing| playing.follow));
            if follows && now - view.chose.get_value() > BY_HAND {
                view.select(name);
            }
            run.notices.tell(News::Begun { stage: name.into() });
        }
        Event::Warning { message } => run.notices.tell(News::Warning(message.clone())),
        // What is left is guessed from the phase in hand.
        Event::Phase { .. } => change(&|playing| playing.begin_phase(now)),
        Event::Paused { .. } => change(&|playing| playing.pause(now)),
        Event::Resumed => change(&|playing| playing.resume(now)),
        _ => {}
    }
}

/// 25, 50 or 75 per cent where a step passes it; not while the reference is retrained.
fn quarter(outcome: &Outcome, done: usize, of: usize) -> Option<usize> {
    let quarters = |done: usize, of: usize| (4 * done).checked_div(of).unwrap_or(0);
    let (before, now) = (quarters(outcome.step, outcome.of), quarters(done, of));
    (!outcome.before && now > before && now < 4).then_some(25 * now)
}

/// A finished stage becomes a row of the history.
fn keep(run: Run, name: &str, print: &str) {
    run.played.update(|played| {
        played.insert(name.into());
    });
    untrack(|| {
        let Some(outcome) = run.outcomes.with(|outcomes| outcomes.get(print).cloned()) else { return };
        let Some(method) = run.method(name) else { return };
        let (series, curve) = history::thin(&outcome);
        let row = PastRun {
            number: 0,
            at: js_sys::Date::now(),
            layer: run.number(name),
            stage: name.into(),
            method: method.card.id.clone(),
            title: run.title(name),
            did: family(method.card.family).verb.clone(),
            device: run.engine.device.with(|device| device.name.clone()),
            seconds: outcome.seconds,
            rows: outcome.rows.clone(),
            curve,
            series,
            spec: run.strip.with(|strip| strip.spec.clone()),
        };
        // A work that the engine has taken from the store has its row.
        if run.history.with(|all| all.iter().any(|past| past.is_same_work(&row))) {
            return;
        }
        run.history.update(|all| history::add(all, row));
        run.store_history();
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        engine::Engine,
        run::{Notices, default_strip},
    };
    use spec::DeviceChoice;

    #[test]
    fn the_failure_of_an_old_preparation_ends_no_run() {
        let owner = Owner::new();
        owner.set();
        let run = Run::new(default_strip(), vec![], Engine::new(DeviceChoice::Cpu), Notices::new());
        let stages = vec![("digits".to_owned(), "print".to_owned())];
        let playing = Playing { run: 7, stages, now: None, since: 0.0, paused: None, follow: false };
        run.playing.set(Some(playing.clone()));
        refused(run, 6, "a file is missing".into());
        assert_eq!((run.playing.get_untracked(), run.notices.notice.get_untracked()), (Some(playing), None));
        refused(run, 7, "a file is missing".into());
        let told = Some(Notice::RunRefused("a file is missing".into()));
        assert_eq!((run.playing.get_untracked(), run.notices.notice.get_untracked()), (None, told));
    }

    #[test]
    fn a_quarter_is_told_when_it_is_passed_and_not_of_the_reference() {
        let outcome = Outcome { step: 24, of: 100, ..Outcome::default() };
        assert_eq!(quarter(&outcome, 25, 100), Some(25));
        assert_eq!(quarter(&outcome, 24, 100), None);
        assert_eq!(quarter(&Outcome { step: 99, of: 100, ..Outcome::default() }, 100, 100), None);
        let phase = "Retraining without what is forgotten, 1 of 3".into();
        assert_eq!(quarter(&Outcome { phase, before: true, ..outcome.clone() }, 25, 100), None);
        // A stage that retrains is at its own work.
        assert_eq!(quarter(&Outcome { phase: "Retrain".into(), ..outcome }, 25, 100), Some(25));
    }
}
