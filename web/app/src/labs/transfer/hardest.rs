//! The images that are hardest to read.

use crate::{
    run::{Run, START, View},
    ui::{Block, Image, Pixels},
};
use leptos::prelude::*;
use report::Images;
use spec::Question;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// Images in the gallery.
const HARDEST: usize = 10;

/// An image that is read wrongly.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Misread {
    id: u32,
    label: u16,
    answer: u16,
}

/// Wrong answers, the surest first.
#[component]
pub fn Hardest() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let found = Memo::new(move |_| misread(run, view));
    let images = RwSignal::new(None::<Arc<Images>>);
    let settled = Memo::new(move |_| (!run.is_playing()).then(|| found.get()));
    Effect::new(move |_| {
        let Some(found) = settled.get().filter(|found| !found.is_empty()) else { return };
        let task = untrack(|| run.task_of(&view.shown()));
        let ids = found.iter().map(|misread| misread.id).collect();
        spawn_local(async move {
            if let Ok((found, _)) = run.ask_images(Question::Samples { task, ids }).await {
                images.try_set(Some(Arc::new(found)));
            }
        });
    });
    let tiles = move || {
        let names = run.class_names(&run.task_of(&view.shown()));
        let word = move |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
        found.get().into_iter().map(|misread| tile(run, view, images, &misread, &word)).collect_view()
    };
    let is_none = Memo::new(move |_| found.with(Vec::is_empty));
    let sub = move || match run.made_on(&view.shown()) {
        Some(on) => [on.as_str(), "wrong, and surest of it"].join("; "),
        None => "wrong, and surest of it".into(),
    };
    view! {
        <Block title="Hardest to read" sub=Signal::derive(sub)>
            <div class="chart" style="height:300px">
                <Show
                    when=move || !is_none.get()
                    fallback=|| view! { <p class="empty">"Appears after the first answers"</p> }
                >
                    <ul class="gallery fives">{tiles}</ul>
                </Show>
            </div>
        </Block>
    }
}

fn misread(run: Run, view: View) -> Vec<Misread> {
    let shown = view.shown();
    let answers = (shown != START).then(|| run.counted(&shown, &run.task_of(&shown))).flatten();
    answers.map_or_else(Vec::new, |answers| {
        let of = |at: usize| Misread { id: answers.ids[at], label: answers.labels[at], answer: answers.classes[at] };
        answers.hardest(HARDEST).into_iter().map(of).collect()
    })
}

fn tile(
    run: Run,
    view: View,
    images: RwSignal<Option<Arc<Images>>>,
    misread: &Misread,
    word: &dyn Fn(u16) -> String,
) -> impl IntoView + use<> {
    let id = misread.id;
    let image = move || {
        let of_leaf = run.samples.with(|samples| samples.get(&run.task_key(&run.task_of(&view.shown()))).cloned());
        [images.get(), of_leaf]
            .into_iter()
            .flatten()
            .find_map(|images| Some(Image { shape: images.shape, values: images.of(id)?.into(), signed: false }))
    };
    view! {
        <li>
            <span class="tile big wrong-ground">
                <Pixels image=Signal::derive(image) />
            </span>
            <span>
                <s>{word(misread.label)}</s>
                " "
                <b class="lose">{word(misread.answer)}</b>
            </span>
        </li>
    }
}
