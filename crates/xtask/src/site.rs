//! `cargo xtask site`: a `dist/` for any static host: relative paths, names that change with their content, no special
//! headers. Downloads are measured against their bounds, so that growth is noticed.

use crate::build::{self, Profile, dist, files};
use crate::shell::{cache, command, output, root, run};
use crate::{growth, licences, policy, setup, size};
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of npm's package, for machines without a wasm-opt that is new enough.
const BINARYEN: &str = "132.0.0";

/// Debian's 108 exports the wrong table, and the page fails at its first JavaScript object.
const OLDEST_WASM_OPT: u32 = 123;

/// For the engines, which grow under brotli by what `-Os` does: from 586 to 594 KB and from 2,405 to 2,475 KB,
/// measured.
const ENGINE: [&str; 5] = [
    "--duplicate-function-elimination",
    "--remove-unused-module-elements",
    "--remove-unused-brs",
    "--optimize-instructions",
    "--strip-producers",
];

/// What rustc's wasm32 target uses, and `simd128` of `.cargo/config.toml`.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

pub fn site() -> Result<()> {
    setup::wasm()?;
    println!("Building the page and its engines …");
    build::page(Profile::Small)?;
    build::gpu(Profile::Small)?;
    let growth = growth::families(&dist().join("cpu/worker_cpu_bg.wasm"))?;
    println!("Shrinking the wasm …");
    for file in files(&dist())?.iter().filter(|path| path.extension().is_some_and(|extension| extension == "wasm")) {
        let engine = ["cpu", "gpu"].iter().any(|engine| file.starts_with(dist().join(engine)));
        shrink(file, if engine { &ENGINE } else { &["-Os"] })?;
    }
    let style = hashed("style")?;
    let [app, cpu, gpu] = [hashed("app")?, hashed("cpu")?, hashed("gpu")?];
    policy::write()?;
    fs::write(dist().join("licences.txt"), licences::texts()?)?;
    println!("dist/ can be deployed.\n");
    let downloads = size::downloads(&app, &style, &cpu, &gpu)?;
    let over = [size::print(&downloads)?, growth::print(&growth)].concat();
    print_cards([&app, &cpu, &gpu])?;
    ensure!(over.is_empty(), "over the bound: {}", over.join(", "));
    Ok(())
}

fn shrink(wasm: &Path, passes: &[&str]) -> Result<()> {
    let smaller = wasm.with_extension("smaller");
    let mut optimiser = wasm_opt()?;
    // Without `--quiet` it warns of every name section of the page, whose fields are newer than it is.
    run(optimiser.arg("--quiet").args(passes).args(WASM_FEATURES).arg(wasm).arg("-o").arg(&smaller))?;
    fs::rename(smaller, wasm)?;
    Ok(())
}

/// The machine's own if it is not too old, else npm's.
fn wasm_opt() -> Result<Command> {
    // `wasm-opt version 108`, `wasm-opt version 132 (version_132)`
    let version = output(command("wasm-opt")?.arg("--version")).unwrap_or_default();
    if version.split_whitespace().nth(2).and_then(|number| number.parse().ok()) >= Some(OLDEST_WASM_OPT) {
        return command("wasm-opt");
    }
    let npm = cache()?.join("npm").join(BINARYEN);
    let tool = npm.join("node_modules/binaryen/bin/wasm-opt");
    if !tool.is_file() {
        println!("Installing binaryen {BINARYEN} …");
        let package = format!("binaryen@{BINARYEN}");
        fs::create_dir_all(&npm)?;
        run(setup::npm("npm")?.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&npm).arg(package))?;
    }
    let mut node = command("node")?;
    node.arg(tool);
    Ok(node)
}

/// Puts a hash of its content into the name of a folder, and the name into the page, which reads it there.
fn hashed(name: &str) -> Result<PathBuf> {
    let folder = dist().join(name);
    let mut hasher = DefaultHasher::new();
    for file in files(&folder)? {
        fs::read(file)?.hash(&mut hasher);
    }
    let new = format!("{name}-{:016x}", hasher.finish());
    let index = dist().join("index.html");
    let (page, old) = (fs::read_to_string(&index)?, format!("{name}/"));
    ensure!(page.contains(&old), "index.html does not say where the folder {name} is");
    fs::write(index, page.replace(&old, &format!("{new}/")))?;
    fs::rename(&folder, dist().join(&new))?;
    Ok(dist().join(new))
}

/// Prints which downloads hold texts of method cards. Cards are a file of their own, fetched when one is opened: in the
/// first part of the page or in an engine they make every visitor's first load longer with each method.
fn print_cards(folders: [&Path; 3]) -> Result<()> {
    let catalogue: Value = serde_json::from_slice(&fs::read(root().join("static/catalogue.json"))?)?;
    let methods = catalogue["methods"].as_array().context("the catalogue lists no methods")?;
    let summaries: Vec<&str> = methods.iter().filter_map(|method| method["card"]["summary"].as_str()).collect();
    for file in folders.into_iter().map(files).collect::<Result<Vec<_>>>()?.concat() {
        let bytes = fs::read(&file)?;
        let holds = |text: &&&str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        let held = summaries.iter().filter(holds).count();
        if held > 0 && build::later_module(&file).is_none() {
            println!("{} holds the texts of {held} of {} cards", file.strip_prefix(dist())?.display(), methods.len());
        }
    }
    Ok(())
}
