//! `palimpsest store`: what lies in a folder of finished work, and how it goes.

use super::{LEASE, MARK, PART, PLAIN, WORK, build, is_left, with_ending};
use crate::stop::Stop;
use crate::text;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// Lists a folder, or deletes what programs have put there; nothing else goes, and nothing that is being written.
/// `named` is the folder as the user gave it; without that it may be missing.
pub fn show(folder: &Path, named: bool, clear: bool) -> Result<(), Stop> {
    let cannot =
        |what: &str, path: &Path, error| Stop::Bad(format!("{}: it cannot be {what} ({error})", path.display()));
    let mut parts: Vec<PathBuf> = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound && !named => Vec::new(),
        entries => entries
            .map_err(|error| cannot("read", folder, error))?
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.path().join(MARK).is_file())
            .map(|entry| entry.path())
            .collect(),
    };
    parts.sort();
    let (mut out, mut stays) = (String::new(), None);
    for part in &parts {
        let works = with_ending(part, WORK).map_err(|error| cannot("read", part, error))?;
        if !works.is_empty() {
            out.push_str(&line(part, &works));
        }
        if clear {
            let left = [PART, LEASE].map(|ending| with_ending(part, ending).unwrap_or_default()).concat();
            for path in works.iter().chain(left.iter().filter(|path| is_left(path))) {
                if let Err(error) = gone(path) {
                    stays.get_or_insert(cannot("deleted", path, error));
                }
            }
            remove_if_empty(part);
        }
    }
    if let Some(first) = stays {
        return Err(first);
    }
    let named = if named { format!(" {}", folder.display()) } else { String::new() };
    let end = match (out.is_empty(), clear) {
        (true, _) => "There is no finished work.".into(),
        (false, true) => "All of it was deleted.".into(),
        (false, false) => format!("`palimpsest store{named} --clear` deletes it."),
    };
    let lines: String =
        format!("{}:\n{out}{end}", folder.display()).lines().map(|line| text::plain(line) + "\n").collect();
    Ok(text::print(&lines)?)
}

/// "0.1.0-8a3f: 12 works, 3.4 MB, of this program".
fn line(part: &Path, works: &[PathBuf]) -> String {
    let bytes: u64 = works.iter().filter_map(|work| Some(work.metadata().ok()?.len())).sum();
    let name = part.file_name().unwrap_or_default().to_string_lossy();
    let is_own = name.trim_end_matches(PLAIN) == build();
    let whose = if is_own { "this program" } else { "another build" };
    let count = works.len();
    let works = if count == 1 { "work" } else { "works" };
    format!("{name}: {count} {works}, {:.1} MB, of {whose}\n", bytes as f64 / 1e6)
}

/// Removes a part of which nothing but its mark is left. Something else may lie there, and then both stay.
fn remove_if_empty(part: &Path) {
    let others = fs::read_dir(part).into_iter().flatten().flatten().filter(|entry| entry.file_name() != MARK);
    if others.count() == 0 && fs::remove_file(part.join(MARK)).is_ok() {
        let _ = fs::remove_dir(part);
    }
}

/// Deletes a file that another program may have deleted.
fn gone(path: &PathBuf) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
