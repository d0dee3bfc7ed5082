//! The builds that `play`, `site` and `test` share.

use crate::shell::{command, output, root, run, target};
use anyhow::{Result, anyhow, ensure};
use std::collections::{BTreeSet, HashMap};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_split_cli_support::Options;

const TARGET: &str = "wasm32-unknown-unknown";

pub fn dist() -> PathBuf {
    root().join("dist")
}

/// `rustfmt` over every Rust file in git: `cargo fmt` does not follow `mod` inside a macro, and says nothing of it.
pub fn rustfmt() -> Result<Command> {
    let files = output(command("git")?.args(["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"]))?;
    let mut rustfmt = command("rustfmt")?;
    rustfmt.args(["--edition", "2024"]).args(files.lines().filter(|file| root().join(file).is_file()));
    Ok(rustfmt)
}

/// Page and CPU engine into `dist/`, which is emptied first.
pub fn page() -> Result<()> {
    let mut trunk = command("trunk")?;
    trunk.args(["build", "--release", "--skip-version-check"]);
    if env::var_os("NO_COLOR").is_some() {
        // Trunk refuses the usual `1`.
        trunk.env("NO_COLOR", "true");
    }
    run(&mut trunk)?;
    lighten(&dist().join("cpu"), &["worker_cpu.js", "worker_cpu_bg.wasm"])?;
    split()
}

/// Puts the page's wasm into `dist/app/` in two parts, the second of which loads later, and Trunk's whole one away:
/// Trunk cannot split. What is in which part is said in `web/app/src/later.rs`.
fn split() -> Result<()> {
    let whole = target()?.join(TARGET).join("page/app.wasm");
    let (bytes, app, main) = (fs::read(&whole)?, dist().join("app"), target()?.join("app.wasm"));
    let mut options = Options::new(&bytes);
    (options.output_dir, options.main_out_path) = (&app, &main);
    (options.main_module, options.link_name) = ("./app.js", "./later.js");
    wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cannot split {}: {error:#}", whole.display()))?;
    let mut bindgen = bindgen()?;
    // The second part needs what the linker exports: memory, table, stack.
    run(bindgen.arg("--keep-lld-exports").arg("--out-dir").arg(&app).arg(&main))?;
    lighten(&app, &["app.js", "later.js", "app_bg.wasm"])?;
    let index = dist().join("index.html");
    let mut html = fs::read_to_string(&index)?;
    for file in fs::read_dir(dist())? {
        let path = file?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let own = match name.strip_prefix("app-").map(|rest| rest.ends_with(".js")) {
            Some(true) => "app/app.js",
            Some(false) => "app/app_bg.wasm",
            None => continue,
        };
        ensure!(html.contains(&*name), "index.html does not name {name}");
        html = html.replace(&*name, own);
        fs::remove_file(&path)?;
    }
    fs::write(index, html)?;
    Ok(())
}

/// Takes comments, indentation, and the hashes in names, which do not pack, out of what was generated. In place of a
/// hash stands a number of the same length, so that nothing moves in the wasm. The first file names them all.
fn lighten(folder: &Path, names: &[&str]) -> Result<()> {
    let script = fs::read_to_string(folder.join(names[0]))?;
    let words = script.split(|c: char| !c.is_ascii_alphanumeric()).map(|word| word.strip_prefix('h').unwrap_or(word));
    let is_hash = |word: &&str| word.len() == 16 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hashes: BTreeSet<&str> = words.filter(is_hash).collect();
    let numbers: HashMap<_, _> = hashes.iter().enumerate().map(|(at, hash)| (hash.as_bytes(), at)).collect();
    for name in names {
        let mut bytes = fs::read(folder.join(name))?;
        for at in 0..bytes.len().saturating_sub(15) {
            if let Some(number) = numbers.get(&bytes[at..at + 16]) {
                bytes[at..at + 16].copy_from_slice(format!("{number:016}").as_bytes());
            }
        }
        if name.ends_with(".js") {
            bytes = trimmed(&String::from_utf8(bytes)?).into_bytes();
        }
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

fn trimmed(script: &str) -> String {
    let is_comment = |line: &str| ["//", "/*", "*"].into_iter().any(|mark| line.starts_with(mark));
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether a file of `dist/app/` loads later.
pub fn is_later(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("split_"))
}

/// wasm-bindgen for a module that a page or a worker imports.
fn bindgen() -> Result<Command> {
    let mut bindgen = command("wasm-bindgen")?;
    bindgen.args(["--target", "web", "--no-typescript"]);
    Ok(bindgen)
}

/// Where the checks of single operations on WebGPU lie.
pub fn checks_folder() -> Result<PathBuf> {
    Ok(target()?.join("checks"))
}

/// The GPU engine, and beside it the checks, of the same crates.
pub fn gpu_and_checks() -> Result<()> {
    wasm_with_gpu(&["--package", "worker", "--package", "checks", "--features", "worker/gpu,checks/gpu"])?;
    let wasm = target()?.join(TARGET).join("worker-gpu/checks.wasm");
    starts_once(&wasm)?;
    run(bindgen()?.arg("--out-dir").arg(checks_folder()?).arg(&wasm))?;
    gpu()
}

fn wasm_with_gpu(which: &[&str]) -> Result<()> {
    let mut cargo = command("cargo")?;
    run(cargo.arg("build").args(which).args(["--bins", "--profile", "worker-gpu", "--target", TARGET]))
}

/// Where cargo leaves the GPU engine.
pub fn gpu_wasm() -> Result<PathBuf> {
    Ok(target()?.join(TARGET).join("worker-gpu/worker_gpu.wasm"))
}

/// The GPU engine into `dist/gpu/`. A running page finds it there; Trunk would make the page wait for it.
pub fn gpu() -> Result<()> {
    wasm_with_gpu(&["--package", "worker", "--features", "gpu"])?;
    let wasm = gpu_wasm()?;
    starts_once(&wasm)?;
    // The loader comes last: a page that finds it finds all.
    let (new, gpu) = (target()?.join("gpu"), dist().join("gpu"));
    run(bindgen()?.arg("--out-dir").arg(&new).arg(&wasm))?;
    lighten(&new, &["worker_gpu.js", "worker_gpu_bg.wasm"])?;
    fs::create_dir_all(&gpu)?;
    for file in ["worker_gpu_bg.wasm", "worker_gpu.js"] {
        fs::copy(new.join(file), gpu.join(file))?;
    }
    let loader = "worker_gpu_loader.js";
    fs::copy(root().join("web/worker").join(loader), gpu.join(loader))?;
    Ok(())
}

/// Fails if the linker took the engine for a command and wrapped its exports: each call from JavaScript would then run
/// every static constructor again, which makes a training step some thirty times slower.
fn starts_once(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm)?;
    let names = |word: &[u8]| bytes.windows(word.len()).any(|bytes| bytes == word);
    ensure!(names(b"__wasm_call_ctors"), "{} has no names, so its exports cannot be checked", wasm.display());
    ensure!(
        !names(b".command_export"),
        "{} has wrapped exports: its main must call __wasm_call_ctors once, as the first thing it does",
        wasm.display()
    );
    Ok(())
}
