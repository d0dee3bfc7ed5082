//! Set-up and orchestration: what a fresh machine needs, and the commands of the README.

mod bench;
mod build;
mod fuzz;
mod growth;
mod licences;
mod picture;
mod play;
mod policy;
mod serve;
mod setup;
mod shell;
mod site;
mod size;
mod test;
mod time;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Palimpsest's own commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Measure downloads, browser timings and training speed
    Bench(bench::Options),
    /// Format every Rust file, also those that `cargo fmt` cannot find
    Fmt,
    /// Feed every decoder of strangers' files with a million mutations of valid ones
    Fuzz(fuzz::Options),
    /// Build the page and its CPU engine quickly into dist/, or for Trunk where Trunk wants them
    Page,
    /// Record the README's animated pictures from the running page
    Picture,
    /// Build the page, serve it on 127.0.0.1 and print its address
    Play(play::Options),
    /// Serve a built site on 127.0.0.1 as a static host would
    Serve(serve::Options),
    /// Install or check what the other commands need
    Setup,
    /// Write a deployable site to dist/
    Site,
    /// Check the format, lint, and run every test
    Test(test::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().task {
        Task::Bench(options) => bench::bench(&options),
        Task::Fmt => build::rustfmt().and_then(|mut rustfmt| shell::run(&mut rustfmt)),
        Task::Fuzz(options) => fuzz::fuzz(&options),
        Task::Page => setup::wasm().and_then(|()| build::for_trunk()),
        Task::Picture => picture::picture(),
        Task::Play(options) => play::play(&options),
        Task::Serve(options) => serve::until_stopped(&options),
        Task::Setup => setup::setup(),
        Task::Site => site::site(),
        Task::Test(options) => return test::test(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
