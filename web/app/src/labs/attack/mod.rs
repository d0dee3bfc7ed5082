//! Attack and defend: one image beside its attacked twin, and what every network of the strip holds.

mod asking;
mod choice;
mod curve;
mod image;
mod overlay;
mod state;
mod table;
mod target;
mod triptych;
mod walk;
mod words;

use super::{
    lab::{Key, Lab},
    part::{Draw, Loading},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: words::ID,
    title: words::TITLE,
    keys: &[Key { key: 'e', name: "Budget ε", to: "#epsilon" }],
    families: &[Family::Attack, Family::Defend],
    places: &[spec::ATTACKED],
    provide: state::provide,
    blocks: || -> Loading { Box::pin(blocks()) },
    overlay: Some(overlay::overlay),
    above_method: Some(|name| view! { <choice::AttackOrDefend name /> }.into_any()),
    below_method: None,
    for_image: Some(|picture| view! { <image::AttackThis picture /> }.into_any()),
    for_drawing: Some(|drawing| view! { <image::AttackThisDrawing drawing /> }.into_any()),
    leaf_first: false,
    words: words::WORDS,
};

#[leptos::wasm_split::wasm_split(attack, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

/// The blocks of the lab.
#[component]
fn Blocks() -> impl IntoView {
    asking::keep_asking();
    view! {
        <style>{include_str!("attack.css")}</style>
        <triptych::Triptych />
        <div class="pair">
            <curve::AccuracyUnderAttack />
            <walk::StepByStep />
        </div>
        <table::EveryAttack />
    }
}
