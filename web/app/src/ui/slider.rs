//! Sliders: one over the browser's own steps, and one over the scale of a setting.

use super::{
    scale::{at_place, place},
    value::number,
};
use leptos::{ev, html, prelude::*};

/// The browser's own slider.
#[component]
pub fn Range(
    /// The id of the input, for its label.
    #[prop(into)]
    id: String,
    /// The value at the left end.
    #[prop(optional)]
    min: f64,
    /// The value at the right end.
    #[prop(into)]
    max: Signal<f64>,
    /// The distance between two values.
    step: f64,
    /// Where it stands.
    #[prop(into)]
    value: Signal<f64>,
    /// Called while it is moved.
    #[prop(into)]
    put: Callback<f64>,
    /// What a screen reader says in place of the number.
    #[prop(optional, into)]
    spoken: MaybeProp<String>,
    /// What keys do before the browser acts on them.
    #[prop(optional, into)]
    keys: Option<Callback<ev::KeyboardEvent>>,
    /// "range", and what else it is.
    #[prop(default = "range")]
    class: &'static str,
    /// Marks on the track.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let node = NodeRef::<html::Input>::new();
    // The browser cuts a value to the end that is there when it is set, so the end is set first.
    Effect::new(move |_| {
        if let Some(input) = node.get() {
            input.set_max(&max.get().to_string());
            input.set_value(&value.get().to_string());
        }
    });
    let share = move || format!("{}%", 100.0 * (value.get() - min) / (max.get() - min));
    let moved = move |event: ev::Event| {
        if let Some(value) = number(&event_target_value(&event)) {
            put.run(value);
        }
    };
    let press = move |event: ev::KeyboardEvent| {
        if let Some(keys) = keys {
            keys.run(event);
        }
    };
    view! {
        <span class=class style:--p=share>
            <input
                node_ref=node
                type="range"
                id=id
                min=min.to_string()
                step=step.to_string()
                aria-valuetext=spoken
                on:input=moved
                on:keydown=press
            />
            {children.map(|children| children())}
        </span>
    }
}

/// Places on the track of a [`Slider`].
const PLACES: f64 = 1000.0;

/// A slider over the scale of a setting, with a mark at its default. Arrows move it by a hundredth of the track, with
/// Shift by a tenth; 0 and Backspace go back to the default.
#[component]
pub fn Slider(
    /// The id of the input, for its label.
    #[prop(into)]
    id: String,
    /// The value at the left end.
    min: f64,
    /// The value at the right end.
    max: f64,
    /// Whether equal distances are equal factors.
    #[prop(optional)]
    log: bool,
    /// The value that is marked.
    default: f64,
    /// Said after the value.
    #[prop(optional, into)]
    unit: String,
    /// Where it stands.
    #[prop(into)]
    value: Signal<f64>,
    /// The value in words, where these are not the number.
    #[prop(optional, into)]
    words: MaybeProp<String>,
    /// Called with a value on the slider's own steps (see [`at_place`]).
    #[prop(into)]
    put: Callback<f64>,
) -> impl IntoView {
    let here = Memo::new(move |_| place(min, max, log, value.get()));
    let at = Memo::new(move |_| (PLACES * here.get()).round());
    let mark = format!("left:calc(8px + {} * (100% - 16px))", place(min, max, log, default));
    let spoken = Memo::new(move |_| {
        let words = words.get().unwrap_or_else(|| value.get().to_string());
        format!("{words} {unit}, default {default}")
    });
    let go = move |place: f64| put.run(at_place(min, max, log, place.clamp(0.0, 1.0)));
    let keys = move |event: ev::KeyboardEvent| {
        let step = if event.shift_key() { 0.1 } else { 0.01 };
        match event.key().as_str() {
            "ArrowRight" | "ArrowUp" => go(here.get_untracked() + step),
            "ArrowLeft" | "ArrowDown" => go(here.get_untracked() - step),
            "0" | "Backspace" => put.run(default),
            _ => return,
        }
        event.prevent_default();
    };
    view! {
        <Range id=id max=PLACES step=1.0 value=at put=move |at: f64| go(at / PLACES) spoken=spoken keys=keys>
            <i class="default" style=mark title=format!("default {default}")></i>
        </Range>
    }
}
