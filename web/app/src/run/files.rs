//! Files in, dropped on the page, and files out.

use super::{
    context::Run,
    history, link,
    notices::{Notice, Taken},
    view::View,
};
use crate::ui::export::download;
use gloo_file::futures::read_as_bytes;
use js_sys::Uint8Array;
use leptos::{prelude::*, wasm_split::SplitLoaderError};
use serde_json::Map;
use spec::{Import, Pick, Reports, Wrong};
use wasm_bindgen_futures::spawn_local;

/// The largest accepted run file, in bytes.
const RUN_FILE: u64 = 1_000_000;
/// The largest accepted file of weights or data.
const LARGE: u64 = 200_000_000;

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
    let lower = name.to_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| lower.ends_with(ending));
    let is_run = ends(&[".toml", ".json"]);
    let limit = if is_run { RUN_FILE } else { LARGE };
    if file.size() > limit {
        let limit = limit / 1_000_000;
        notices.show(Notice::Refused(Wrong::new(name, format!("it has more than {limit} MB, the limit"))));
        return;
    }
    let Ok(bytes) = read_as_bytes(&file).await else { return };
    if is_run {
        match Reports::run_of(&String::from_utf8_lossy(&bytes)) {
            Ok(spec) => view.load(spec),
            Err(wrong) => notices.show(Notice::Refused(wrong)),
        }
    } else if ends(&[".safetensors"]) {
        take_weights(view, name, &bytes);
    } else if ends(&[".gz", "-ubyte", ".idx"]) {
        take_data(view, name, &bytes);
    } else {
        notices.show(Notice::NotAFile(name));
    }
}

/// The strip starts from these weights now.
fn take_weights(view: View, name: String, bytes: &[u8]) {
    // The engine is told of other weights once nothing plays.
    view.run.stop();
    let stem = name.split('.').next().unwrap_or(&name).to_owned();
    view.run.import(Import::Source, stem.clone(), Uint8Array::from(bytes).buffer());
    view.run.edit(|strip| {
        strip.spec.model.params.insert("weights".into(), stem.into());
    });
    view.run.notices.show(Notice::FileTaken { name, what: Taken::Weights });
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
    view.run.notices.show(Notice::FileTaken { name, what: Taken::Data });
}

/// The run file, as a person would write it.
///
/// # Errors
/// The part of the page cannot be had.
#[leptos::wasm_split::wasm_split(tools, fallible, wasm_split_path = ::leptos::wasm_split)]
pub fn save_run_file(run: Run) -> Result<(), SplitLoaderError> {
    let (name, text) = run.strip.with_untracked(|strip| (link::file_name(&strip.spec, "toml"), strip.spec.to_toml()));
    download(&name, "application/toml", text.as_bytes());
    Ok(())
}

/// The model of a stage, if the page keeps it.
pub fn save_weights(run: &Run, name: &str) {
    if let Some(bytes) = run.weights(name) {
        download(&format!("{name}.safetensors"), "application/octet-stream", &bytes);
    }
}

/// What was played, as a table.
pub fn save_runs_csv(run: Run) {
    let text = run.history.with_untracked(|runs| history::csv(runs));
    download("palimpsest-runs.csv", "text/csv", text.as_bytes());
}

/// What was played, with run files and curves.
pub fn save_runs_json(run: Run) {
    let text = run.history.with_untracked(|runs| serde_json::to_string_pretty(runs).unwrap_or_default());
    download("palimpsest-runs.json", "application/json", text.as_bytes());
}
