//! Play, step, stop, reset, and what is left.

use super::play_state::{PlayState, Press, play_state};
use crate::{
    engine::browser,
    run::{Run, View},
    ui::{Button, Glyph, Icon, IconButton},
};
use gloo_timers::callback::Interval;
use leptos::prelude::*;

/// The buttons of a run, how far it is, and the line under it.
#[component]
pub fn Transport() -> impl IntoView {
    let view = View::get();
    let run = view.run;
    // The time left is counted anew by this clock.
    let clock = RwSignal::new(0.0);
    StoredValue::new_local(Interval::new(500, move || clock.set(browser::now())));
    let state = Memo::new(move |_| play_state(view, clock.get()));
    view! {
        <div class="transport" role="group" aria-label="Run">
            <Buttons state />
            <ProgressBar state clock />
            <LineBelow state run />
        </div>
    }
}

/// Does what the one button says.
fn press(view: View, press: Press) {
    let run = view.run;
    match press {
        Press::Wait => {}
        Press::Play | Press::Resume => view.play(),
        Press::Pause => run.pause(),
        Press::Again => view.play_again(),
        Press::Cure(key, value) => {
            let name = view.selected.get_untracked();
            run.forget_result(&name);
            view.set(&name, &key.split('.').map(str::to_owned).collect::<Vec<_>>(), value);
            view.play();
        }
        Press::Next(name) => view.select(&name),
        Press::All => run.play_all(true),
    }
}

#[component]
fn Buttons(
    /// What the one button does and says.
    state: Memo<PlayState>,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let refusal = Memo::new(move |_| run.refusal());
    let live = Memo::new(move |_| run.is_playing());
    let paused = Memo::new(move |_| run.is_paused());
    let ready = Memo::new(move |_| run.engine.is_ready());
    let begun = Memo::new(move |_| run.outcome(&view.selected.get()).is_some());
    let disabled = move || {
        let press = state.with(|state| state.press.clone());
        let plays = matches!(press, Press::Play | Press::Again);
        press == Press::Wait || (plays && refusal.with(Option::is_some))
    };
    let icon = Signal::derive(move || match state.with(|state| state.press == Press::Pause) {
        true => Icon::Pause,
        false => Icon::Play,
    });
    let act = move || press(view, state.with_untracked(|state| state.press.clone()));
    let title = Signal::derive(move || Some(refusal.get().unwrap_or_default()));
    let cannot_step = Signal::derive(move || !ready.get() || (live.get() && !paused.get()));
    let cannot_reset = Signal::derive(move || !begun.get());
    let is_idle = Signal::derive(move || !live.get());
    let label = move || state.with(|state| state.label.clone());
    let settings = move || view.drawer.update(|open| *open = !*open);
    view! {
        <div class="buttons">
            <Button class="play" title=title disabled=Signal::derive(disabled) press=act>
                <Glyph icon=icon />
                <span>{label}</span>
            </Button>
            <IconButton
                icon=Icon::Step
                name="One step"
                hint="One step (.)"
                disabled=cannot_step
                press=move || view.step()
            />
            <IconButton
                icon=Icon::Stop
                name="Stop"
                hint="Stop and keep what is done (S)"
                disabled=is_idle
                press=move || run.stop()
            />
            <IconButton
                icon=Icon::Reset
                name="Reset this layer"
                hint="Reset this layer (R)"
                disabled=cannot_reset
                press=move || view.reset()
            />
            <span class="narrow-only">
                <IconButton icon=Icon::Sliders name="Settings of this layer" hint="Settings (,)" press=settings />
            </span>
        </div>
    }
}

#[component]
fn ProgressBar(
    /// Its share of the layer, and the words that a screen reader says with it.
    state: Memo<PlayState>,
    /// Milliseconds, every half second.
    clock: RwSignal<f64>,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let percent = Memo::new(move |_| state.with(|state| (100.0 * state.share).round() as u32));
    // Spoken each five seconds, and when it is another layer or another state.
    let moment = Memo::new(move |_| {
        let now = (view.selected.get(), run.engine.state.get(), run.is_playing(), run.is_paused());
        ((clock.get() / 5000.0) as u32, now)
    });
    let spoken = move || {
        moment.track();
        state.with_untracked(|state| format!("{}, {}", state.left, state.right))
    };
    view! {
        <div
            class="progress"
            class:bad=move || state.with(|state| state.bad)
            role="progressbar"
            aria-label="This layer"
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || percent.get().to_string()
            aria-valuetext=spoken
        >
            <i style:width=move || format!("{}%", percent.get())></i>
        </div>
    }
}

/// What is said below: at the left of this layer, at the right of the whole strip, which a press of it plays.
#[component]
fn LineBelow(
    /// Both texts, and whether play has anything to play.
    state: Memo<PlayState>,
    /// Plays the whole strip when the words at the right are pressed.
    run: Run,
) -> impl IntoView {
    let view = View::get();
    let left = move || state.with(|state| state.left.clone());
    let right = Memo::new(move |_| state.with(|state| state.right.clone()));
    let is_idle = Memo::new(move |_| {
        let plays = state.with(|state| state.press == Press::Play && !state.right.is_empty());
        plays && run.outcome(&view.selected.get()).is_none()
    });
    view! {
        <div class="line">
            <span>{left}</span>
            <Show when=move || is_idle.get() fallback=move || view! { <span>{right}</span> }>
                <Button class="link" press=move || run.play_all(false)>
                    {right}
                </Button>
            </Show>
        </div>
    }
}
