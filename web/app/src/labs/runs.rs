//! Runs: everything that was played in this browser.

use super::{save_run_file, save_runs};
use crate::{
    components::{
        block,
        icons::{Icon, icon},
    },
    state::runs::{Run, differences},
    store::{Page, page},
    text::{self, Say, Tone},
};
use leptos::prelude::*;
use report::{
    Chart, Role,
    chart::{Curve, Line, Rank, Sparkline},
    figure::fixed,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Layer,
    Accuracy,
    Gap,
    Time,
}

/// Numbers of the rows that are picked, newest pick last; shared by table and panel.
#[derive(Clone, Copy)]
struct Picked(RwSignal<Vec<u32>>);

fn picked() -> RwSignal<Vec<u32>> {
    use_context::<Picked>().map_or_else(|| RwSignal::new(vec![]), |picked| picked.0)
}

/// Called once, so that picks outlive a visit to another page.
pub fn provide() {
    provide_context(Picked(RwSignal::new(vec![])));
}

pub fn panel() -> AnyView {
    let page = page();
    let picked = picked();
    let two = move || {
        let numbers = picked.get();
        page.runs.with(|runs| {
            let find = |number: &u32| runs.iter().find(|run| run.number == *number).cloned();
            numbers.iter().filter_map(find).collect::<Vec<Run>>()
        })
    };
    let differ = move || match two().as_slice() {
        [a, b] => {
            let mut rows = differences(&a.spec, &b.spec);
            if a.title != b.title {
                rows.insert(0, ("run".into(), a.title.clone(), b.title.clone()));
            }
            if rows.is_empty() {
                return view! { <p class="sub">"Nothing: the same run file, twice."</p> }.into_any();
            }
            let rows = rows
                .into_iter()
                .take(24)
                .map(|(path, there, here)| {
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
                })
                .collect_view();
            view! { <ul class="differences">{rows}</ul> }.into_any()
        }
        _ => view! { <p class="sub">"Pick two rows of the table."</p> }.into_any(),
    };
    let none = move || page.runs.with(Vec::is_empty);
    let clear = move |_| {
        page.runs.set(vec![]);
        picked.set(vec![]);
        page.store_runs();
    };
    let load = move |_| {
        if let Some(run) = two().last() {
            page.load(run.spec.clone());
        }
    };
    view! {
        <h2>"Runs"</h2>
        <div class="group">
            <h3>"What differs between the two picked"</h3>
            {differ}
        </div>
        <div class="group">
            <h3>"Take them with you"</h3>
            <p class="actions">
                <button class="button small" type="button" disabled=none on:click=move |_| save_runs(&page, "csv")>
                    {icon(Icon::Save)}
                    "CSV"
                </button>
                <button class="button small" type="button" disabled=none on:click=move |_| save_runs(&page, "json")>
                    "JSON"
                </button>
                <button class="button small" type="button" on:click=move |_| save_run_file(&page)>
                    "Run file"
                </button>
            </p>
            <p class="actions">
                <button
                    class="button small"
                    type="button"
                    disabled=move || picked.with(Vec::is_empty)
                    on:click=load
                >
                    "Load the picked run"
                </button>
                <button class="link" type="button" disabled=none on:click=clear>
                    "Delete all"
                </button>
            </p>
        </div>
    }
    .into_any()
}

pub fn page_of_runs() -> AnyView {
    let page = page();
    let picked = picked();
    let sort = RwSignal::new((Column::Layer, true));
    let sentence = move || Say(vec![(Tone::Plain, text::runs_sentence(page.runs.with(Vec::len)))]);
    let value = |run: &Run, column: Column| match column {
        Column::Layer => f64::from(run.number),
        Column::Accuracy => run.accuracy().map_or(f64::NEG_INFINITY, |row| row.value),
        Column::Gap => run.figure("gap").map_or(f64::INFINITY, |row| row.value),
        Column::Time => run.seconds,
    };
    let rows = move || {
        let (column, down) = sort.get();
        let mut runs = page.runs.get();
        runs.sort_by(|a, b| {
            let order = value(a, column).total_cmp(&value(b, column));
            if down { order.reverse() } else { order }
        });
        runs.into_iter().map(|run| row(page, run, picked)).collect_view().into_any()
    };
    let head = move |column: Column, label: &'static str| {
        let sorted = move || (sort.get().0 == column).then(|| if sort.get().1 { "descending" } else { "ascending" });
        let mark = move || match sort.get() {
            (now, true) if now == column => " ↓",
            (now, false) if now == column => " ↑",
            _ => "",
        };
        view! {
            <th scope="col" aria-sort=sorted>
                <button
                    type="button"
                    on:click=move |_| {
                        sort.update(|sort| {
                            *sort = if sort.0 == column { (column, !sort.1) } else { (column, column != Column::Gap) };
                        })
                    }
                >
                    {label}
                    {mark}
                </button>
            </th>
        }
    };
    let empty = move || page.runs.with(Vec::is_empty);
    let size = move || {
        let bytes = page.runs.with(|runs| serde_json::to_string(runs).map_or(0, |text| text.len()));
        format!("kept in this browser, {} kB", fixed((bytes as f64 / 1000.0).ceil(), 0))
    };
    let table = view! {
        <div class="scroll">
            <table class="table results runs">
                <thead>
                    <tr>
                        {head(Column::Layer, "Layer")} <th scope="col" class="words">
                            "Run"
                        </th> <th scope="col" class="words">
                            "Lab"
                        </th> {head(Column::Accuracy, "Accuracy")} {head(Column::Gap, "Gap")} {head(Column::Time, "Time")}
                        <th scope="col">"Device"</th> <th scope="col">"Curve"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="empty" hidden=move || !empty()>
                "Press play, and the first row stands here."
            </p>
        </div>
    }
    .into_any();
    view! {
        {super::say(sentence)}
        {block::block("All runs", size, ().into_any(), table)}
        {block::chart(
            "The picked, together",
            || "accuracy by step".into(),
            250.0,
            "Pick up to six rows that have a curve",
            move |width| Some(block::Drawn::of(&together(&page, &picked.get())?, width)),
            None,
        )}
    }
    .into_any()
}

fn together(page: &Page, numbers: &[u32]) -> Option<Curve> {
    let lines: Vec<Line> = page.runs.with(|runs| {
        numbers
            .iter()
            .filter_map(|number| runs.iter().find(|run| run.number == *number))
            .filter(|run| run.curve.len() > 1)
            .enumerate()
            .map(|(at, run)| Line {
                name: format!("{} {}", run.layer, run.title),
                role: Role::Series((at + 1) as u8),
                rank: Rank::Other,
                points: run.curve.iter().map(|(step, value)| [*step as f64, f64::from(*value)]).collect(),
            })
            .collect()
    });
    let steps = lines.iter().filter_map(|line| line.points.last()).map(|point| point[0]).fold(0.0, f64::max);
    (!lines.is_empty()).then_some(Curve {
        subject: "Accuracy".into(),
        unit: "%".into(),
        steps,
        log: false,
        lines,
        goal: None,
        now: None,
        kept: None,
        failed: None,
    })
}

/// More are not told apart.
const OVERLAID: usize = 6;

fn row(page: Page, run: Run, picked: RwSignal<Vec<u32>>) -> AnyView {
    let number = run.number;
    let is_picked = move || picked.with(|picked| picked.contains(&number));
    let pick = move |_| {
        picked.update(|picked| {
            if picked.contains(&number) {
                picked.retain(|other| *other != number);
            } else {
                picked.push(number);
                if picked.len() > OVERLAID {
                    picked.remove(0);
                }
            }
        });
    };
    let accuracy = run.accuracy().map(|row| {
        let spread =
            report::figure::spread(row).map(|spread| view! { <small>{format!("± {}", fixed(spread, 1))}</small> });
        view! { <span title=report::figure::tooltip(row)>{fixed(row.value, 1)} {spread}</span> }
    });
    let gap = run.figure("gap").map_or_else(|| "–".into(), |row| fixed(row.value, 1));
    let spark = (run.curve.len() > 1).then(|| {
        let values = run.curve.iter().map(|(_, value)| f64::from(*value)).collect();
        let scene = Sparkline { values, role: Role::Keep }.scene(Sparkline::WIDTH, Sparkline::HEIGHT);
        view! { <svg class="spark" width=scene.width height=scene.height aria-hidden="true" inner_html=scene.body() /> }
    });
    let delete = move |_| {
        page.runs.update(|runs| runs.retain(|run| run.number != number));
        picked.update(|picked| picked.retain(|other| *other != number));
        page.store_runs();
    };
    view! {
        <tr class:selected=is_picked>
            <td>{run.layer}</td>
            <td class="words">
                <button type="button" aria-pressed=move || is_picked().to_string() on:click=pick>
                    <b>{run.title}</b>
                </button>
            </td>
            <td class="words muted">{run.lab}</td>
            <td>{accuracy}</td>
            <td>{gap}</td>
            <td>{text::took(run.seconds)}</td>
            <td class="muted">{run.device}</td>
            <td>
                {spark} <button class="delete" type="button" aria-label=format!("Delete run {number}") on:click=delete>
                    {icon(Icon::Close)}
                </button>
            </td>
        </tr>
    }
    .into_any()
}
