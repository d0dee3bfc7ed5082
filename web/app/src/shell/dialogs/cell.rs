//! The images behind a cell of the confusion matrix.

use crate::{
    run::View,
    ui::{Image, Pixels},
};
use leptos::prelude::*;
use report::{Answers, Images, figure::percent};
use spec::Question;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// At most so many images at once.
const SHOWN: usize = 40;

/// Images of one class that are read as another, the surest first.
#[component]
pub fn Behind(
    /// The class that they are of.
    label: u16,
    /// The class that they are read as.
    answer: u16,
) -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let task = untrack(|| run.task_of(&view.shown()));
    let answers = untrack(|| run.counted(&view.shown(), &task)).unwrap_or_default();
    let mut places = behind(&answers, label, answer);
    let total = places.len();
    places.truncate(SHOWN);
    let images = RwSignal::new(None::<Arc<Images>>);
    let ids: Vec<u32> = places.iter().map(|&at| answers.ids[at]).collect();
    let names = untrack(|| run.class_names(&task));
    let word = |class: u16| names.get(usize::from(class)).map_or("", String::as_str);
    let classes = [word(label), word(answer)];
    let words = untrack(|| run.view(|view| view.behind_cell(&task, classes, total, SHOWN)));
    if !ids.is_empty() {
        spawn_local(async move {
            if let Ok((found, _)) = run.ask_images(Question::Samples { task, ids }).await {
                images.try_set(Some(Arc::new(found)));
            }
        });
    }
    let class = if label == answer { "tile big" } else { "tile big wrong-ground" };
    let tile = |at: usize| {
        let id = answers.ids[at];
        let image = move || {
            images.with(|images| {
                let images = images.as_ref()?;
                Some(Image { shape: images.shape, values: images.of(id)?.into(), signed: false })
            })
        };
        view! {
            <li>
                <span class=class>
                    <Pixels image=Signal::derive(image) />
                </span>
                <span>{percent(f64::from(answers.confidences[at]) * 100.0, 0)}</span>
            </li>
        }
    };
    view! {
        <p data-first="">{words}</p>
        <ul class="gallery">{places.into_iter().map(tile).collect_view()}</ul>
    }
}

/// Places in the answers, the surest first.
fn behind(answers: &Answers, label: u16, answer: u16) -> Vec<usize> {
    let is_there = |at: &usize| answers.labels[*at] == label && answers.classes[*at] == answer;
    let mut places: Vec<usize> = (0..answers.len()).filter(is_there).collect();
    places.sort_by(|&a, &b| answers.confidences[b].total_cmp(&answers.confidences[a]));
    places
}
