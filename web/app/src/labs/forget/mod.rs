//! Forget: how close each method comes to a network that never saw what is forgotten, in all and class by class.

mod bars;
mod figure;
mod forget_set;
mod nearest;
mod plane;
mod row;
mod table;
mod words;

use super::{
    lab::{Lab, Words},
    part::{Draw, Loading, Part},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use spec::Family;

pub static LAB: Lab = Lab {
    id: words::ID,
    title: words::TITLE,
    keys: &[],
    families: &[Family::Unlearn, Family::Measure],
    places: &[],
    provide: || {},
    blocks: || -> Loading { Box::pin(blocks()) },
    overlay: None,
    above_method: None,
    below_method: Some(|name| view! { <WhatToForget name /> }.into_any()),
    for_image: Some(|picture| view! { <nearest::NearestInTraining picture /> }.into_any()),
    for_drawing: None,
    leaf_first: false,
    words: Words::PLAIN,
};

#[leptos::wasm_split::wasm_split(forget, fallible, wasm_split_path = ::leptos::wasm_split)]
fn blocks() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Blocks /> }.into_any())
}

/// The blocks of the lab.
#[component]
fn Blocks() -> impl IntoView {
    view! {
        <style>{include_str!("forget.css")}</style>
        <div class="pair">
            <plane::HowClose />
            <bars::ClassByClass />
        </div>
        <table::Methods />
    }
}

#[leptos::wasm_split::wasm_split(forget, fallible, wasm_split_path = ::leptos::wasm_split)]
fn forget_set() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <forget_set::ForgetSet /> }.into_any())
}

/// What is to be forgotten, in the settings of every stage that forgets.
#[component]
fn WhatToForget(
    /// The selected stage.
    name: String,
) -> impl IntoView {
    let forgets = crate::run::Run::get().family(&name) == Some(Family::Unlearn);
    let load = || -> Loading { Box::pin(forget_set()) };
    forgets.then(|| view! { <Part load /> })
}
