//! The stage: what the place in view shows.

use crate::{
    labs::{Exhibits, lab::Lab, part::Part},
    pages::Page,
    route::Route,
    run::{Run, START, View},
    ui::Say,
};
use leptos::prelude::*;

/// The middle of the page: a lab with the sentence of the selected stage above it, or a page.
#[component]
pub fn StageArea() -> impl IntoView {
    let view = View::get();
    let lab = Memo::new(move |_| Route::now(view).lab());
    let body = move || match lab.get() {
        Some(lab) => view! { <LabStage lab /> }.into_any(),
        None => view! { <Page /> }.into_any(),
    };
    view! {
        <div class="stage" id="stage" tabindex="-1">
            {body}
        </div>
    }
}

/// The sentence of the selected stage, and the lab's blocks below it.
#[component]
fn LabStage(
    /// Which one.
    lab: &'static Lab,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let said = Memo::new(move |_| run.sentence(&view.selected.get()));
    let is_empty = Memo::new(move |_| view.selected.with(|name| name == START));
    view! {
        <Say said />
        <Exhibits />
        <Show
            when=move || !is_empty.get()
            fallback=move || view! { <p class="empty block-high">{lab.empty()}</p> }
        >
            // As high as a lab, so that nothing moves when it is there.
            <Part load=lab.blocks>
                <p class="empty lab-high">"Loading …"</p>
            </Part>
        </Show>
    }
}
