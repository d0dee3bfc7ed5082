//! Transfer: the learning curve, and the features of the classes as they separate.

mod confusion;
mod features;
mod hardest;
mod layers;
mod start;
mod words;

use super::{
    accuracy::Accuracy,
    lab::{Lab, Words},
    part::{Draw, Loading},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: words::ID,
    title: words::TITLE,
    keys: &[],
    families: &[Family::Transfer, Family::Train],
    places: &[],
    provide: || {},
    blocks: || -> Loading { Box::pin(blocks()) },
    overlay: None,
    above_method: None,
    below_method: Some(|_| view! { <start::StartFrom /> }.into_any()),
    for_image: None,
    for_drawing: None,
    leaf_first: true,
    words: Words::PLAIN,
};

#[leptos::wasm_split::wasm_split(transfer, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

/// The blocks of the lab.
#[component]
fn Blocks() -> impl IntoView {
    view! {
        <style>{include_str!("transfer.css")}</style>
        <Accuracy />
        <div class="pair">
            <features::Features />
            <layers::Layers />
        </div>
        <div class="pair">
            <confusion::WhatIsConfused />
            <hardest::Hardest />
        </div>
    }
}
