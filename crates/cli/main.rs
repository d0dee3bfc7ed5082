//! The command line: plays run files, and says what the engine knows.

mod catalogue;
mod file;
mod host;
mod math;
mod out;
mod run;
mod show;
mod signals;
mod speaker;
mod stop;
mod text;

use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;
use std::path::PathBuf;
use std::process::ExitCode;

/// Layers and gradients of megabytes come and go at every step. The allocator of glibc gives their pages back to the
/// system and asks for them anew: up to three quarters more time for a step.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Rewrite what neural networks know: transfer, adapt, attack, defend, forget
///
/// Ends with 0 when all is done, 1 when a run failed, 2 for bad input, 128 and its number for a signal: 130 for Ctrl-C,
/// 143 for SIGTERM.
#[derive(Parser)]
#[command(name = "palimpsest", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what a run file would do, or what is wrong with it
    Check {
        /// A run file, TOML or JSON; `-` reads standard input
        file: PathBuf,
    },
    /// Show data sets, networks and kinds of forget sets
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
    /// List the recipes that come with the program
    Recipes,
    /// Play a run file, or a recipe by its name
    ///
    /// Data and weight files are looked for beside the run file, then here, then among the shipped weights.
    Run(run::Options),
    /// Show a method: its card, equation, and settings with ranges and defaults
    Show {
        /// The method's id, such as `attack.pgd-linf`
        method: String,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Check { file } => show::check(&file),
        Command::Data { name } => show::data(name.as_deref()),
        Command::List { json } => show::list(json),
        Command::Recipes => show::recipes(),
        Command::Run(options) => run::run(&options),
        Command::Show { method } => show::method(&method),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            if let Some(message) = stop.message() {
                eprintln!("error: {}", text::plain(message));
            }
            ExitCode::from(stop.code())
        }
    }
}
