//! `cargo xtask test`: everything that can be checked, cheapest first. A failed part does not keep the others from
//! running, unless they need it. Browser tests see page and engines as they are deployed, but for names with hashes and
//! wasm-opt: a quick build of its own would take longer than it saves, for the small one is there after the first time.

use crate::build::{self, Profile};
use crate::setup;
use crate::shell::{cache, command, root, run, target};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// Linted and tested on this machine. One list for both, so that each dependency is compiled once with one set of
/// features; never the whole workspace, which would turn on the GPU.
const HOST: [&str; 10] = ["app", "engine", "kernels", "kit", "methods", "ops", "palimpsest", "report", "spec", "xtask"];

#[derive(Args)]
pub struct Options {
    /// Only the tests whose name contains this
    filter: Option<String>,
    /// Leave the browser tests and their builds out
    #[arg(long)]
    no_browser: bool,
    /// Leave the GPU engine and its browser test out
    #[arg(long)]
    no_gpu: bool,
}

pub fn test(options: &Options) -> ExitCode {
    let mut count = Parts::default();
    count.step("format", || run(build::rustfmt()?.arg("--check")));
    count.step("clippy", clippy);
    count.tests("tests", || tests(options.filter.as_deref()));
    if !options.no_browser {
        browser(options, &mut count);
    }
    count.print();
    ExitCode::from(u8::from(count.total().failed > 0))
}

fn clippy() -> Result<()> {
    let mut clippy = command("cargo")?;
    run(clippy.arg("clippy").args(packages()).args(["--all-targets", "--", "-D", "warnings"]))
}

/// Unit, law, recipe, command-line and tidy tests.
fn tests(filter: Option<&str>) -> Result<Count> {
    let mut cargo = command("cargo")?;
    cargo.args(["test", "--no-fail-fast"]).args(packages()).args(filter);
    let mut child = cargo.stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    let mut count = Count::default();
    for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
        let line = line?;
        println!("{line}");
        count.add(summary(&line).unwrap_or_default());
    }
    // A binary that aborts, or does not compile, prints no summary.
    count.failed += usize::from(!child.wait()?.success() && count.failed == 0);
    Ok(count)
}

fn browser(options: &Options, count: &mut Parts) {
    let filter = options.filter.as_deref();
    let chrome = count.step("set-up of the browser tests", || setup::wasm().and_then(|()| setup::browser()));
    count.step("clippy on wasm32", clippy_wasm);
    count.step("kernels on wasm32", kernels_on_wasm);
    let page = count.step("page and CPU engine", || build::page(Profile::Small));
    let wire = count.step("check of the wire", build::wire_check);
    let (Some(chrome), Some(()), Some(())) = (chrome, page, wire) else { return };
    count.step("page with one more lab", build::toy);
    count.tests("browser tests on CPU", || in_browser("cpu", filter, chrome.as_deref()));
    if !options.no_gpu && count.step("GPU engine", build::gpu_and_checks).is_some() {
        count.tests("browser tests on WebGPU", || in_browser("gpu", filter, chrome.as_deref()));
    }
}

/// The crates as they are in the browser; the GPU engine is one small file, which its own build checks.
fn clippy_wasm() -> Result<()> {
    let mut clippy = command("cargo")?;
    clippy.args(["clippy", "--package", "app", "--package", "worker", "--features", "worker/cpu"]);
    run(clippy.args(["--target", "wasm32-unknown-unknown", "--", "-D", "warnings"]))
}

/// The kernels' own tests with the vectors of a browser, in Node.
fn kernels_on_wasm() -> Result<()> {
    let mut cargo = command("cargo")?;
    cargo.args(["test", "--quiet", "--package", "kernels", "--lib", "--target", "wasm32-unknown-unknown"]);
    // Cargo starts it in the folder of the package.
    run(cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "node ../../tests/browser/wasm.js"))
}

/// Runs one project of `tests/browser` against `dist/` and reads what it counted.
fn in_browser(project: &str, filter: Option<&str>, chrome: Option<&Path>) -> Result<Count> {
    let results = root().join("tests/browser/test-results").join(format!("{project}.json"));
    fs::remove_file(&results).ok();
    let mut tests = playwright(project, chrome)?;
    tests.args(["--reporter", "list,json", "--pass-with-no-tests"]).env("PLAYWRIGHT_JSON_OUTPUT_NAME", &results);
    let status = tests.args(filter.map(|filter| format!("--grep={filter}"))).status()?;
    let report: Value = serde_json::from_slice(&fs::read(&results).context("Playwright wrote no results")?)?;
    let stat = |key: &str| report["stats"][key].as_u64().unwrap_or(0) as usize;
    let mut count = Count { passed: stat("expected"), failed: stat("unexpected") + stat("flaky") };
    count.failed += usize::from(!status.success() && count.failed == 0);
    Ok(count)
}

/// Playwright, with the command line's program for tests that compare the two.
pub fn playwright(project: &str, chrome: Option<&Path>) -> Result<Command> {
    let mut node = command("node")?;
    node.current_dir(root().join("tests/browser"));
    node.args(["node_modules/@playwright/test/cli.js", "test", "--project", project]);
    node.env("PALIMPSEST_CHECKS", build::checks_folder()?);
    node.env("PALIMPSEST_TOY", build::toy_folder()?);
    // Playwright starts it to serve the page.
    node.env("PALIMPSEST_XTASK", env::current_exe()?);
    node.env("PALIMPSEST_CLI", target()?.join(format!("debug/palimpsest{}", env::consts::EXE_SUFFIX)));
    match chrome {
        Some(chrome) => node.env("CHROME", chrome),
        None => node.env("PLAYWRIGHT_BROWSERS_PATH", cache()?.join("browsers")),
    };
    Ok(node)
}

pub fn packages() -> impl Iterator<Item = &'static str> {
    HOST.into_iter().flat_map(|package| ["--package", package])
}

/// `test result: ok. 12 passed; 0 failed; …`, as each test binary ends.
fn summary(line: &str) -> Option<Count> {
    let mut words = line.strip_prefix("test result: ")?.split_whitespace();
    let mut before = |word: &str| {
        let mut last = None;
        words.by_ref().take_while(|next| *next != word).for_each(|next| last = next.parse().ok());
        last
    };
    Some(Count { passed: before("passed;")?, failed: before("failed;")? })
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    passed: usize,
    failed: usize,
}

impl Count {
    fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// The parts of the whole, in their order.
#[derive(Default)]
struct Parts(Vec<Part>);

struct Part {
    name: &'static str,
    took: Duration,
    count: Count,
}

impl Parts {
    /// A part that passes or fails as a whole counts as one test.
    fn step<T>(&mut self, name: &'static str, part: impl FnOnce() -> Result<T>) -> Option<T> {
        let mut made = None;
        self.run(name, || {
            made = Some(part()?);
            Ok(Count { passed: 1, failed: 0 })
        });
        made
    }

    /// A part that counts its own tests.
    fn tests(&mut self, name: &'static str, part: impl FnOnce() -> Result<Count>) {
        let count = self.run(name, part);
        println!("== {name}: {} passed, {} failed", count.passed, count.failed);
    }

    #[allow(clippy::disallowed_methods, reason = "natively there is a clock")]
    fn run(&mut self, name: &'static str, part: impl FnOnce() -> Result<Count>) -> Count {
        println!("== {name}");
        let begun = Instant::now();
        let count = part().unwrap_or_else(|error| {
            println!("== {name} failed: {error:#}");
            Count { passed: 0, failed: 1 }
        });
        self.0.push(Part { name, took: begun.elapsed(), count });
        count
    }

    fn total(&self) -> Count {
        let mut total = Count::default();
        self.0.iter().for_each(|part| total.add(part.count));
        total
    }

    /// What each part took, then the sum, which closes the output.
    fn print(&self) {
        println!("== time of each part");
        for Part { name, took, count: Count { passed, failed } } in &self.0 {
            println!("{:8.1} s  {passed:4} passed {failed:3} failed  {name}", took.as_secs_f64());
        }
        let Count { passed, failed } = self.total();
        println!("{passed} passed, {failed} failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.00s";
        assert_eq!(summary(line), Some(Count { passed: 12, failed: 3 }));
        assert_eq!(summary("test laws::ids ... ok"), None);
    }
}
