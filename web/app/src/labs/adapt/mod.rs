//! Adapt: how large an adapter is, how well it reads the new data, and that the network underneath stays as it was.

mod about;
mod merge;
mod on_or_off;
mod plane;
mod state;
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
    families: &[Family::Peft],
    places: &[],
    provide: || {},
    blocks: || -> Loading { Box::pin(blocks()) },
    overlay: None,
    above_method: None,
    below_method: None,
    for_image: None,
    for_drawing: None,
    leaf_first: false,
    words: Words::PLAIN,
};

#[leptos::wasm_split::wasm_split(adapt, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

/// The blocks of the lab.
#[component]
fn Blocks() -> impl IntoView {
    let layer = state::Layer::new();
    view! {
        <style>{include_str!("adapt.css")}</style>
        <div class="pair">
            <plane::SmallAndGood />
            <Accuracy />
        </div>
        <div class="pair">
            <on_or_off::OnOrOff layer />
            <merge::Merge layer />
        </div>
    }
}
