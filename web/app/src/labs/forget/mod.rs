//! Forget: what was unlearnt, beside a network that never saw it.

use super::{
    lab::{Draw, Lab, words},
    part::Loading,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: "forget",
    title: "Forget",
    key: '4',
    families: &[Family::Unlearn, Family::Measure],
    blocks: || Box::pin(blocks()),
    overlay: None,
    above_method: None,
    below_method: None,
    for_image: None,
    leaf_first: false,
    words: words("Add a layer of this kind, and Forget shows what it does to the network."),
};

#[leptos::wasm_split::wasm_split(forget, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

#[component]
fn Blocks() -> impl IntoView {}
