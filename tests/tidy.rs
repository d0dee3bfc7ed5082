//! Invariants that no compiler checks: how files look, who may depend on whom, what may touch the world.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
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

/// The rooms of kit from the bottom up. Each imports only from those before it.
const ROOMS: [&str; 11] =
    ["error", "seed", "host", "settings", "stats", "data", "nets", "cx", "learn", "attack", "run"];

#[test]
fn rooms_of_kit_import_only_what_lies_below_them() {
    for import in imports("crates/kit/src") {
        let place = |module: &[String]| ROOMS.iter().position(|room| module.first().is_some_and(|name| name == room));
        if let (Some(from), Some(to)) = (place(&import.from), place(&import.to)) {
            assert!(to <= from, "{} imports {}, which lies above it", import.from.join("::"), import.to.join("::"));
        } else {
            assert!(import.from.is_empty(), "{} is in no room of kit", import.from.join("::"));
        }
    }
}

#[test]
fn modules_of_kit_do_not_import_each_other_in_a_circle() {
    let imports = imports("crates/kit/src");
    let mut left: Vec<&Import> = imports.iter().collect();
    // Whatever imports nothing that is left is in no circle.
    loop {
        let before = left.len();
        let importing: Vec<&Vec<String>> = left.iter().map(|import| &import.from).collect();
        left.retain(|import| importing.contains(&&import.to));
        if left.len() == before {
            break;
        }
    }
    let circle: Vec<String> =
        left.iter().map(|import| format!("{} → {}", import.from.join("::"), import.to.join("::"))).collect();
    assert!(circle.is_empty(), "these imports lead into a circle: {circle:#?}");
}

/// A module that imports from another one; paths from the root of the crate.
struct Import {
    from: Vec<String>,
    to: Vec<String>,
}

/// All imports between the modules of a crate. A name is followed to the module that defines it, through `pub use`,
/// which is no import of its own.
fn imports(folder: &str) -> Vec<Import> {
    let modules: BTreeMap<Vec<String>, Vec<Use>> = sources(&[folder])
        .into_iter()
        .map(|(file, code)| {
            let path = file.trim_start_matches(folder).trim_matches('/').trim_end_matches(".rs");
            let path = path.trim_end_matches("/mod").split('/').map(str::to_owned).collect::<Vec<_>>();
            (if path == ["lib"] { Vec::new() } else { path }, uses(&code))
        })
        .collect();
    let child = |module: &[String], name: &str| {
        let path = [module, &[name.to_owned()]].concat();
        modules.contains_key(&path).then_some(path)
    };
    let defining = |mut module: Vec<String>, names: &[String]| {
        for name in names {
            let exported = |of: &&Use| of.public && of.path.last() == Some(name);
            let through = |of: &Use| of.path.first().and_then(|first| child(&module, first));
            match child(&module, name).or_else(|| modules[&module].iter().find(exported).and_then(through)) {
                Some(next) => module = next,
                None => break,
            }
        }
        module
    };
    let mut imports = Vec::new();
    for (from, uses) in &modules {
        for of in uses.iter().filter(|of| !of.public) {
            let up = of.path.iter().take_while(|name| *name == "super").count();
            let start = match of.path[0].as_str() {
                "crate" => Vec::new(),
                "super" => from[..from.len() - up].to_vec(),
                first if child(from, first).is_some() => from.clone(),
                _ => continue,
            };
            let names = &of.path[if of.path[0] == "crate" { 1 } else { up }..];
            let to = defining(start, names);
            if to != *from {
                imports.push(Import { from: from.clone(), to });
            }
        }
    }
    imports
}

/// One name that a `use` brings in.
#[derive(Debug)]
struct Use {
    public: bool,
    path: Vec<String>,
}

/// Every name in the `use` declarations of some code.
fn uses(code: &str) -> Vec<Use> {
    fn expand(tree: &str, prefix: &[String], found: &mut Vec<Vec<String>>) {
        let tree = tree.trim();
        let Some((head, group)) = tree.split_once('{') else {
            let name = tree.split(" as ").next().unwrap_or_default();
            let rest = name.split("::").filter(|name| *name != "self" && !name.is_empty()).map(str::to_owned);
            found.push(prefix.iter().cloned().chain(rest).collect());
            return;
        };
        let names = head.split("::").filter(|name| !name.trim().is_empty()).map(|name| name.trim().to_owned());
        let prefix: Vec<String> = prefix.iter().cloned().chain(names).collect();
        let (mut depth, mut start) = (0, 0);
        let group = &group[..group.rfind('}').unwrap_or(group.len())];
        for (at, letter) in group.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    expand(&group[start..at], &prefix, found);
                    start = at + 1;
                }
                _ => {}
            }
        }
        if !group[start..].trim().is_empty() {
            expand(&group[start..], &prefix, found);
        }
    }
    let mut uses = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let before = rest[..at].rsplit('\n').next().unwrap_or_default().trim();
        let (tree, after) = rest[at + 4..].split_once(';').unwrap_or_default();
        rest = after;
        if before.is_empty() || before.starts_with("pub") {
            let mut paths = Vec::new();
            expand(tree, &[], &mut paths);
            uses.extend(paths.into_iter().map(|path| Use { public: before.starts_with("pub"), path }));
        }
    }
    uses
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
        let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).unwrap_or_default();
        assert!(!title.trim().is_empty(), "{file} does not start with a comment that is its title");
    }
}

#[test]
fn wasm_bindgen_has_one_version() {
    let read = |file: &str| fs::read_to_string(file).unwrap().parse::<toml::Table>().unwrap();
    let library = read("Cargo.toml")["workspace"]["dependencies"]["wasm-bindgen"].as_str().unwrap().to_owned();
    let tool = read("Trunk.toml")["tools"]["wasm_bindgen"].as_str().unwrap().to_owned();
    assert_eq!(library, format!("={tool}"));
}

/// Files in git that match a pattern, those not yet added included.
fn tracked(pattern: &str) -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", pattern];
    let output = Command::new("git").args(arguments).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().filter(|file| Path::new(file).is_file()).map(str::to_owned).collect()
}

/// The code of these folders without comments and without tests, which stand at the end of a file.
fn sources(folders: &[&str]) -> Vec<(String, String)> {
    let ours = |file: &String| folders.iter().any(|folder| file.starts_with(folder));
    let code = |file: String| {
        let text = fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        (file, lines.collect::<Vec<_>>().join("\n"))
    };
    tracked("*.rs").into_iter().filter(ours).map(code).collect()
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
