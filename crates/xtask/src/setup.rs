//! What a machine needs besides cargo. Everything is checked first, so that a second call returns at once.

use crate::shell::{self, cache, command, find, output, run};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

const TRUNK: &str = "0.21.14";

/// All of it.
pub fn setup() -> Result<()> {
    wasm()?;
    browser()?;
    println!("Everything is in place.");
    Ok(())
}

/// The wasm target, Trunk and wasm-bindgen: what a build of the page needs.
pub fn wasm() -> Result<()> {
    let libraries = output(command("rustc")?.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]))?;
    if !PathBuf::from(libraries).is_dir() {
        println!("Adding the wasm32 target to the toolchain …");
        run(command("rustup")?.args(["target", "add", "wasm32-unknown-unknown"]))?;
    }
    // Trunk only copies files and calls others; wasm-bindgen reads and writes megabytes.
    install("wasm-bindgen-cli", "wasm-bindgen", &wasm_bindgen()?, 1)?;
    install("trunk", "trunk", TRUNK, 0)?;
    fs::remove_dir_all(cache()?.join("tools-target")).ok();
    Ok(())
}

/// Node's packages and a Chromium: what the browser tests need. Returns the Chromium to start; none means Playwright's.
pub fn browser() -> Result<Option<PathBuf>> {
    let node = output(command("node")?.arg("--version"))
        .context("Node is missing: install 20 or newer from https://nodejs.org, or leave the browser tests out")?;
    let major = node.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    ensure!(major >= Some(20), "Node {node} is too old: the browser tests need 20 or newer");
    packages()?;
    chromium()
}

/// Installs a tool into the cache unless exactly this version is there or on the path. The default features, which only
/// download things, are left out, and most of the optimisation, which takes longer than it then saves.
fn install(package: &str, program: &str, version: &str, optimised: u8) -> Result<()> {
    let found = output(command(program)?.arg("--version")).ok();
    if found.as_deref().and_then(|text| text.split_whitespace().nth(1)) == Some(version) {
        return Ok(());
    }
    println!("Installing {package} {version} (a few minutes) …");
    let spec = format!("{package}@{version}");
    let tools = cache()?.join("tools");
    let cargo = |locked: bool| -> Result<()> {
        let mut cargo = command("cargo")?;
        cargo.args(["install", "--quiet", "--no-default-features", "--bin", program, "--root"]).arg(&tools).arg(&spec);
        cargo.args(locked.then_some("--locked"));
        // Outside the checkout, whose configuration is not the tool's.
        cargo.current_dir(env::temp_dir()).env("RUSTUP_TOOLCHAIN", toolchain()?);
        cargo.env("CARGO_TARGET_DIR", cache()?.join("tools-target"));
        cargo.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_OPT_LEVEL", optimised.to_string());
        cargo.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "256").env("CARGO_PROFILE_RELEASE_DEBUG", "false");
        run(&mut cargo)
    };
    if cargo(true).is_err() {
        println!("The versions it was released with cannot be had; trying the newest …");
        cargo(false)?;
    }
    Ok(())
}

/// `npm ci`, unless the installed packages are those of the lock file.
fn packages() -> Result<()> {
    let folder = shell::root().join("tests/browser");
    let stamp = folder.join("node_modules/.lock-of-the-last-install");
    let lock = fs::read(folder.join("package-lock.json"))?;
    if fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    println!("Installing the packages of the browser tests …");
    run(npm("npm")?.args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&folder))?;
    fs::write(stamp, lock)?;
    Ok(())
}

fn chromium() -> Result<Option<PathBuf>> {
    if let Some(chrome) = env::var_os("CHROME").map(PathBuf::from) {
        ensure!(chrome.is_file(), "CHROME names {}, which is not a file", chrome.display());
        return Ok(Some(chrome));
    }
    if let Some(chrome) = installed() {
        return Ok(Some(chrome));
    }
    if let Some(apt) = apt() {
        println!("Installing Debian's Chromium …");
        let (program, arguments) = apt.split_first().expect("a command has a name");
        let call = |rest: &[&str]| run(command(program)?.args(arguments).args(rest));
        if call(&["update", "-qq"]).and_then(|()| call(&["install", "-y", "-qq", "chromium"])).is_ok() {
            return Ok(installed());
        }
    }
    // Playwright looks for itself whether its own is there.
    let mut npx = npm("npx")?;
    npx.args(["playwright", "install", "chromium"]).current_dir(shell::root().join("tests/browser"));
    run(npx.env("PLAYWRIGHT_BROWSERS_PATH", cache()?.join("browsers")))?;
    Ok(None)
}

fn installed() -> Option<PathBuf> {
    const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    NAMES.into_iter().find_map(find).or_else(|| mac.is_file().then_some(mac))
}

/// `apt-get` with the right to install, if this machine has it.
fn apt() -> Option<Vec<&'static str>> {
    find("apt-get")?;
    let root = output(command("id").ok()?.arg("-u")).is_ok_and(|id| id == "0");
    if root {
        return Some(vec!["apt-get"]);
    }
    output(command("sudo").ok()?.args(["-n", "true"])).is_ok().then(|| vec!["sudo", "-n", "apt-get"])
}

/// npm and npx are scripts of another name on Windows.
pub fn npm(program: &str) -> Result<Command> {
    command(&if cfg!(windows) { format!("{program}.cmd") } else { program.to_owned() })
}

/// The version of the `wasm-bindgen` crate, which the tool of that name must equal.
fn wasm_bindgen() -> Result<String> {
    let manifest: toml::Table = fs::read_to_string(shell::root().join("Cargo.toml"))?.parse()?;
    let version = manifest["workspace"]["dependencies"]["wasm-bindgen"].as_str();
    let exact = version.and_then(|version| version.strip_prefix('='));
    Ok(exact.context("Cargo.toml does not pin wasm-bindgen to one version")?.to_owned())
}

fn toolchain() -> Result<String> {
    let file: toml::Table = fs::read_to_string(shell::root().join("rust-toolchain.toml"))?.parse()?;
    Ok(file["toolchain"]["channel"].as_str().context("rust-toolchain.toml names no channel")?.to_owned())
}
