//! The leaf: the same images in the same order, with the network's reading written over them where it is wrong.

use super::pixels::{Image, pixels};
use crate::{
    client,
    dom::*,
    labs::attack,
    later,
    state::strip::Lab,
    store::{Dialog, Page, Route, Side, catalogue, page},
};
use report::{Answers, Images};
use spec::{Leaf, START};
use std::sync::Arc;

/// Images in a row.
const ROW: usize = Leaf::EACH;
/// Classes that fit.
const CLASSES: usize = 12;
/// Two answers closer than this are unsure.
const UNSURE: f32 = 0.1;

/// What stands on the leaf: the sample of a task.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub ids: Vec<u32>,
    pub labels: Vec<u16>,
    pub images: Option<Arc<Images>>,
    /// One row a class.
    pub rows: Vec<(u16, Vec<usize>)>,
}

#[derive(Clone, Debug, PartialEq)]
struct Tile {
    class: &'static str,
    over: Option<String>,
    name: String,
}

/// The digits that the page carries.
pub fn carried() -> Images {
    let leaf = &catalogue().leaf;
    let pixels = leaf.pixels.chars().map(|c| c.to_digit(17).unwrap_or(0) as f32 / 16.0).collect();
    Images::new(leaf.ids.clone(), [leaf.ids.len(), 1, leaf.size, leaf.size], pixels).unwrap_or_default()
}

/// What a task's images are kept under.
pub fn task_key(page: &Page, task: &str) -> String {
    page.task_pick(task).map_or_else(String::new, |pick| serde_json::to_value(&pick).unwrap_or_default().to_string())
}

/// A few of each class, always the same: of the digits the carried ones, else the first of the test split, under the
/// labels that the engine gives them.
pub fn sample(page: &Page, name: &str, task: &str) -> Sample {
    let leaf = &catalogue().leaf;
    let (ids, labels): (Vec<u32>, Vec<u16>) = if page.is_carried(task) {
        (leaf.ids.clone(), leaf.labels.clone())
    } else {
        let answers = page.answers(name, task).or_else(|| page.answers(START, task)).unwrap_or_default();
        let places = Leaf::places(answers.labels.iter().copied()).into_iter();
        places.map(|place| (answers.ids[place], answers.labels[place])).unzip()
    };
    let rows = (0..=labels.iter().copied().max().unwrap_or(0))
        .filter(|class| labels.contains(class))
        .take(CLASSES)
        .map(|class| (class, (0..labels.len()).filter(|&at| labels[at] == class).take(ROW).collect()))
        .collect();
    let images = page.samples.with(|samples| samples.get(&task_key(page, task)).cloned());
    Sample { ids, labels, images, rows }
}

pub fn leaf() -> AnyView {
    let page = page();
    let shown = memo(move || page.shown());
    // The stage whose task is in view: the selected layer's, also while its parent answers.
    let subject = memo(move || page.layer_of(&page.selected.get()));
    // A note may ask about other data than its layer learned from.
    let task = memo(move || page.task_of(&page.selected.get()));
    let sample = memo(move || sample(&page, &subject.get(), &task.get()));
    let answers = memo(move || match page.is_off() {
        true => page.base_answers(&shown.get(), &task.get()),
        false => page.answers(&shown.get(), &task.get()),
    });
    let before = memo(move || page.answers(&page.parent_of(&shown.get()), &task.get()));
    let in_attack = memo(move || page.route.get() == Route::Lab(Lab::Attack));
    let side = memo(move || page.side.get());
    let attacked = memo(move || {
        (in_attack.get() && side.get() == Side::Other).then(|| (page.later.get()?.attacked_leaf)(&page)).flatten()
    });
    let fresh = memo(move || shown.get() == START || answers.with(Option::is_none));

    // What the engine must be asked for: images of another task, answers of the layer before on this one.
    effect(move || {
        page.engine.get();
        let (task, key) = (task.get(), task_key(&page, &task.get()));
        let missing = !page.samples.with(|samples| samples.contains_key(&key));
        if missing && page.task_pick(&task).is_some_and(|pick| pick.id == "digits" && pick.params.is_empty()) {
            page.samples.update(|samples| {
                samples.insert(key, Arc::new(carried()));
            });
        } else if missing {
            let ids = sample.with(|sample| sample.ids.clone());
            if !ids.is_empty() && page.classes.with(|classes| classes.contains_key(&task)) {
                client::ask_samples(page, &task, ids, move |images| {
                    page.samples.update(|samples| {
                        samples.insert(key, Arc::new(images));
                    });
                });
            }
        }
    });
    effect(move || {
        page.engine.get();
        let (shown, task) = (shown.get(), task.get());
        let known = page.classes.with(|classes| classes.contains_key(&task));
        for name in [shown.clone(), page.parent_of(&shown)] {
            let playable = known && page.is_done(&name);
            if playable && page.answers(&name, &task).is_none() && page.task_of(&name) != task {
                client::ask_test(page, &name, false, &task);
            }
        }
    });

    let big = memo(move || {
        let forgets = page.family(&shown.get()) == Some(spec::Family::Unlearn);
        let without = if forgets { page.forget_class() } else { None };
        let accuracy = match attacked.get() {
            Some(leaf) => leaf.accuracy,
            None => answers.get().and_then(|answers| answers.accuracy(without)),
        };
        (accuracy, without.is_some())
    });
    let heading = move || {
        if attacked.with(Option::is_some) { "What it reads under attack" } else { "What it knows now" }
    };
    let when = move || {
        if let Some(leaf) = attacked.get() {
            return leaf.when;
        }
        let layer = subject.get();
        if shown.get() == START && layer == START {
            return "The source network".into();
        }
        let place = page.number(&layer);
        match page.outcome(&layer) {
            Some(outcome) if outcome.is_live() => format!("While layer {place} is written"),
            Some(_) if page.is_off() => format!("Layer {place} with its adapter off"),
            Some(outcome) if outcome.is_done() => format!("After layer {place}"),
            Some(outcome) if outcome.answers("test").is_some() => match outcome.saved {
                Some(step) => format!("At step {step}, the last that is kept"),
                None => format!("As far as layer {place} came"),
            },
            _ => format!("Before layer {place}"),
        }
    };
    let count = memo(move || sample.with(|sample| sample.rows.len()));
    // The engine's names are most often those that stand there already: then no tile is built anew.
    let names = memo(move || page.class_names(&task.get()));
    let grid = move || {
        let rows = sample.with_untracked(|sample| sample.rows.clone());
        let _ = count.get();
        let names = names.get();
        rows.into_iter()
            .map(|(class, places)| {
                row(
                    class,
                    names.get(usize::from(class)).cloned().unwrap_or_default(),
                    places,
                    Shown { sample, answers, before, attacked, side, fresh, in_attack, task },
                )
            })
            .collect_view()
            .into_any()
    };
    let is_points = memo(move || page.is_points(&task.get()));
    let body = move || {
        if is_points.get() {
            let of = subject.get();
            later::view(AnyView::default, move |later| (later.boundary_map)(of.clone()))
        } else {
            el("div")
                .attr("class", "tiles")
                .attr("role", "grid")
                .attr("aria-label", "Images by class")
                .on(KEYDOWN, arrows)
                .child(grid)
                .into_any()
        }
    };
    let other = move || if in_attack.get() { "Attacked" } else { "What changed" };
    let first = move || if in_attack.get() { "Clean" } else { "All" };
    let can_compare = memo(move || match in_attack.get() {
        true => page.later.get().is_some_and(|later| (later.has_attacked)(&page)),
        false => !fresh.get() && before.with(Option::is_some),
    });
    let legend = move || match (fresh.get() && !attacked.with(Option::is_some), side.get(), in_attack.get()) {
        (true, ..) => "not learnt yet",
        (_, Side::Other, false) => "read so now",
        _ => "read instead",
    };
    el("section")
        .attr("class", "leaf")
        .attr("aria-label", "What the network knows now")
        .child(
            el("header")
                .child(el("div").child(el("h2").child(heading)).child(el("p").attr("class", "sub").child(when)))
                .child(
                    el("b")
                        .attr("class", "big")
                        .child(move || {
                            big.get().0.map_or_else(|| "–".into(), |accuracy| report::figure::fixed(accuracy, 1))
                        })
                        .child(el("small").child(move || if big.get().1 { " % of kept" } else { " %" })),
                ),
        )
        .child(body)
        .child(
            el("footer")
                .child(
                    el("span")
                        .child(
                            el("i")
                                .attr("class", "legend")
                                .class("pale", move || fresh.get())
                                .child(move || if fresh.get() { "" } else { "5" }),
                        )
                        .child(legend),
                )
                .child(
                    el("span")
                        .attr("class", "segments tiny")
                        .attr("role", "group")
                        .attr("aria-label", "Show")
                        .child(
                            el("button")
                                .attr("type", "button")
                                .attr("aria-pressed", move || (side.get() == Side::All).to_string())
                                .on(CLICK, move |_| page.side.set(Side::All))
                                .child(first),
                        )
                        .child(
                            el("button")
                                .attr("type", "button")
                                .attr("aria-pressed", move || (side.get() == Side::Other).to_string())
                                .attr("disabled", move || !can_compare.get())
                                .on(CLICK, move |_| page.side.set(Side::Other))
                                .child(other),
                        ),
                ),
        )
        .into_any()
}

/// One tab stop; arrows move inside.
fn arrows(event: web_sys::KeyboardEvent) {
    let by: i32 = match event.key().as_str() {
        "ArrowLeft" => -1,
        "ArrowRight" => 1,
        "ArrowUp" => -(ROW as i32),
        "ArrowDown" => ROW as i32,
        _ => return,
    };
    event.prevent_default();
    let here: i32 = event_target::<web_sys::HtmlElement>(&event)
        .get_attribute("data-at")
        .and_then(|at| at.parse().ok())
        .unwrap_or(0);
    crate::browser::focus(&format!(".tile[data-at='{}']", here + by));
}

#[derive(Clone, Copy)]
struct Shown {
    sample: Memo<Sample>,
    answers: Memo<Option<Arc<Answers>>>,
    before: Memo<Option<Arc<Answers>>>,
    attacked: Memo<Option<attack::Leaf>>,
    side: Memo<Side>,
    fresh: Memo<bool>,
    in_attack: Memo<bool>,
    task: Memo<String>,
}

fn row(class: u16, name: String, places: Vec<usize>, shown: Shown) -> AnyView {
    let page = page();
    let share = memo(move || match shown.attacked.get() {
        Some(leaf) => leaf.share(class),
        None => shown
            .answers
            .get()
            .and_then(|answers| answers.per_class(usize::from(class) + 1)[usize::from(class)].map(f64::from)),
    });
    let low = move || share.get().is_some_and(|share| share < 30.0) && !shown.fresh.get();
    let gone = move || page.forget_class() == Some(class) && page.family(&page.shown()) == Some(spec::Family::Unlearn);
    let tiles = places.into_iter().map(|place| tile(place, shown)).collect_view();
    el("div")
        .attr("class", "row")
        .attr("role", "row")
        .child(el("span").attr("class", "class").class("gone", gone).attr("role", "rowheader").child(name))
        .child(tiles)
        .child(
            el("span")
                .attr("class", "share")
                .class("low", low)
                .attr("role", "gridcell")
                .child(el("i").style("--w", move || format!("{}%", share.get().unwrap_or(0.0))))
                .child(move || share.get().map_or_else(String::new, |share| report::figure::fixed(share, 0))),
        )
        .into_any()
}

fn tile(place: usize, shown: Shown) -> AnyView {
    let page = page();
    let look = memo(move || look(&page, place, shown));
    let image = move || {
        if let Some(image) = shown.attacked.get().and_then(|leaf| leaf.image(place)) {
            return Some(image);
        }
        shown.sample.with(|sample| {
            let images = sample.images.as_ref()?;
            let values = images.of(*sample.ids.get(place)?)?;
            Some(Image { shape: images.shape, values: values.into(), signed: false })
        })
    };
    let id = move || shown.sample.with(|sample| sample.ids.get(place).copied());
    let attacked = move || (page.later.get()?.attacked_image)(&page);
    let chosen = memo(move || shown.in_attack.get() && id().is_some() && attacked() == id());
    let open = move |_| {
        let Some(id) = untrack(id) else { return };
        if shown.in_attack.get_untracked() {
            page.image.set(Some(id));
        } else {
            page.dialog.set(Some(Dialog::Tile(id)));
        }
    };
    el("button")
        .attr("type", "button")
        .attr("role", "gridcell")
        .attr("class", move || {
            look.with(|look| if chosen.get() { format!("{} selected", look.class) } else { look.class.into() })
        })
        .attr("data-at", place.to_string())
        .attr("tabindex", if place == 0 { "0" } else { "-1" })
        .attr("aria-label", move || look.with(|look| look.name.clone()))
        .on(CLICK, open)
        .child(pixels(image, ""))
        .child(el("span").attr("class", "over").child(move || look.with(|look| look.over.clone())))
        .into_any()
}

fn look(page: &Page, place: usize, shown: Shown) -> Tile {
    let (id, label) = shown.sample.with(|sample| (sample.ids.get(place).copied(), sample.labels.get(place).copied()));
    let (Some(id), Some(label)) = (id, label) else {
        return Tile { class: "tile", over: None, name: String::new() };
    };
    let names = page.class_names(&shown.task.get());
    let word = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
    let read = |answers: &Answers| {
        answers.at(id).map(|at| (answers.classes[at], answers.confidences[at], answers.runners_up[at]))
    };
    let percent = |share: f32| report::figure::fixed(100.0 * f64::from(share), 0);
    if let Some(leaf) = shown.attacked.get() {
        let Some(answer) = leaf.answer(id) else {
            return Tile { class: "tile unlearnt", over: None, name: format!("a {}", word(label)) };
        };
        let wrong = answer != label;
        return Tile {
            class: if wrong { "tile wrong" } else { "tile" },
            over: wrong.then(|| word(answer)),
            name: format!("a {}, attacked, read as {}", word(label), word(answer)),
        };
    }
    let answers = shown.answers.get();
    let Some((answer, confidence, second)) = answers.as_deref().and_then(read) else {
        return Tile { class: "tile unlearnt", over: None, name: format!("a {}, not read yet", word(label)) };
    };
    let name = format!("a {}, read as {}, {} per cent", word(label), word(answer), percent(confidence));
    if shown.fresh.get() {
        return Tile { class: "tile unlearnt", over: None, name };
    }
    let wrong = answer != label;
    if shown.side.get() == Side::Other && !shown.in_attack.get() {
        let before = shown.before.get().as_deref().and_then(read).map(|(answer, ..)| answer);
        let name = match before {
            Some(before) => format!("{name}, was {} before", word(before)),
            None => name,
        };
        return match before {
            Some(before) if before == answer || (before != label && wrong) => {
                Tile { class: "tile same", over: None, name }
            }
            _ if wrong => Tile { class: "tile wrong", over: Some(word(answer)), name },
            _ => Tile { class: "tile", over: None, name },
        };
    }
    match (wrong, confidence - second < UNSURE) {
        (true, _) => Tile { class: "tile wrong", over: Some(word(answer)), name },
        (false, true) => Tile { class: "tile unsure", over: None, name },
        (false, false) => Tile { class: "tile", over: None, name },
    }
}
