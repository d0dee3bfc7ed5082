//! The pages that are no lab: past runs, data, and the cards of methods. They are one part of the page's code.

pub mod card;
mod data;
mod method;
mod runs;

use crate::{
    labs::part::{Loading, part},
    route::Route,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};

/// Draws what a place shows.
type DrawPlace = fn(Route) -> AnyView;

/// What the pages remember from visit to visit: called once, when the page begins.
pub fn provide() {
    runs::picked::provide();
}

/// What the stage shows.
pub fn page(route: Route) -> AnyView {
    let load = || -> Loading<DrawPlace> { Box::pin(stage()) };
    // As high as a lab, so that nothing moves when it is there.
    let waits = || view! { <p class="empty lab-high">"Loading …"</p> }.into_any();
    view! { <Later route load waits /> }.into_any()
}

/// The left column.
pub fn panel(route: Route) -> AnyView {
    let load = || -> Loading<DrawPlace> { Box::pin(column()) };
    view! { <Later route load waits=|| ().into_any() /> }.into_any()
}

/// A view of a place whose code loads later.
#[component]
fn Later(
    /// The place.
    route: Route,
    /// Loads what draws it.
    load: fn() -> Loading<DrawPlace>,
    /// Draws what waits for it.
    waits: fn() -> AnyView,
) -> impl IntoView {
    let draw = part(load);
    move || draw.get().map_or_else(waits, |draw| draw(route.clone()))
}

#[leptos::wasm_split::wasm_split(pages, fallible, wasm_split_path = ::leptos::wasm_split)]
fn stage() -> Result<DrawPlace, SplitLoaderError> {
    Ok(|route| match route {
        Route::Runs => view! { <runs::Runs /> }.into_any(),
        Route::Data => view! { <data::Data /> }.into_any(),
        Route::Method(id) => view! { <method::Method id /> }.into_any(),
        Route::Lab(_) => ().into_any(),
    })
}

#[leptos::wasm_split::wasm_split(pages, fallible, wasm_split_path = ::leptos::wasm_split)]
fn column() -> Result<DrawPlace, SplitLoaderError> {
    Ok(|route| match route {
        Route::Runs => view! { <runs::panel::Panel /> }.into_any(),
        _ => view! { <About /> }.into_any(),
    })
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
