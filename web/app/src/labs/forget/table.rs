//! Every method in one table, beside the retrained network.

use super::{figure::Figure, row::MethodRow, words};
use crate::{
    run::{OpenDialog, Run, View},
    ui::{Block, Button, Glyph, Icon},
};
use leptos::prelude::*;
use report::{
    Outcome,
    figure::{fixed, took},
    noise::{MEASURES, is_silent},
    table::SPREAD,
};
use spec::{Direction, Family, metric};
use std::sync::Arc;

/// What the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MeasureOrder {
    /// One of the four measures.
    Measure(&'static str),
    Gap,
    Time,
}

impl MeasureOrder {
    /// The metric's key.
    const fn key(self) -> &'static str {
        match self {
            Self::Measure(key) => key,
            Self::Gap => "gap",
            Self::Time => "rte",
        }
    }

    /// How a table in this order is described.
    fn words(self) -> String {
        let label = metric(self.key()).expect("in the table of figures").label;
        match self.direction() {
            Direction::Near => format!("by {label}, nearest to the retrained network first"),
            _ => format!("by {label}, least first"),
        }
    }

    /// Which values are better, and stand first.
    fn direction(self) -> Direction {
        metric(self.key()).expect("in the table of figures").direction
    }
}

/// Versions of the selected layer with their results, in the order of the run file.
fn versions(run: Run, view: View) -> Vec<(String, Option<Arc<Outcome>>)> {
    let result = |name: String| {
        let outcome = run.outcome(&name);
        (name, outcome)
    };
    let forgets = |name: &String| run.family(name) == Some(Family::Unlearn);
    run.versions(&view.layer()).into_iter().filter(forgets).map(result).collect()
}

fn finished(run: Run, view: View) -> Option<Arc<Outcome>> {
    versions(run, view).into_iter().find_map(|(_, outcome)| outcome.filter(|outcome| outcome.is_done()))
}

/// The table with its buttons.
#[component]
pub fn Methods() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let sort = RwSignal::new(MeasureOrder::Gap);
    let sub = move || match finished(run, view) {
        None => "each beside a network that never saw it".to_owned(),
        Some(outcome) => {
            let (order, n) = (sort.get().words(), seeds_of(&outcome));
            let seeds = words::seeds(n);
            if n > 1 { format!("{order}; {seeds}. {SPREAD}") } else { format!("{order}; {seeds}") }
        }
    };
    let rows = move || {
        let row = move |(name, outcome)| view! { <MethodRow name outcome /> };
        sorted(versions(run, view), sort.get()).into_iter().map(row).collect_view()
    };
    view! {
        <Block title="Methods" sub=Signal::derive(sub) tools=move || view! { <Tools /> }>
            <div class="scroll methods">
                <table class="table results">
                    <Head sort />
                    <tbody>
                        {move || view! { <RetrainedRow outcome=finished(run, view) /> }}
                        {rows}
                    </tbody>
                </table>
            </div>
        </Block>
    }
}

/// The best first; a running row stands below the reference, waiting rows last.
fn sorted(mut all: Vec<(String, Option<Arc<Outcome>>)>, sort: MeasureOrder) -> Vec<(String, Option<Arc<Outcome>>)> {
    let rank = |outcome: &Option<Arc<Outcome>>| match outcome {
        Some(outcome) if outcome.is_live() => 0,
        Some(outcome) if outcome.is_done() => 1,
        Some(_) => 2,
        None => 3,
    };
    let cost = |outcome: &Option<Arc<Outcome>>| {
        let done = outcome.as_ref().filter(|outcome| outcome.is_done())?;
        let reference = done.figure(&format!("retrained_{}", sort.key()));
        Some(sort.direction().cost(done.figure(sort.key())?, reference))
    };
    let cost = |outcome: &Option<Arc<Outcome>>| cost(outcome).unwrap_or(f64::INFINITY);
    all.sort_by(|(_, a), (_, b)| rank(a).cmp(&rank(b)).then(cost(a).total_cmp(&cost(b))));
    all
}

#[component]
fn Tools() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let left = move || {
        let all = versions(run, view).into_iter();
        let open = all.filter(|(_, outcome)| outcome.as_ref().is_none_or(|outcome| !outcome.is_done()));
        open.map(|(name, _)| name).collect::<Vec<_>>()
    };
    let add = move || {
        let layer = untrack(|| view.layer());
        view.open(OpenDialog::Chooser { replace: Some(layer), lab: Some(words::ID) });
    };
    let cannot_run = Signal::derive(move || left().len() < 2 || run.is_playing());
    view! {
        <span class="actions aside">
            <Button class="button small" title="Shift Enter in the list of methods" press=add>
                <Glyph icon=Icon::More />
                "Add a row"
            </Button>
            <Button
                class="button small"
                disabled=cannot_run
                press=move || run.start(&untrack(left), false, false)
            >
                "Run all rows"
            </Button>
        </span>
    }
}

#[component]
fn Head(
    /// What the rows are sorted by.
    sort: RwSignal<MeasureOrder>,
) -> impl IntoView {
    let head = move |what: MeasureOrder| {
        let metric = metric(what.key()).expect("in the table of figures");
        let is_sorted = move || sort.get() == what;
        // Nearest to the retrained network first is neither up nor down.
        let (order, mark) = match what.direction() {
            Direction::Near => ("other", " ≈"),
            _ => ("ascending", " ↑"),
        };
        view! {
            <th scope="col" aria-sort=move || is_sorted().then_some(order) title=metric.help>
                <button type="button" on:click=move |_| sort.set(what)>
                    {metric.label}
                    {move || if is_sorted() { mark } else { "" }}
                </button>
            </th>
        }
    };
    let measures = MEASURES.map(|key| head(MeasureOrder::Measure(key)));
    view! {
        <thead>
            <tr>
                <th scope="col">"Method"</th>
                {measures.collect_view()}
                {head(MeasureOrder::Gap)}
                {head(MeasureOrder::Time)}
            </tr>
        </thead>
    }
}

/// How many networks were retrained.
fn seeds_of(outcome: &Outcome) -> usize {
    outcome.row("retrained_ua").and_then(|row| row.seeds).unwrap_or(1)
}

/// The retrained network: always the first row, whatever the order.
#[component]
fn RetrainedRow(
    /// A finished version, which was held against it.
    outcome: Option<Arc<Outcome>>,
) -> impl IntoView {
    let run = Run::get();
    let seeds = match &outcome {
        Some(outcome) => seeds_of(outcome),
        None => run.strip.with(|strip| strip.spec.seeds_of_reference()) as usize,
    };
    let figures = match &outcome {
        Some(outcome) => {
            let figure = |key: &str| {
                let row = outcome.row(&format!("retrained_{key}")).cloned();
                let is_silent = key == "mia" && row.is_some() && is_silent(&outcome.rows, "retrained_");
                view! { <Figure row is_silent /> }
            };
            let gap = outcome.figure("retrained_gap").map_or_else(|| "reference".into(), |gap| fixed(gap, 1));
            let alone = metric("retrained_gap").map(|metric| metric.help);
            let time = outcome.figure("retrained_rte").map_or_else(|| "–".into(), took);
            view! {
                {MEASURES.map(figure).collect_view()}
                <td class="muted" title=alone>
                    {gap}
                </td>
                <td>{time}</td>
            }
            .into_any()
        }
        None => view! {
            <td colspan=MEASURES.len().to_string() class="words">
                "planned, beside the first method"
            </td>
            <td></td>
            <td></td>
        }
        .into_any(),
    };
    view! {
        <tr class="reference">
            <td>
                <i class="ring"></i>
                <b>"Retrained"</b>
                <small>{words::seeds(seeds)}</small>
            </td>
            {figures}
        </tr>
    }
}
