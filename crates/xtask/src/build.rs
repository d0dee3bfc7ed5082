//! The builds that `play`, `site` and `test` share.

use crate::shell::{command, output, root, run, target};
use anyhow::{Result, ensure};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

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
pub fn trunk() -> Result<Command> {
    let mut trunk = command("trunk")?;
    trunk.args(["build", "--release", "--skip-version-check"]);
    if env::var_os("NO_COLOR").is_some() {
        // Trunk refuses the usual `1`.
        trunk.env("NO_COLOR", "true");
    }
    Ok(trunk)
}

const TARGET: &str = "wasm32-unknown-unknown";

/// Where cargo leaves the GPU engine.
pub fn gpu_wasm() -> Result<PathBuf> {
    Ok(target()?.join(TARGET).join("worker-gpu/worker_gpu.wasm"))
}

/// The GPU engine into `dist/gpu/`. A running page finds it there; Trunk would make the page wait for it.
pub fn gpu() -> Result<()> {
    let mut cargo = command("cargo")?;
    cargo.args(["build", "--package", "worker", "--bin", "worker_gpu", "--features", "gpu"]);
    run(cargo.args(["--profile", "worker-gpu", "--target", TARGET]))?;
    let wasm = gpu_wasm()?;
    starts_once(&wasm)?;
    // The loader comes last: a page that finds it finds all.
    let (new, gpu) = (target()?.join("gpu"), dist().join("gpu"));
    let mut bindgen = command("wasm-bindgen")?;
    run(bindgen.args(["--target", "web", "--no-typescript", "--out-dir"]).arg(&new).arg(&wasm))?;
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
        "{} has wrapped exports: worker_gpu must call __wasm_call_ctors once, as the first thing it does",
        wasm.display()
    );
    Ok(())
}
