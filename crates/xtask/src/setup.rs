//! What a machine needs besides cargo. Everything is checked first, so that a second call returns at once.

use crate::shell::{self, cache, command, find, output, run};
use anyhow::{Context, Result, ensure};
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// All of it.
pub fn setup() -> Result<()> {
    wasm()?;
    browser()?;
    println!("Everything is in place.");
    Ok(())
}

/// The wasm target: all that a build of the page needs besides cargo.
pub fn wasm() -> Result<()> {
    let libraries = output(command("rustc")?.args(["--print", "target-libdir", "--target", "wasm32-unknown-unknown"]))?;
    if !PathBuf::from(libraries).is_dir() {
        println!("Adding the wasm32 target to the toolchain …");
        run(command("rustup")?.args(["target", "add", "wasm32-unknown-unknown"]))?;
    }
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
