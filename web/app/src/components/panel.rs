//! Settings of the selected layer: method, data, generated controls, and the run as a file.

use super::{
    controls,
    icons::{Icon, icon, icon_button},
    strip::slot_of,
};
use crate::{
    browser,
    dom::*,
    later,
    state::strip::Lab,
    store::{Dialog, Page, Route, catalogue, page},
    text,
};
use report::figure::fixed;
use serde_json::{Map, Value};
use spec::{Family, Pick, START, Widget};

pub fn panel() -> AnyView {
    let page = page();
    // The panel is rebuilt when another stage or another method is selected, not while a value is typed.
    let subject = memo(move || {
        let selected = page.selected.get();
        let id = page.strip.with(|strip| strip.stage(&selected).map(|stage| stage.id.clone()));
        (page.route.get(), selected, id)
    });
    el("aside")
        .attr("class", "panel")
        .class("open", move || page.drawer.get())
        .attr("aria-label", "Settings of this layer")
        .attr("tabindex", "-1")
        .child(el("span").attr("class", "close narrow-only").child(icon_button(
            Icon::Close,
            "Close settings",
            "Close settings",
            || false,
            move || page.drawer.set(false),
        )))
        .child(move || {
            let (route, selected, _) = subject.get();
            match route {
                Route::Lab(lab) if selected == START => empty(lab),
                Route::Lab(_) => of_stage(selected),
                route => later::view(AnyView::default, move |later| (later.panel)(route.clone())),
            }
        })
        .into_any()
}

fn empty(lab: Lab) -> AnyView {
    let page = page();
    [
        el("h2").child(text::lab(lab)).into_any(),
        el("p").attr("class", "sub").child("Nothing of this kind is on the strip yet.").into_any(),
        el("button")
            .attr("class", "button spaced")
            .attr("type", "button")
            .on(CLICK, move |_| page.dialog.set(Some(Dialog::Chooser { replace: None, lab: Some(lab) })))
            .child(icon(Icon::More))
            .child("Choose a method")
            .into_any(),
    ]
    .into_any()
}

fn of_stage(name: String) -> AnyView {
    let page = page();
    let Some(method) = page.method(&name) else { return ().into_any() };
    let family = method.card.family;
    let place = untrack(|| page.number(&name));
    let is_layer = method.shape.is_layer();
    let verb = &crate::store::family(family).verb;
    let what = verb.to_ascii_lowercase();
    let title = if is_layer { format!("Layer {place}: {what}") } else { format!("{verb} layer {place}") };
    let (opened, replaced) = (name.clone(), name.clone());
    [
        el("h2").child(title).into_any(),
        IntoAny::into_any(matches!(family, Family::Attack | Family::Defend).then(|| attack_or_defend(&page, &name))),
        el("button")
            .attr("class", "method")
            .attr("type", "button")
            .attr("title", "Choose another method (/)")
            .on(CLICK, move |_| {
                page.dialog.set(Some(Dialog::Chooser { replace: Some(replaced.clone()), lab: Some(Lab::of(family)) }))
            })
            .child(el("b").child(method.card.title.clone()))
            .child(el("kbd").child("/"))
            .child(el("span").attr("class", "sub").child(method.card.summary.clone()))
            .into_any(),
        IntoAny::into_any(versions(&page, &name)),
        IntoAny::into_any((Lab::of(family) == Lab::Transfer).then(|| start_from(page))),
        IntoAny::into_any(
            (family == Family::Unlearn).then(|| later::view(AnyView::default, move |later| (later.forget_set)(page))),
        ),
        IntoAny::into_any(controls::settings(name)),
        el("p")
            .attr("class", "group sub")
            .child("This run: ")
            .child(
                el("button")
                    .attr("class", "link")
                    .attr("type", "button")
                    .on(CLICK, move |_| later::wish(page, move |later| (later.copy_command)(page)))
                    .child("copy as a command"),
            )
            .child(" or ")
            .child(
                el("button")
                    .attr("class", "link")
                    .attr("type", "button")
                    .on(CLICK, move |_| later::wish(page, move |later| (later.save_run_file)(&page)))
                    .child("file"),
            )
            .child(". ")
            .child(el("a").attr("href", format!("#/method/{}", method.card.id)).child("About this method"))
            .into_any(),
        IntoAny::into_any(is_layer.then(|| off(page, opened))),
    ]
    .into_any()
}

fn off(page: Page, name: String) -> AnyView {
    let stays = {
        let name = name.clone();
        move || page.strip.with(|strip| !strip.is_free(&name, catalogue()))
    };
    el("p")
        .attr("class", "sub")
        .attr("hidden", stays)
        .child(
            el("button")
                .attr("class", "link")
                .attr("type", "button")
                .on(CLICK, move |_| page.remove(&name))
                .child("Take this layer off"),
        )
        .into_any()
}

/// Attack makes a note, Defend a layer.
fn attack_or_defend(page: &Page, name: &str) -> AnyView {
    let page = *page;
    let attacks = page.family(name) == Some(Family::Attack);
    let other = {
        let name = name.to_owned();
        move |family: Family| {
            let order = page.order();
            let here = order.iter().position(|stage| *stage == name);
            let near = order
                .iter()
                .enumerate()
                .filter(|(_, stage)| page.family(stage) == Some(family))
                .min_by_key(|(at, _)| at.abs_diff(here.unwrap_or(0)));
            match near {
                Some((_, stage)) => page.select(stage),
                None => page.dialog.set(Some(Dialog::Chooser { replace: None, lab: Some(Lab::Attack) })),
            }
        }
    };
    let defend = other.clone();
    el("span")
        .attr("class", "segments spaced")
        .attr("role", "group")
        .attr("aria-label", "Attack or defend")
        .child(
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", attacks.to_string())
                .on(CLICK, move |_| untrack(|| other(Family::Attack)))
                .child("Attack"),
        )
        .child(
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", (!attacks).to_string())
                .on(CLICK, move |_| untrack(|| defend(Family::Defend)))
                .child("Defend"),
        )
        .into_any()
}

/// Versions of this layer, to switch between.
fn versions(page: &Page, name: &str) -> AnyView {
    let page = *page;
    let Some(slot) = untrack(|| slot_of(&page, name)).filter(|slot| slot.versions.len() > 1) else {
        return ().into_any();
    };
    let rows = slot
        .versions
        .iter()
        .map(|&index| {
            let version = page.strip.with_untracked(|strip| strip.name(index));
            let used = index == slot.used;
            let title = format!("{} {}", untrack(|| page.number(&version)), untrack(|| page.title(&version)));
            let selected = version == name;
            let (show, take) = (version.clone(), version.clone());
            el("li")
                .class("selected", selected)
                .child(
                    el("button")
                        .attr("class", "link")
                        .attr("type", "button")
                        .on(CLICK, move |_| page.select(&show))
                        .child(title),
                )
                .child(if used {
                    el("small").child("used").into_any()
                } else {
                    el("button")
                        .attr("class", "link")
                        .attr("type", "button")
                        .attr("title", "What follows goes on from this version")
                        .on(CLICK, move |_| page.use_version(&take))
                        .child("use")
                        .into_any()
                })
        })
        .collect_view();
    el("div")
        .attr("class", "group")
        .child(el("h3").child("Versions"))
        .child(el("ul").attr("class", "versions").child(rows))
        .into_any()
}

fn start_from(page: Page) -> AnyView {
    let weights = move || {
        page.parameters
            .get()
            .map_or(String::new(), |count| format!(", {} weights", report::figure::short(count as f64)))
    };
    let data = move || {
        let task = page.task_of(&page.selected.get());
        let pick = page.task_pick(&task);
        let choice = pick.and_then(|pick| catalogue().tasks.iter().find(|choice| choice.id == pick.id));
        choice.map_or_else(|| task.clone(), |choice| choice.title.clone())
    };
    let presets = catalogue()
        .presets
        .iter()
        .map(|preset| el("option").attr("value", preset.id.clone()).child(preset.title.clone()))
        .collect_view();
    let load = move |event: web_sys::Event| {
        let id = event_target_value(&event);
        if let Some(preset) = catalogue().presets.iter().find(|preset| preset.id == id) {
            page.load(preset.spec.clone());
        }
    };
    el("div")
        .attr("class", "group")
        .child(el("h3").child("Start from"))
        .child(el("p").attr("class", "fact").child(move || page.title(START)).child(weights))
        .child(
            el("p")
                .attr("class", "fact")
                .child(data)
                .child(el("a").attr("class", "aside").attr("href", "#/data").child("About the data")),
        )
        .child(el("label").attr("class", "fact").attr("for", "preset").child("Example"))
        .child(
            el("select")
                .attr("id", "preset")
                .attr("class", "wide")
                .on(CHANGE, load)
                .child(el("option").attr("value", "").child("Choose another …"))
                .child(presets),
        )
        .into_any()
}

/// The one hand-made part: what is to be forgotten, for every method alike.
pub fn forget_set(page: Page) -> AnyView {
    let kind = memo(move || page.strip.with(|strip| strip.spec.forget.as_ref().map(|pick| pick.id.clone())));
    let pick = move |id: &str, key: &str, value: Value| {
        let params: Map<String, Value> = [(key.to_owned(), value)].into_iter().collect();
        page.edit(|strip| strip.set_forget(Pick { id: id.into(), params }));
    };
    let choose = move |id: &'static str| match id {
        "class" => pick("class", "class", 3.into()),
        "random" => pick("random", "fraction", 0.1.into()),
        _ => page.pick_to_forget(&[]),
    };
    let kinds = catalogue()
        .forget
        .iter()
        .map(|choice| {
            let id: &'static str = &choice.id;
            el("button")
                .attr("type", "button")
                .attr("title", choice.help.clone())
                .attr("aria-pressed", move || (kind.get().as_deref() == Some(id)).to_string())
                .on(CLICK, move |_| choose(id))
                .child(choice.title.clone())
        })
        .collect_view();
    let body = move || match kind.get().as_deref() {
        Some("class") => {
            let names = page.class_names(&page.task_of(&page.selected.get()));
            let buttons = names
                .into_iter()
                .enumerate()
                .map(|(class, name)| {
                    el("button")
                        .attr("type", "button")
                        .attr("aria-pressed", move || (page.forget_class() == Some(class as u16)).to_string())
                        .on(CLICK, move |_| pick("class", "class", class.into()))
                        .child(name)
                })
                .collect_view();
            el("div")
                .attr("class", "classes")
                .attr("role", "group")
                .attr("aria-label", "Class to forget")
                .child(buttons)
                .into_any()
        }
        Some("random") => {
            let share = move || {
                page.strip.with(|strip| {
                    strip.spec.forget.as_ref().and_then(|pick| pick.params.get("fraction")?.as_f64()).unwrap_or(0.1)
                })
            };
            let range =
                catalogue().forget.iter().find(|choice| choice.id == "random").and_then(|choice| {
                    match choice.controls.first()?.widget {
                        Widget::Slider { min, max, .. } => Some((min, max)),
                        _ => None,
                    }
                });
            let (min, max) = range.unwrap_or((0.01, 0.9));
            el("div")
                .attr("class", "control tall")
                .child(el("label").attr("for", "forget-share").child("share of the images"))
                .child(el("span").attr("class", "value").child(move || report::figure::percent(100.0 * share(), 0)))
                .child(
                    el("span")
                        .attr("class", "range")
                        .style("--p", move || format!("{}%", 100.0 * (share() - min) / (max - min)))
                        .child(
                            el("input")
                                .attr("type", "range")
                                .attr("id", "forget-share")
                                .attr("min", min)
                                .attr("max", max)
                                .attr("step", "0.01")
                                .prop("value", move || share().to_string())
                                .on(INPUT, move |event| {
                                    if let Some(value) = browser::number(&event_target_value(&event)) {
                                        pick("random", "fraction", value.into());
                                    }
                                }),
                        ),
                )
                .into_any()
        }
        _ => {
            let numbers = move || page.picked().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            [
                el("p")
                    .attr("class", "fact")
                    .child(move || match page.picked().len() {
                        0 => "Nothing is chosen to forget. Pick at least one image by its number.".to_owned(),
                        1 => "One image is chosen.".into(),
                        n => format!("{} images are chosen.", fixed(n as f64, 0)),
                    })
                    .into_any(),
                el("input")
                    .attr("class", "field")
                    .attr("aria-label", "Numbers of training images, with commas")
                    .attr("placeholder", "12, 40, 77")
                    .prop("value", numbers)
                    .on(CHANGE, move |event| {
                        let ids: Vec<u32> =
                            event_target_value(&event).split(',').filter_map(|part| part.trim().parse().ok()).collect();
                        page.pick_to_forget(&ids);
                    })
                    .into_any(),
            ]
            .into_any()
        }
    };
    let seeds = move || page.strip.with(|strip| strip.spec.seeds_of_reference());
    let reseed = move |by: i32| {
        page.edit(|strip| {
            let now = strip.spec.seeds_of_reference();
            strip.spec.retrain_seeds = Some(now.saturating_add_signed(by).clamp(1, 100));
        });
    };
    el("div")
        .attr("class", "group")
        .child(el("h3").child("What to forget"))
        .child(
            el("span")
                .attr("class", "segments")
                .attr("role", "group")
                .attr("aria-label", "Kind of forget set")
                .child(kinds),
        )
        .child(body)
        .child(
            el("div")
                .attr("class", "control")
                .attr(
                    "title",
                    "Networks that never saw it, trained from scratch; fewer than three leave the noise unknown",
                )
                .child(el("label").attr("for", "retrain-seeds").child("retrained seeds"))
                .child(
                    el("span").attr("class", "value").child(
                        el("span")
                            .attr("class", "stepper")
                            .child(
                                el("button")
                                    .attr("type", "button")
                                    .attr("aria-label", "fewer seeds")
                                    .on(CLICK, move |_| reseed(-1))
                                    .child(icon(Icon::Less)),
                            )
                            .child(
                                el("input")
                                    .attr("id", "retrain-seeds")
                                    .attr("readonly", true)
                                    .prop("value", move || seeds().to_string()),
                            )
                            .child(
                                el("button")
                                    .attr("type", "button")
                                    .attr("aria-label", "more seeds")
                                    .on(CLICK, move |_| reseed(1))
                                    .child(icon(Icon::More)),
                            ),
                    ),
                ),
        )
        .into_any()
}
