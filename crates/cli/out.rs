//! The folder of results: made under a temporary name beside its place, then moved there in one rename.
//!
//! `files.json` in it lists what this program wrote. Only that is ever deleted; what else lies in the folder is moved
//! over to the results that replace it. A temporary folder holds a file that its process keeps locked, so that what a
//! killed run left behind is told from a folder in use, whatever its process was called.

mod leftovers;
mod place;

use crate::stop::Stop;
use crate::text;
use place::Listed;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// Locked while its folder is written.
const LOCK: &str = "lock";

/// The temporary folder of this process; here, so that a second signal can remove it.
static TEMPORARY: Mutex<Option<TempDir>> = Mutex::new(None);

pub struct Out {
    /// As the user named it.
    named: PathBuf,
    target: PathBuf,
    temporary: PathBuf,
    lock: RefCell<Option<File>>,
    files: RefCell<BTreeSet<String>>,
}

impl Out {
    /// Makes the temporary folder, and the folders above it; refuses a place that holds anything but earlier results.
    pub fn new(named: &Path) -> Result<Self, Stop> {
        // Without a slash at its end.
        let named: PathBuf = named.components().collect();
        let bad = |why: String| Stop::Bad(format!("{}: {why}", named.display()));
        let name = named.file_name().ok_or_else(|| bad("results go to a folder of their own".into()))?.to_owned();
        // Where a link leads to a folder, results go there.
        let target = match fs::canonicalize(&named) {
            Err(_) if named.is_symlink() => return Err(bad("it is a link that leads nowhere".into())),
            found => found.unwrap_or_else(|_| named.clone()),
        };
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent)
            .map_err(|error| bad(format!("the folder that it would lie in cannot be made ({error})")))?;
        let prefix = format!(".{}.palimpsest-", target.file_name().unwrap_or(&name).to_string_lossy());
        let turn = place::turn(parent);
        for left in leftovers::clear(parent, &prefix, &target, turn.is_some()) {
            text::tell("note", &left);
        }
        place::may_be_replaced(&target).map_err(|error| bad(error.to_string()))?;
        if place::is_mounted(&target, parent) {
            return Err(bad("a disk is mounted there; name a folder inside it".into()));
        }
        let cannot = |error: io::Error| bad(format!("nothing can be written beside it ({error})"));
        let temporary = folder(&prefix, parent).map_err(cannot)?;
        let path = temporary.path().to_owned();
        let lock = File::create_new(path.join(LOCK)).map_err(cannot)?;
        // Some network folders know no locks; a leftover there stays.
        let _ = lock.try_lock();
        drop(turn);
        *TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(temporary);
        Ok(Self { named, target, temporary: path, lock: RefCell::new(Some(lock)), files: RefCell::default() })
    }

    /// A new file, its folders too. Its path has slashes on every system.
    pub fn create(&self, path: &str) -> Result<File, Stop> {
        let file = self.temporary.join(path);
        // A second signal removes the folder, which must not be made again behind its back.
        let held = TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner());
        let is_there = held.as_ref().map(drop).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        let folders = is_there.and_then(|()| file.parent().map_or(Ok(()), fs::create_dir_all));
        let made = folders.and_then(|()| File::create_new(&file));
        drop(held);
        self.files.borrow_mut().insert(path.into());
        made.map_err(|error| self.cannot_write(path, &error))
    }

    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<(), Stop> {
        io::Write::write_all(&mut self.create(path)?, bytes).map_err(|error| self.cannot_write(path, &error))
    }

    pub fn cannot_write(&self, path: &str, error: &io::Error) -> Stop {
        Stop::Failed(format!("{}: it cannot be written ({error})", self.named.join(path).display()))
    }

    /// Puts the folder in its place and says where that is. Earlier results there stay whole until the new ones stand;
    /// results of a run that did not come to its end never replace any, but get a name of their own beside them.
    pub fn publish(&self, is_whole: bool) -> Result<PathBuf, Stop> {
        let listed = Listed::new(self.files.take());
        let _turn = place::turn(self.temporary.parent().unwrap_or(Path::new(".")));
        // From here on it is kept, whatever happens.
        TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner()).take().map(TempDir::keep);
        drop(self.lock.take());
        // With a list, or without a lock, no other run touches it: the second is how it is left where the disk is full.
        let list = fs::write(self.temporary.join(place::LIST), listed.json());
        let listed_there = list.and(fs::remove_file(self.temporary.join(LOCK)));
        let placed = listed_there.and_then(|()| match is_whole {
            true => place::place(&self.temporary, &self.target, &listed).map(|left| {
                left.inspect(|left| text::tell("note", &format!("{}: {left}", self.named.display())));
                self.named.clone()
            }),
            false => place::place_beside(&self.temporary, &self.target).map(|suffix| place::with(&self.named, &suffix)),
        });
        placed.map_err(|error| {
            let [named, lie] = [&self.named, &self.temporary].map(|path| path.display());
            Stop::Failed(format!("{named}: the results cannot be put there ({error}); they lie in {lie}"))
        })
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        discard();
    }
}

/// Removes what was written and has not been published.
pub fn discard() {
    drop(TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner()).take());
}

/// A new folder, as open to others as one that `mkdir` makes.
fn folder(prefix: &str, parent: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.prefix(prefix).tempdir_in(parent)
}

/// The name of a stage, or its index where the name is none for a file.
pub fn file_name(stage: &str, index: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match stage.len() <= 64 && stage.bytes().all(plain) {
        true => stage.into(),
        false => index.to_string(),
    }
}
