//! A lab for one browser test: nothing but this folder and its line in the list knows of it.

use super::{
    lab::{Draw, Lab, words},
    part::Loading,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};

pub static LAB: Lab = Lab {
    id: "toy",
    title: "Toy",
    key: '5',
    families: &[],
    blocks: || Box::pin(blocks()),
    overlay: None,
    above_method: None,
    below_method: None,
    for_image: None,
    leaf_first: false,
    words: words("Add a layer of this kind, and Toy shows what it does to the network."),
};

#[leptos::wasm_split::wasm_split(toy, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

#[component]
fn Blocks() -> impl IntoView {}
