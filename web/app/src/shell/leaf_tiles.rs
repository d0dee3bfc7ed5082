//! Rows and tiles of the leaf.

use crate::{
    labs::lab::{LeafOverlay, Overlay},
    run::{OpenDialog, START, Side, View, sample::Sample},
    ui::{Image, Pixels},
};
use leptos::prelude::*;
use report::{
    Answers,
    figure::{fixed, one},
};
use spec::Family;
use std::sync::Arc;

/// Two answers closer than this are unsure.
const UNSURE: f32 = 0.1;
/// A class below this accuracy, in percent, is marked.
const LOW: f64 = 30.0;

/// What the leaf shows.
#[derive(Clone, Copy)]
pub struct Shown {
    pub view: View,
    /// The stage whose network answers.
    pub stage: Memo<String>,
    /// The layer in view: the selected one, also while its parent answers.
    pub subject: Memo<String>,
    /// The data in view. A note may ask about other data than its layer learned from.
    pub task: Memo<String>,
    pub sample: Memo<Sample>,
    pub answers: Memo<Option<Arc<Answers>>>,
    /// What its figures are made of; see [`Run::counted`](crate::run::Run::counted).
    pub counted: Memo<Option<Arc<Answers>>>,
    /// Of the layer before.
    pub before: Memo<Option<Arc<Answers>>>,
    /// What the open lab lays over the leaf.
    pub overlay: Signal<Option<Overlay>>,
    /// The same, while the second side is shown.
    pub laid: Memo<Option<Arc<LeafOverlay>>>,
    /// Whether nothing has been learned yet.
    pub fresh: Memo<bool>,
}

impl Shown {
    /// By what is selected.
    pub fn new(view: View, overlay: Signal<Option<Overlay>>) -> Self {
        let run = view.run;
        let stage = Memo::new(move |_| view.shown());
        let subject = Memo::new(move |_| view.layer());
        let task = Memo::new(move |_| run.task_of(&view.selected.get()));
        let sample = Memo::new(move |_| run.sample(&subject.get(), &task.get()));
        let answers = Memo::new(move |_| match view.is_off() {
            true => run.base_answers(&stage.get(), &task.get()),
            false => run.drawn(&stage.get(), &task.get()),
        });
        let counted = Memo::new(move |_| match view.is_off() {
            true => answers.get(),
            false => run.counted(&stage.get(), &task.get()),
        });
        let before = Memo::new(move |_| run.answers(&run.parent_of(&stage.get()), &task.get()));
        let laid = Memo::new(move |_| (view.side.get() == Side::Other).then(|| overlay.get()?.leaf.get()).flatten());
        let fresh = Memo::new(move |_| stage.get() == START || answers.with(Option::is_none));
        Self { view, stage, subject, task, sample, answers, counted, before, overlay, laid, fresh }
    }

    /// Whether the second side is what changed.
    fn compares(&self) -> bool {
        self.view.side.get() == Side::Other && self.overlay.with(Option::is_none)
    }
}

/// A class: its name, its images, and how many are read rightly.
#[component]
pub fn ClassRow(
    /// The class.
    class: u16,
    /// Its name.
    name: String,
    /// Places of its images in the sample.
    places: Vec<usize>,
    /// What the leaf shows.
    shown: Shown,
) -> impl IntoView {
    let (view, run) = (shown.view, shown.view.run);
    let share = Memo::new(move |_| match shown.laid.get() {
        Some(leaf) => leaf.shares.get(&class).copied(),
        None => {
            let classes = usize::from(class) + 1;
            shown.counted.get().and_then(|answers| answers.per_class(classes)[classes - 1].map(f64::from))
        }
    });
    let is_low = move || share.get().is_some_and(|share| share < LOW) && !shown.fresh.get();
    let is_gone = move || {
        run.forget_class(&view.shown(), &shown.task.get()) == Some(class)
            && run.family(&view.shown()) == Some(Family::Unlearn)
    };
    let tiles = places.into_iter().map(|place| view! { <Tile place shown /> }).collect_view();
    view! {
        <div class="row" role="row">
            <span class="class" class:gone=is_gone role="rowheader">
                {name}
            </span>
            {tiles}
            <span class="share" class:low=is_low role="gridcell">
                <i style:--w=move || format!("{}%", share.get().unwrap_or(0.0))></i>
                {move || share.get().map_or_else(String::new, |share| fixed(share, 0))}
            </span>
        </div>
    }
}

/// How a tile looks.
#[derive(Clone, Debug, PartialEq)]
struct Look {
    class: &'static str,
    /// Written over the image.
    over: Option<String>,
    /// For screen readers.
    name: String,
}

/// One image.
#[component]
fn Tile(
    /// Its place in the sample.
    place: usize,
    /// What the leaf shows.
    shown: Shown,
) -> impl IntoView {
    let view = shown.view;
    let look = Memo::new(move |_| look(place, shown));
    let id = move || shown.sample.with(|sample| sample.ids.get(place).copied());
    let image = move || {
        let laid = shown.laid.get();
        if let Some(image) = laid.and_then(|leaf| leaf.images.get(&id()?).cloned()) {
            return Some(image);
        }
        shown.sample.with(|sample| {
            let images = sample.images.as_ref()?;
            let values = images.of(*sample.ids.get(place)?)?;
            Some(Image { shape: images.shape, values: values.into(), signed: false })
        })
    };
    let is_chosen = Memo::new(move |_| {
        let chosen = shown.overlay.get().and_then(|overlay| overlay.chosen.get());
        chosen.is_some() && chosen == id()
    });
    let open = move |_| {
        let (Some(id), overlay) = (untrack(id), shown.overlay.get_untracked()) else { return };
        match overlay {
            Some(overlay) => overlay.choose.run(id),
            None => view.open(OpenDialog::Tile(id)),
        }
    };
    let class =
        move || look.with(|look| if is_chosen.get() { format!("{} selected", look.class) } else { look.class.into() });
    view! {
        <button
            type="button"
            role="gridcell"
            class=class
            data-at=place.to_string()
            tabindex=if place == 0 { "0" } else { "-1" }
            aria-label=move || look.with(|look| look.name.clone())
            on:click=open
        >
            <Pixels image=Signal::derive(image) />
            <span class="over">{move || look.with(|look| look.over.clone())}</span>
        </button>
    }
}

fn look(place: usize, shown: Shown) -> Look {
    let (id, label) = shown.sample.with(|sample| (sample.ids.get(place).copied(), sample.labels.get(place).copied()));
    let (Some(id), Some(label)) = (id, label) else {
        return Look { class: "tile", over: None, name: String::new() };
    };
    let (run, task) = (shown.view.run, shown.task.get());
    let names = run.class_names(&task);
    let word = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
    let class = word(label);
    if let Some(leaf) = shown.laid.get() {
        let Some(&answer) = leaf.answers.get(&id) else {
            return Look { class: "tile unlearnt", over: None, name: one(&class) };
        };
        let name = run.view(|view| view.spoken_sample(&task, &class, Some(leaf.state), Some(&word(answer))));
        return looks(answer != label, word(answer), name);
    }
    let read = |answers: &Answers| {
        answers.at(id).map(|at| (answers.classes[at], answers.confidences[at], answers.runners_up[at]))
    };
    let Some((answer, confidence, second)) = shown.answers.get().as_deref().and_then(read) else {
        return Look {
            class: "tile unlearnt",
            over: None,
            name: run.view(|view| view.spoken_sample(&task, &class, None, None)),
        };
    };
    let name = run.view(|view| view.spoken_sure(&task, &class, &word(answer), confidence.into()));
    if shown.fresh.get() {
        return Look { class: "tile unlearnt", over: None, name };
    }
    let is_wrong = answer != label;
    if shown.compares() {
        let before = shown.before.get().as_deref().and_then(read).map(|(answer, ..)| answer);
        let Some(before) = before else { return looks(is_wrong, word(answer), name) };
        let name = format!("{name}, was {} before", word(before));
        let is_same = before == answer || (before != label && is_wrong);
        return match is_same {
            true => Look { class: "tile same", over: None, name },
            false => looks(is_wrong, word(answer), name),
        };
    }
    match !is_wrong && confidence - second < UNSURE {
        true => Look { class: "tile unsure", over: None, name },
        false => looks(is_wrong, word(answer), name),
    }
}

/// With the answer over it where that is wrong.
fn looks(is_wrong: bool, answer: String, name: String) -> Look {
    Look { class: if is_wrong { "tile wrong" } else { "tile" }, over: is_wrong.then_some(answer), name }
}
