//! The licence texts of every crate that is compiled into the wasm files, each text once.

use crate::shell::{command, output};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Text, and the crates that carry it.
type Texts = BTreeMap<String, BTreeSet<String>>;

pub fn texts() -> Result<String> {
    let mut cargo = command("cargo")?;
    cargo.args(["metadata", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown"]);
    let metadata: Value = serde_json::from_str(&output(cargo.args(["--features", "worker/gpu"]))?)?;
    let (mut texts, mut without) = (Texts::new(), BTreeSet::new());
    for package in shipped(&metadata)? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        let name = format!("{} {} ({})", text("name"), text("version"), text("license"));
        let folder = Path::new(text("manifest_path")).parent().context("a manifest lies in a folder")?;
        let found = licences(folder)?;
        if found.is_empty() {
            without.insert(format!("{name}, {}, {}", package["authors"], text("repository")));
        }
        for text in found {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    let mut page = "Palimpsest is made of these Rust crates, whose licences follow.\n".to_owned();
    for (text, crates) in texts {
        let crates = crates.into_iter().collect::<Vec<_>>().join("\n");
        write!(page, "\n{}\n{crates}\n\n{}\n", "=".repeat(80), text.trim_end())?;
    }
    if !without.is_empty() {
        let crates = without.into_iter().collect::<Vec<_>>().join("\n");
        write!(page, "\n{}\nThese crates name their licence but carry no text:\n{crates}\n", "=".repeat(80))?;
    }
    Ok(page)
}

/// The packages of others that `app` and `worker` link: a walk along what is needed at run time.
fn shipped(metadata: &Value) -> Result<Vec<&Value>> {
    let packages = by_id(&metadata["packages"]).context("cargo metadata lists no packages")?;
    let nodes = by_id(&metadata["resolve"]["nodes"]).context("cargo metadata resolves nothing")?;
    let ours = |package: &Value| package["source"].is_null();
    let start = |package: &Value| ours(package) && (package["name"] == "app" || package["name"] == "worker");
    let mut open: Vec<&str> = packages.iter().filter(|(_, package)| start(package)).map(|(id, _)| *id).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) || is_macro(packages[id]) {
            continue;
        }
        let linked = |kind: &Value| kind["kind"].is_null();
        let needed = |dep: &&Value| dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(linked));
        let deps = nodes[id]["deps"].as_array().into_iter().flatten().filter(needed);
        open.extend(deps.filter_map(|dep| dep["pkg"].as_str()));
    }
    let shipped = seen.into_iter().map(|id| packages[id]);
    Ok(shipped.filter(|package| !ours(package) && !is_macro(package)).collect())
}

fn by_id(list: &Value) -> Option<HashMap<&str, &Value>> {
    list.as_array()?.iter().map(|value| Some((value["id"].as_str()?, value))).collect()
}

/// A procedural macro works in the compiler and is not in the wasm.
fn is_macro(package: &Value) -> bool {
    let kinds =
        |target: &Value| target["kind"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "proc-macro"));
    package["targets"].as_array().is_some_and(|targets| targets.iter().any(kinds))
}

/// The licence files of a crate.
fn licences(folder: &Path) -> Result<Vec<String>> {
    const STARTS: [&str; 5] = ["COPYING", "COPYRIGHT", "LICENCE", "LICENSE", "NOTICE"];
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if path.is_file() && STARTS.iter().any(|start| name.starts_with(start)) {
            files.push(path);
        }
    }
    files.sort();
    files.into_iter().map(|file| Ok(String::from_utf8_lossy(&fs::read(file)?).replace("\r\n", "\n"))).collect()
}
