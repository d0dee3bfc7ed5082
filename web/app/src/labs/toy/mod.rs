//! A lab for one browser test: nothing but this folder and its line in the list knows of it.

use super::{
    lab::{Lab, LeafOverlay, Overlay, Words},
    part::{Draw, Loading},
};
use crate::ui::Block;
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use std::sync::Arc;

pub static LAB: Lab = Lab {
    id: "toy",
    title: "Toy",
    keys: &[],
    families: &[],
    places: &[],
    provide: || {},
    blocks: || -> Loading { Box::pin(blocks()) },
    overlay: Some(overlay),
    above_method: None,
    below_method: None,
    for_image: None,
    for_drawing: None,
    leaf_first: false,
    words: Words::PLAIN,
};

#[leptos::wasm_split::wasm_split(toy, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

/// One block.
#[component]
fn Blocks() -> impl IntoView {
    view! {
        <Block title="A toy" sub="of a lab">
            <p class="empty">"Nothing but this."</p>
        </Block>
    }
}

/// A leaf with a line of its own.
fn overlay() -> Overlay {
    let leaf = LeafOverlay { when: "As the toy sees it".into(), state: "toyed with", ..LeafOverlay::default() };
    let (leaf, chosen) = (Some(Arc::new(leaf)), RwSignal::new(None));
    Overlay {
        ready: Signal::derive(|| true),
        leaf: Signal::derive(move || leaf.clone()),
        chosen: chosen.into(),
        choose: Callback::new(move |id| chosen.set(Some(id))),
    }
}
