//! `cargo xtask site`: a `dist/` for any static host: relative paths, names that change with their content, no special
//! headers. Downloads are measured against their bounds, so that growth is noticed.

use crate::build::{self, dist};
use crate::shell::{cache, command, output, run};
use crate::{licences, setup};
use anyhow::{Context, Result, ensure};
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

/// Bytes after brotli.
const PAGE: usize = 250_000;
const LATER: usize = 160_000;
const CPU: usize = 650_000;
const GPU: usize = 2_400_000;

pub fn site() -> Result<()> {
    setup::wasm()?;
    println!("Building the page and its engines …");
    build::page()?;
    build::gpu()?;
    println!("Shrinking the wasm …");
    for file in files(&dist())?.iter().filter(|path| path.extension().is_some_and(|extension| extension == "wasm")) {
        let engine = ["cpu", "gpu"].iter().any(|engine| file.starts_with(dist().join(engine)));
        shrink(file, if engine { &ENGINE } else { &["-Os"] })?;
    }
    let folders = [hashed("app")?, hashed("cpu")?, hashed("gpu")?];
    fs::write(dist().join("licences.txt"), licences::texts()?)?;
    println!("dist/ can be deployed. Downloads, brotli:");
    sizes(&folders)
}

/// Prints the downloads; an error if one is over its bound.
fn sizes([app, cpu, gpu]: &[PathBuf; 3]) -> Result<()> {
    let (later, first): (Vec<_>, Vec<_>) = files(app)?.into_iter().partition(|file| build::is_later(file));
    let beside = fs::read_dir(dist())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let beside = beside.into_iter().filter(|path| path.is_file() && !path.ends_with("licences.txt"));
    let page = first.into_iter().chain(beside).collect();
    let mut over = Vec::new();
    for (name, files, bound) in [
        ("page", page, PAGE),
        ("page, later", later, LATER),
        ("CPU engine", files(cpu)?, CPU),
        ("GPU engine", files(gpu)?, GPU),
    ] {
        let size = files.iter().map(|file| brotli(file)).sum::<Result<usize>>()?;
        println!("  {name:<11} {:>7.1} KB of at most {} KB", size as f64 / 1000.0, bound / 1000);
        over.extend((size > bound).then_some(name));
    }
    ensure!(over.is_empty(), "over the bound: {}", over.join(", "));
    Ok(())
}

fn brotli(file: &Path) -> Result<usize> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut fs::read(file)?.as_slice(), &mut packed, &parameters)?;
    Ok(packed.len())
}

fn shrink(wasm: &Path, passes: &[&str]) -> Result<()> {
    let smaller = wasm.with_extension("smaller");
    let mut optimiser = wasm_opt()?;
    run(optimiser.args(passes).args(WASM_FEATURES).arg(wasm).arg("-o").arg(&smaller))?;
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

/// All files below a folder, sorted.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
