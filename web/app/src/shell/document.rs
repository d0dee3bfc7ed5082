//! The address, the title and the theme of the page.

use crate::run::address;
use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

pub fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

/// The path in the hash; `None` of a hash that is no path.
pub fn path() -> Option<String> {
    address::path(&hash()).map(str::to_owned)
}

pub fn search() -> String {
    window().location().search().unwrap_or_default()
}

/// The page's address without its hash.
pub fn address() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

pub fn reload() {
    let _ = window().location().reload();
}

pub fn by_id(id: &str) -> HtmlElement {
    let found = window().document().and_then(|document| document.get_element_by_id(id));
    found.and_then(|element| element.dyn_into().ok()).expect("index.html has this element")
}

pub fn set_title(title: &str) {
    if let Some(document) = window().document() {
        document.set_title(title);
    }
}

pub fn set_theme(dark: bool) {
    if let Some(root) = window().document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute("data-theme", if dark { "dark" } else { "light" });
    }
}
