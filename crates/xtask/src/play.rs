//! `cargo xtask play`: the page as soon as it can be used, the GPU engine when it is ready.

use crate::build::{self, Profile};
use crate::serve::{self, Site};
use crate::{setup, time};
use anyhow::Result;
use clap::Args;
use std::thread;

#[derive(Args)]
pub struct Options {
    /// Leave the GPU engine out
    #[arg(long)]
    no_gpu: bool,
    /// The port to serve on, or the next free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Print what each part took, but for xtask itself, which cargo has built before
    #[arg(long)]
    time: bool,
}

pub fn play(options: &Options) -> Result<()> {
    let shown = options.time;
    time::part(shown, "set-up", setup::wasm)?;
    println!("Building the page and its CPU engine …");
    time::part(shown, "page and CPU engine, cargo", || build::compile_page(Profile::Quick))?;
    time::part(shown, "page and CPU engine, wasm-bindgen", || build::write_page(Profile::Quick))?;
    let last = options.port.saturating_add(100);
    let address = serve::serve(Site::of(build::dist()), options.port..=last)?;
    println!("\nPalimpsest is at {address}\n");
    if options.no_gpu {
        println!("Press Ctrl-C to stop.");
    } else {
        println!("Building the GPU engine; the page takes it when it is ready. Press Ctrl-C to stop.");
        match time::part(shown, "GPU engine", || build::gpu(Profile::Quick)) {
            Ok(()) => println!("The GPU engine is ready. Palimpsest is at {address}"),
            Err(error) => println!("Only the CPU engine is served: {error:#}"),
        }
    }
    loop {
        thread::park();
    }
}
