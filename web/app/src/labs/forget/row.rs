//! One method in the table: planned, running, failed or measured.

use super::figure::Figure;
use crate::run::{Run, View};
use leptos::prelude::*;
use report::{
    Noise, Outcome, Status,
    figure::{self, fixed, took, tooltip},
    noise::{MEASURES, is_silent},
};
use spec::Family;
use std::sync::Arc;

/// Pixels of the bar for one point of gap, and where it breaks off.
const POINT: f64 = 5.5;
const BAR: f64 = 64.0;

/// A row; a press of the method selects it.
#[component]
pub fn MethodRow(
    /// The stage.
    name: String,
    /// What it came to so far.
    outcome: Option<Arc<Outcome>>,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let number = run.number(&name);
    let step = outcome.as_ref().filter(|outcome| outcome.is_live()).map(|outcome| match outcome.of {
        0 => outcome.phase.clone(),
        of => figure::step(outcome.step, of),
    });
    let words = |words: String, columns: usize| {
        let empty = (columns == MEASURES.len()).then(|| view! { <td></td><td></td> });
        view! {
            <td colspan=columns.to_string() class="words">
                {words}
            </td>
            {empty}
        }
        .into_any()
    };
    let cells = match outcome.as_ref().map(|outcome| &outcome.status) {
        None if run.is_playing() => words("waiting".into(), MEASURES.len()),
        None | Some(Status::Waiting) => words("planned".into(), MEASURES.len()),
        Some(Status::Cancelled) => words("stopped".into(), MEASURES.len()),
        Some(Status::Failed(_) | Status::Skipped(_)) => words(run.sentence(&name).to_string(), MEASURES.len() + 2),
        Some(Status::Running | Status::Paused) => {
            words(outcome.as_ref().map(|outcome| outcome.phase.clone()).unwrap_or_default(), MEASURES.len())
        }
        Some(Status::Done) => {
            let outcome = outcome.clone().expect("it is done");
            view! { <Measured name=name.clone() outcome /> }.into_any()
        }
    };
    let is_failed = matches!(outcome.as_ref().map(|outcome| &outcome.status), Some(Status::Failed(_)));
    let is_selected = view.layer() == name;
    let title = run.method_title(&name);
    view! {
        <tr class:failed=is_failed class:selected=is_selected>
            <td>
                <button type="button" on:click=move |_| view.select(&name)>
                    <b>{title}</b>
                </button>
                <small>{step.unwrap_or(number)}</small>
            </td>
            {cells}
        </tr>
    }
}

/// The four measures, the gap as a bar with its verdict against the noise of retraining, and the time.
#[component]
fn Measured(
    /// The stage. An audit has no gap, nor has a network that was retrained alone.
    name: String,
    /// Its figures.
    outcome: Arc<Outcome>,
) -> impl IntoView {
    let run = Run::get();
    let says_nothing = ["", "retrained_"].iter().any(|prefix| is_silent(&outcome.rows, prefix));
    let figure = |key: &str| {
        let row = outcome.row(key).cloned();
        let is_silent = key == "mia" && says_nothing && row.is_some();
        view! { <Figure row is_silent /> }
    };
    let gap = outcome.figure("gap").filter(|_| run.family(&name) == Some(Family::Unlearn));
    let (noise, is_reference) = run.view(|view| (Noise::of(view, &name), view.is_reference(&name)));
    let bar = gap.map(|gap| view! { <GapBar gap is_inside=noise == Some(Noise::Inside) /> });
    let words = gap.map_or_else(|| "–".into(), |gap| fixed(gap, 1));
    let own = (gap.is_none() && is_reference).then(|| view! { <small>"its own reference"</small> });
    let time = took(outcome.figure("rte").unwrap_or(outcome.seconds));
    let share = outcome.row("rte_share").map(|row| {
        let title = run.view(|view| tooltip(row, view));
        view! { <small title=title>{figure::words(row)}</small> }
    });
    view! {
        {MEASURES.map(figure).collect_view()}
        <td title=noise.map(Noise::words)>
            {bar}
            <b>{words}</b>
            {own}
        </td>
        <td>{time} {share}</td>
    }
}

#[component]
fn GapBar(
    /// In points.
    gap: f64,
    /// Whether the result is inside the noise.
    is_inside: bool,
) -> impl IntoView {
    let breaks = gap * POINT > BAR;
    let end = breaks.then(|| {
        view! { <path d="M56 1l4 5-4 5" fill="none" stroke="var(--bg)" stroke-width="2" /> }
    });
    view! {
        <svg class="gap-bar" viewBox="0 0 64 12" aria-hidden="true">
            <path
                d=format!("M0 4h{}v4H0z", (gap * POINT).clamp(2.0, BAR))
                fill=if is_inside { "var(--keep)" } else { "var(--pencil)" }
            />
            {end}
        </svg>
    }
}
