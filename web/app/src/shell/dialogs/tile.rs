//! One image, once per layer, with the reading written over it.

use crate::{
    labs::{LABS, lab::Picture},
    run::{Run, START, View, catalogue},
    ui::{Image, Pixels},
};
use leptos::prelude::*;
use report::Answers;
use std::sync::Arc;

/// What one network reads in the image.
struct LayerReading {
    stage: String,
    task: String,
    answers: Arc<Answers>,
    /// The image's place in the answers.
    at: usize,
}

impl LayerReading {
    fn of(run: Run, stage: String, id: u32) -> Option<Self> {
        let task = run.task_of(&stage);
        let answers = run.drawn(&stage, &task)?;
        let at = answers.at(id)?;
        Some(Self { stage, task, answers, at })
    }

    /// The right class, and the answer.
    fn pair(&self) -> (u16, u16) {
        (self.answers.labels[self.at], self.answers.classes[self.at])
    }
}

/// The way of an image through the layers, and what the labs do with one image.
#[component]
pub fn EveryLayer(
    /// The image's number in the test split.
    id: u32,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let line = untrack(|| std::iter::once(START.to_owned()).chain(run.line()));
    let readings: Vec<LayerReading> = line.filter_map(|stage| untrack(|| LayerReading::of(run, stage, id))).collect();
    let task = untrack(|| run.task_of(&view.selected.get()));
    let layers: Vec<_> = readings.iter().filter(|reading| reading.stage != START).map(LayerReading::pair).collect();
    let words = untrack(|| run.view(|view| view.over_layers(&task, &layers)));
    let picture = Picture { task, id };
    let for_image = LABS.iter().filter_map(|lab| lab.for_image).map(|draw| draw(picture.clone())).collect_view();
    let steps = readings.iter().map(|reading| untrack(|| step(run, reading, id))).collect_view();
    view! {
        <ol class="history" data-first="">
            {steps}
        </ol>
        <p class="say small">{words}</p>
        {for_image}
    }
}

fn step(run: Run, reading: &LayerReading, id: u32) -> impl IntoView + use<> {
    let LayerReading { stage, task, answers, at } = reading;
    let names = run.class_names(task);
    let (label, answer) = reading.pair();
    let word = names.get(usize::from(answer)).cloned().unwrap_or_default();
    let is_start = stage == START;
    let is_wrong = label != answer;
    let title = match run.family(stage) {
        None => run.title(START),
        Some(family) => format!("{} {}", run.number(stage), catalogue::family(family).verb),
    };
    let said = run.view(|view| view.answer(task, &word, answers.confidences[*at].into()));
    let key = run.task_key(task);
    if run.is_carried(task) && run.samples.with_untracked(|samples| !samples.contains_key(&key)) {
        run.ask_samples(task, catalogue().leaf.ids.clone());
    }
    let image = move || {
        run.samples.with(|samples| {
            let images = samples.get(&key)?;
            Some(Image { shape: images.shape, values: images.of(id)?.into(), signed: false })
        })
    };
    let class = match (is_start, is_wrong) {
        (true, _) => "tile big unlearnt",
        (_, true) => "tile big wrong",
        _ => "tile big",
    };
    view! {
        <li>
            <span class=class>
                <Pixels image=Signal::derive(image) />
                <span class="over">{(is_wrong && !is_start).then(|| word.clone())}</span>
            </span>
            <b>{title}</b>
            <span>{said}</span>
        </li>
    }
}
