//! What can be done with a layer, or a note: in a menu, whose code loads with the tools.

use crate::{
    run::{Side, View, catalogue, files},
    ui::{MenuEntry, PageHost, elements},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;
use web_sys::HtmlElement;

/// Opens the menu of a stage beside an element.
///
/// # Errors
/// The part cannot be had.
#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
pub fn open(host: PageHost, view: View, name: String, anchor: HtmlElement) -> Result<(), SplitLoaderError> {
    host.open_menu(anchor, untrack(|| entries(view, &name)));
    Ok(())
}

fn entries(view: View, name: &str) -> Vec<MenuEntry> {
    let run = view.run;
    let own = || name.to_owned();
    let is_layer = run.layer_of(name) == name;
    let is_done = run.is_done(name);
    let mut all = Vec::new();
    if let Some(slot) = run.slot_of(name).filter(|_| is_layer) {
        for &version in slot.versions.iter().filter(|&&version| version != slot.used) {
            let version = run.strip.with(|strip| strip.name(version));
            let title = format!("Use {} {}", run.number(&version), run.title(&version));
            all.push(MenuEntry::new(title, move || view.use_version(&version)));
        }
    }
    // In its lab, the leaf of a defence compares clean with attacked.
    let compares = is_layer && is_done && run.family(name) != Some(Family::Defend);
    if compares && run.answers(&run.parent_of(name), &run.task_of(name)).is_some() {
        let name = own();
        all.push(MenuEntry::new("Compare with the layer before", move || {
            view.select(&name);
            view.side.set(Side::Other);
            elements::scroll_to(".leaf");
        }));
    }
    let (changed, label) = (own(), if is_done { "Change and run again" } else { "Change its settings" });
    all.push(MenuEntry::new(label, move || {
        view.select(&changed);
        view.drawer.set(true);
        request_animation_frame(|| elements::focus(".panel .control :is(input, select, button)"));
    }));
    if is_layer && run.has_weights(name) {
        let name = own();
        all.push(MenuEntry::new("Save weights", move || files::save_weights(&run, &name)));
    }
    if run.strip.with(|strip| strip.is_free(name, catalogue())) {
        let name = own();
        all.push(MenuEntry::new("Take off", move || view.remove(&name)));
    }
    all
}
