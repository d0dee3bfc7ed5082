//! Runs: everything that was played in this browser.

use super::{save_run_file, save_runs};
use crate::{
    components::{
        block,
        icons::{Icon, icon},
    },
    dom::*,
    state::runs::{Run, differences},
    store::{Page, page},
    text,
};
use report::{
    Chart, Role, Sentence,
    chart::{Curve, Line, Rank, Sparkline},
    figure::fixed,
    order,
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
                return el("p").attr("class", "sub").child("Nothing: the same run file, twice.").into_any();
            }
            let rows = rows
                .into_iter()
                .take(24)
                .map(|(path, there, here)| {
                    el("li")
                        .child(el("span").child(path))
                        .child(el("span").child(el("s").child(there)).child(" ").child(here))
                })
                .collect_view();
            el("ul").attr("class", "differences").child(rows).into_any()
        }
        _ => el("p").attr("class", "sub").child("Pick two rows of the table.").into_any(),
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
    [
        el("h2").child("Runs").into_any(),
        el("div")
            .attr("class", "group")
            .child(el("h3").child("What differs between the two picked"))
            .child(differ)
            .into_any(),
        el("div")
            .attr("class", "group")
            .child(el("h3").child("Take them with you"))
            .child(
                el("p")
                    .attr("class", "actions")
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .attr("disabled", none)
                            .on(CLICK, move |_| save_runs(&page, "csv"))
                            .child(icon(Icon::Save))
                            .child("CSV"),
                    )
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .attr("disabled", none)
                            .on(CLICK, move |_| save_runs(&page, "json"))
                            .child("JSON"),
                    )
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .on(CLICK, move |_| save_run_file(&page))
                            .child("Run file"),
                    ),
            )
            .child(
                el("p")
                    .attr("class", "actions")
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .attr("disabled", move || picked.with(Vec::is_empty))
                            .on(CLICK, load)
                            .child("Load the picked run"),
                    )
                    .child(
                        el("button")
                            .attr("class", "link")
                            .attr("type", "button")
                            .attr("disabled", none)
                            .on(CLICK, clear)
                            .child("Delete all"),
                    ),
            )
            .into_any(),
    ]
    .into_any()
}

pub fn page_of_runs() -> AnyView {
    let page = page();
    let picked = picked();
    let sort = RwSignal::new((Column::Layer, true));
    let sentence = move || Sentence::new(text::runs_sentence(page.runs.with(Vec::len)));
    let value = |run: &Run, column: Column| match column {
        Column::Layer => f64::from(run.number),
        Column::Accuracy => run.accuracy().map_or(f64::NEG_INFINITY, |row| row.value),
        Column::Gap => run.figure("gap").map_or(f64::INFINITY, |row| row.value),
        Column::Time => run.seconds,
    };
    let rows = move || {
        let (column, down) = sort.get();
        let runs = page.runs.get();
        let places = order(runs.len(), &|a, b| {
            let ordering = value(&runs[a], column).total_cmp(&value(&runs[b], column));
            if down { ordering.reverse() } else { ordering }
        });
        places.into_iter().map(|at| row(page, runs[at].clone(), picked)).collect_view().into_any()
    };
    let head = move |column: Column, label: &'static str| {
        let sorted = move || (sort.get().0 == column).then(|| if sort.get().1 { "descending" } else { "ascending" });
        let mark = move || match sort.get() {
            (now, true) if now == column => " ↓",
            (now, false) if now == column => " ↑",
            _ => "",
        };
        el("th").attr("scope", "col").attr("aria-sort", sorted).child(
            el("button")
                .attr("type", "button")
                .on(CLICK, move |_| {
                    sort.update(|sort| {
                        *sort = if sort.0 == column { (column, !sort.1) } else { (column, column != Column::Gap) };
                    })
                })
                .child(label)
                .child(mark),
        )
    };
    let empty = move || page.runs.with(Vec::is_empty);
    let size = move || {
        let bytes = page.runs.with(|runs| serde_json::to_value(runs).map_or(0, |value| value.to_string().len()));
        format!("kept in this browser, {} kB", fixed((bytes as f64 / 1000.0).ceil(), 0))
    };
    let table = el("div")
        .attr("class", "scroll")
        .child(
            el("table")
                .attr("class", "table results runs")
                .child(
                    el("thead").child(
                        el("tr")
                            .child(head(Column::Layer, "Layer"))
                            .child(el("th").attr("scope", "col").attr("class", "words").child("Run"))
                            .child(el("th").attr("scope", "col").attr("class", "words").child("Lab"))
                            .child(head(Column::Accuracy, "Accuracy"))
                            .child(head(Column::Gap, "Gap"))
                            .child(head(Column::Time, "Time"))
                            .child(el("th").attr("scope", "col").child("Device"))
                            .child(el("th").attr("scope", "col").child("Curve")),
                    ),
                )
                .child(el("tbody").child(rows)),
        )
        .child(
            el("p")
                .attr("class", "empty")
                .attr("hidden", move || !empty())
                .child("Press play, and the first row stands here."),
        )
        .into_any();
    [
        IntoAny::into_any(super::say(sentence)),
        IntoAny::into_any(block::block("All runs", size, ().into_any(), table)),
        IntoAny::into_any(block::chart(
            "The picked, together",
            || "accuracy by step".into(),
            250.0,
            "Pick up to six rows that have a curve",
            move |width| Some(block::Drawn::of(&together(&page, &picked.get())?, width)),
            None,
        )),
    ]
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
        let spread = report::figure::spread(row).map(|spread| el("small").child(format!("± {}", fixed(spread, 1))));
        el("span").attr("title", report::figure::tooltip(row)).child(fixed(row.value, 1)).child(spread)
    });
    let gap = run.figure("gap").map_or_else(|| "–".into(), |row| fixed(row.value, 1));
    let spark = (run.curve.len() > 1).then(|| {
        let values = run.curve.iter().map(|(_, value)| f64::from(*value)).collect();
        let scene = Sparkline { values, role: Role::Keep }.scene(Sparkline::WIDTH, Sparkline::HEIGHT);
        el("svg")
            .attr("class", "spark")
            .attr("width", scene.width)
            .attr("height", scene.height)
            .attr("aria-hidden", "true")
            .html(scene.body())
    });
    let delete = move |_| {
        page.runs.update(|runs| runs.retain(|run| run.number != number));
        picked.update(|picked| picked.retain(|other| *other != number));
        page.store_runs();
    };
    el("tr")
        .class("selected", is_picked)
        .child(el("td").child(run.layer))
        .child(
            el("td").attr("class", "words").child(
                el("button")
                    .attr("type", "button")
                    .attr("aria-pressed", move || is_picked().to_string())
                    .on(CLICK, pick)
                    .child(el("b").child(run.title)),
            ),
        )
        .child(el("td").attr("class", "words muted").child(run.lab))
        .child(el("td").child(accuracy))
        .child(el("td").child(gap))
        .child(el("td").child(report::figure::took(run.seconds)))
        .child(el("td").attr("class", "muted").child(run.device))
        .child(
            el("td").child(spark).child(
                el("button")
                    .attr("class", "delete")
                    .attr("type", "button")
                    .attr("aria-label", format!("Delete run {number}"))
                    .on(CLICK, delete)
                    .child(icon(Icon::Close)),
            ),
        )
        .into_any()
}
