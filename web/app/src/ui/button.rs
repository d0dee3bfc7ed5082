//! Buttons.

use super::icons::{Glyph, Icon};
use leptos::prelude::*;

/// A button with words in it.
#[component]
pub fn Button(
    /// How it looks: "button", "button small", "button primary", "button quiet", "link", or a class of its own.
    #[prop(default = "button")]
    class: &'static str,
    /// What is shown under a resting pointer.
    #[prop(optional, into)]
    title: MaybeProp<String>,
    /// Its name for screen readers, where the content does not say it.
    #[prop(optional, into)]
    name: MaybeProp<String>,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether a dialog that opens puts the focus here.
    #[prop(optional)]
    first: bool,
    /// What a press does.
    #[prop(into)]
    press: Callback<()>,
    /// Words and icons.
    children: Children,
) -> impl IntoView {
    view! {
        <button
            class=class
            type="button"
            title=title
            aria-label=name
            disabled=disabled
            data-first=first.then_some("")
            on:click=move |_| press.run(())
        >
            {children()}
        </button>
    }
}

/// A square button that is only an icon.
#[component]
pub fn IconButton(
    /// What it shows.
    icon: Icon,
    /// Its name for screen readers.
    name: &'static str,
    /// What is shown under a resting pointer; a key in brackets.
    hint: &'static str,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What a press does.
    #[prop(into)]
    press: Callback<()>,
) -> impl IntoView {
    view! {
        <Button class="square" title=hint name=name disabled=disabled press=press>
            <Glyph icon=icon />
        </Button>
    }
}
