//! Transfer: a curve that rises, and the classes pulling apart.

use super::{accuracy_block, subject};
use crate::{
    browser, client,
    components::{
        block::{self, Drawn},
        leaf::task_key,
        pixels::{Image, pixels},
    },
    dom::*,
    store::{Dialog, Page, page},
};
use report::{
    Chart,
    chart::{Confusion, Embedding},
    figure::fixed,
    scene::Shape,
};
use spec::{Question, START};
use std::{cell::Cell, rc::Rc, sync::Arc};

/// Milliseconds between two pictures of the features.
const PACE: f64 = 500.0;

/// Images in the gallery of the hardest.
const HARDEST: usize = 10;

pub fn lab() -> AnyView {
    [
        IntoAny::into_any(accuracy_block()),
        el("div").attr("class", "pair").child(embedding()).child(layers()).into_any(),
        el("div").attr("class", "pair").child(confusion()).child(hardest()).into_any(),
    ]
    .into_any()
}

/// Features of the test split, asked for as the network changes.
#[derive(Clone, Debug, PartialEq)]
struct Features {
    of: String,
    labels: Vec<u16>,
    xy: Vec<[f32; 2]>,
}

fn embedding() -> AnyView {
    let page = page();
    let features = RwSignal::new(None::<Arc<Features>>);
    let busy = Rc::new(Cell::new(-PACE));
    let key = memo(move || {
        let shown = page.shown();
        let step =
            page.outcome(&shown).map(|outcome| (outcome.series.get("accuracy").map(Vec::len), outcome.is_done()));
        (shown, step, page.engine.get(), page.classes.with(|classes| classes.len()))
    });
    effect(move || {
        let (shown, step, ..) = key.get();
        let task = untrack(|| page.task_of(&subject(&page)));
        let known = page.classes.with_untracked(|classes| classes.contains_key(&task));
        let now = browser::now();
        let finished = step.is_some_and(|(_, done)| done);
        // A run that was just begun has nothing to show yet, and waits for its first step.
        let begins = step.is_none() && page.playing.with_untracked(Option::is_some);
        if !known || begins || (now - busy.get() < PACE && !finished) {
            return;
        }
        busy.set(now);
        let of = shown.clone();
        client::ask(page, &shown, false, Question::Embed { task }, &[], move |reply| {
            let Ok((body, _)) = reply else { return };
            let labels = spec::read(body["labels"].clone()).unwrap_or_default();
            let xy: Vec<[f32; 2]> = spec::read(body["xy"].clone()).unwrap_or_default();
            // The lab may have been left since.
            let Some(before) = features.try_get_untracked() else { return };
            let xy = match before.filter(|before| before.xy.len() == xy.len()) {
                Some(before) => aligned(&xy, &before.xy),
                None => xy,
            };
            features.try_set(Some(Arc::new(Features { of, labels, xy })));
        });
    });
    block::chart(
        "How it sees the digits",
        move || match features.get() {
            Some(features) if features.of == START => "before any training".into(),
            _ => "features, first two directions".into(),
        },
        236.0,
        "Appears when the engine is ready",
        move |width| {
            let features = features.get()?;
            let task = page.task_of(&subject(&page));
            let chart = Embedding {
                xy: features.xy.clone(),
                labels: features.labels.clone(),
                names: page.class_names(&task),
                forgotten: vec![],
                bounds: None,
            };
            Some(Drawn { scene: chart.scene(width, 236.0), table: chart.table() })
        },
        None,
    )
}

/// Turned, or mirrored, to lie nearest to the frame before (Procrustes in two dimensions), so that points move and the
/// picture does not spin.
fn aligned(xy: &[[f32; 2]], to: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let (mut dot, mut cross, mut mirror_dot, mut mirror_cross) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for ([x, y], [u, v]) in xy.iter().zip(to).map(|(a, b)| (a.map(f64::from), b.map(f64::from))) {
        dot += x * u + y * v;
        cross += x * v - y * u;
        mirror_dot += x * u - y * v;
        mirror_cross += x * v + y * u;
    }
    let (turned, mirrored) = (dot.hypot(cross), mirror_dot.hypot(mirror_cross));
    let (mirrored, [cos, sin]) = match mirrored > turned {
        true => (true, [mirror_dot / mirrored, mirror_cross / mirrored]),
        false if turned > 0.0 => (false, [dot / turned, cross / turned]),
        false => (false, [1.0, 0.0]),
    };
    let (cos, sin) = (cos as f32, sin as f32);
    xy.iter()
        .map(|&[x, y]| {
            let y = if mirrored { -y } else { y };
            [x * cos - y * sin, x * sin + y * cos]
        })
        .collect()
}

/// Blocks from pixels to answers, as high as the layer is heavy.
fn layers() -> AnyView {
    let page = page();
    let only_last = move || {
        let name = subject(&page);
        page.strip.with(|strip| strip.stage(&name).is_some_and(|stage| stage.id == "transfer.linear-probe"))
    };
    let bars = move || {
        let layers = page.layers.get();
        let most = layers.iter().map(|(_, weights)| *weights).max().unwrap_or(1).max(1) as f64;
        let last = layers.len().saturating_sub(1);
        let bars = layers
            .into_iter()
            .enumerate()
            .map(|(at, (name, weights))| {
                let height = 22.0 + 74.0 * ((weights.max(1) as f64).ln() / most.ln().max(1.0));
                let open = !only_last() || at == last;
                el("li")
                    .class("open", open)
                    .attr("title", format!("{} weights", fixed(weights as f64, 0)))
                    .child(el("i").style("height", format!("{height:.0}px")))
                    .child(name)
            })
            .collect_view();
        el("ol").attr("class", "net").child(bars).into_any()
    };
    let words = move || {
        let all = page.parameters.get();
        let name = subject(&page);
        let trained = page.outcome(&name).and_then(|outcome| outcome.figure("trainable"));
        match (all, trained) {
            // The network that learns may have another last layer, and another number of weights.
            (Some(_), Some(trained)) if !only_last() => format!("All {} weights learn.", fixed(trained, 0)),
            (Some(all), Some(trained)) => {
                format!("{} of {} weights learn.", fixed(trained, 0), fixed(all as f64, 0))
            }
            (Some(all), None) if only_last() => {
                format!("{} weights; only the last layer learns.", fixed(all as f64, 0))
            }
            (Some(all), None) => format!("All {} weights learn.", fixed(all as f64, 0)),
            _ => String::new(),
        }
    };
    let empty = move || page.layers.with(Vec::is_empty);
    let body = el("div")
        .attr("class", "chart")
        .attr("style", "height:236px")
        .child(bars)
        .child(el("p").attr("class", "sub").child(words))
        .child(
            el("p").attr("class", "empty").attr("hidden", move || !empty()).child("Appears when the engine is ready"),
        )
        .into_any();
    block::block("Which layers learn", || "from pixels to answers".into(), ().into_any(), body)
}

fn counts(page: &Page) -> Option<Confusion> {
    let shown = page.shown();
    if shown == START {
        return None;
    }
    let task = page.task_of(&shown);
    let answers = page.answers(&shown, &task)?;
    Some(Confusion::count(page.class_names(&task), &answers.labels, &answers.classes))
}

fn confusion() -> AnyView {
    let page = page();
    let drawn =
        move |width: f64| Some(Drawn { scene: counts(&page)?.scene(width, 300.0), table: counts(&page)?.table() });
    let width = RwSignal::new(0.0);
    block::chart(
        "What is confused with what",
        || "press a cell".into(),
        300.0,
        "Appears after the first answers",
        move |now| {
            width.set(now);
            drawn(now)
        },
        Some(Arc::new(move |x, y| {
            let Some(counts) = untrack(|| counts(&page)) else { return };
            let classes = counts.names.len();
            let scene = counts.scene(width.get_untracked(), 300.0);
            let hit = scene.marks.iter().rev().find_map(|mark| match (&mark.shape, mark.id) {
                (Shape::Rect { x: left, y: top, width, height, .. }, Some(id))
                    if (*left..left + width).contains(&x) && (*top..top + height).contains(&y) =>
                {
                    Some(id as usize)
                }
                _ => None,
            });
            if let Some(id) = hit.filter(|_| classes > 0) {
                let (label, answer) = (id / classes, id % classes);
                if counts.counts[label][answer] > 0 {
                    page.dialog.set(Some(Dialog::Cell(label as u16, answer as u16)));
                }
            }
        })),
    )
}

fn hardest() -> AnyView {
    let page = page();
    let found = memo(move || {
        let shown = page.shown();
        if shown == START {
            return vec![];
        }
        let task = page.task_of(&shown);
        page.answers(&shown, &task).map_or_else(Vec::new, |answers| {
            let hardest = answers.hardest(HARDEST);
            hardest.into_iter().map(|at| (answers.ids[at], answers.labels[at], answers.classes[at])).collect()
        })
    });
    let images = RwSignal::new(None);
    let settled = memo(move || page.playing.with(Option::is_none).then(|| found.get()));
    effect(move || {
        let Some(found) = settled.get().filter(|found| !found.is_empty()) else { return };
        let task = untrack(|| page.task_of(&page.shown()));
        let ids = found.iter().map(|(id, ..)| *id).collect();
        client::ask_samples(page, &task, ids, move |found| {
            images.try_set(Some(Arc::new(found)));
        });
    });
    let body = move || {
        let names = page.class_names(&page.task_of(&page.shown()));
        let word = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
        let all = found.get();
        if all.is_empty() {
            return el("p").attr("class", "empty").child("Appears after the first answers").into_any();
        }
        let tiles = all
            .into_iter()
            .map(|(id, label, answer)| {
                let image = move || {
                    let carried = page
                        .samples
                        .with(|samples| samples.get(&task_key(&page, &page.task_of(&page.shown()))).cloned());
                    let asked: Option<Arc<report::Images>> = images.get();
                    [asked, carried].into_iter().flatten().find_map(|images| {
                        Some(Image { shape: images.shape, values: images.of(id)?.into(), signed: false })
                    })
                };
                el("li").child(el("span").attr("class", "tile big wrong-ground").child(pixels(image, ""))).child(
                    el("span")
                        .child(el("s").child(word(label)))
                        .child(" ")
                        .child(el("b").attr("class", "lose").child(word(answer))),
                )
            })
            .collect_view();
        el("ul").attr("class", "gallery fives").child(tiles).into_any()
    };
    let body = el("div").attr("class", "chart").attr("style", "height:300px").child(body).into_any();
    block::block("Hardest to read", || "wrong, and surest of it".into(), ().into_any(), body)
}
