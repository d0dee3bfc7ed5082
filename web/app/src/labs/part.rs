//! Parts of the page whose code loads later.

use crate::run::{Notice, Notices, View};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use std::{future::Future, pin::Pin};
use wasm_bindgen_futures::spawn_local;

/// What a split function gives: a function of the part, or why the part cannot be had.
pub type Loading<T> = Pin<Box<dyn Future<Output = Result<T, SplitLoaderError>>>>;

/// Draws a part of the page, once its code is here.
pub type Draw = fn() -> AnyView;

/// A function of a part that loads when this is first called; `Some(None)` if it cannot be had. Then the page says so,
/// and tries again when the visitor goes somewhere.
pub fn part<T: Copy + Send + Sync + 'static>(load: fn() -> Loading<T>) -> Signal<Option<T>> {
    let (view, notices) = (View::get(), Notices::get());
    let here = RwSignal::new(None::<T>);
    let wish = move || {
        spawn_local(async move {
            match load().await {
                Ok(part) => drop(here.try_set(Some(part))),
                Err(_) => not_loaded(view, notices),
            }
        });
    };
    Effect::new(move |_| {
        view.path.track();
        if here.with_untracked(Option::is_none) {
            wish();
        }
    });
    here.into()
}

/// A view that is in a later part of the page. Until it is here, `children` stand in its place.
#[component]
pub fn Part(
    /// Loads the part.
    load: fn() -> Loading<Draw>,
    /// What waits in its place.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let here = part(load);
    let drawn = move || match (here.get(), &children) {
        (Some(draw), _) => draw(),
        (None, Some(waits)) => waits(),
        (None, None) => ().into_any(),
    };
    view! { {drawn} }
}

/// Does something whose code loads later. Where it cannot be had, the page says so; the next press tries again.
pub fn attempt(view: View, notices: Notices, act: impl Future<Output = Result<(), SplitLoaderError>> + 'static) {
    spawn_local(async move {
        if act.await.is_err() {
            not_loaded(view, notices);
        }
    });
}

/// Says so. A dialog that waits for the part would take all keys and show nothing.
fn not_loaded(view: View, notices: Notices) {
    view.close_dialog();
    notices.show(Notice::NotLoaded);
}
