//! Choosing a method: search, families, list, and the card of the picked one.

mod choose;
mod choosing;
mod detail;
mod facts;
mod families;
mod list;
mod query;

use crate::{
    labs,
    run::{catalogue, catalogue::family},
    ui::{Button, Glyph, Icon, IconButton, Modal, elements},
};
use choosing::Choosing;
use detail::Detail;
use families::Families;
use leptos::{ev, prelude::*};
use list::List;

/// The dialog in which a method is chosen.
#[component]
pub fn Chooser(
    /// The stage whose method is replaced; without it a stage is added.
    replace: Option<String>,
    /// The id of the lab whose methods come first.
    lab: Option<&'static str>,
) -> impl IntoView {
    let choosing = Choosing::new(replace, lab.and_then(labs::find));
    let close = move || choosing.view.close_dialog();
    view! {
        <Modal label="Choose a method" close>
            <div class="dialog-head">
                <Glyph icon=Icon::Search />
                <Search choosing />
                <InFamily choosing />
                <IconButton icon=Icon::Close name="Close" hint="Close (Esc)" press=close />
            </div>
            <div class="chooser">
                <Families choosing />
                <List choosing />
                <Detail choosing />
            </div>
            <Foot />
        </Modal>
    }
}

/// The field for words; the arrow keys move in the list from here.
#[component]
fn Search(
    /// The search.
    choosing: Choosing,
) -> impl IntoView {
    let keys = move |event: ev::KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" => choosing.step(1),
            "ArrowUp" => choosing.step(-1),
            "Enter" => {
                if let Some(id) = choosing.picked.get_untracked() {
                    choosing.take(id, event.shift_key() && choosing.can_be_row(id));
                }
            }
            _ => return,
        }
        event.prevent_default();
        request_animation_frame(|| elements::scroll_to(".choices [aria-selected='true']"));
    };
    view! {
        <input
            class="search"
            data-first=""
            role="combobox"
            aria-expanded="true"
            aria-controls="choices"
            aria-activedescendant=move || format!("choice-{}", choosing.at.get())
            aria-label="Search methods"
            placeholder=format!("Search {} methods by name, idea, paper or year", catalogue().methods.len())
            autocomplete="off"
            on:input=move |event| choosing.ask(|query| query.words = event_target_value(&event))
            on:keydown=keys
        />
    }
}

/// The family that is searched, where it is one; a press searches all.
#[component]
fn InFamily(
    /// The search.
    choosing: Choosing,
) -> impl IntoView {
    let chosen = Memo::new(move |_| choosing.query.with(|query| query.family));
    let all = move || choosing.ask(|query| query.family = None);
    move || {
        let menu = &family(chosen.get()?).menu;
        Some(view! {
            <Button class="button small" title="Search in all families" press=all>
                {format!("in {menu}")}
                <Glyph icon=Icon::Close />
            </Button>
        })
    }
}

/// The keys.
#[component]
fn Foot() -> impl IntoView {
    view! {
        <p class="dialog-foot">
            <span>
                <kbd>"↑"</kbd>
                " "
                <kbd>"↓"</kbd>
                " move"
            </span>
            <span>
                <kbd>"Enter"</kbd>
                " use"
            </span>
            <span>
                <kbd>"Shift"</kbd>
                " "
                <kbd>"Enter"</kbd>
                " add as a row"
            </span>
            <span>
                <kbd>"Tab"</kbd>
                " families"
            </span>
            <span>
                <kbd>"Esc"</kbd>
                " close"
            </span>
        </p>
    }
}
