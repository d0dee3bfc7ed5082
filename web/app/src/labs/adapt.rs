//! Adapt: how small, how good, and what is kept underneath.

use super::{accuracy_block, subject};
use crate::{
    browser, client,
    components::{
        block::{self, Drawn},
        icons::{Icon, icon},
    },
    dom::*,
    store::{Page, page},
    text,
};
use report::{
    Role,
    chart::{Better, Point, TradeOff},
    figure::fixed,
};

pub fn lab() -> AnyView {
    [el("div").attr("class", "pair").child(plane()).child(on_or_off()).into_any(), IntoAny::into_any(accuracy_block())]
        .into_any()
}

fn plane() -> AnyView {
    let page = page();
    block::chart(
        "Small and good",
        || "accuracy by trained weights".into(),
        292.0,
        "One point a version, after the first run",
        move |width| Some(Drawn::of(&trade_off(&page)?, width)),
        None,
    )
}

fn trade_off(page: &Page) -> Option<TradeOff> {
    let selected = subject(page);
    let versions = text::versions(page, &selected);
    let points: Vec<Point> = versions
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let outcome = page.outcome(name).filter(|outcome| outcome.is_done())?;
            let accuracy = outcome.row("accuracy");
            let mine = *name == selected;
            Some(Point {
                name: text::stage_title(page, name),
                role: if mine { Role::Keep } else { Role::Series((at % 5 + 2) as u8) },
                x: outcome.figure("trainable")?,
                y: outcome.accuracy()?,
                x_spread: None,
                y_spread: accuracy.and_then(report::figure::spread),
                selected: mine,
                group: None,
            })
        })
        .collect();
    if points.is_empty() {
        return None;
    }
    let task = page.task_of(&selected);
    let without = page.answers(&page.parent_of(&selected), &task).and_then(|answers| answers.accuracy(None));
    Some(TradeOff {
        x_title: "Weights trained →".into(),
        y_title: format!("Accuracy on {}, %", text::things(page, &task)),
        points,
        log_x: true,
        better_x: Better::Less,
        baseline: without.map(|accuracy| ("no adapter".to_owned(), accuracy)),
    })
}

/// The adapter off is the layer before; the same network reads both tasks.
fn on_or_off() -> AnyView {
    let page = page();
    let name = memo(move || subject(&page));
    let before = memo(move || page.parent_of(&name.get()));
    let tasks = memo(move || (page.task_of(&before.get()), page.task_of(&name.get())));
    let done = memo(move || page.is_done(&name.get()));
    // Four figures: two networks on two tasks.
    effect(move || {
        page.engine.get();
        let ((first, second), name, before) = (tasks.get(), name.get(), before.get());
        for (stage, task) in [(&name, &first), (&before, &second)] {
            let known = page.classes.with(|classes| classes.contains_key(task));
            if known && page.is_done(stage) && untrack(|| page.answers(stage, task)).is_none() {
                client::ask_test(page, stage, task);
            }
        }
    });
    let figure = move |off: bool, second: bool| {
        move || {
            let (stage, task) =
                (if off { before.get() } else { name.get() }, if second { tasks.get().1 } else { tasks.get().0 });
            page.answers(&stage, &task)
                .and_then(|answers| answers.accuracy(None))
                .map_or_else(|| "–".into(), |accuracy| fixed(accuracy, 1))
        }
    };
    let size = move || {
        let trained = page.outcome(&name.get()).and_then(|outcome| outcome.figure("trainable"));
        trained.map_or_else(
            || text::NO_RESULT.into(),
            |trained| format!("{} weights, {} kB", fixed(trained, 0), fixed((trained * 4.0 / 1000.0).ceil(), 0)),
        )
    };
    let on = move || !page.off.get();
    let save = move |_| {
        let name = name.get_untracked();
        if let Some(bytes) = client::weights(page, &name) {
            browser::download(&format!("{name}.safetensors"), "application/octet-stream", &bytes);
        }
    };
    let things = move |second: bool| {
        move || {
            let tasks = tasks.get();
            text::capital(&text::things(&page, if second { &tasks.1 } else { &tasks.0 }))
        }
    };
    let same = move || tasks.get().0 == tasks.get().1;
    let body = el("div")
        .attr("class", "chart")
        .attr("style", "height:292px")
        .child(
            el("div")
                .attr("class", "switch-row")
                .child(
                    el("span")
                        .child(el("b").child(move || text::stage_title(&page, &name.get())))
                        .child(" ")
                        .child(el("span").attr("class", "sub").child(size)),
                )
                .child(
                    el("button")
                        .attr("class", "switch")
                        .attr("type", "button")
                        .attr("role", "switch")
                        .attr("aria-label", "Adapter")
                        .attr("disabled", move || !done.get())
                        .attr("aria-checked", move || on().to_string())
                        .on(CLICK, move |_| page.off.update(|off| *off = !*off)),
                ),
        )
        .child(
            el("table")
                .attr("class", "table")
                .child(
                    el("thead").child(
                        el("tr")
                            .child(el("th").attr("scope", "col").child("Accuracy, %"))
                            .child(el("th").attr("scope", "col").child("Off"))
                            .child(el("th").attr("scope", "col").child("On")),
                    ),
                )
                .child(
                    el("tbody")
                        .child(
                            el("tr")
                                .attr("hidden", same)
                                .child(el("td").child(things(false)))
                                .child(el("td").child(figure(true, false)))
                                .child(el("td").child(figure(false, false))),
                        )
                        .child(
                            el("tr")
                                .child(el("td").child(things(true)))
                                .child(el("td").child(figure(true, true)))
                                .child(el("td").child(el("b").child(figure(false, true)))),
                        ),
                ),
        )
        .child(
            el("p").attr("class", "actions").child(
                el("button")
                    .attr("class", "button small")
                    .attr("type", "button")
                    .attr("disabled", move || !done.get())
                    .on(CLICK, save)
                    .child(icon(Icon::Save))
                    .child("Save the weights"),
            ),
        )
        .into_any();
    block::block("Adapter on or off", || "acts at once, on leaf and pad".into(), ().into_any(), body)
}
