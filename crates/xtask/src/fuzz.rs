//! `cargo xtask fuzz`: many more inputs for every decoder, and kills of a run, than the tests have time for.

use crate::shell::{command, run, target};
use crate::test;
use anyhow::{Context, Result};
use clap::Args;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Args)]
pub struct Options {
    /// Only the decoders whose name contains this, as `tests/fuzz/main.rs` lists them; `kills` kills runs alone
    filter: Option<String>,
    /// Inputs for each decoder
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    inputs: u32,
    /// Which inputs; another seed each time, if not given
    #[arg(long, value_name = "SEED")]
    seed: Option<u32>,
}

/// Ends at the first input that a decoder fails on.
pub fn fuzz(options: &Options) -> Result<()> {
    let seed = options.seed.map_or_else(seed, Ok)?;
    println!("{} inputs for each decoder, seed {seed}", options.inputs);
    let mut cargo = command("cargo")?;
    cargo.args(["test", "--quiet"]).args(test::packages()).args(["--test", "fuzz"]).args(&options.filter);
    cargo.args(["--", "--nocapture"]);
    cargo.env("PALIMPSEST_FUZZ_INPUTS", options.inputs.to_string()).env("PALIMPSEST_FUZZ_SEED", seed.to_string());
    let folder = target()?.join("tmp/fuzz");
    run(&mut cargo)
        .with_context(|| format!("the last input of a decoder that did not end lies in {}", folder.display()))
}

#[allow(clippy::disallowed_methods, reason = "natively there is a clock")]
fn seed() -> Result<u32> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos())
}
