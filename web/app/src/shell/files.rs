//! Files that the visitor drops on the page, or chooses.

use crate::run::{Notice, Taken, View, files::FileKind};
use gloo_file::futures::read_as_bytes;
use js_sys::Uint8Array;
use leptos::wasm_split::SplitLoaderError;
use serde_json::Map;
use spec::{Import, Pick, Reports, Wrong};
use wasm_bindgen_futures::spawn_local;

/// Reads dropped files, each by its name's ending.
///
/// # Errors
/// The part of the page cannot be had.
#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
pub fn take(view: View, files: web_sys::FileList) -> Result<(), SplitLoaderError> {
    for file in gloo_file::FileList::from(files).iter() {
        spawn_local(take_one(view, file.clone()));
    }
    Ok(())
}

async fn take_one(view: View, file: gloo_file::File) {
    let notices = view.run.notices;
    let name = file.name();
    let Some(kind) = FileKind::of(&name) else {
        notices.show(Notice::NotAFile(name));
        return;
    };
    if file.size() > kind.limit() {
        let limit = kind.limit() / 1_000_000;
        notices.show(Notice::Refused(Wrong::new(name, format!("it has more than {limit} MB, the limit"))));
        return;
    }
    let Ok(bytes) = read_as_bytes(&file).await else { return };
    match kind {
        FileKind::Run => match Reports::run_of(&String::from_utf8_lossy(&bytes)) {
            Ok(spec) => view.load(spec),
            Err(wrong) => notices.show(Notice::Refused(wrong)),
        },
        FileKind::Weights => take_weights(view, name, &bytes),
        FileKind::Data => take_data(view, name, &bytes),
    }
}

/// The strip starts from these weights now.
fn take_weights(view: View, name: String, bytes: &[u8]) {
    // The engine is told of other weights once nothing plays.
    view.run.stop();
    let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem).to_owned();
    view.run.import(Import::Source, stem.clone(), Uint8Array::from(bytes).buffer());
    view.run.edit(|strip| {
        strip.spec.model.params.insert("weights".into(), stem.into());
    });
    view.run.announce(name, Taken::Weights);
}

/// The first task reads it as its images or labels.
fn take_data(view: View, name: String, bytes: &[u8]) {
    view.run.stop();
    let key = if name.contains("label") { "labels" } else { "images" };
    view.run.import(Import::Data, name.clone(), Uint8Array::from(bytes).buffer());
    view.run.edit(|strip| {
        if let Some(task) = strip.spec.tasks.values_mut().next() {
            if task.id != "idx" {
                *task = Pick { id: "idx".into(), params: Map::new() };
            }
            task.params.insert(key.into(), name.clone().into());
        }
    });
    view.run.announce(name, Taken::Data);
}
