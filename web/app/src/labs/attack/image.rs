//! The buttons that attack one image: at the foot of its dialog, and beside what is drawn on the pad.

use super::{state::Subject, target::Target, words};
use crate::{
    labs::lab::{Drawing, Picture},
    ui::Button,
};
use leptos::prelude::*;

/// A button that attacks this image, where it can be.
#[component]
pub fn AttackThis(
    /// The image.
    picture: Picture,
) -> impl IntoView {
    let target = Target::get();
    let Picture { task, id } = picture;
    let attack = move || {
        target.view.close_dialog();
        target.state.image.set(Some(Subject::Samples(vec![id])));
        target.view.go(words::ID);
    };
    untrack(|| target.takes(&task, id)).then(|| {
        view! {
            <p class="actions">
                <Button press=attack>"Attack this"</Button>
            </p>
        }
    })
}

/// A button that attacks what is drawn, where it can be.
#[component]
pub fn AttackThisDrawing(
    /// What is drawn and read.
    drawing: Signal<Option<Drawing>>,
) -> impl IntoView {
    let target = Target::get();
    let takes = Memo::new(move |_| drawing.with(|drawing| drawing.as_ref().is_some_and(|it| target.fits(&it.task))));
    let attack = move || {
        target.state.image.set(drawing.get_untracked().map(Subject::Drawn));
        target.view.go(words::ID);
    };
    move || {
        takes.get().then(|| {
            view! {
                <Button class="link" press=attack>
                    "Attack this"
                </Button>
            }
        })
    }
}
