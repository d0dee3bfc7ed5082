//! What killed runs have left beside a folder of results.

use super::{LOCK, place};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Removes what was not finished, and puts earlier results back where a run was killed while it replaced them. Returns
/// the folders of results that are whole and could not be put in place; they stay.
pub fn clear(parent: &Path, prefix: &str, target: &Path) -> Vec<PathBuf> {
    let mut whole = Vec::new();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if !name.starts_with(prefix) || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if name.ends_with(place::EARLIER) {
            if fs::symlink_metadata(target).is_ok() || fs::rename(&path, target).is_err() {
                let _ = place::clear(&path, target);
            }
            continue;
        }
        let lock = File::open(path.join(LOCK));
        // The lock of a process goes with it, whatever ended it.
        let is_used = lock.as_ref().is_ok_and(|lock| lock.try_lock().is_err());
        if !is_used && path.join(place::LIST).exists() {
            whole.push(path);
        } else if !is_used && lock.is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
    whole
}
