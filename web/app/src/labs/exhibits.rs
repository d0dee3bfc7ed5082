//! What a stage shows beside its figures: under its sentence, whatever lab is open.

use super::part::{Draw, Loading, Part};
use crate::{
    run::{Run, View},
    ui::{Block, ChartBlock, Image, Pixels},
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use report::{Images, chart::ExhibitChart, figure::capital};
use spec::Exhibit;
use std::sync::Arc;

/// The exhibits of the selected stage, but for those that the lab of its family draws itself.
#[component]
pub fn Exhibits() -> impl IntoView {
    let has_some = Memo::new(move |_| !of_selected().is_empty());
    let load = || -> Loading { Box::pin(exhibits()) };
    move || has_some.get().then(|| view! { <Part load /> })
}

#[leptos::wasm_split::wasm_split(exhibits, fallible, wasm_split_path = ::leptos::wasm_split)]
fn exhibits() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <All /> }.into_any())
}

/// Exhibits of the selected stage. Tracks what it reads.
fn of_selected() -> Vec<Arc<Exhibit>> {
    let (run, name) = (Run::get(), View::get().selected.get());
    let places = run.family(&name).map_or(&[][..], |family| super::of(family).places);
    let all = run.outcome(&name).map_or_else(Vec::new, |outcome| outcome.exhibits.clone());
    all.into_iter().filter(|exhibit| !places.contains(&exhibit.series())).collect()
}

/// One block for each.
#[component]
fn All() -> impl IntoView {
    let series = Memo::new(move |_| {
        let named = |exhibit: &Arc<Exhibit>| (exhibit.series().to_owned(), matches!(**exhibit, Exhibit::Images { .. }));
        of_selected().iter().map(named).collect::<Vec<_>>()
    });
    let one = |(series, is_images): (String, bool)| match is_images {
        true => view! { <Sheet series /> }.into_any(),
        false => view! { <Drawn series /> }.into_any(),
    };
    view! {
        <style>{include_str!("exhibits.css")}</style>
        <div class="exhibits">{move || series.get().into_iter().map(one).collect_view()}</div>
    }
}

/// An exhibit that is a chart.
#[component]
fn Drawn(
    /// Which one.
    series: String,
) -> impl IntoView {
    let title = capital(&series);
    let chart = Memo::new(move |_| ExhibitChart::of(of_selected().iter().find(|exhibit| exhibit.series() == series)?));
    view! { <ChartBlock title empty="Appears when it is measured" chart /> }
}

/// Images, each with what is said of it.
#[component]
fn Sheet(
    /// Which ones.
    series: String,
) -> impl IntoView {
    let (run, view, title) = (Run::get(), View::get(), capital(&series));
    let tiles = move || {
        let outcome = run.outcome(&view.selected.get())?;
        let exhibit = outcome.exhibits.iter().find(|exhibit| exhibit.series() == series)?;
        let Exhibit::Images { captions, signed, .. } = &**exhibit else { return None };
        let images = outcome.images.get(&series)?;
        let tile = |(at, id): (usize, &u32)| {
            let caption = captions.get(at).cloned().unwrap_or_default();
            view! { <Tile image=picture(images, at, *signed) id=*id caption /> }
        };
        Some(images.ids.iter().enumerate().map(tile).collect_view())
    };
    view! {
        <Block title>
            <div class="sheet">{tiles}</div>
        </Block>
    }
}

fn picture(images: &Images, at: usize, signed: bool) -> Image {
    Image { shape: images.shape, values: images.one(at).into(), signed }
}

#[component]
fn Tile(
    /// What is drawn.
    image: Image,
    /// Its number in its data set.
    id: u32,
    /// What stands under it; its number where nothing does.
    caption: String,
) -> impl IntoView {
    let caption = if caption.is_empty() { id.to_string() } else { caption };
    view! {
        <figure>
            <Pixels image=Signal::stored(Some(image)) name=format!("image {id}") />
            <figcaption>{caption}</figcaption>
        </figure>
    }
}
