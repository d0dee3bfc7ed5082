//! Moves a folder of results to its place, and deletes nothing there that this program did not write.

use crate::file;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The file that says what a folder of results holds.
pub const LIST: &str = "files.json";

/// How the name of a folder ends in which results are while the new ones take their place.
pub const EARLIER: &str = ".earlier";

/// Enough tries for as many runs that end at one moment.
const TRIES: usize = 16;

/// What this program wrote into a folder: paths in it, with slashes.
pub struct Listed(BTreeSet<String>);

impl Listed {
    pub fn new(mut files: BTreeSet<String>) -> Self {
        files.insert(LIST.into());
        Self(files)
    }

    /// What the folder's own list says; `None` where there is none. Paths that lead out of the folder are left out.
    fn read(folder: &Path) -> Option<Self> {
        let list = file::bytes(&folder.join(LIST), file::LARGEST_RUN_FILE).ok()?;
        let list: serde_json::Value = serde_json::from_slice(&list).ok()?;
        list.get("palimpsest")?;
        let files = list.get("files")?.as_array()?.iter().filter_map(|path| path.as_str());
        let inside = |path: &&str| Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        Some(Self::new(files.filter(inside).map(str::to_owned).collect()))
    }

    pub fn json(&self) -> String {
        let list = serde_json::json!({ "palimpsest": env!("CARGO_PKG_VERSION"), "files": self.0 });
        format!("{list:#}\n")
    }

    /// The folders that the files lie in, the deepest first.
    fn folders(&self) -> Vec<&Path> {
        let above = |path| Path::new(path).ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
        let folders: BTreeSet<&Path> = self.0.iter().flat_map(above).collect();
        folders.into_iter().rev().collect()
    }
}

/// One after the other: while the file that is returned is open, no other run moves folders in `parent`. Where folders
/// cannot be locked, as on some network disks, several tries have to do.
pub fn turn(parent: &Path) -> Option<File> {
    File::open(parent).ok().filter(|folder| folder.lock().is_ok())
}

/// Whether a folder can go to this path without replacing anything.
pub fn is_free(target: &Path) -> bool {
    match fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    }
}

/// An error, as a sentence, where something lies that is no folder of results.
pub fn may_be_replaced(target: &Path) -> io::Result<()> {
    match fs::metadata(target) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(io::Error::other(format!("it cannot be looked at ({error})"))),
        Ok(found) if !found.is_dir() => Err(io::Error::other("it exists and is no folder")),
        Ok(_) if Listed::read(target).is_some() => Ok(()),
        Ok(_) if target.join(LIST).exists() => Err(io::Error::other(format!(
            "its {LIST}, which lists the results there, cannot be read; name another folder"
        ))),
        Ok(_) => match fs::read_dir(target)?.next().transpose()? {
            None => Ok(()),
            Some(entry) => {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                Err(io::Error::other(format!("the folder holds no results but \"{name}\"; name another, or a new one")))
            }
        },
    }
}

/// Whether the folder is the top of another file system than its parent, so that it cannot be renamed.
pub fn is_mounted(target: &Path, parent: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
        device(target).is_some_and(|here| Some(here) != device(parent))
    }
    #[cfg(not(unix))]
    {
        let _ = (target, parent);
        false
    }
}

/// Renames `new`, which holds `listed`, to `target`. Earlier results stay whole until the new ones stand. Then what
/// they list is deleted, and what else lay among them is moved over. Returns a sentence where that cannot be.
pub fn place(new: &Path, target: &Path, listed: &Listed) -> io::Result<Option<String>> {
    let mut last = None;
    for _ in 0..TRIES {
        match swap(new, target, listed) {
            Ok(left) => return Ok(left),
            // Other runs put theirs there at this moment, and what was looked at is gone.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) => {
                last = Some(error)
            }
            Err(error) => return Err(error),
        }
    }
    Err(last.expect("there was a try"))
}

/// One try of [`place`].
fn swap(new: &Path, target: &Path, listed: &Listed) -> io::Result<Option<String>> {
    let placed = fs::rename(new, target).map(|()| None);
    if placed.is_ok() || fs::symlink_metadata(target).is_err() {
        return placed;
    }
    may_be_replaced(target)?;
    if let Some(theirs) = clash(target, listed) {
        let theirs = theirs.display();
        return Err(io::Error::other(format!("\"{theirs}\" there was not written by this program")));
    }
    let earlier = with(new, EARLIER);
    fs::rename(target, &earlier)?;
    if let Err(error) = fs::rename(new, target) {
        // Nothing is lost where this fails too: both lie under their temporary names.
        let _ = fs::rename(&earlier, target);
        return Err(error);
    }
    let left = clear(&earlier, target).err();
    Ok(left.map(|error| format!("what else lay there is now in {} ({error})", earlier.display())))
}

/// Renames `new` to the first free path of `target`, `target-unfinished`, `target-unfinished-2` and so on. Returns what
/// was put behind the name.
pub fn place_beside(new: &Path, target: &Path) -> io::Result<String> {
    let suffixes = ["".into(), "-unfinished".into()].into_iter().chain((2..).map(|n| format!("-unfinished-{n}")));
    for suffix in suffixes {
        let path = with(target, &suffix);
        if is_free(&path) {
            match fs::rename(new, &path) {
                // Another run has just put its own there.
                Err(_) if !is_free(&path) => {}
                done => return done.map(|()| suffix),
            }
        }
    }
    unreachable!("there is no end of numbers")
}

/// The path with something behind its last name.
pub fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// A path of ours, or a folder of ours, where a file of somebody else lies.
fn clash<'a>(target: &Path, listed: &'a Listed) -> Option<&'a Path> {
    let own = Listed::read(target).unwrap_or_else(|| Listed::new(BTreeSet::new()));
    let is_own = |path: &Path| path.to_str().is_some_and(|path| own.0.contains(path));
    let found = |path: &Path| fs::symlink_metadata(target.join(path)).ok();
    // A folder in the place of one of our files is not ours.
    let theirs = |path: &Path| found(path).filter(|found| found.is_dir() || !is_own(path));
    let file = listed.0.iter().map(Path::new).find(|path| theirs(path).is_some());
    // A link to a folder too: nothing behind it is ours.
    file.or_else(|| listed.folders().into_iter().find(|path| theirs(path).is_some_and(|found| !found.is_dir())))
}

/// Deletes what earlier results list, and moves what else lies among them over to `target`.
pub fn clear(earlier: &Path, target: &Path) -> io::Result<()> {
    if let Some(listed) = Listed::read(earlier) {
        for path in listed.0.iter().filter(|path| *path != LIST) {
            // Nothing behind a link is ours, nor is a folder that somebody has put in a file's place.
            let above = Path::new(path).ancestors().skip(1).map(|folder| earlier.join(folder));
            let file = earlier.join(path);
            if above.into_iter().all(|folder| fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir()))
                && !fs::symlink_metadata(&file).is_ok_and(|found| found.is_dir())
            {
                gone(fs::remove_file(file))?;
            }
        }
        for folder in listed.folders() {
            // One that holds something else stays.
            let _ = fs::remove_dir(earlier.join(folder));
        }
    }
    move_over(earlier, target, Some(LIST))?;
    // Last of all, so that a run that is killed meanwhile leaves behind what the next one has to know.
    gone(fs::remove_file(earlier.join(LIST)))?;
    gone(fs::remove_dir(earlier))
}

/// Moves everything in a folder but the file `except` to another one, where nothing of the same name may lie but a
/// folder.
fn move_over(from: &Path, to: &Path, except: Option<&str>) -> io::Result<()> {
    let entries = match fs::read_dir(from) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if except.is_some_and(|name| entry.file_name() == name) {
            continue;
        }
        let (here, there) = (entry.path(), to.join(entry.file_name()));
        match fs::symlink_metadata(&there) {
            Err(_) => gone(fs::rename(&here, &there))?,
            Ok(found) if found.is_dir() && entry.file_type()?.is_dir() => {
                move_over(&here, &there, None)?;
                gone(fs::remove_dir(&here))?;
            }
            Ok(_) => {
                let [here, there] = [&here, &there].map(|path| path.display());
                return Err(io::Error::other(format!("{here} would replace {there}, and stays where it is")));
            }
        }
    }
    Ok(())
}

/// As it was, but that what is not there any more is no error: another run may have been quicker.
fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
