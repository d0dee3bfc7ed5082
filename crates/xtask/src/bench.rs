//! `cargo xtask bench`: the times of one training step here and in PyTorch, how soon the page can be used, and what a
//! step asks of WebGPU. What cannot be measured on this machine is said and left out. Nothing is gated on a time; `site`
//! bounds the downloads.

use crate::shell::{command, output, run};
use crate::{build, setup, test};
use anyhow::{Context, Result};
use serde_json::Value;
use std::env;
use std::process::Command;

pub fn bench() -> Result<()> {
    let torch = said("PyTorch on CPU", torch());
    // Both end with a line such as {"unit": "ms", "workloads": {"mlp": {"min": 0.2, "median": 0.3}}}.
    let native = said("Palimpsest on CPU", command("cargo").map(native).and_then(|mut cargo| times(&mut cargo)));
    if let Some(native) = native {
        table(&native, torch.as_ref());
    }
    setup::wasm()?;
    let chrome = setup::browser()?;
    run(&mut build::trunk()?)?;
    run(&mut test::playwright("bench", chrome.as_deref())?)?;
    if !build::gpu_wasm()?.is_file() {
        println!("WebGPU: not counted: its engine is not built; `cargo xtask play` builds it.");
        return Ok(());
    }
    build::gpu()?;
    run(&mut test::playwright("bench-gpu", chrome.as_deref())?)
}

fn torch() -> Result<Value> {
    let python = env::var("PALIMPSEST_PYTHON").unwrap_or_else(|_| "python3".into());
    output(command(&python)?.args(["-c", "import torch"]))
        .context("PALIMPSEST_PYTHON must name a Python with torch")?;
    times(command(&python)?.arg("tests/bench/torch_side.py"))
}

fn native(mut cargo: Command) -> Command {
    cargo.args(["bench", "--quiet", "--package", "palimpsest", "--bench", "step"]);
    cargo
}

fn times(command: &mut Command) -> Result<Value> {
    let text = output(command)?;
    let result: Value = serde_json::from_str(text.lines().last().context("it printed nothing")?)?;
    Ok(result["workloads"].clone())
}

/// One line a workload: median milliseconds of a step, and how often PyTorch's step fits into ours.
fn table(ours: &Value, torch: Option<&Value>) {
    println!("{:<12} {:>12} {:>12} {:>8}", "one step, ms", "Palimpsest", "PyTorch", "ratio");
    for (workload, time) in ours.as_object().into_iter().flatten() {
        let median = |side: &Value| side["median"].as_f64().unwrap_or(f64::NAN);
        let (mine, theirs) = (median(time), torch.map_or(f64::NAN, |torch| median(&torch[workload])));
        println!("{workload:<12} {mine:>12.3} {theirs:>12.3} {:>8.2}", mine / theirs);
    }
}

fn said(name: &str, result: Result<Value>) -> Option<Value> {
    result.inspect_err(|error| println!("{name}: not measured: {error:#}")).ok()
}
