//! The command line: plays run files, and says what the engine knows.

mod catalogue;
mod clock;
mod file;
mod host;
mod math;
mod out;
mod run;
mod save;
mod shared;
mod show;
mod signals;
mod speaker;
mod stop;
mod store;
mod text;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use std::path::PathBuf;
use std::process::ExitCode;

/// Layers and gradients of megabytes come and go at every step. The allocator of glibc gives their pages back to the
/// system and asks for them anew: up to three quarters more time for a step.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// With the commit that it was built from, where there was a repository.
const VERSION: &str = git_version::git_version!(
    args = ["--always", "--dirty=-changed", "--abbrev=10", "--exclude=*"],
    prefix = concat!(env!("CARGO_PKG_VERSION"), " "),
    fallback = env!("CARGO_PKG_VERSION")
);

/// Rewrite what neural networks know: transfer, adapt, attack, defend, forget
///
/// Ends with 0 when all is done, 1 when a run failed, 2 for bad input, 128 and its number for a signal: 130 for Ctrl-C,
/// 143 for SIGTERM.
#[derive(Parser)]
#[command(name = "palimpsest", version = VERSION)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a run file would do, or what is wrong with it
    Check(run::RunFile),
    /// Show the keys of a run file, data sets, networks and kinds of forget sets
    Data {
        /// Show all settings of this one
        name: Option<String>,
    },
    /// List every method
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what the figures of tables and reports mean
    Metrics,
    /// List the recipes that come with the program
    Recipes,
    /// Play a run file, or a recipe by its name
    ///
    /// Data and weight files are looked for beside the run file, then here, then among the shipped weights.
    #[command(after_long_help = text::keys())]
    Run(run::Options),
    /// Show what lies in a folder of finished work, which `run --cache` and `run --resume` fill
    Store {
        /// The folder; without it that of `run --resume`
        #[arg(value_name = "DIR")]
        folder: Option<PathBuf>,
        /// Delete all of it, but what a program is writing
        #[arg(long)]
        clear: bool,
    },
    /// Show a method: its card, equation, and settings with ranges and defaults
    Show {
        /// The method's id, such as `attack.pgd-linf`
        method: String,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check(of) => show::check(&of),
        Command::Data { name } => show::data(name.as_deref()),
        Command::List { json } => show::list(json),
        Command::Metrics => show::metrics(),
        Command::Recipes => show::recipes(),
        Command::Run(options) => run::run(&options),
        Command::Store { folder: Some(folder), clear } => store::show(&folder, true, clear),
        Command::Store { folder: None, clear } => store::own().and_then(|folder| store::show(&folder, false, clear)),
        Command::Show { method } => show::method(&method),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(message) = stop.message() {
                text::tell("error", message);
            }
            ExitCode::from(stop.code())
        }
    }
}
