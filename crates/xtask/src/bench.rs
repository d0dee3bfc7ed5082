//! `cargo xtask bench`: how soon the page can be used, the times of one step here, in the browser and in PyTorch, and
//! what a step asks of WebGPU. What cannot be measured on this machine is said and left out. Nothing is gated on a
//! time; `site` bounds downloads.

use crate::build::Profile;
use crate::shell::{command, output, run};
use crate::{build, setup, test};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::env;
use std::process::Command;

#[derive(Args)]
pub struct Options {
    /// Measure instead, for half an hour, whether memory grows while networks train for long
    #[arg(long)]
    memory: bool,
}

pub fn bench(options: &Options) -> Result<()> {
    // All that is built is built first: a build beside a measurement would slow it down.
    setup::wasm()?;
    let chrome = setup::browser()?;
    build::page(Profile::Small)?;
    if options.memory {
        run(&mut native("memory")?)?;
        return run(&mut test::playwright("memory", chrome.as_deref())?);
    }
    run(native("step")?.arg("--no-run"))?;
    // All three end with a line such as {"unit": "ms", "workloads": {"mlp": {"min": 0.2, "median": 0.3}}}.
    let torch = said("PyTorch on CPU", torch());
    let native = said("Palimpsest on CPU", native("step").and_then(|mut cargo| output(&mut cargo)));
    let browser = test::playwright("bench", chrome.as_deref())?.output().context("cannot start node")?;
    let browser = String::from_utf8_lossy(&browser.stdout);
    println!("{browser}");
    table(&native, &browser, &torch);
    if !build::has_gpu()? {
        println!("WebGPU: not counted: its engine is not built; `cargo xtask site` builds it.");
        return Ok(());
    }
    build::gpu(Profile::Small)?;
    run(&mut test::playwright("bench-gpu", chrome.as_deref())?)
}

fn torch() -> Result<String> {
    let python = env::var("PALIMPSEST_PYTHON").unwrap_or_else(|_| "python3".into());
    output(command(&python)?.args(["-c", "import torch"]))
        .context("PALIMPSEST_PYTHON must name a Python with torch")?;
    output(command(&python)?.arg("tests/bench/torch_side.py"))
}

fn native(bench: &str) -> Result<Command> {
    let mut cargo = command("cargo")?;
    cargo.args(["bench", "--quiet", "--package", "palimpsest", "--bench", bench]);
    Ok(cargo)
}

/// What a side printed; nothing where it could not run.
fn said(name: &str, result: Result<String>) -> String {
    let text = result.inspect_err(|error| println!("{name}: not measured: {error:#}")).unwrap_or_default();
    println!("{name}: {text}");
    text
}

/// One line a workload: median milliseconds of a step, and how often PyTorch's quicker layout fits into ours.
fn table(native: &str, browser: &str, torch: &str) {
    let [native, browser, torch] = [native, browser, torch].map(result);
    let median = |times: &Value, workload: &str| times[workload]["median"].as_f64().unwrap_or(f64::NAN);
    println!(
        "{:<14}{:>10}{:>10}{:>10}{:>15}{:>18}{:>18}",
        "one step, ms", "native", "browser", "PyTorch", "channels last", "native / PyTorch", "browser / PyTorch"
    );
    for workload in native["workloads"].as_object().into_iter().flat_map(|times| times.keys()) {
        let [native, browser, plain] = [&native, &browser, &torch].map(|side| median(&side["workloads"], workload));
        let channels_last = median(&torch["channels_last"], workload);
        let best = plain.min(channels_last);
        let [native_ratio, browser_ratio] = [native / best, browser / best].map(|ratio| figure(ratio, 2));
        let [native, browser, plain, channels_last] =
            [native, browser, plain, channels_last].map(|time| figure(time, 3));
        print!("{workload:<14}{native:>10}{browser:>10}{plain:>10}{channels_last:>15}");
        println!("{native_ratio:>18}{browser_ratio:>18}");
    }
}

fn figure(value: f64, places: usize) -> String {
    if value.is_nan() { "–".into() } else { format!("{value:.places$}") }
}

/// The line of JSON among what a side printed.
fn result(text: &str) -> Value {
    let lines = text.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.into_iter().find(|line| line["workloads"].is_object()).unwrap_or_default()
}
