//! What of the training images looks most like one of the test split: only what was learned from can be forgotten.

use crate::{
    labs::lab::Picture,
    run::{Run, View},
    ui::{Button, Image, Pixels},
};
use leptos::prelude::*;
use report::Images;
use spec::{Family, Question};
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// Training images shown beside an image.
const NEAREST: usize = 5;

/// Images and their labels.
type Found = RwSignal<Option<Arc<(Images, Vec<u16>)>>>;

/// The nearest training images, to be chosen and forgotten; nothing where the strip does not forget.
#[component]
pub fn NearestInTraining(
    /// The image of the test split.
    picture: Picture,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let Picture { task: of, id } = picture;
    let forgets = untrack(|| run.order()).into_iter().find(|name| is_forgetter(run, name))?;
    let task = untrack(|| run.task_of(&forgets));
    if !untrack(|| run.engine.is_ready() && run.view(|view| view.is_one_set(&of, &task))) {
        return None;
    }
    let names = StoredValue::new(untrack(|| run.class_names(&task)));
    let found: Found = RwSignal::new(None);
    let chosen = RwSignal::new(untrack(|| run.picked(&forgets)));
    spawn_local(async move {
        if let Ok(images) = run.ask_images(Question::Nearest { task, id, n: NEAREST }).await {
            found.try_set(Some(Arc::new(images)));
        }
    });
    let forget = move || {
        run.pick_to_forget(&forgets, &chosen.get_untracked());
        view.close_dialog();
        view.select(&forgets);
    };
    let words = move || match chosen.with(Vec::len) {
        0 | 1 => "Forget this".to_owned(),
        n => format!("Forget these {n}"),
    };
    let tiles = (0..NEAREST).map(|place| view! { <Tile place found chosen names /> }).collect_view();
    Some(view! {
        <style>{include_str!("nearest.css")}</style>
        <section>
            <h3>"Nearest in training"</h3>
            <p class="sub">"It can only forget what it has learned from: choose here."</p>
            <ul class="gallery nearest">{tiles}</ul>
            <p class="actions">
                <Button disabled=Signal::derive(move || chosen.with(Vec::is_empty)) press=forget>
                    {words}
                </Button>
            </p>
        </section>
    })
}

fn is_forgetter(run: Run, name: &str) -> bool {
    untrack(|| run.family(name)) == Some(Family::Unlearn)
}

/// One of the images; a press chooses it or leaves it.
#[component]
fn Tile(
    /// Its place among the nearest.
    place: usize,
    /// The images, once they are here.
    found: Found,
    /// Numbers of those that are chosen.
    chosen: RwSignal<Vec<u32>>,
    /// Names of the classes.
    names: StoredValue<Vec<String>>,
) -> impl IntoView {
    let here = move || found.get().filter(|found| place < found.1.len());
    let id = move || here().map(|found| found.0.ids[place]);
    let image = move || {
        let found = here()?;
        Some(Image { shape: found.0.shape, values: found.0.one(place).into(), signed: false })
    };
    let is_chosen = move || id().is_some_and(|id| chosen.with(|chosen| chosen.contains(&id)));
    let name =
        move || here().and_then(|found| names.with_value(|names| names.get(usize::from(found.1[place])).cloned()));
    let flip = move |_| {
        let Some(id) = untrack(id) else { return };
        chosen.update(|chosen| match chosen.iter().position(|other| *other == id) {
            Some(at) => drop(chosen.remove(at)),
            None => chosen.push(id),
        });
    };
    view! {
        <li>
            <button type="button" aria-pressed=move || is_chosen().to_string() on:click=flip>
                <span class="tile big">
                    <Pixels image=Signal::derive(image) />
                </span>
                <span>{name}</span>
            </button>
        </li>
    }
}
