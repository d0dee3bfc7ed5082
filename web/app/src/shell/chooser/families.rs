//! What the list is narrowed to, at its left.

use super::{
    choosing::Choosing,
    query::{ListOrder, Only, Query},
};
use crate::run::catalogue;
use leptos::prelude::*;
use spec::FamilyInfo;

const ONLY: [(Only, &str); 3] =
    [(Only::Fitting, "fit this network"), (Only::Asking, "change no weights"), (Only::Played, "are in your runs")];

/// Families of all labs, and filters.
#[component]
pub fn Families(
    /// Query and results of the search.
    choosing: Choosing,
) -> impl IntoView {
    let methods = &catalogue().methods;
    let has_methods = |info: &&FamilyInfo| methods.iter().any(|method| method.card.family == info.family);
    let families = catalogue().families.iter().filter(has_methods);
    // A filter that matches all methods, or no method, is not shown.
    let narrows = |only: &Only| {
        let all = Query { words: String::new(), family: None, only: vec![*only], sort: ListOrder::Name };
        (1..methods.len()).contains(&untrack(|| choosing.count_of(&all)))
    };
    let filters = ONLY.into_iter().filter(|(only, _)| narrows(only));
    view! {
        <div class="families" role="group" aria-label="Families and filters">
            <h4>"What it does"</h4>
            {families.map(|info| view! { <OfFamily choosing info /> }).collect_view()}
            <h4>"Only those that"</h4>
            {filters.map(|(only, words)| view! { <Filter choosing only words /> }).collect_view()}
        </div>
    }
}

#[component]
fn OfFamily(
    /// Query and results of the search.
    choosing: Choosing,
    /// Its methods are listed.
    info: &'static FamilyInfo,
) -> impl IntoView {
    let pressed = move || choosing.query.with(|query| query.family == Some(info.family)).to_string();
    let found = move || choosing.count(|query| query.family = Some(info.family));
    view! {
        <button
            type="button"
            aria-pressed=pressed
            on:click=move |_| choosing.ask(|query| query.family = Some(info.family))
        >
            {info.menu.as_str()}
            <span>{found}</span>
        </button>
    }
}

#[component]
fn Filter(
    /// Query and results of the search.
    choosing: Choosing,
    /// Which methods the list is narrowed to.
    only: Only,
    /// The words of its button.
    words: &'static str,
) -> impl IntoView {
    let pressed = move || choosing.query.with(|query| query.only.contains(&only));
    let found = Memo::new(move |_| choosing.count(|query| query.only = vec![only]));
    let flip = move |query: &mut Query| match query.only.iter().position(|other| *other == only) {
        Some(at) => drop(query.only.remove(at)),
        None => query.only.push(only),
    };
    view! {
        <button
            type="button"
            aria-pressed=move || pressed().to_string()
            disabled=move || found.get() == 0 && !pressed()
            on:click=move |_| choosing.ask(flip)
        >
            {words}
            <span>{found}</span>
        </button>
    }
}
