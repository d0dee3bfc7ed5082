//! What files the page reads, and the files that it saves.

use super::{context::Run, history, link};
use crate::ui::export::download;
use leptos::{prelude::*, wasm_split::SplitLoaderError};

/// What a file is read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    Run,
    Weights,
    /// Images or labels.
    Data,
}

/// How the names of files end that the page reads; of gzip, only data is read.
const ENDINGS: [(FileKind, &[&str]); 3] = [
    (FileKind::Run, &[".toml", ".json"]),
    (FileKind::Weights, &[".safetensors"]),
    (FileKind::Data, &["-ubyte", ".idx", ".gz"]),
];

impl FileKind {
    /// By the ending of a file's name, in letters of either case; `None` of a file that the page does not read.
    pub fn of(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let is = |(_, endings): &&(Self, &[&str])| endings.iter().any(|ending| name.ends_with(ending));
        ENDINGS.iter().find(is).map(|(kind, _)| *kind)
    }

    /// The largest file of the kind that is read, in bytes.
    pub const fn limit(self) -> u64 {
        match self {
            Self::Run => 1_000_000,
            Self::Weights | Self::Data => 200_000_000,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Run => "run files",
            Self::Weights => "weights",
            Self::Data => "IDX data",
        }
    }
}

/// What the page reads: "run files (.toml, .json), weights (.safetensors) and IDX data (-ubyte, .idx, .gz)".
pub fn readable() -> String {
    let [run, weights, data] = ENDINGS.map(|(kind, endings)| format!("{} ({})", kind.title(), endings.join(", ")));
    format!("{run}, {weights} and {data}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_by_its_ending() {
        for (name, kind) in [
            ("run.toml", Some(FileKind::Run)),
            ("report.JSON", Some(FileKind::Run)),
            ("mine.safetensors", Some(FileKind::Weights)),
            ("train-images-idx3-ubyte", Some(FileKind::Data)),
            ("t10k-labels-idx1-ubyte.gz", Some(FileKind::Data)),
            ("images.idx", Some(FileKind::Data)),
            ("picture.png", None),
            ("toml", None),
        ] {
            assert_eq!(FileKind::of(name), kind, "{name}");
        }
        for ending in ENDINGS.iter().flat_map(|(_, endings)| *endings) {
            assert!(readable().contains(ending), "{ending}");
        }
    }
}
