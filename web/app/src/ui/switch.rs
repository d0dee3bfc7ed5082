//! A setting that is on or off.

use leptos::prelude::*;

/// A button with the role of a switch: Space and Enter flip it, and a screen reader says whether it is on.
#[component]
pub fn Switch(
    /// Its name for screen readers.
    #[prop(into)]
    label: String,
    /// Its id, for the label beside it.
    #[prop(optional, into)]
    id: MaybeProp<String>,
    /// Whether it is on.
    #[prop(into)]
    on: Signal<bool>,
    /// Called with what it is to be.
    #[prop(into)]
    flip: Callback<bool>,
    /// Whether it cannot be moved now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether a dialog that opens puts the focus here.
    #[prop(optional)]
    first: bool,
) -> impl IntoView {
    view! {
        <button
            class="switch"
            type="button"
            role="switch"
            id=id
            data-first=first.then_some("")
            aria-label=label
            aria-checked=move || on.get().to_string()
            disabled=disabled
            on:click=move |_| flip.run(!on.get_untracked())
        />
    }
}
