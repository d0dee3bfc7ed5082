//! The part of the page that loads when the engine is ready: links, files, dialogs and the acts of menus. Its functions
//! stand where they belong; each is marked as one of the part `tools`.

use super::boundary::BoundaryMap;
use crate::{
    labs::part::{Draw, Loading},
    run::link,
    ui::{Drawn, PageHost, export},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::{RunSpec, Wrong};
use web_sys::HtmlElement;

/// The run file in a link.
///
/// # Errors
/// The part cannot be had; within, the link is no run file.
#[leptos::wasm_split::wasm_split(tools, fallible, preload(preload), wasm_split_path = ::leptos::wasm_split)]
pub fn decode(code: String) -> Result<Result<RunSpec, Wrong>, SplitLoaderError> {
    Ok(link::decode(&code))
}

/// Asks in which format a chart is to be saved, and saves it.
///
/// # Errors
/// The part cannot be had.
#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
pub fn save_chart(host: PageHost, title: String, drawn: Drawn, anchor: HtmlElement) -> Result<(), SplitLoaderError> {
    export::save_chart(host, &title, drawn, anchor);
    Ok(())
}

/// The map of a network over points in a plane.
pub fn load_map() -> Loading {
    Box::pin(map())
}

#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
fn map() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <BoundaryMap /> }.into_any())
}
