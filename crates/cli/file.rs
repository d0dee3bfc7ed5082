//! Files that a user names: bounded, and never anything but files.

use crate::catalogue::catalogue;
use crate::stop::Stop;
use spec::{Reports, RunSpec, Wrong, nearest};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// The most bytes that weights and data may have.
pub const LARGEST: u64 = 1 << 30;

/// The most bytes of a run file: a forget set of 100,000 picked images fits.
pub const LARGEST_RUN_FILE: u64 = 16 << 20;

/// Reads a run file or a report's, `-` from standard input; a name that is no file may be that of a shipped recipe.
pub fn run_file(path: &Path) -> Result<RunSpec, Stop> {
    if path.symlink_metadata().is_err() && path.extension().is_none() {
        let recipes = catalogue().recipes;
        if let Some(recipe) = recipes.iter().find(|recipe| path.as_os_str() == recipe.id.as_str()) {
            return Ok(recipe.spec.clone());
        }
        let known = recipes.iter().map(|recipe| recipe.id.as_str());
        if let Some(near) = path.to_str().filter(|name| *name != "-").and_then(|name| nearest(name, known)) {
            let name = path.display();
            return Err(Stop::Bad(format!(
                "{name}: there is no such file and no such recipe; did you mean \"{near}\"?"
            )));
        }
        if path.to_str() != Some("-") {
            let why = "there is no such file and no such recipe; `palimpsest recipes` lists those";
            return Err(Stop::Bad(format!("{}: {why}", path.display())));
        }
    }
    if path.is_dir() && path.to_str() != Some("-") {
        let why = match path.join("report.json").is_file() {
            true => format!("this is a folder; `{}` in it can be played", path.join("report.json").display()),
            false => "this is a folder; a run file is right".into(),
        };
        return Err(Stop::Bad(format!("{}: {why}", path.display())));
    }
    let (name, bytes) = match path.to_str() {
        Some("-") => {
            let name = "standard input";
            (name.into(), bounded(io::stdin().lock(), name, 0, LARGEST_RUN_FILE)?)
        }
        // What a shell gives for `<(command)`: somebody is there to write.
        _ if ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder)) => {
            let name = path.display().to_string();
            let file = File::open(path).map_err(|error| Wrong::new(&name, unreadable(&error)))?;
            let bytes = bounded(file, &name, 0, LARGEST_RUN_FILE)?;
            (name, bytes)
        }
        _ => (path.display().to_string(), bytes(path, LARGEST_RUN_FILE)?),
    };
    if path.extension().is_some_and(|kind| kind == "yaml" || kind == "yml") {
        return Err(Stop::Bad(format!("{name}: a run file is TOML or JSON, not YAML")));
    }
    let right = "a run file is TOML or JSON";
    if let Some(what) = engine::foreign(&bytes, right) {
        return Err(Stop::Bad(format!("{name}: {what}")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Stop::Bad(format!("{name}: this is no text file; {right}")))?;
    Reports::run_of(&text).map_err(|wrong| match wrong.what.as_str() {
        // The file itself is the place.
        "run file" | "report" => Wrong { what: name, ..wrong }.into(),
        _ => Stop::Bad(format!("{name}: {wrong}")),
    })
}

/// The folder that names in a run file are relative to.
pub fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Whether a path leads to a folder or into it, through links too; neither has to be there.
pub fn is_inside(path: &Path, folder: &Path) -> bool {
    resolved(path).starts_with(resolved(folder))
}

/// The path without links and dots, as far as it is there.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    match (path.canonicalize(), path.parent(), path.components().next_back()) {
        (Ok(found), ..) => found,
        (Err(_), Some(parent), Some(Component::ParentDir)) => {
            resolved(parent).parent().map(Path::to_path_buf).unwrap_or_default()
        }
        (Err(_), Some(parent), Some(last)) => resolved(parent).join(last),
        (Err(_), ..) => path,
    }
}

/// The bytes of a file that has at most `limit`.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Wrong> {
    let name = path.display().to_string();
    let wrong = |error: io::Error| Wrong::new(&name, unreadable(&error));
    // Before it is opened: a pipe would wait for somebody to write.
    let about = fs::metadata(path).map_err(wrong)?;
    if !about.is_file() {
        return Err(Wrong::new(name, "this is no file"));
    }
    bounded(File::open(path).map_err(wrong)?, &name, about.len(), limit)
}

/// All bytes of a reader that gives at most `limit`, and is said to have `size`.
fn bounded(reader: impl Read, name: &str, size: u64, limit: u64) -> Result<Vec<u8>, Wrong> {
    // Room for all at once: a vector that grows holds a large file twice while it moves.
    let mut bytes = Vec::with_capacity(size.min(limit) as usize + 1);
    reader.take(limit + 1).read_to_end(&mut bytes).map_err(|error| Wrong::new(name, unreadable(&error)))?;
    match bytes.len() as u64 > limit {
        true => Err(Wrong::new(name, format!("the file is larger than {} MB, the limit", limit >> 20))),
        false => Ok(bytes),
    }
}

fn unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        _ => format!("it cannot be read ({error})"),
    }
}
