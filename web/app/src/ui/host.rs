//! What the parts need from the page around them: its theme, its voice for screen readers, its one menu.

use leptos::prelude::*;
use report::{Scene, Table};
use std::rc::Rc;
use web_sys::HtmlElement;

/// Provided once, by the page, as a context; every part finds it with [`PageHost::get`].
#[derive(Clone, Copy)]
pub struct PageHost {
    /// Whether the dark theme is shown: canvases have no style sheet.
    pub dark: Signal<bool>,
    /// Speaks a sentence to people who do not see the page.
    pub speak: Callback<String>,
    /// Asks in which format to save the chart of this title, in a menu beside the button that was pressed.
    pub save: Callback<(String, Drawn, HtmlElement)>,
    menu: RwSignal<Option<Menu>, LocalStorage>,
}

impl PageHost {
    /// A host without an open menu.
    pub fn new(dark: Signal<bool>, speak: Callback<String>, save: Callback<(String, Drawn, HtmlElement)>) -> Self {
        Self { dark, speak, save, menu: RwSignal::new_local(None) }
    }

    /// The host of this part. A component must call this while it is made, not in an event handler.
    pub fn get() -> Self {
        expect_context()
    }

    /// Opens a menu below `anchor`, the button that was pressed; another open menu goes.
    pub fn open_menu(&self, anchor: HtmlElement, entries: Vec<MenuEntry>) {
        let _ = anchor.set_attribute("aria-expanded", "true");
        self.menu.set(Some(Menu { anchor, entries: entries.into() }));
    }

    /// Closes the menu of `anchor`, unless another one is open by now.
    pub fn close_menu(&self, anchor: &HtmlElement) {
        let _ = anchor.set_attribute("aria-expanded", "false");
        let is_open = self.menu.with_untracked(|menu| menu.as_ref().is_some_and(|menu| menu.anchor == *anchor));
        if is_open {
            self.menu.set(None);
        }
    }

    /// The open menu.
    pub fn menu(&self) -> Option<Menu> {
        self.menu.get()
    }
}

/// A chart as a picture, and the same figures as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub scene: Scene,
    pub table: Table,
}

/// One line of a menu.
pub struct MenuEntry {
    /// What it says.
    pub label: String,
    /// What it does.
    pub act: Box<dyn Fn()>,
}

impl MenuEntry {
    /// An entry that says `label` and does `act`.
    pub fn new(label: impl Into<String>, act: impl Fn() + 'static) -> Self {
        Self { label: label.into(), act: Box::new(act) }
    }
}

/// An open menu: the button it belongs to, and its lines.
#[derive(Clone)]
pub struct Menu {
    pub anchor: HtmlElement,
    pub entries: Rc<[MenuEntry]>,
}
