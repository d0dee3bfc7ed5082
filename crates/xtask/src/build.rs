//! The builds that `page`, `play`, `site` and `test` share: cargo, wasm-bindgen, and the page's wasm in parts.

use crate::policy;
use crate::shell::{command, output, root, run, target};
use anyhow::{Context, Result, anyhow, ensure};
use sha2::{Digest, Sha256};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

const TARGET: &str = "wasm32-unknown-unknown";

/// The script that fetches the later parts of the page. `web/index.html` names it too.
const LATER: &str = "later.js";

/// What a build is for.
#[derive(Clone, Copy)]
pub enum Profile {
    /// To be used soon: no optimisation across crates.
    Quick,
    /// To be deployed: small, in several times the time.
    Small,
}

impl Profile {
    /// Cargo's profiles of the page, the CPU engine and the GPU engine.
    fn names(self) -> [&'static str; 3] {
        match self {
            Self::Quick => ["quick"; 3],
            Self::Small => ["page", "worker", "worker-gpu"],
        }
    }
}

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
pub fn page(profile: Profile) -> Result<()> {
    compile_page(profile)?;
    write_page(profile)
}

/// Everything but `index.html`, which Trunk writes, where Trunk collects a page; without Trunk the page into `dist/`.
pub fn for_trunk() -> Result<()> {
    let Some(folder) = env::var_os("TRUNK_STAGING_DIR") else { return page(Profile::Quick) };
    compile_page(Profile::Quick)?;
    write_parts(Profile::Quick, Path::new(&folder))
}

/// Cargo's part of [`page`].
pub fn compile_page(profile: Profile) -> Result<()> {
    let (page, cpu) = (["--package", "app"], ["--package", "worker", "--features", "worker/cpu"]);
    match profile {
        // Crates that both need are compiled once.
        Profile::Quick => cargo(Profile::Quick.names()[0], &[&page[..], &cpu].concat()),
        Profile::Small => {
            let [page_profile, cpu_profile, _] = profile.names();
            cargo(page_profile, &page)?;
            cargo(cpu_profile, &cpu)
        }
    }
}

/// What is left of [`page`] when cargo is done.
pub fn write_page(profile: Profile) -> Result<()> {
    if dist().is_dir() {
        fs::remove_dir_all(dist())?;
    }
    write_parts(profile, &dist())?;
    fs::copy(root().join("web/index.html"), dist().join("index.html"))?;
    policy::write()
}

fn write_parts(profile: Profile, folder: &Path) -> Result<()> {
    let [page, cpu, _] = profile.names();
    split(&wasm(page, "app")?, &folder.join("app"))?;
    engine(&wasm(cpu, "worker_cpu")?, &folder.join("cpu"))?;
    copy(&root().join("web/style"), &folder.join("style"))?;
    copy(&root().join("static"), &folder.join("static"))
}

/// Writes the page's wasm in parts: what starts the page, each module named by `wasm_split`, and the code that several
/// of those modules share.
fn split(whole: &Path, folder: &Path) -> Result<()> {
    let (bytes, main, link) = (fs::read(whole)?, target()?.join("app.wasm"), format!("./{LATER}"));
    let mut options = Options::new(&bytes);
    (options.output_dir, options.main_out_path) = (folder, &main);
    (options.main_module, options.link_name) = ("./app.js", &link);
    wasm_split_cli_support::transform(options)
        .map_err(|error| anyhow!("cannot split {}: {error:#}", whole.display()))?;
    // Later parts need what the linker exports: memory, table, stack.
    bindgen(&main, folder, true)
}

/// The module of a later part's file: `attack` of `split_attack.wasm`, nothing for a `chunk_3.wasm` that several
/// modules share. None for a file of the first part.
pub fn later_module(file: &Path) -> Option<Option<&str>> {
    let name = file.file_stem()?.to_str()?;
    match name.strip_prefix("split_") {
        Some(module) => Some(Some(module)),
        None => name.starts_with("chunk_").then_some(None),
    }
}

/// The word in an engine's loader in whose place the name of the build stands.
const BUILD: &str = "BUILD";

/// An engine's wasm with its scripts. The loader comes last: a page that finds it finds all. It says which build of the
/// engine this is, whose finished work a browser keeps apart from that of others.
fn engine(wasm: &Path, folder: &Path) -> Result<()> {
    starts_once(wasm)?;
    bindgen(wasm, folder, false)?;
    let name = wasm.file_stem().and_then(|name| name.to_str()).context("an engine has a name")?;
    let loader = format!("{name}_loader.js");
    let script = fs::read_to_string(root().join("web/worker").join(&loader))?;
    ensure!(script.contains(BUILD), "{loader} does not say which build it loads");
    fs::write(folder.join(loader), script.replace(BUILD, &format!("{name}-{}", digest(wasm)?)))?;
    Ok(())
}

/// Sixteen digits of a file's digest.
fn digest(file: &Path) -> Result<String> {
    Ok(Sha256::digest(fs::read(file)?).iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}

/// What the program `wasm-bindgen --target web` does, for a module that a page or a worker imports.
fn bindgen(wasm: &Path, folder: &Path, keep_linker_exports: bool) -> Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(wasm).web(true)?.omit_default_module_path(false).keep_lld_exports(keep_linker_exports);
    bindgen.generate(folder).with_context(|| format!("wasm-bindgen cannot read {}", wasm.display()))
}

/// Where the page with the lab `toy` lies; of a page, only its own code.
pub fn toy_folder() -> Result<PathBuf> {
    Ok(target()?.join("toy"))
}

/// The page's code with the lab `toy` in its list, for one browser test: soon built, as its size does not matter.
pub fn toy() -> Result<()> {
    let [profile, ..] = Profile::Quick.names();
    cargo(profile, &["--package", "app", "--features", "app/toy"])?;
    split(&wasm(profile, "app")?, &toy_folder()?)
}

/// Where the checks of single operations on WebGPU lie.
pub fn checks_folder() -> Result<PathBuf> {
    Ok(target()?.join("checks"))
}

/// The check of what crosses the boundary between page and worker.
pub fn wire_check() -> Result<()> {
    let [profile, ..] = Profile::Quick.names();
    cargo(profile, &["--package", "checks", "--features", "checks/wire"])?;
    bindgen(&wasm(profile, "wire")?, &checks_folder()?, false)
}

/// The GPU engine as it is deployed, and beside it the checks, of the same crates.
pub fn gpu_and_checks() -> Result<()> {
    let [_, _, profile] = Profile::Small.names();
    cargo(profile, &["--package", "worker", "--package", "checks", "--features", "worker/gpu,checks/gpu"])?;
    let checks = wasm(profile, "checks")?;
    starts_once(&checks)?;
    bindgen(&checks, &checks_folder()?, false)?;
    gpu(Profile::Small)
}

/// The GPU engine into `dist/gpu/`, where a running page finds it.
pub fn gpu(profile: Profile) -> Result<()> {
    let [_, _, name] = profile.names();
    cargo(name, &["--package", "worker", "--features", "worker/gpu"])?;
    engine(&wasm(name, "worker_gpu")?, &dist().join("gpu"))
}

/// Whether the deployed form of the GPU engine was built before.
pub fn has_gpu() -> Result<bool> {
    let [_, _, profile] = Profile::Small.names();
    Ok(wasm(profile, "worker_gpu")?.is_file())
}

fn cargo(profile: &str, which: &[&str]) -> Result<()> {
    run(command("cargo")?.args(["build", "--bins", "--target", TARGET, "--profile", profile]).args(which))
}

/// Where cargo leaves a binary.
fn wasm(profile: &str, name: &str) -> Result<PathBuf> {
    Ok(target()?.join(TARGET).join(profile).join(format!("{name}.wasm")))
}

/// All files below a folder, sorted.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
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

fn copy(from: &Path, to: &Path) -> Result<()> {
    for file in files(from)? {
        let copy = to.join(file.strip_prefix(from)?);
        fs::create_dir_all(copy.parent().context("a file lies in a folder")?)?;
        fs::copy(file, copy)?;
    }
    Ok(())
}

/// Fails if the linker took the engine for a command and wrapped its exports: each call from JavaScript would then run
/// every static constructor again, which makes a training step some thirty times slower.
fn starts_once(wasm: &Path) -> Result<()> {
    let bytes = fs::read(wasm)?;
    let names = |word: &[u8]| bytes.windows(word.len()).any(|bytes| bytes == word);
    // The custom section of function names; an engine without static constructors has no `__wasm_call_ctors` there.
    ensure!(names(b"\x04name"), "{} has no names, so its exports cannot be checked", wasm.display());
    ensure!(
        !names(b".command_export"),
        "{} has wrapped exports: its main must call __wasm_call_ctors once, as the first thing it does",
        wasm.display()
    );
    Ok(())
}
