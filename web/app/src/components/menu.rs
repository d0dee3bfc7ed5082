//! A menu beside the button that opened it; it goes when the focus leaves it, and the focus goes back.

use super::icons::{Icon, icon};
use crate::{browser, dom::*};
use wasm_bindgen::JsCast;
use web_sys::{FocusEvent, HtmlElement, KeyboardEvent, Node};

/// What it says, and what it does.
pub type Entry = (String, Box<dyn Fn()>);

/// Pixels of one entry.
const ROW: usize = 34;

/// A square button that opens a menu beside itself.
pub fn button(what: Icon, name: &'static str, hint: &'static str, open: impl Fn(HtmlElement) + 'static) -> El {
    el("button")
        .attr("class", "square")
        .attr("type", "button")
        .attr("title", hint)
        .attr("aria-label", name)
        .attr("aria-haspopup", "menu")
        .attr("aria-expanded", "false")
        .on(CLICK, move |event| open(listener(&event)))
        .child(icon(what))
}

pub fn open(anchor: HtmlElement, entries: Vec<Entry>) {
    let frame = anchor.get_bounding_client_rect();
    let (left, top, height) = (frame.left(), frame.bottom() + 4.0, ROW * entries.len() + 20);
    let place = format!("left:min({left}px,100vw - 248px);top:min({top}px,100vh - {height}px)");
    let back = anchor.clone();
    let keys = move |event: KeyboardEvent| {
        event.stop_propagation();
        let here = browser::focused();
        let menu: HtmlElement = listener(&event);
        let to = match event.key().as_str() {
            "ArrowDown" => here.and_then(|here| here.next_element_sibling()).or(menu.first_element_child()),
            "ArrowUp" => here.and_then(|here| here.previous_element_sibling()).or(menu.last_element_child()),
            "Home" => menu.first_element_child(),
            "End" => menu.last_element_child(),
            "Escape" | "Tab" => Some(back.clone().into()),
            _ => return,
        };
        event.prevent_default();
        if let Some(to) = to {
            let _ = to.unchecked_into::<HtmlElement>().focus();
        }
    };
    let opener = anchor.clone();
    let left = move |event: FocusEvent| {
        let menu: HtmlElement = listener(&event);
        let to = event.related_target().and_then(|to| to.dyn_into::<Node>().ok());
        if to.is_none_or(|to| !menu.contains(Some(&to))) {
            let _ = opener.set_attribute("aria-expanded", "false");
            menu.remove();
        }
    };
    let _ = anchor.set_attribute("aria-expanded", "true");
    let entries = entries.into_iter().map(|(label, act)| {
        let anchor = anchor.clone();
        let choose = move |_| {
            let _ = anchor.focus();
            act();
        };
        el("button")
            .attr("type", "button")
            .attr("role", "menuitem")
            .attr("tabindex", "-1")
            .on(CLICK, choose)
            .child(label)
    });
    let menu = el("div")
        .attr("class", "menu")
        .attr("role", "menu")
        .attr("tabindex", "-1")
        .attr("style", place)
        .on(KEYDOWN, keys)
        .on(FOCUSOUT, left)
        .child(entries.collect_view());
    mount(menu.into_any(), &browser::by_id("app"), None);
    browser::focus(".menu button");
}
