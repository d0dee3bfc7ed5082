//! The pages that are no lab: past runs, data, and the cards of methods. They are one part of the page's code.

pub mod card;
mod data;
mod method;
mod runs;

pub use data::PRIVACY;

use crate::{
    labs::part::{Draw, Loading, Part},
    route::Route,
    run::View,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};

/// What the pages remember from visit to visit: called once, when the page begins.
pub fn provide() {
    runs::picked::provide();
}

/// The part with all of them, by what it shows on the stage.
pub fn load() -> Loading {
    Box::pin(stage())
}

/// What the stage shows.
#[component]
pub fn Page() -> impl IntoView {
    view! {
        // As high as a lab, so that nothing moves when it is there.
        <Part load>
            <p class="empty lab-high">"Loading …"</p>
        </Part>
    }
}

/// The left column.
#[component]
pub fn Column() -> impl IntoView {
    let load = || -> Loading { Box::pin(column()) };
    view! { <Part load /> }
}

#[leptos::wasm_split::wasm_split(pages, fallible, wasm_split_path = ::leptos::wasm_split)]
fn stage() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <OfPlace /> }.into_any())
}

/// The page at the place in view.
#[component]
fn OfPlace() -> impl IntoView {
    let view = View::get();
    let route = Memo::new(move |_| Route::now(view));
    move || match route.get() {
        Route::Runs => view! { <runs::Runs /> }.into_any(),
        Route::Data => view! { <data::Data /> }.into_any(),
        Route::Method(id) => view! { <method::Method id /> }.into_any(),
        Route::Lab(_) => ().into_any(),
    }
}

#[leptos::wasm_split::wasm_split(pages, fallible, wasm_split_path = ::leptos::wasm_split)]
fn column() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Beside /> }.into_any())
}

/// What stands beside the page at the place in view.
#[component]
fn Beside() -> impl IntoView {
    let view = View::get();
    let is_runs = Memo::new(move |_| Route::now(view) == Route::Runs);
    view! {
        <Show when=move || is_runs.get() fallback=About>
            <runs::panel::Panel />
        </Show>
    }
}

/// What this is, beside pages of text.
#[component]
fn About() -> impl IntoView {
    view! {
        <h2>"Palimpsest"</h2>
        <p class="sub">
            "One engine that rewrites what small networks know: it trains, adapts, attacks, defends and unlearns them, "
            "in this tab."
        </p>
    }
}
