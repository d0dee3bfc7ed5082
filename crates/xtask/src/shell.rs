//! Running other programs.

use anyhow::{Context, Result, ensure};
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The repository: xtask is built from it and works on it.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("crates/xtask is two folders below the root")
}

/// `program` in the repository's root, with our tools first on the path and one target folder for all builds.
pub fn command(program: &str) -> Result<Command> {
    let mut paths = vec![cache()?.join("tools/bin")];
    paths.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let mut command = Command::new(program);
    command.current_dir(root()).env("PATH", env::join_paths(paths)?).env("CARGO_TARGET_DIR", target()?);
    Ok(command)
}

/// Runs to the end with this terminal; an error if it fails.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start {}", name(command)))?;
    ensure!(status.success(), "{} failed ({status})", name(command));
    Ok(())
}

/// Runs to the end and returns what it printed; an error if it fails or is not there.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::null()).output().with_context(|| format!("cannot start {}", name(command)))?;
    ensure!(output.status.success(), "{} failed ({})", name(command), output.status);
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// The program's place on the path, as `which` says it.
pub fn find(program: &str) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(&name)).find(|path| path.is_file())
}

/// Where tools, builds and browsers are kept between checkouts: `PALIMPSEST_CACHE`, else the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let user = || env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || env::home_dir().map(|home| home.join(".cache"));
    match env::var_os("PALIMPSEST_CACHE") {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => {
            let folder = user().or_else(home).context("no home folder: name one for tools in PALIMPSEST_CACHE")?;
            Ok(folder.join("palimpsest"))
        }
    }
}

/// One target folder for every build, so that burn is compiled once per profile: `CARGO_TARGET_DIR`, else in the cache.
pub fn target() -> Result<PathBuf> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(std::path::absolute(folder)?),
        None => Ok(cache()?.join("target")),
    }
}

fn name(command: &Command) -> String {
    let words = [command.get_program()].into_iter().chain(command.get_args()).take(6);
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
