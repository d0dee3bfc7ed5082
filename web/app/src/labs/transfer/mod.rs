//! Transfer: what a network's past is worth on new data.

use super::{
    lab::{Draw, Lab, words},
    part::Loading,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: "transfer",
    title: "Transfer",
    key: '1',
    families: &[Family::Transfer, Family::Train],
    blocks: || Box::pin(blocks()),
    overlay: None,
    above_method: None,
    below_method: None,
    for_image: None,
    leaf_first: true,
    words: words("Add a layer of this kind, and Transfer shows what it does to the network."),
};

#[leptos::wasm_split::wasm_split(transfer, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

#[component]
fn Blocks() -> impl IntoView {}
