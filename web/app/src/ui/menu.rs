//! A menu beside the button that opened it; it goes when the focus leaves it, and the focus goes back.

use super::{
    elements::{focus, focused, listener},
    host::{Menu, PageHost},
    icons::{Glyph, Icon},
};
use leptos::{ev, prelude::*};
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

/// Pixels of one entry.
const ROW: usize = 34;

/// A square button that opens a menu beside itself.
#[component]
pub fn MenuButton(
    /// What it shows.
    icon: Icon,
    /// Its name for screen readers.
    name: &'static str,
    /// What is shown under a resting pointer.
    hint: &'static str,
    /// Whether it cannot be pressed now.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// Whether Tab stops here; it always does where this is not given.
    #[prop(optional, into)]
    stop: MaybeProp<bool>,
    /// Called with the button itself, beside which [`PageHost::open_menu`] opens the menu.
    #[prop(into)]
    open: Callback<HtmlElement>,
) -> impl IntoView {
    let press = move |event: ev::MouseEvent| {
        if let Some(button) = listener(&event) {
            open.run(button);
        }
    };
    view! {
        <button
            class="square"
            type="button"
            title=hint
            aria-label=name
            aria-haspopup="menu"
            aria-expanded="false"
            disabled=disabled
            tabindex=move || stop.get().map(|stop| if stop { "0" } else { "-1" })
            on:click=press
        >
            <Glyph icon=icon />
        </button>
    }
}

/// Where the open menu stands: the last element of the page, so that nothing covers it.
#[component]
pub fn MenuLayer() -> impl IntoView {
    let host = PageHost::get();
    move || host.menu().map(|menu| view! { <Popup menu=menu /> })
}

#[component]
fn Popup(
    /// The button, and what can be chosen.
    menu: Menu,
) -> impl IntoView {
    let host = PageHost::get();
    let Menu { anchor, entries } = menu;
    let frame = anchor.get_bounding_client_rect();
    let (left, top, height) = (frame.left(), frame.bottom() + 4.0, ROW * entries.len() + 20);
    let place = format!("left:min({left}px,100vw - 248px);top:min({top}px,100vh - {height}px)");
    let back = anchor.clone();
    let keys = move |event: ev::KeyboardEvent| {
        event.stop_propagation();
        if let Some(to) = key_target(&event, &back) {
            event.prevent_default();
            let _ = to.focus();
        }
    };
    let opener = anchor.clone();
    let leave = move |event: ev::FocusEvent| {
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        let stays = to.is_some_and(|to| listener(&event).is_some_and(|menu| menu.contains(Some(&to))));
        if !stays {
            host.close_menu(&opener);
        }
    };
    let lines = (0..entries.len())
        .map(|at| {
            let label = entries[at].label.clone();
            let (anchor, entries) = (anchor.clone(), entries.clone());
            let choose = move |_| {
                let _ = anchor.focus();
                (entries[at].act)();
            };
            view! {
                <button type="button" role="menuitem" tabindex="-1" on:click=choose>
                    {label}
                </button>
            }
        })
        .collect_view();
    Effect::new(|_| focus(".menu button"));
    view! {
        <div class="menu" role="menu" tabindex="-1" style=place on:keydown=keys on:focusout=leave>
            {lines}
        </div>
    }
}

/// Where a key moves the focus; `None` for keys that do nothing in a menu.
fn key_target(event: &ev::KeyboardEvent, back: &HtmlElement) -> Option<HtmlElement> {
    let menu = listener(event)?;
    let here = focused();
    let to = match event.key().as_str() {
        "ArrowDown" => here.and_then(|here| here.next_element_sibling()).or(menu.first_element_child()),
        "ArrowUp" => here.and_then(|here| here.previous_element_sibling()).or(menu.last_element_child()),
        "Home" => menu.first_element_child(),
        "End" => menu.last_element_child(),
        "Escape" | "Tab" => Some(back.clone().into()),
        _ => None,
    };
    to?.dyn_into().ok()
}
