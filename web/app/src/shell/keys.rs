//! Keys of the whole page.

use crate::{
    labs::{LABS, lab::Key},
    route,
    run::{OpenDialog, Side, View},
    ui::elements,
};
use leptos::prelude::*;
use web_sys::KeyboardEvent;

/// A key is pressed anywhere. Nothing happens while something that types has the focus, or while a dialog is open.
pub fn pressed(view: View, event: &KeyboardEvent) {
    if event.key() == "Escape" {
        view.drawer.set(false);
        return;
    }
    let focus = Focus::now();
    if focus.types || view.dialog.with_untracked(Option::is_some) {
        return;
    }
    let key = event.key();
    let taken = if event.ctrl_key() || event.meta_key() {
        with_control(view, &key, event.shift_key())
    } else {
        let is_on = if key == " " { !focus.takes_space } else { view.keys_on.get_untracked() };
        is_on && !event.alt_key() && alone(view, &key)
    };
    if taken {
        event.prevent_default();
    }
}

/// What the focused element does with keys itself.
struct Focus {
    /// Text is typed into it.
    types: bool,
    /// The space bar presses it.
    takes_space: bool,
}

impl Focus {
    fn now() -> Self {
        let focused = elements::focused();
        let tag = focused.as_ref().map(|element| element.tag_name()).unwrap_or_default();
        let range = focused.is_some_and(|element| element.get_attribute("type").as_deref() == Some("range"));
        Self {
            types: matches!(tag.as_str(), "SELECT" | "TEXTAREA") || (tag == "INPUT" && !range),
            takes_space: matches!(tag.as_str(), "BUTTON" | "INPUT" | "A" | "SUMMARY" | "CANVAS"),
        }
    }
}

/// Whether the key means something.
fn with_control(view: View, key: &str, shift: bool) -> bool {
    if !key.eq_ignore_ascii_case("z") {
        return false;
    }
    if shift {
        view.put_back()
    } else {
        view.take_off()
    }
    true
}

/// Whether the key means something.
fn alone(view: View, key: &str) -> bool {
    if let Some((route, _)) = route::tabs().find(|(_, tab)| key.chars().eq([*tab])) {
        view.go(&route.path());
        return true;
    }
    let is_pressed = |of_lab: &&Key| key.chars().flat_map(char::to_lowercase).eq([of_lab.key]);
    if let Some(of_lab) = LABS.iter().flat_map(|lab| lab.keys).find(is_pressed) {
        elements::focus(of_lab.to);
        return true;
    }
    match key {
        " " => view.play_or_pause(),
        "." => view.step(),
        "s" | "S" => view.run.stop(),
        "r" | "R" => view.reset(),
        "," => view.drawer.update(|open| *open = !*open),
        "[" => view.step_layer(-1),
        "]" => view.step_layer(1),
        "c" | "C" => view.side.update(|side| *side = if *side == Side::All { Side::Other } else { Side::All }),
        "d" | "D" => elements::focus("#pad"),
        "/" => view.open_chooser(),
        "?" => view.open(OpenDialog::Keys),
        _ => return false,
    }
    true
}
