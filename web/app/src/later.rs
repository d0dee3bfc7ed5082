//! The second part of the page: what its first sight can do without. It loads when the engine is ready, or when
//! something of it is wanted before; `cargo xtask` splits it off by the functions that only [`Later`] leads to.

use crate::{
    components::{
        block::{self, Drawn},
        dialogs, panel, strip,
    },
    dom::*,
    labs::{self, attack},
    state::link,
    store::{Dialog, Engine, Page, Route, page},
    text,
};
use spec::{RunSpec, Wrong};
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use web_sys::HtmlElement;

/// All that is in the second part.
pub struct Later {
    /// The stage of every route but the first lab, below a lab's sentence.
    pub stage: fn(Route) -> AnyView,
    pub panel: fn(Route) -> AnyView,
    pub dialog: fn(Dialog) -> AnyView,
    pub forget_set: fn(Page) -> AnyView,
    pub attacked_leaf: fn(&Page) -> Option<attack::Leaf>,
    pub has_attacked: fn(&Page) -> bool,
    pub attacked_image: fn(&Page) -> Option<u32>,
    pub boundary_map: fn(String) -> AnyView,
    /// The run file in a link.
    pub decode: fn(&str) -> Result<RunSpec, Wrong>,
    pub copy_command: fn(Page),
    pub save_run_file: fn(&Page),
    pub save_chart: fn(Page, &'static str, Drawn, HtmlElement),
    pub layer_menu: fn(Page, &str, HtmlElement),
    pub take_files: fn(Page, web_sys::FileList),
}

#[wasm_split(later, fallible)]
pub fn second() -> Result<&'static Later, SplitLoaderError> {
    Ok(&Later {
        stage: labs::later_stage,
        panel: labs::side_panel,
        dialog: dialogs::dialog,
        forget_set: panel::forget_set,
        attacked_leaf: attack::attacked_leaf,
        has_attacked: attack::has_attacked,
        attacked_image: attack::image,
        boundary_map: labs::boundary_map,
        decode: link::decode,
        copy_command: dialogs::copy_command,
        save_run_file: labs::save_run_file,
        save_chart: block::save,
        layer_menu: strip::open_menu,
        take_files: labs::take_files,
    })
}

/// Loads the second part once the engine, which is needed first, is ready.
pub fn follow(page: Page) {
    effect(move || {
        if page.engine.get() == Engine::Ready {
            load(page, |_| {});
        }
    });
}

fn load(page: Page, then: impl FnOnce(Option<&'static Later>) + 'static) {
    wasm_bindgen_futures::spawn_local(async move {
        let later = second().await.ok();
        if later.is_some() && page.later.with_untracked(Option::is_none) {
            page.later.set(later);
        }
        then(later);
    });
}

/// Does something of the second part as soon as it is here. Where it cannot be had, the page says so, and the next wish
/// tries again.
pub fn wish(page: Page, act: impl FnOnce(&'static Later) + 'static) {
    load(page, move |later| match later {
        Some(later) => act(later),
        None => {
            page.dialog.set(None);
            page.notice.set(Some(text::not_loaded()));
        }
    });
}

/// A view of the second part, once it is here; until then `waits` stands in its place.
pub fn view(waits: impl Fn() -> AnyView + 'static, make: impl Fn(&'static Later) -> AnyView + 'static) -> AnyView {
    let page = page();
    let wait = move || {
        // Where it could not be had, the next press of a tab tries again.
        page.route.track();
        wish(page, |_| {});
        waits()
    };
    (move || page.later.get().map_or_else(&wait, &make)).into_any()
}
