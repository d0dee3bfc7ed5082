//! Keys of the whole page.

use crate::{
    labs::lab::{Key, Lab},
    route::{self, Route},
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
    if let Some(route) = tab(key) {
        view.go(&route.path());
    } else if let Some(act) = of_page(key) {
        act(view);
    } else if let Some(of_lab) = untrack(|| Route::now(view)).lab().and_then(|lab| of_lab(lab, key)) {
        elements::focus(of_lab.to);
    } else {
        return false;
    }
    true
}

/// The place whose tab has this key.
fn tab(key: &str) -> Option<Route> {
    route::tabs().find(|(_, tab)| tab.is_some_and(|tab| key.chars().eq([tab]))).map(|(route, _)| route)
}

/// What a key does whatever is open.
fn of_page(key: &str) -> Option<fn(View)> {
    let act: fn(View) = match key {
        " " => |view| view.play_or_pause(),
        "." => |view| view.step(),
        "s" | "S" => |view| view.run.stop(),
        "r" | "R" => |view| view.reset(),
        "," => |view| view.drawer.update(|open| *open = !*open),
        "[" => |view| view.step_layer(-1),
        "]" => |view| view.step_layer(1),
        "c" | "C" => |view| view.side.update(|side| *side = if *side == Side::All { Side::Other } else { Side::All }),
        "d" | "D" => |_| elements::focus("#pad"),
        "/" => |view| view.open_chooser(),
        "?" => |view| view.open(OpenDialog::Keys),
        _ => return None,
    };
    Some(act)
}

/// A key that a lab has while it is open.
fn of_lab(lab: &Lab, key: &str) -> Option<&'static Key> {
    lab.keys.iter().find(|of_lab| key.chars().flat_map(char::to_lowercase).eq([of_lab.key]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labs::LABS;

    #[test]
    fn a_lab_has_its_keys_for_itself() {
        assert!(LABS.iter().any(|lab| !lab.keys.is_empty()));
        for lab in LABS {
            for key in lab.keys {
                let name = key.key.to_string();
                assert!(key.key.is_lowercase(), "{lab:?}: {name}");
                assert!(of_page(&name).is_none() && tab(&name).is_none(), "{lab:?}: {name} is a key of the page");
                assert_eq!(lab.keys.iter().filter(|other| other.key == key.key).count(), 1, "{lab:?}: {name}");
            }
        }
    }

    #[test]
    fn a_key_of_one_lab_means_nothing_in_another() {
        let (with, without): (Vec<&Lab>, Vec<&Lab>) = LABS.iter().partition(|lab| !lab.keys.is_empty());
        let key = with[0].keys[0].key;
        assert!(of_lab(with[0], &key.to_string()).is_some());
        assert!(of_lab(with[0], &key.to_uppercase().to_string()).is_some());
        assert!(of_lab(without[0], &key.to_string()).is_none());
    }
}
