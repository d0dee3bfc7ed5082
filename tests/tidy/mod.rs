//! Invariants that no compiler checks: how files look, who may depend on whom, what may touch the world.

mod colours;
mod graph;
mod rooms;
mod size;
mod source;

use source::{Source, tracked};
use std::fs;
use std::process::Command;

/// Bytes that a file in git may have: weights and data are made small, and large ones are not ours to carry.
const LARGEST: u64 = 1_000_000;

#[test]
fn every_rust_file_is_formatted() {
    // `cargo fmt` does not follow `mod` inside a macro, and reports success.
    let files = tracked("*.rs");
    let output = Command::new("rustfmt").args(["--edition", "2024", "--check"]).args(&files).output().unwrap();
    let difference = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "run `cargo xtask fmt`:\n{difference}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn lines_fit_the_screen() {
    for file in tracked("*.rs") {
        let text = fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            assert!(line.chars().count() <= 120, "{file}:{number} is longer than 120 columns");
        }
    }
}

#[test]
fn no_file_is_large() {
    for file in tracked("*") {
        let size = fs::metadata(&file).unwrap().len();
        assert!(size <= LARGEST, "{file} has {size} bytes; the most is {LARGEST}");
    }
}

#[test]
fn page_and_wire_do_without_tensors() {
    for package in ["app", "report", "spec"] {
        let tree = cargo(&["tree", "--package", package, "--edges", "normal", "--target", "all", "--prefix", "none"]);
        let tensors = tree.lines().find(|line| line.starts_with("burn") || line.starts_with("cubecl"));
        assert_eq!(tensors, None, "{package} depends on it");
    }
}

#[test]
fn only_the_outer_crates_touch_the_world() {
    const WORLD: [&str; 8] =
        ["Instant::now", "SystemTime", "dbg!", "print!", "println!", "std::env", "std::fs", "std::net"];
    for (file, code) in sources(&["crates/engine", "crates/kit", "crates/methods"]) {
        for word in WORLD {
            assert!(!code.contains(word), "{file} uses {word}: bytes, time and words pass through ports and Cx");
        }
        let grouped = ["env", "fs", "net"].into_iter().find(|module| grouped(&code, module));
        assert_eq!(grouped, None, "{file} uses this module of std");
    }
}

#[test]
fn methods_stand_alone() {
    for (file, code) in sources(&["crates/methods"]) {
        let list = file.ends_with("mod.rs") || file.ends_with("lib.rs");
        let other = ["crate::", "super::"].into_iter().find(|path| !list && code.contains(path));
        assert_eq!(other, None, "{file}: what two methods need belongs into kit");
    }
}

#[test]
fn backends_are_named_in_one_place() {
    const BACKENDS: [&str; 13] = [
        "Device::cpu",
        "Device::cuda",
        "Device::default",
        "Device::flex",
        "Device::metal",
        "Device::vulkan",
        "Device::webgpu",
        "Device::wgpu",
        "burn::backend",
        "burn_cubecl",
        "burn_flex",
        "burn_wgpu",
        "cubecl::",
    ];
    for (file, code) in sources(&["crates/cli", "crates/engine", "crates/kit", "crates/methods", "web"]) {
        let named = BACKENDS.into_iter().find(|word| code.contains(word) && file != "crates/engine/src/device.rs");
        assert_eq!(named, None, "{file}: only ops and engine::device know a backend by name");
    }
}

#[test]
fn every_recipe_says_what_it_shows() {
    for file in tracked("static/recipes/*.toml") {
        let text = fs::read_to_string(&file).unwrap();
        // The first line names the schema.
        let title = text.lines().nth(1).and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        assert!(!title.trim().is_empty(), "{file} does not start with a comment that is its title");
    }
}

#[test]
fn wasm_bindgen_has_one_version() {
    let read = |file: &str| fs::read_to_string(file).unwrap().parse::<toml::Table>().unwrap();
    let library = read("Cargo.toml")["workspace"]["dependencies"]["wasm-bindgen"].as_str().unwrap().to_owned();
    let tool = read("crates/xtask/Cargo.toml")["dependencies"]["wasm-bindgen-cli-support"].as_str().unwrap().to_owned();
    assert!(library.starts_with('='), "wasm-bindgen is not pinned");
    assert_eq!(library, tool);
}

/// Files of these folders with their code.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    folders.iter().flat_map(|folder| Source::below(folder)).map(|source| (source.path.clone(), source.code())).collect()
}

/// Whether a `use std::{…}` names this module.
fn grouped(code: &str, module: &str) -> bool {
    let groups = code.split("use std::{").skip(1).filter_map(|rest| rest.split(';').next());
    groups.flat_map(|group| group.split(|letter: char| !letter.is_alphanumeric())).any(|word| word == module)
}

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
