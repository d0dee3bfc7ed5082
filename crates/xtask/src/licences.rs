//! The licence texts of every crate that is compiled into the wasm files, each text once. By hand, as cargo-about is a
//! program that a newcomer would have to compile first.

use crate::shell::{command, output};
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const RULE: &str = "================================================================================";

/// Text, and the crates that carry it.
type Texts = BTreeMap<String, BTreeSet<String>>;

pub fn texts() -> Result<String> {
    let metadata: Value = serde_json::from_str(&output(command("cargo")?.args([
        "metadata",
        "--format-version=1",
        "--features=worker/gpu",
        "--filter-platform=wasm32-unknown-unknown",
    ]))?)?;
    let (mut texts, mut without) = (Texts::new(), BTreeSet::new());
    let shipped = shipped()?;
    for package in metadata["packages"].as_array().context("cargo metadata lists no packages")? {
        let text = |key: &str| package[key].as_str().unwrap_or_default();
        if !shipped.contains(&format!("{} v{}", text("name"), text("version"))) {
            continue;
        }
        let name = format!("{} {} ({})", text("name"), text("version"), text("license"));
        let folder = Path::new(text("manifest_path")).parent().context("a manifest lies in a folder")?;
        let found = licences(folder)?;
        if found.is_empty() {
            let authors = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let parts = [name.as_str(), text("repository")].into_iter().chain(authors).filter(|part| !part.is_empty());
            without.insert(parts.collect::<Vec<_>>().join(", "));
        }
        for text in found {
            texts.entry(text).or_default().insert(name.clone());
        }
    }
    let mut page = "Palimpsest is made of these Rust crates, whose licences follow.\n".to_owned();
    for (text, crates) in texts {
        let crates = crates.into_iter().collect::<Vec<_>>().join("\n");
        write!(page, "\n{RULE}\n{crates}\n\n{}\n", text.trim_end())?;
    }
    let without = without.into_iter().collect::<Vec<_>>().join("\n");
    let (mit, apache) = (include_str!("../../../LICENSE-MIT"), include_str!("../../../LICENSE-APACHE"));
    let mit = mit.split_once("\n\n").map_or(mit, |(_copyright, terms)| terms);
    write!(page, "\n{RULE}\nThese crates name their licence but carry no text:\n{without}\n")?;
    write!(page, "\n{RULE}\nMIT\n\n{mit}\n{RULE}\nApache-2.0\n\n{apache}")?;
    Ok(page)
}

/// `name v1.2.3` of the packages of others that page and engines link. Unlike the metadata, the tree is without what is
/// optional and not used, and without procedural macros, which work in the compiler only.
fn shipped() -> Result<BTreeSet<String>> {
    let tree = output(command("cargo")?.args([
        "tree",
        "--package=app",
        "--package=worker",
        "--features=worker/gpu",
        "--target=wasm32-unknown-unknown",
        "--edges=normal,no-proc-macro",
        "--prefix=none",
    ]))?;
    // Ours end with their path, those seen before with an asterisk.
    let others = tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.ends_with(')'));
    Ok(others.map(str::to_owned).collect())
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
