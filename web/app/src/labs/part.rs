//! Parts of the page whose code loads later.

use crate::run::{Notice, Notices, View};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use std::{future::Future, pin::Pin};
use wasm_bindgen_futures::spawn_local;

/// Draws a part of the page, once its code is here.
pub type Draw = fn() -> AnyView;

/// What a split function gives: how the part is drawn, or why it cannot be had.
pub type Loading = Pin<Box<dyn Future<Output = Result<Draw, SplitLoaderError>>>>;

/// A view that is in a later part of the page. Until it is here, `children` stand in its place. If it cannot be had,
/// the page says so, and tries again when the visitor goes somewhere.
#[component]
pub fn Part(
    /// Loads the part.
    load: fn() -> Loading,
    /// What waits in its place.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let (view, notices) = (View::get(), Notices::get());
    let here = RwSignal::new(None::<Draw>);
    Effect::new(move |_| {
        view.path.track();
        if here.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            match load().await {
                // The part's place may be gone by now.
                Ok(draw) => drop(here.try_set(Some(draw))),
                Err(_) => not_loaded(view, notices),
            }
        });
    });
    // No `Suspense`: effects in it end later than the signals that they read, and a lab that is left would panic.
    move || match here.get() {
        Some(draw) => Some(draw()),
        None => children.as_ref().map(|waits| waits()),
    }
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
