//! The button that attacks one image, at the foot of its dialog.

use super::{target::Target, words};
use crate::{labs::lab::Picture, ui::Button};
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
        target.state.image.set(Some(id));
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
