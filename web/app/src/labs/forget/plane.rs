//! How close each method comes to a network that never saw what is forgotten.

use crate::{
    run::{Run, View},
    ui::ChartBlock,
};
use leptos::prelude::*;
use report::chart::GapPlane;

/// One point a method, with the noise of retraining around the reference.
#[component]
pub fn HowClose() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let chart = Memo::new(move |_| {
        let selected = view.layer();
        let stages = run.versions(&selected);
        let any = stages.iter().any(|name| run.outcome(name).is_some_and(|outcome| outcome.is_done()));
        any.then(|| run.view(|view| GapPlane::of(view, &stages, Some(&selected))))
    });
    view! {
        <ChartBlock
            title="How close to never having seen it"
            empty="Retrained networks first, then each method beside them"
            chart

        />
    }
}
