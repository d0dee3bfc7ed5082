//! Dialogs over the page. Their code is one of the tools, which load when the engine is ready.

mod cell;
mod device;
mod keys;
mod reset;
pub mod share;
mod tile;

use super::chooser::Chooser;
use crate::{
    labs::part::{Draw, Loading, Part},
    run::{self, View},
    ui::Dialog,
};
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use report::figure::capital;

/// The open dialog.
#[component]
pub fn Dialogs() -> impl IntoView {
    let view = View::get();
    let load = || -> Loading { Box::pin(open()) };
    move || view.dialog.get().map(|_| view! { <Part load /> })
}

#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
fn open() -> Result<Draw, SplitLoaderError> {
    Ok(|| view! { <Open /> }.into_any())
}

#[component]
fn Open() -> impl IntoView {
    let view = View::get();
    let close = move || view.close_dialog();
    let dialog = view.dialog.get_untracked()?;
    Some(match dialog {
        run::OpenDialog::Chooser { replace, lab } => view! { <Chooser replace lab /> }.into_any(),
        run::OpenDialog::Share => {
            view! { <Dialog title="Share and export" class="middle" close><share::Share /></Dialog> }.into_any()
        }
        run::OpenDialog::Keys => {
            view! { <Dialog title="Keys and help" class="small" close><keys::Keys /></Dialog> }.into_any()
        }
        run::OpenDialog::Device => {
            view! { <Dialog title="Where it runs" class="small" close><device::WhereItRuns /></Dialog> }.into_any()
        }
        run::OpenDialog::Tile(id) => view! {
            <Dialog title="One image, through every layer" class="middle" close>
                <tile::EveryLayer id />
            </Dialog>
        }
        .into_any(),
        run::OpenDialog::Cell(label, answer) => {
            let samples = untrack(|| view.run.samples(&view.run.task_of(&view.shown()), 2));
            view! {
                <Dialog title=format!("{} behind this cell", capital(&samples)) class="middle" close>
                    <cell::Behind label answer />
                </Dialog>
            }
            .into_any()
        }
        run::OpenDialog::Reset => {
            view! { <Dialog title="Reset this layer?" class="small" close><reset::Reset /></Dialog> }.into_any()
        }
    })
}
