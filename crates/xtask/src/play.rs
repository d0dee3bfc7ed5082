//! `cargo xtask play`: the page as soon as it can be used, the GPU engine when it is ready.

use crate::{build, serve, setup};
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
}

pub fn play(options: &Options) -> Result<()> {
    setup::wasm()?;
    println!("Building the page and its CPU engine …");
    build::page()?;
    let address = serve::serve(build::dist(), options.port)?;
    println!("\nPalimpsest is at {address}\n");
    if options.no_gpu {
        println!("Press Ctrl-C to stop.");
    } else {
        println!("Building the GPU engine; the page takes it when it is ready. Press Ctrl-C to stop.");
        match build::gpu() {
            Ok(()) => println!("The GPU engine is ready. Palimpsest is at {address}"),
            Err(error) => println!("Only the CPU engine is served: {error:#}"),
        }
    }
    loop {
        thread::park();
    }
}
