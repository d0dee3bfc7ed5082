//! The strip: source, layers, notes, and the place for the next one.

use super::{
    icons::{Icon, icon},
    menu,
};
use crate::{
    browser, client,
    dom::*,
    labs, later,
    state::strip::Slot,
    store::{self, Dialog, Page, Side, catalogue, page},
    text,
};
use report::{Chart, Outcome, Role, Status, chart::Ribbon};
use spec::{Family, START};
use std::sync::Arc;

pub fn strip() -> AnyView {
    let page = page();
    let chosen = memo(move || page.layer_of(&page.selected.get()));
    effect(move || {
        chosen.get();
        page.slots.get();
        request_animation_frame(crate::browser::show_selected_layer);
    });
    let slots = move || page.slots.get();
    let first =
        move || page.slots.with(|slots| page.strip.with(|strip| slots.first().map(|slot| strip.name(slot.used))));
    let add = move || page.dialog.set(Some(Dialog::Chooser { replace: None, lab: None }));
    el("ol")
        .attr("class", "strip")
        .attr("tabindex", "-1")
        .on(KEYDOWN, move |event| arrows(&page, &event))
        .child(
            el("li")
                .attr("class", "layer")
                .class("follows", move || first().is_some_and(|first| page.is_done(&first)))
                .child(move || source(&page)),
        )
        .child(move || {
            slots().into_iter().enumerate().map(|(place, slot)| layer(place, slot)).collect_view().into_any()
        })
        .child(
            el("li").child(
                el("button")
                    .attr("class", "add")
                    .attr("type", "button")
                    .attr("title", "Add a layer")
                    .attr("aria-label", "Add a layer")
                    .on(CLICK, move |_| add())
                    .child(icon(Icon::More)),
            ),
        )
        .into_any()
}

/// One tab stop; arrows move along the line.
fn arrows(page: &Page, event: &web_sys::KeyboardEvent) {
    match event.key().as_str() {
        "ArrowLeft" => page.step_layer(-1),
        "ArrowRight" => page.step_layer(1),
        _ => return,
    }
    event.prevent_default();
    request_animation_frame(|| crate::browser::focus(".strip [tabindex='0']"));
}

fn ribbon(page: &Page, name: &str, role: Role) -> AnyView {
    let percent = |outcome: Option<Arc<Outcome>>| -> Vec<Option<f64>> {
        let classes = outcome.and_then(|outcome| outcome.classes.get("test").cloned());
        classes.map_or_else(Vec::new, |values| values.iter().map(|value| value.map(f64::from)).collect())
    };
    let values = percent(page.outcome(name));
    let before = if name == START { vec![] } else { percent(page.outcome(&page.parent_of(name))) };
    let classes = values.len().max(page.class_names(&page.task_of(name)).len());
    let chart = Ribbon { values, before, classes, role };
    let scene = chart.scene(Ribbon::WIDTH, Ribbon::HEIGHT);
    el("svg")
        .attr("class", "ribbon")
        .attr("viewBox", format!("0 0 {} {}", scene.width, scene.height))
        .attr("preserveAspectRatio", "none")
        .attr("aria-hidden", "true")
        .html(scene.body())
        .into_any()
}

fn source(page: &Page) -> AnyView {
    let name = page.title(START);
    el("div")
        .attr("class", "card")
        .child(
            el("span")
                .attr("class", "head")
                .child(el("b").child("Source"))
                .child(el("span").child(text::source_knows(page))),
        )
        .child(el("span").attr("class", "title").child(name))
        .child(ribbon(page, START, Role::Pencil))
        .into_any()
}

fn layer(place: usize, slot: Slot) -> AnyView {
    let page = page();
    let name = page.strip.with_untracked(|strip| strip.name(slot.used));
    let family = page.family(&name);
    let count = slot.versions.len();
    let verb = format!("{} {}", place + 1, family.map_or("", |family| store::family(family).verb.as_str()));
    let is_selected = {
        let name = name.clone();
        memo(move || page.layer_of(&page.selected.get()) == name)
    };
    let outcome = {
        let name = name.clone();
        memo(move || page.outcome(&name))
    };
    let state = {
        let name = name.clone();
        memo(move || match outcome.get().map(|outcome| outcome.status.clone()) {
            None | Some(Status::Waiting) if page.is_stale(&name) => "stale",
            None | Some(Status::Waiting) => "planned",
            Some(Status::Running | Status::Paused) => "running",
            Some(Status::Done) => "done",
            Some(Status::Cancelled) => "cancelled",
            Some(Status::Failed(_)) => "failed",
        })
    };
    // After forgetting, what was to be kept counts.
    let kept = memo(move || {
        let without = if family == Some(Family::Unlearn) { page.forget_class() } else { None };
        let outcome = outcome.get()?;
        outcome.answers("test").and_then(|answers| answers.accuracy(without)).or_else(|| outcome.accuracy())
    });
    let word = move || match state.get() {
        "stale" => "runs again".to_owned(),
        "running" => "writing".into(),
        "cancelled" | "failed" => "stopped".into(),
        "done" => kept.get().map_or_else(|| "done".into(), |accuracy| report::figure::percent(accuracy, 1)),
        _ => "planned".into(),
    };
    // By its name: its number is another one as soon as a stage before it goes.
    let next = page.slots.with_untracked(|slots| slots.get(place + 1).map(|slot| slot.used));
    let next = next.map(|used| page.strip.with_untracked(|strip| strip.name(used)));
    let follows = move || next.as_ref().is_some_and(|next| page.is_done(next));
    let class = move || {
        let mut class = format!("layer {}", state.get());
        for (on, word) in [(is_selected.get(), " selected"), (count > 1, " stack"), (follows(), " follows")] {
            class.push_str(if on { word } else { "" });
        }
        class
    };
    let title = {
        let name = name.clone();
        move || page.title(&name)
    };
    let bars = {
        let name = name.clone();
        move || ribbon(&page, &name, if is_selected.get() { Role::Keep } else { Role::Pencil })
    };
    let share = move || {
        let share = outcome.with(|outcome| {
            outcome.as_ref().map_or(0.0, |outcome| match outcome.of {
                0 => 0.0,
                of => outcome.step as f64 / of as f64,
            })
        });
        format!("{}%", (100.0 * share).round())
    };
    let hint = (count > 1).then(|| format!("{count} versions of this layer; this one is used"));
    let select = {
        let name = name.clone();
        move |_| page.select(&name)
    };
    let stop = move || if is_selected.get() { "0" } else { "-1" };
    let (pressed, chosen) = (name.clone(), name.clone());
    el("li")
        .attr("class", class)
        .child(
            el("button")
                .attr("class", "card")
                .attr("type", "button")
                .attr("title", hint)
                .attr("aria-pressed", move || is_selected.get().to_string())
                .attr("tabindex", stop)
                .on(CLICK, select)
                .on(CONTEXTMENU, move |event| {
                    event.prevent_default();
                    ask(page, &pressed, listener(&event));
                })
                .child(el("span").attr("class", "head").child(el("b").child(verb)).child(el("span").child(word)))
                .child(el("span").attr("class", "title").child(title))
                .child(bars)
                .child(el("i").attr("class", "written").style("width", share)),
        )
        .child(
            menu::button(Icon::Dots, "More", "What can be done with this layer", move |anchor| {
                ask(page, &chosen, anchor)
            })
            .attr("tabindex", stop),
        )
        .child(notes(slot.notes))
        .into_any()
}

fn ask(page: Page, name: &str, anchor: web_sys::HtmlElement) {
    let name = name.to_owned();
    later::wish(page, move |later| (later.layer_menu)(page, &name, anchor));
}

/// What can be done with a layer, or a note, as it stands.
pub fn open_menu(page: Page, name: &str, anchor: web_sys::HtmlElement) {
    menu::open(anchor, untrack(|| can_be_done(page, name)));
}

fn can_be_done(page: Page, name: &str) -> Vec<menu::Entry> {
    let mut all: Vec<menu::Entry> = Vec::new();
    let is_layer = page.layer_of(name) == name;
    let done = page.is_done(name);
    if let Some(slot) = slot_of(&page, name).filter(|_| is_layer) {
        for &version in slot.versions.iter().filter(|&&version| version != slot.used) {
            let version = page.strip.with(|strip| strip.name(version));
            let title = format!("Use {} {}", page.number(&version), page.title(&version));
            all.push((title, Box::new(move || page.use_version(&version))));
        }
    }
    let own = name.to_owned();
    // In its lab, the leaf of a defence compares clean with attacked.
    let compares = is_layer && done && page.family(name) != Some(Family::Defend);
    if compares && page.answers(&page.parent_of(name), &page.task_of(name)).is_some() {
        let name = own.clone();
        let compare = move || {
            page.select(&name);
            page.side.set(Side::Other);
            browser::scroll_to(".leaf");
        };
        all.push(("Compare with the layer before".into(), Box::new(compare)));
    }
    let name = own.clone();
    let change = move || {
        page.select(&name);
        page.drawer.set(true);
        request_animation_frame(|| browser::focus(".panel .control :is(input, select, button)"));
    };
    all.push((if done { "Change and run again" } else { "Change its settings" }.into(), Box::new(change)));
    if is_layer && client::weights(page, &own).is_some() {
        let name = own.clone();
        all.push(("Save weights".into(), Box::new(move || labs::save_weights(&page, &name))));
    }
    if page.strip.with(|strip| strip.is_free(&own, catalogue())) {
        all.push(("Take off".into(), Box::new(move || page.remove(&own))));
    }
    all
}

/// Two under a layer; of more, the selected one or the first, and a list of the others.
fn notes(indices: Vec<usize>) -> AnyView {
    let page = page();
    let names: Vec<String> =
        page.strip.with_untracked(|strip| indices.iter().map(|&index| strip.name(index)).collect());
    let note = move |name: String| {
        let is_selected = {
            let name = name.clone();
            move || page.selected.get() == name
        };
        let outcome = {
            let name = name.clone();
            memo(move || page.outcome(&name))
        };
        let hardened = page.family(&page.layer_of(&name)) == Some(Family::Defend);
        let figure = {
            let name = name.clone();
            move || match outcome.get().filter(|outcome| outcome.is_done()) {
                Some(outcome) => match outcome.figure("robust_accuracy").or(outcome.figure("mia")) {
                    Some(value) if !hardened && outcome.figure("robust_accuracy").is_some() && value < 50.0 => {
                        el("b").child(report::figure::percent(value, 0)).into_any()
                    }
                    Some(value) => el("b").attr("class", "held").child(report::figure::percent(value, 0)).into_any(),
                    None => "done".into_any(),
                },
                None if outcome.with(|outcome| outcome.as_ref().is_some_and(|o| o.is_live())) => "running".into_any(),
                None if page.is_stale(&name) => "runs again".into_any(),
                None => "planned".into_any(),
            }
        };
        let title = {
            let name = name.clone();
            move || page.title(&name)
        };
        let (select, pressed) = (name.clone(), name.clone());
        el("button")
            .attr("class", "note")
            .attr("type", "button")
            .class("planned", move || !outcome.with(|outcome| outcome.as_ref().is_some_and(|o| o.is_done())))
            .class("selected", is_selected)
            .on(CLICK, move |_| page.select(&select))
            .on(CONTEXTMENU, move |event| {
                event.prevent_default();
                ask(page, &pressed, listener(&event));
            })
            .child(title)
            .child(" ")
            .child(figure)
            .into_any()
    };
    let all = el("div").attr("class", "notes");
    if names.len() <= 2 {
        return all.child(names.into_iter().map(note).collect_view()).into_any();
    }
    let others = names.len() - 1;
    let selected = {
        let names = names.clone();
        memo(move || page.selected.with(|selected| names.iter().position(|name| name == selected)).unwrap_or(0))
    };
    let shown = {
        let names = names.clone();
        move || note(names[selected.get()].clone())
    };
    let list = move |event: web_sys::MouseEvent| {
        let shown = selected.get_untracked();
        let others = names.iter().enumerate().filter(|(at, _)| *at != shown).map(|(_, name)| {
            let title = untrack(|| page.title(name));
            let name = name.clone();
            (title, Box::new(move || page.select(&name)) as Box<dyn Fn()>)
        });
        menu::open(listener(&event), others.collect());
    };
    let more = el("button")
        .attr("class", "note more")
        .attr("type", "button")
        .attr("title", "The others that ask this layer")
        .attr("aria-label", format!("{others} more"))
        .attr("aria-haspopup", "menu")
        .attr("aria-expanded", "false")
        .on(CLICK, list)
        .child(format!("+{others}"));
    all.child(shown).child(more).into_any()
}

/// Versions of a layer in the order of the file, with the used one marked: for the panel.
pub fn slot_of(page: &Page, name: &str) -> Option<Slot> {
    let layer = page.layer_of(name);
    page.strip.with(|strip| {
        let index = strip.find(&layer)?;
        strip.slots(catalogue()).into_iter().find(|slot| slot.versions.contains(&index))
    })
}
