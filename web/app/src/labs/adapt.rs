//! Adapt: how small, how good, and what is kept underneath.

use super::{accuracy_block, nothing, sentence, subject};
use crate::{
    browser, client,
    components::{
        block::{self, Drawn},
        icons::{Icon, icon},
    },
    state::strip::Lab,
    store::{Page, page},
    text,
};
use leptos::prelude::*;
use report::{
    Role,
    chart::{Better, Point, TradeOff},
    figure::fixed,
};

pub fn lab() -> AnyView {
    if let Some(nothing) = nothing(Lab::Adapt) {
        return nothing;
    }
    view! {
        {sentence()}
        <div class="pair">
            {plane()}
            {on_or_off()}
        </div>
        {accuracy_block()}
    }
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
    let name = Memo::new(move |_| subject(&page));
    let before = Memo::new(move |_| page.parent_of(&name.get()));
    let tasks = Memo::new(move |_| (page.task_of(&before.get()), page.task_of(&name.get())));
    let done = Memo::new(move |_| page.is_done(&name.get()));
    // Four figures: two networks on two tasks.
    Effect::new(move |_| {
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
    let body = view! {
        <div class="chart" style="height:292px">
            <div class="switch-row">
                <span>
                    <b>{move || text::stage_title(&page, &name.get())}</b>
                    " "
                    <span class="sub">{size}</span>
                </span>
                <button
                    class="switch"
                    type="button"
                    role="switch"
                    aria-label="Adapter"
                    disabled=move || !done.get()
                    aria-checked=move || on().to_string()
                    on:click=move |_| page.off.update(|off| *off = !*off)
                ></button>
            </div>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Accuracy, %"</th>
                        <th scope="col">"Off"</th>
                        <th scope="col">"On"</th>
                    </tr>
                </thead>
                <tbody>
                    <tr hidden=same>
                        <td>{things(false)}</td>
                        <td>{figure(true, false)}</td>
                        <td>{figure(false, false)}</td>
                    </tr>
                    <tr>
                        <td>{things(true)}</td>
                        <td>{figure(true, true)}</td>
                        <td>
                            <b>{figure(false, true)}</b>
                        </td>
                    </tr>
                </tbody>
            </table>
            <p class="actions">
                <button class="button small" type="button" disabled=move || !done.get() on:click=save>
                    {icon(Icon::Save)}
                    "Save the weights"
                </button>
            </p>
        </div>
    }
    .into_any();
    block::block("Adapter on or off", || "acts at once, on leaf and pad".into(), ().into_any(), body)
}
