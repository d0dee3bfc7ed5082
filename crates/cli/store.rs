//! A folder of finished work: networks of stages, retrained references and checkpoints of trainings, so that nothing is
//! played twice. A run that was killed goes on behind its last finished stage, or from its last checkpoint.
//!
//! Each work is one file, written beside its place and moved there, so that it is whole or not there. Programs that use
//! one folder at once wait for each other's work (`lease`). Builds of the program do not share work.

mod lease;
mod show;

pub use show::show;

use crate::file;
use crate::stop::Stop;
use crate::{VERSION, clock};
use lease::{Lease, Waiting};
use spec::Digest;
use std::cell::{Cell, RefCell};
use std::env;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// How the name of a work ends.
const WORK: &str = "work";

/// How the name of a lease ends.
const LEASE: &str = "lease";

/// How the name of a file ends that is still being written.
const PART: &str = "part";

/// A file that says that a folder is a part of a store: nothing is listed in or deleted from another one.
const MARK: &str = "palimpsest-store";

/// The age from which a lease or a file that is being written may have been left by a program that was killed.
const OLD: Duration = Duration::from_secs(60);

/// The most bytes of a work: several of the largest networks, with an optimiser's state.
const LARGEST: u64 = 1 << 40;

/// The user's own folder of finished work: `PALIMPSEST_CACHE` names the folder that it lies in.
pub fn own() -> Result<PathBuf, Stop> {
    let cache = match env::var_os("PALIMPSEST_CACHE").filter(|folder| !folder.is_empty()) {
        Some(folder) => Some(folder.into()),
        None => dirs::cache_dir().map(|folder| folder.join("palimpsest")),
    };
    let none = "there is no cache folder of yours; name one in PALIMPSEST_CACHE";
    cache.map(|folder| folder.join("store")).ok_or_else(|| Stop::Bad(none.into()))
}

pub struct Store {
    /// The part of the folder for this build.
    folder: PathBuf,
    /// Time between two checkpoints of a training.
    pub checkpoint_every: Option<Duration>,
    /// The lease of another program that is waited for.
    waiting: RefCell<Option<Waiting>>,
    /// Whether it was said that the store takes no more.
    is_told: Cell<bool>,
}

impl Store {
    /// Makes the folder if it is not there.
    pub fn open(folder: &Path, plain: bool, checkpoint_every: Option<Duration>) -> Result<Self, Stop> {
        let part = folder.join(format!("{}{}", build(), if plain { PLAIN } else { "" }));
        fs::create_dir_all(&part)
            .map_err(|error| Stop::Bad(format!("{}: the store cannot be made there ({error})", folder.display())))?;
        // A folder that takes no file can still be read from.
        let _ = File::create_new(part.join(MARK));
        for path in [PART, LEASE].into_iter().flat_map(|ending| with_ending(&part, ending).unwrap_or_default()) {
            if clock::age(&path).is_some_and(|age| age > OLD) && is_left(&path) {
                // Another program may do so at this moment.
                let _ = fs::remove_file(path);
            }
        }
        Ok(Self { folder: part, checkpoint_every, waiting: RefCell::default(), is_told: Cell::new(false) })
    }

    /// The work under a key. Whether it is whole, and really that of the key, is seen from its content.
    pub fn recall(&self, key: &str) -> Option<Vec<u8>> {
        file::bytes(&self.place(key, WORK), LARGEST).ok()
    }

    /// Keeps a work. Returns a sentence if it cannot be kept and that was not said before.
    pub fn keep(&self, key: &str, work: &[u8]) -> Option<String> {
        let error = self.write(key, work).err()?;
        let is_news = !self.is_told.replace(true);
        is_news.then(|| format!("{}: finished work cannot be kept ({error})", self.folder.display()))
    }

    /// Deletes a work. Returns whether there was one.
    pub fn delete(&self, key: &str) -> bool {
        fs::remove_file(self.place(key, WORK)).is_ok()
    }

    /// The right to make the work under a key; `None` while another program has it. A folder that takes no lease does
    /// not keep the work from being made.
    pub fn lease(&self, key: &str) -> Option<engine::Lease> {
        match Lease::take(&self.place(key, LEASE), &mut self.waiting.borrow_mut()) {
            Ok(lease) => Some(Box::new(lease?)),
            Err(_) => Some(Box::new(())),
        }
    }

    fn write(&self, key: &str, work: &[u8]) -> io::Result<()> {
        let mut file = part(&self.folder)?;
        file.write_all(work)?;
        file.as_file().sync_all()?;
        file.persist(self.place(key, WORK))?;
        Ok(())
    }

    fn place(&self, key: &str, ending: &str) -> PathBuf {
        let mut digest = Digest::default();
        digest.write(key.as_bytes());
        self.folder.join(format!("{}.{ending}", digest.hex()))
    }
}

/// A file that is to be written and then moved to its place. It is locked, which says that somebody writes it.
fn part(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let file = tempfile::Builder::new().suffix(&format!(".{PART}")).tempfile_in(folder)?;
    // Where files cannot be locked, as on some network disks, it does without.
    let _ = file.as_file().lock();
    Ok(file)
}

/// Whether no program holds a file any more. A lock goes with its process, whatever ended it.
fn is_left(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// The files in a part of a store whose names end so, and have the form that they have there; no links. None where
/// there is no such folder.
fn with_ending(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let files = entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    let is_ours = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_named_so = match ending {
            PART => stem.starts_with(".tmp"),
            _ => stem.len() == 16 && stem.bytes().all(|byte| byte.is_ascii_hexdigit()),
        };
        is_named_so && path.extension().is_some_and(|found| found == ending)
    };
    Ok(files.map(|entry| entry.path()).filter(is_ours).collect())
}

/// How the name of a part of the folder ends that is of runs with `--plain`.
const PLAIN: &str = "-plain";

/// A name for this build: version and commit. A build that is of no commit has the time when it was made.
fn build() -> String {
    let made = env::current_exe().and_then(|program| program.metadata()?.modified());
    let made = made.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |time| time.as_nanos());
    let version = VERSION.replace(' ', "-");
    match VERSION.contains(' ') && !VERSION.ends_with("-changed") {
        true => version,
        false => format!("{version}-{made}"),
    }
}
