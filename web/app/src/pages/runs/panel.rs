//! What can be done with the runs, at the left of their table.

use super::picked::Picked;
use crate::{
    labs::part::attempt,
    run::{Run, View, files, history::PastRun},
    ui::{Button, Glyph, Icon},
};
use leptos::prelude::*;
use report::{Difference, difference::written, differences};

/// Differences that are listed.
const LISTED: usize = 24;

/// What differs between two picked runs, and all runs as files.
#[component]
pub fn Panel() -> impl IntoView {
    view! {
        <h2>"Runs"</h2>
        <div class="group">
            <h3>"What differs between the two picked"</h3>
            <Differences />
        </div>
        <div class="group">
            <h3>"Take them with you"</h3>
            <Files />
            <PickedAndAll />
        </div>
    }
}

/// The picked runs, the newest pick last.
fn picked_runs(run: Run, picked: Picked) -> Vec<PastRun> {
    run.history.with(|runs| {
        let find = |number: u32| runs.iter().find(|run| run.number == number).cloned();
        picked.numbers().into_iter().filter_map(find).collect()
    })
}

#[component]
fn Differences() -> impl IntoView {
    let (run, picked) = (Run::get(), Picked::get());
    let row = |[path, there, here]: [String; 3]| {
        view! {
            <li>
                <span>{path}</span>
                <span>
                    <s>{there}</s>
                    " "
                    {here}
                </span>
            </li>
        }
    };
    move || {
        let runs = picked_runs(run, picked);
        let rows = match runs.as_slice() {
            [one, other] => between(one, other),
            _ => return view! { <p class="sub">"Pick two rows of the table."</p> }.into_any(),
        };
        if rows.is_empty() {
            return view! { <p class="sub">"Nothing: the same run file, twice."</p> }.into_any();
        }
        view! { <ul class="differences">{rows.into_iter().take(LISTED).map(row).collect_view()}</ul> }.into_any()
    }
}

/// What differs, there and here; first what was run.
fn between(one: &PastRun, other: &PastRun) -> Vec<[String; 3]> {
    let titles = (one.title != other.title).then(|| ["run".into(), one.title.clone(), other.title.clone()]);
    let value = |value: Option<serde_json::Value>| value.as_ref().map_or_else(|| "–".into(), written);
    let settings = differences(&one.spec, &other.spec);
    let settings = settings.into_iter().map(|Difference { path, from, to }| [path, value(from), value(to)]);
    titles.into_iter().chain(settings).collect()
}

#[component]
fn Files() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let none = Signal::derive(move || run.history.with(Vec::is_empty));
    view! {
        <p class="actions">
            <Button class="button small" disabled=none press=move || files::save_runs_csv(run)>
                <Glyph icon=Icon::Save />
                "CSV"
            </Button>
            <Button class="button small" disabled=none press=move || files::save_runs_json(run)>
                "JSON"
            </Button>
            <Button
                class="button small"
                press=move || attempt(view, run.notices, files::save_run_file(run))
            >
                "Run file"
            </Button>
        </p>
    }
}

#[component]
fn PickedAndAll() -> impl IntoView {
    let (run, view, picked) = (Run::get(), View::get(), Picked::get());
    let load = move || {
        if let Some(last) = untrack(|| picked_runs(run, picked)).pop() {
            view.load(last.spec);
        }
    };
    let clear = move || {
        run.history.update(Vec::clear);
        picked.clear();
        run.store_history();
    };
    view! {
        <p class="actions">
            <Button class="button small" disabled=Signal::derive(move || picked.is_empty()) press=load>
                "Load the picked run"
            </Button>
            <Button
                class="link"
                disabled=Signal::derive(move || run.history.with(Vec::is_empty))
                press=clear
            >
                "Delete all runs"
            </Button>
        </p>
    }
}
