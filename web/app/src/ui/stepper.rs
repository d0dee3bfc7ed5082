//! A whole number with a button on either side.

use super::icons::{Glyph, Icon};
use leptos::{ev, prelude::*};

/// A whole number that grows and shrinks by one, and by ten with Page Up and Page Down.
#[component]
pub fn Stepper(
    /// The id of the input.
    #[prop(into)]
    id: String,
    /// What stands in the input.
    #[prop(into)]
    value: Signal<String>,
    /// Called with the number of steps to go, negative ones down.
    #[prop(into)]
    by: Callback<i64>,
    /// Called with what was typed; without it the input is read-only.
    #[prop(optional, into)]
    typed: Option<Callback<String>>,
    /// The name of the left button.
    #[prop(default = "less")]
    less: &'static str,
    /// The name of the right button.
    #[prop(default = "more")]
    more: &'static str,
) -> impl IntoView {
    let can_type = typed.is_some();
    // With keys in the input the buttons need no tab stops of their own.
    let tab = can_type.then_some("-1");
    let change = move |text: String| {
        if let Some(typed) = typed {
            typed.run(text);
        }
    };
    let keys = move |event: ev::KeyboardEvent| {
        let steps = match event.key().as_str() {
            "ArrowUp" => 1,
            "ArrowDown" => -1,
            "PageUp" => 10,
            "PageDown" => -10,
            _ => return,
        };
        if can_type {
            event.prevent_default();
            by.run(steps);
        }
    };
    view! {
        <span class="stepper">
            <button type="button" aria-label=less tabindex=tab on:click=move |_| by.run(-1)>
                <Glyph icon=Icon::Less />
            </button>
            <input
                id=id
                inputmode=can_type.then_some("numeric")
                autocomplete=can_type.then_some("off")
                readonly=!can_type
                prop:value=value
                on:change=move |event| change(event_target_value(&event))
                on:keydown=keys
            />
            <button type="button" aria-label=more tabindex=tab on:click=move |_| by.run(1)>
                <Glyph icon=Icon::More />
            </button>
        </span>
    }
}
