//! How long functions and files are, and which packages do their job.

use super::source::Source;
use std::fs;

/// Folders whose code is ours to keep short; kernels and operations are long for their speed.
const SHORT: [&str; 10] = [
    "crates/cli",
    "crates/engine/src",
    "crates/kit/src",
    "crates/methods/src",
    "crates/report/src",
    "crates/spec/src",
    "crates/xtask/src",
    "web/app/src",
    "web/checks/src",
    "web/worker/src",
];

#[test]
fn functions_and_files_are_short() {
    let mut long = Vec::new();
    for source in SHORT.iter().flat_map(|folder| Source::below(folder)) {
        let length = source.length();
        long.extend((length > 500).then(|| format!("{} has {length} lines of code; the most is 500", source.path)));
        let functions = source.functions().into_iter().filter(|(_, lines)| *lines > 80);
        long.extend(
            functions.map(|(name, lines)| format!("{}: {name} has {lines} lines; the most is 80", source.path)),
        );
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn the_packages_of_the_design_do_their_job() {
    let manifest = |path: &str| fs::read_to_string(path).unwrap().parse::<toml::Table>().unwrap();
    let depends = |path: &str, name: &str| manifest(path)["dependencies"].as_table().unwrap().contains_key(name);
    let code = |folder: &str| Source::below(folder).iter().map(Source::code).collect::<Vec<_>>().join("\n");
    let (app, worker, kit) = (code("web/app/src"), code("web/worker/src"), code("crates/kit/src"));
    // What each is here for, by its own words in the code.
    for (package, of, words) in [
        ("leptos", &app, &["#[component]", "view!", "RwSignal", "Memo", "mount_to"][..]),
        ("gloo-events", &app, &["gloo_events::"]),
        ("gloo-timers", &app, &["gloo_timers::"]),
        ("gloo-file", &app, &["gloo_file::"]),
        ("gloo-storage", &app, &["gloo_storage::"]),
        ("gloo-net", &app, &["gloo_net::"]),
        ("serde-wasm-bindgen", &app, &["serde_wasm_bindgen::"]),
        ("web-sys", &app, &["web_sys::Worker", "Worker"]),
        ("wasm-bindgen", &app, &["wasm_bindgen::"]),
    ] {
        assert!(depends("web/app/Cargo.toml", package), "the page does without {package}");
        let missing = words.iter().find(|word| !of.contains(**word));
        assert_eq!(missing, None, "{package} has nothing to do in the page");
    }
    for (package, words) in [
        ("serde-wasm-bindgen", &["serde_wasm_bindgen::"][..]),
        ("web-sys", &["DedicatedWorkerGlobalScope"]),
        ("wasm-bindgen", &["wasm_bindgen::"]),
    ] {
        assert!(depends("web/worker/Cargo.toml", package), "the worker does without {package}");
        let missing = words.iter().find(|word| !worker.contains(**word));
        assert_eq!(missing, None, "{package} has nothing to do in the worker");
    }
    assert!(depends("crates/kit/Cargo.toml", "burn") && kit.contains("burn::tensor"));
    let tree = super::cargo(&[
        "tree",
        "--package",
        "worker",
        "--features",
        "worker/gpu",
        "--target",
        "wasm32-unknown-unknown",
        "--prefix",
        "none",
    ]);
    assert!(tree.lines().any(|line| line.starts_with("burn-wgpu ")), "the GPU engine does without burn-wgpu");
}
