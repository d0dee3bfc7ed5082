//! Forget: how close to never having seen it, class by class, method by method.

use super::subject;
use crate::{
    client,
    components::{
        block::{self, Drawn},
        icons::{Icon, icon},
    },
    dom::*,
    state::strip::Lab,
    store::{Dialog, Page, page},
};
use report::{
    Noise, Outcome, Status,
    chart::{ClassBars, GapPlane, Reference},
    figure::{fixed, took},
    noise::{self, MEASURES},
    order,
};
use spec::{Family, Row, metric};
use std::sync::Arc;

pub fn lab() -> AnyView {
    [el("div").attr("class", "pair").child(plane()).child(bars()).into_any(), IntoAny::into_any(methods())].into_any()
}

fn finished(page: &Page) -> Vec<(String, Arc<Outcome>)> {
    page.versions(&subject(page))
        .into_iter()
        .filter_map(|name| Some((name.clone(), page.outcome(&name)?)))
        .filter(|(_, outcome)| outcome.is_done())
        .collect()
}

fn plane() -> AnyView {
    let page = page();
    block::chart(
        "How close to never having seen it",
        String::new,
        292.0,
        "Retrained networks first, then each method beside them",
        move |width| {
            let selected = subject(&page);
            let stages = page.versions(&selected);
            let plane = page.view(|view| GapPlane::of(view, &stages, Some(&selected)));
            (!finished(&page).is_empty()).then(|| Drawn::of(&plane, width))
        },
        None,
    )
}

fn bars() -> AnyView {
    let page = page();
    block::chart(
        "Class by class",
        || "accuracy, %".into(),
        292.0,
        "Appears with the first answers",
        move |width| {
            let selected = subject(&page);
            let parent = page.parent_of(&selected);
            let percent = |outcome: Option<&Arc<Outcome>>, series: &str| -> Vec<Option<f64>> {
                outcome
                    .and_then(|outcome| outcome.classes.get(series))
                    .map_or_else(Vec::new, |values| values.iter().map(|value| value.map(f64::from)).collect())
            };
            let own = page.outcome(&selected);
            let (mine, above) = (own.as_ref(), page.outcome(&parent));
            let before = match percent(mine, "original") {
                original if original.is_empty() => percent(above.as_ref(), "test"),
                original => original,
            };
            let now = percent(mine, "test");
            let values = if now.is_empty() { before.clone() } else { now };
            if values.is_empty() {
                return None;
            }
            let task = page.task_of(&selected);
            let names = page.class_names(&task);
            let forgotten: Vec<usize> = page.forget_class().map(usize::from).into_iter().collect();
            let twin = percent(mine, "retrained");
            let name = match forgotten.first().and_then(|class| names.get(*class)) {
                Some(class) => format!("Retrained without {class}"),
                None => "Retrained without them".into(),
            };
            let reference = (!twin.is_empty()).then_some(Reference { name, values: twin, spreads: vec![] });
            Some(Drawn::of(&ClassBars { names, values, before, forgotten, reference }, width))
        },
        None,
    )
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Column(usize),
    Gap,
    Time,
}

fn methods() -> AnyView {
    let page = page();
    let sort = RwSignal::new(Sort::Gap);
    let deviation = memo(move || finished(&page).first().and_then(|(_, outcome)| noise::deviation(&outcome.rows)));
    let seeds = move || {
        let all = finished(&page);
        all.iter().find_map(|(_, outcome)| outcome.row("retrained_ua").and_then(|row| row.seeds)).unwrap_or(1)
    };
    let sub = move || {
        if finished(&page).is_empty() {
            return "each beside a network that never saw it".into();
        }
        match seeds() {
            1 => "by gap to the retrained network; 1 seed".into(),
            n => format!("by gap to the retrained network; ± is one deviation over {n} seeds"),
        }
    };
    let add = move |_| {
        let selected = page.selected.get_untracked();
        page.dialog.set(Some(Dialog::Chooser { replace: Some(selected), lab: Some(Lab::Forget) }));
    };
    let left = move || {
        let versions = page.versions(&subject(&page));
        versions.into_iter().filter(|name| page.outcome(name).is_none_or(|o| !o.is_done())).collect::<Vec<_>>()
    };
    let run_all = move |_| untrack(|| client::run(page, &left(), false, false));
    let aside = el("span")
        .attr("class", "actions aside")
        .child(
            el("button")
                .attr("class", "button small")
                .attr("type", "button")
                .attr("title", "Shift Enter in the list of methods")
                .on(CLICK, add)
                .child(icon(Icon::More))
                .child("Add a row"),
        )
        .child(
            el("button")
                .attr("class", "button small")
                .attr("type", "button")
                .attr("disabled", move || left().len() < 2 || page.playing.with(Option::is_some))
                .on(CLICK, run_all)
                .child("Run all rows"),
        )
        .into_any();
    let head = move |what: Sort, label: &'static str, help: &'static str| {
        let sorted = move || (sort.get() == what).then_some("ascending");
        el("th").attr("scope", "col").attr("aria-sort", sorted).attr("title", help).child(
            el("button")
                .attr("type", "button")
                .on(CLICK, move |_| sort.set(what))
                .child(label)
                .child(move || if sort.get() == what { " ↑" } else { "" }),
        )
    };
    let rows = move || {
        let versions: Vec<(String, Option<Arc<Outcome>>)> = page
            .versions(&subject(&page))
            .into_iter()
            .map(|name| {
                let outcome = page.outcome(&name);
                (name, outcome)
            })
            .collect();
        let value = |outcome: &Option<Arc<Outcome>>| {
            let outcome = outcome.as_ref().filter(|outcome| outcome.is_done())?;
            outcome.figure(match sort.get() {
                Sort::Column(at) => MEASURES[at],
                Sort::Gap => "gap",
                Sort::Time => "rte",
            })
        };
        // A running row stands below the reference, waiting rows last.
        let rank = |outcome: &Option<Arc<Outcome>>| match outcome {
            Some(outcome) if outcome.is_live() => 0,
            Some(outcome) if outcome.is_done() => 1,
            Some(_) => 2,
            None => 3,
        };
        let places = order(versions.len(), &|a, b| {
            let (a, b) = (&versions[a].1, &versions[b].1);
            let far = |outcome| value(outcome).unwrap_or(f64::INFINITY);
            rank(a).cmp(&rank(b)).then(far(a).total_cmp(&far(b)))
        });
        let rows = places
            .into_iter()
            .map(|at| row(page, &versions[at].0, versions[at].1.clone(), deviation.get()))
            .collect_view();
        [IntoAny::into_any(reference(&page)), IntoAny::into_any(rows)].into_any()
    };
    let body = el("div")
        .attr("class", "scroll methods")
        .child(
            el("table")
                .attr("class", "table results")
                .child(
                    el("thead").child(
                        el("tr")
                            .child(el("th").attr("scope", "col").child("Method"))
                            .child(
                                MEASURES
                                    .iter()
                                    .enumerate()
                                    .map(|(at, key)| {
                                        let metric = metric(key).expect("in the table of figures");
                                        head(Sort::Column(at), metric.label, metric.help)
                                    })
                                    .collect_view(),
                            )
                            .child(head(Sort::Gap, "Gap", "mean distance of these four from the retrained network"))
                            .child(head(Sort::Time, "Time", "of the forgetting alone")),
                    ),
                )
                .child(el("tbody").child(rows)),
        )
        .into_any();
    block::block("Methods", sub, aside, body)
}

fn figure(row: Option<&Row>) -> AnyView {
    let Some(row) = row else { return el("td").child("–").into_any() };
    let spread = report::figure::spread(row).map(|spread| el("small").child(format!("± {}", fixed(spread, 1))));
    el("td").attr("title", report::figure::tooltip(row)).child(fixed(row.value, 1)).child(spread).into_any()
}

/// The truth, first, never sorted away.
fn reference(page: &Page) -> AnyView {
    let all = finished(page);
    let Some((_, outcome)) = all.first() else {
        let seeds = page.strip.with(|strip| strip.spec.seeds_of_reference());
        return el("tr")
            .attr("class", "reference")
            .child(
                el("td")
                    .child(el("i").attr("class", "ring"))
                    .child(el("b").child("Retrained"))
                    .child(el("small").child(format!("{seeds} {}", if seeds == 1 { "seed" } else { "seeds" }))),
            )
            .child(el("td").attr("colspan", "4").attr("class", "words").child("planned, beside the first method"))
            .child(el("td"))
            .child(el("td"))
            .into_any();
    };
    let cells = MEASURES.iter().map(|key| figure(outcome.row(&format!("retrained_{key}")))).collect_view();
    let seeds = outcome.row("retrained_ua").and_then(|row| row.seeds).unwrap_or(1);
    let time = outcome.figure("retrained_rte").map_or_else(|| "–".into(), took);
    el("tr")
        .attr("class", "reference")
        .child(
            el("td")
                .child(el("i").attr("class", "ring"))
                .child(el("b").child("Retrained"))
                .child(el("small").child(format!("{seeds} {}", if seeds == 1 { "seed" } else { "seeds" }))),
        )
        .child(cells)
        .child(el("td").attr("class", "muted").child("reference"))
        .child(el("td").child(time))
        .into_any()
}

/// Pixels of the bar for one point of gap, and where it breaks off.
const POINT: f64 = 5.5;
const BAR: f64 = 64.0;

fn row(page: Page, name: &str, outcome: Option<Arc<Outcome>>, deviation: Option<f64>) -> AnyView {
    let title = page.method(name).map_or_else(String::new, |method| method.card.title.clone());
    let id = page.number(name);
    let selected = subject(&page) == name;
    let open = {
        let name = name.to_owned();
        move |_| page.select(&name)
    };
    let name_cell = |note: String| {
        el("td")
            .child(el("button").attr("type", "button").on(CLICK, open.clone()).child(el("b").child(title.clone())))
            .child(el("small").child(note))
    };
    let waits = |word: &'static str| {
        el("tr")
            .class("selected", selected)
            .child(name_cell(id.clone()))
            .child(el("td").attr("colspan", "4").attr("class", "words").child(word))
            .child(el("td"))
            .child(el("td"))
            .into_any()
    };
    let Some(outcome) = outcome else {
        return waits(if page.playing.with(Option::is_some) { "waiting" } else { "planned" });
    };
    match &outcome.status {
        Status::Failed(_) => {
            let message = page.sentence(name).to_string();
            el("tr")
                .attr("class", "failed")
                .class("selected", selected)
                .child(name_cell(id))
                .child(el("td").attr("colspan", "6").attr("class", "words").child(message))
                .into_any()
        }
        Status::Cancelled => waits("stopped"),
        Status::Done => {
            let cells = MEASURES.iter().map(|key| figure(outcome.row(key))).collect_view();
            let gap = outcome.figure("gap");
            let noise = deviation.map_or(0.0, |deviation| 2.0 * deviation);
            let bar = gap.map(|gap| {
                let inside = Noise::of(&outcome.rows) == Some(Noise::Inside);
                let broken = gap * POINT > BAR;
                el("svg")
                    .attr("class", "gap-bar")
                    .attr("viewBox", "0 0 64 12")
                    .attr("aria-hidden", "true")
                    .child(
                        el("path")
                            .attr("d", format!("M0 0h{}v12H0z", (noise * POINT).min(BAR)))
                            .attr("fill", "var(--line)"),
                    )
                    .child(
                        el("path")
                            .attr("d", format!("M0 4h{}v4H0z", (gap * POINT).clamp(2.0, BAR)))
                            .attr("fill", if inside { "var(--keep)" } else { "var(--pencil)" }),
                    )
                    .child(broken.then(|| {
                        el("path")
                            .attr("d", "M56 1l4 5-4 5")
                            .attr("fill", "none")
                            .attr("stroke", "var(--bg)")
                            .attr("stroke-width", "2")
                    }))
            });
            let family = page.family(name) == Some(Family::Unlearn);
            let time = outcome.figure("rte").map_or_else(|| took(outcome.seconds), took);
            el("tr")
                .class("selected", selected)
                .child(name_cell(id))
                .child(cells)
                .child(
                    el("td")
                        .attr("class", "gap-cell")
                        .child(bar)
                        .child(el("b").child(gap.filter(|_| family).map_or_else(|| "–".into(), |gap| fixed(gap, 1)))),
                )
                .child(el("td").child(time))
                .into_any()
        }
        _ => {
            let place = match outcome.of {
                0 => outcome.phase.clone(),
                of => format!("step {} of {}", fixed(outcome.step as f64, 0), fixed(of as f64, 0)),
            };
            el("tr")
                .class("selected", selected)
                .child(name_cell(place))
                .child(el("td").attr("colspan", "4").attr("class", "words").child(outcome.phase.clone()))
                .child(el("td"))
                .child(el("td"))
                .into_any()
        }
    }
}
