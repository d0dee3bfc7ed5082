//! The question whether a result that took long is to be dropped.

use crate::{run::View, ui::Button};
use leptos::prelude::*;
use report::figure::seconds;

/// What is lost, and both answers.
#[component]
pub fn Reset() -> impl IntoView {
    let view = View::get();
    let words = untrack(|| {
        let selected = view.selected.get();
        let took = view.run.outcome(&selected).map_or(0.0, |outcome| outcome.seconds);
        let title = view.run.title(&selected);
        format!(
            "{title} took {}. Its result goes from the strip and from this browser; its row stays in Runs.",
            seconds(took)
        )
    });
    let reset = move || {
        view.reset_now();
        view.close_dialog();
    };
    view! {
        <p>{words}</p>
        <p class="actions">
            <Button first=true press=reset>"Reset it"</Button>
            <Button class="button quiet" press=move || view.close_dialog()>"Keep it"</Button>
        </p>
    }
}
