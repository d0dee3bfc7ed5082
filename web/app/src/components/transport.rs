//! Play, step, stop, reset, and what is left.

use super::icons::{Icon, icon, icon_button};
use crate::{
    browser, client,
    dom::*,
    store::{Dialog, Engine, Route, page},
    text,
};
use report::{
    Status,
    figure::{capital, fixed, seconds, took},
};

/// Losing more than this many seconds of work is asked about.
const ASK_ABOVE: f64 = 30.0;

#[derive(Clone, Debug, PartialEq)]
enum Press {
    Wait,
    Play,
    Pause,
    Resume,
    Again,
    Cure(String, serde_json::Value),
    Next(String),
    All,
}

/// Button, its words, and the line under it.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    press: Press,
    label: String,
    left: String,
    right: String,
    share: f64,
    bad: bool,
}

pub fn transport() -> AnyView {
    let page = page();
    // Time left never grows by more than once per five seconds, and is not shown before one has passed.
    let clock = RwSignal::new(0.0);
    set_interval(move || clock.set(browser::now()), std::time::Duration::from_millis(500));
    let look = memo(move || look(&page, clock));
    let press = move || match look.get_untracked().press {
        Press::Wait => {}
        Press::Play => page.play(false),
        Press::Pause => client::pause(page),
        Press::Resume => client::resume(page),
        Press::Again => {
            page.forget_result(&page.selected.get_untracked());
            page.play(false);
        }
        Press::Cure(key, value) => {
            let name = page.selected.get_untracked();
            page.forget_result(&name);
            page.set(&name, &key.split('.').map(str::to_owned).collect::<Vec<_>>(), value);
            page.play(false);
        }
        Press::Next(name) => page.select(&name),
        Press::All => page.play_all(true),
    };
    let refusal = memo(move || page.refusal());
    let live = memo(move || page.playing.with(Option::is_some));
    let paused = memo(move || page.playing.with(|playing| playing.as_ref().is_some_and(|playing| playing.paused)));
    let ready = memo(move || page.engine.get() == Engine::Ready);
    let begun = memo(move || page.outcome(&page.selected.get()).is_some());
    let disabled = move || {
        look.with(|look| look.press == Press::Wait)
            || (refusal.with(Option::is_some) && look.with(|look| matches!(look.press, Press::Play | Press::Again)))
    };
    // Spoken each five seconds, and when it is another layer or another state.
    let spoken = memo(move || {
        let state = (page.selected.get(), page.engine.get(), live.get(), paused.get());
        ((clock.get() / 5000.0) as u32, state)
    });
    let percent = memo(move || look.with(|look| (100.0 * look.share).round() as u32));
    el("div")
        .attr("class", "transport")
        .attr("role", "group")
        .attr("aria-label", "Run")
        .child(
            el("div")
                .attr("class", "buttons")
                .child(
                    el("button")
                        .attr("class", "play")
                        .attr("type", "button")
                        .attr("disabled", disabled)
                        .attr("title", move || refusal.get().unwrap_or_default())
                        .on(CLICK, move |_| press())
                        .child(move || {
                            icon(if look.with(|look| look.press == Press::Pause) { Icon::Pause } else { Icon::Play })
                        })
                        .child(el("span").child(move || look.with(|look| look.label.clone()))),
                )
                .child(icon_button(
                    Icon::Step,
                    "One step",
                    "One step (.)",
                    move || !ready.get() || (live.get() && !paused.get()),
                    move || client::step(page),
                ))
                .child(icon_button(
                    Icon::Stop,
                    "Stop",
                    "Stop and keep what is done (S)",
                    move || !live.get(),
                    move || page.stop(),
                ))
                .child(icon_button(
                    Icon::Reset,
                    "Reset this layer",
                    "Reset this layer (R)",
                    move || !begun.get(),
                    move || reset(&page),
                ))
                .child(el("span").attr("class", "narrow-only").child(icon_button(
                    Icon::Sliders,
                    "Settings of this layer",
                    "Settings (,)",
                    || false,
                    move || page.drawer.update(|open| *open = !*open),
                ))),
        )
        .child(
            el("div")
                .attr("class", "progress")
                .class("bad", move || look.with(|look| look.bad))
                .attr("role", "progressbar")
                .attr("aria-label", "This layer")
                .attr("aria-valuemin", "0")
                .attr("aria-valuemax", "100")
                .attr("aria-valuenow", move || percent.get().to_string())
                .attr("aria-valuetext", move || {
                    spoken.get();
                    look.with_untracked(|look| [look.left.as_str(), ", ", look.right.as_str()].concat())
                })
                .child(el("i").style("width", move || format!("{}%", percent.get()))),
        )
        .child(
            el("div").attr("class", "line").child(el("span").child(move || look.with(|look| look.left.clone()))).child(
                move || {
                    let right = look.with(|look| look.right.clone());
                    let idle = look.with(|look| matches!(look.press, Press::Play)) && !begun.get();
                    if idle && !right.is_empty() {
                        el("button")
                            .attr("class", "link")
                            .attr("type", "button")
                            .on(CLICK, move |_| page.play_all(false))
                            .child(right)
                            .into_any()
                    } else {
                        el("span").child(right).into_any()
                    }
                },
            ),
        )
        .into_any()
}

pub fn reset(page: &crate::store::Page) {
    let selected = page.selected.get_untracked();
    let lost = untrack(|| page.outcome(&selected)).map_or(0.0, |outcome| outcome.seconds);
    if lost > ASK_ABOVE { page.dialog.set(Some(Dialog::Reset)) } else { page.reset() }
}

fn look(page: &crate::store::Page, clock: RwSignal<f64>) -> Look {
    let wait = |label: &str, left: &str| Look {
        press: Press::Wait,
        label: label.into(),
        left: left.into(),
        right: String::new(),
        share: 0.0,
        bad: false,
    };
    let selected = page.selected.get();
    let plain = |press, label: String| Look { press, label, ..wait("", "") };
    match page.engine.get() {
        Engine::Loading if page.queued.get() => {
            return wait("Getting ready…", "Starts as soon as the engine is loaded");
        }
        Engine::Loading => return wait("Getting ready…", "Loading the engine"),
        Engine::Restarting => return wait("Restarting…", "Starting this layer again"),
        Engine::Absent => return wait("No engine here", "This browser cannot run it"),
        Engine::Ready => {}
    }
    if let Some(playing) = page.playing.get() {
        let now = playing.now.clone().unwrap_or_default();
        let outcome = page.outcome(&now);
        let (step, of) = outcome.as_ref().map_or((0, 0), |outcome| (outcome.step, outcome.of));
        let phase = outcome.as_ref().map(|outcome| outcome.phase.clone()).filter(|phase| !phase.is_empty());
        let share = if of == 0 { 0.0 } else { step as f64 / of as f64 };
        let place = match of {
            0 => "Starting".to_owned(),
            _ => format!("step {} of {}", fixed(step as f64, 0), fixed(of as f64, 0)),
        };
        if playing.paused {
            return Look { left: format!("Paused at {place}"), share, ..plain(Press::Resume, "Go on".into()) };
        }
        let spent = (clock.get() - playing.since) / 1000.0;
        // A phase of many has steps of its own: no guess beyond it.
        let right = match (share > 0.02 && spent > 1.0, &phase) {
            (true, _) => format!("{} left", seconds(spent * (1.0 - share) / share)),
            (false, _) => String::new(),
        };
        let left = match phase {
            Some(phase) => format!("{}: {place}", capital(&phase)),
            None => capital(&place),
        };
        return Look { left, right, share, ..plain(Press::Pause, "Pause".into()) };
    }
    let finished = |left: String, right: String| {
        let next = page.next();
        let (press, label) = match next {
            Some(next) => {
                let label = page.view(|view| view.next(&next));
                (Press::Next(next), label)
            }
            None => (Press::All, "Play it all again".into()),
        };
        Look { left, right, share: 1.0, ..plain(press, label) }
    };
    let seed = page.strip.with(|strip| format!("seed {}", strip.spec.seed));
    if !matches!(page.route.get(), Route::Lab(_)) && page.next().is_none() {
        let layers = page.slots.with(Vec::len);
        return finished(format!("{layers} layers, all done"), seed);
    }
    let Some(outcome) = page.outcome(&selected) else {
        let estimate = page.estimate(&selected);
        let order = page.order();
        let total: Option<f64> = order
            .iter()
            .filter(|name| !page.is_done(name))
            .map(|name| page.print(name).and_then(|print| page.estimates.with(|all| all.get(&print).copied())))
            .sum();
        let left = match page.refusal() {
            Some(refusal) => refusal,
            None => estimate.map_or_else(String::new, |about| format!("About {}", seconds(about))),
        };
        let right = text::all_stages(page.slots.with(Vec::len), total);
        let label =
            if page.is_stale(&selected) { "Run it again".into() } else { page.view(|view| view.press(&selected)) };
        return Look { left, right, ..plain(Press::Play, label) };
    };
    let step = fixed(outcome.step as f64, 0);
    let share = if outcome.of == 0 { 0.0 } else { outcome.step as f64 / outcome.of as f64 };
    match &outcome.status {
        Status::Done => finished(format!("Done in {}", took(outcome.seconds)), seed),
        Status::Cancelled => {
            Look { left: format!("Stopped by you at step {step}"), share, ..plain(Press::Again, "Start again".into()) }
        }
        Status::Failed(failure) => {
            let (press, label) = match &failure.cure {
                Some((key, value)) => {
                    let symbol = page.method(&selected).and_then(|method| {
                        let path: Vec<String> = key.split('.').map(str::to_owned).collect();
                        let control = crate::state::controls::find(&method.controls, &path)?;
                        Some(control.symbol.clone().unwrap_or_else(|| control.label.clone()))
                    });
                    (Press::Cure(key.clone(), value.clone()), format!("Try {} {value}", symbol.as_ref().unwrap_or(key)))
                }
                None => (Press::Again, "Try again".into()),
            };
            let left = match failure.step {
                Some(at) if outcome.of > 0 => {
                    format!("Stopped at step {} of {}", fixed(at as f64, 0), fixed(outcome.of as f64, 0))
                }
                Some(at) => format!("Stopped at step {}", fixed(at as f64, 0)),
                None => "Stopped".into(),
            };
            let right = failure.kept.map_or_else(String::new, |kept| format!("step {} kept", fixed(kept as f64, 0)));
            Look { left, right, share, bad: true, ..plain(press, label) }
        }
        Status::Waiting | Status::Running | Status::Paused => {
            plain(Press::Play, page.view(|view| view.press(&selected)))
        }
    }
}
