//! Attack and defend: one image beside its attacked twin, and what every victim holds.

use super::{
    lab::{Draw, Lab, Words},
    part::Loading,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: "attack",
    title: "Attack & defend",
    key: '3',
    families: &[Family::Attack, Family::Defend],
    blocks: || Box::pin(blocks()),
    overlay: None,
    above_method: None,
    below_method: None,
    for_image: None,
    leaf_first: false,
    words: Words {
        empty: "Add a layer of this kind, and Attack & defend shows what it does to the network.",
        heading: "What it reads under attack",
        sides: ["Clean", "Attacked"],
        legends: ["read instead", "read instead"],
    },
};

#[leptos::wasm_split::wasm_split(attack, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

#[component]
fn Blocks() -> impl IntoView {}
