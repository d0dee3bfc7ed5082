//! A folder of finished work: networks of stages and retrained references, so that nothing is played twice. A run that
//! was killed goes on behind its last finished stage.
//!
//! Each work is one file, written beside its place and moved there, so that it is whole or not there; two programs may
//! use one folder. Builds of the program do not share work.

use crate::file::{self, LARGEST};
use crate::stop::Stop;
use crate::{VERSION, text};
use spec::Digest;
use std::cell::Cell;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// How the name of a work ends.
const ENDING: &str = "work";

pub struct Store {
    /// The part of the folder for this build.
    folder: PathBuf,
    /// Whether it was said that the store takes no more.
    is_told: Cell<bool>,
}

impl Store {
    /// Makes the folder if it is not there.
    pub fn open(folder: &Path, plain: bool) -> Result<Self, Stop> {
        let part = folder.join(format!("{}{}", build(), if plain { "-plain" } else { "" }));
        fs::create_dir_all(&part)
            .map_err(|error| Stop::Bad(format!("{}: the store cannot be made there ({error})", folder.display())))?;
        Ok(Self { folder: part, is_told: Cell::new(false) })
    }

    /// The work under a key. Whether it is whole, and really that of the key, is seen from its content.
    pub fn recall(&self, key: &str) -> Option<Vec<u8>> {
        file::bytes(&self.place(key), LARGEST).ok()
    }

    /// Keeps a work. If it cannot be kept, that is said once and the run goes on.
    pub fn keep(&self, key: &str, work: &[u8]) {
        if let Err(error) = self.write(key, work)
            && !self.is_told.replace(true)
        {
            let folder = text::plain(&self.folder.display().to_string());
            eprintln!("warning: {folder}: finished work cannot be kept ({error})");
        }
    }

    fn write(&self, key: &str, work: &[u8]) -> io::Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(work)?;
        file.as_file().sync_all()?;
        file.persist(self.place(key))?;
        Ok(())
    }

    fn place(&self, key: &str) -> PathBuf {
        let mut digest = Digest::default();
        digest.write(key.as_bytes());
        self.folder.join(format!("{}.{ENDING}", digest.hex()))
    }
}

/// `palimpsest store`: what lies there, or that it was deleted. Only files that are works go.
pub fn show(folder: &Path, clear: bool) -> Result<(), Stop> {
    let cannot = |error: io::Error| Stop::Bad(format!("{}: it cannot be read ({error})", folder.display()));
    let mut out = String::new();
    let mut parts: Vec<PathBuf> = fs::read_dir(folder).map_err(cannot)?.flatten().map(|entry| entry.path()).collect();
    parts.sort();
    for part in parts.iter().filter(|part| part.is_dir()) {
        let works = works(part).map_err(cannot)?;
        if works.is_empty() {
            continue;
        }
        let bytes: u64 = works.iter().filter_map(|work| Some(work.metadata().ok()?.len())).sum();
        let name = part.file_name().unwrap_or_default().to_string_lossy();
        let is_own = name.trim_end_matches("-plain") == build();
        let whose = if is_own { "this program" } else { "another build" };
        out.push_str(&format!("{name}: {} works, {:.1} MB, of {whose}\n", works.len(), bytes as f64 / 1e6));
        if clear {
            works.iter().try_for_each(fs::remove_file).map_err(cannot)?;
            // Something else may lie there, and then it stays.
            let _ = fs::remove_dir(part);
        }
    }
    let end = match (out.is_empty(), clear) {
        (true, _) => "There is no finished work.\n",
        (false, true) => "All of it was deleted.\n",
        (false, false) => "`palimpsest store DIR --clear` deletes it.\n",
    };
    let lines: String = out.lines().map(|line| text::plain(line) + "\n").collect();
    Ok(text::print(&(lines + end))?)
}

fn works(part: &Path) -> io::Result<Vec<PathBuf>> {
    let all = fs::read_dir(part)?.flatten().map(|entry| entry.path());
    Ok(all.filter(|path| path.extension().is_some_and(|ending| ending == ENDING)).collect())
}

/// A name for this build: version and commit. A build that is of no commit has the time when it was made.
fn build() -> String {
    let made = std::env::current_exe().and_then(|program| program.metadata()?.modified());
    let made = made.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |time| time.as_nanos());
    let version = VERSION.replace(' ', "-");
    match VERSION.contains(' ') && !VERSION.ends_with("-changed") {
        true => version,
        false => format!("{version}-{made}"),
    }
}
