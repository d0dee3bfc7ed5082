//! All runs, in the order of one column.

use super::row::RunRow;
use crate::{
    run::{Run, history::PastRun},
    ui::Block,
};
use leptos::prelude::*;
use report::figure::fixed;
use serde_json::json;
use spec::{Direction, metric};

/// A column that can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RunsColumn {
    Layer,
    Accuracy,
    Gap,
    Time,
}

impl RunsColumn {
    const fn label(self) -> &'static str {
        match self {
            Self::Layer => "Layer",
            Self::Accuracy => "Accuracy",
            Self::Gap => "Gap",
            Self::Time => "Time",
        }
    }

    /// Whether the first press of the head puts the largest value first: where larger is better, and for the column of
    /// layers, where the newest run comes first.
    fn is_up(self) -> bool {
        let key = match self {
            Self::Layer => return true,
            Self::Accuracy => "accuracy",
            Self::Gap => "gap",
            Self::Time => "seconds",
        };
        metric(key).expect("in the table of figures").direction == Direction::Up
    }

    /// What a run is placed by; a run without the figure is the worst.
    fn value(self, run: &PastRun) -> f64 {
        let figure = match self {
            Self::Layer => Some(f64::from(run.number)),
            Self::Accuracy => run.accuracy().map(|row| row.value),
            Self::Gap => run.figure("gap").map(|row| row.value),
            Self::Time => Some(run.seconds),
        };
        figure.unwrap_or(if self.is_up() { f64::NEG_INFINITY } else { f64::INFINITY })
    }
}

/// By which column the table is sorted, and whether the largest figure is first.
type RunsOrder = (RunsColumn, bool);

/// Numbers of the runs in the order of the table.
fn sorted(runs: &[PastRun], (column, down): RunsOrder) -> Vec<u32> {
    let mut runs: Vec<&PastRun> = runs.iter().collect();
    runs.sort_by(|a, b| {
        let ordering = column.value(a).total_cmp(&column.value(b));
        if down { ordering.reverse() } else { ordering }
    });
    runs.into_iter().map(|run| run.number).collect()
}

/// The table.
#[component]
pub fn AllRuns() -> impl IntoView {
    let run = Run::get();
    let sort = RwSignal::new((RunsColumn::Layer, true));
    let numbers = Memo::new(move |_| run.history.with(|runs| sorted(runs, sort.get())));
    let size = move || {
        let bytes = run.history.with(|runs| json!(runs).to_string().len());
        format!("kept in this browser, {} kB", fixed((bytes as f64 / 1000.0).ceil(), 0))
    };
    view! {
        <Block title="All runs" sub=Signal::derive(size)>
            <div class="scroll">
                <table class="table results runs">
                    <thead>
                        <Heads sort />
                    </thead>
                    <tbody>
                        <For each=move || numbers.get() key=|number| *number let(number)>
                            <RunRow number />
                        </For>
                    </tbody>
                </table>
                <p class="empty" hidden=move || !numbers.with(Vec::is_empty)>
                    "Press play, and the first row stands here."
                </p>
            </div>
        </Block>
    }
}

#[component]
fn Heads(
    /// How the table is sorted.
    sort: RwSignal<RunsOrder>,
) -> impl IntoView {
    view! {
        <tr>
            <Head sort column=RunsColumn::Layer />
            <th scope="col" class="words">
                "Run"
            </th>
            <th scope="col" class="words">
                "Did"
            </th>
            <Head sort column=RunsColumn::Accuracy />
            <Head sort column=RunsColumn::Gap />
            <Head sort column=RunsColumn::Time />
            <th scope="col">"Device"</th>
            <th scope="col">"Curve"</th>
        </tr>
    }
}

/// The head of a column; a press sorts by it, the next one the other way round.
#[component]
fn Head(
    /// How the table is sorted.
    sort: RwSignal<RunsOrder>,
    /// Which column.
    column: RunsColumn,
) -> impl IntoView {
    let down = Memo::new(move |_| Some(sort.get()).filter(|(now, _)| *now == column).map(|(_, down)| down));
    let sorted = move || down.get().map(|down| if down { "descending" } else { "ascending" });
    let mark = move || down.get().map(|down| if down { " ↓" } else { " ↑" });
    // The best is first.
    let press = move |_| sort.set((column, down.get_untracked().map_or(column.is_up(), |down| !down)));
    view! {
        <th scope="col" aria-sort=sorted>
            <button type="button" on:click=press>
                {column.label()}
                {mark}
            </button>
        </th>
    }
}
