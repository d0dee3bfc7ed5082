//! What killed runs have left beside a folder of results.

use super::{LOCK, place};
use std::fs::{self, File};
use std::path::Path;

/// Removes what was not finished, and puts earlier results back where a run was killed while it replaced them. Returns
/// a sentence for each folder that stays. `is_alone`: no other run begins one at this moment.
pub fn clear(parent: &Path, prefix: &str, target: &Path, is_alone: bool) -> Vec<String> {
    let mut left = Vec::new();
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if !name.starts_with(prefix) || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        if name.ends_with(place::EARLIER) {
            if (fs::symlink_metadata(target).is_ok() || fs::rename(&path, target).is_err())
                && let Err(error) = place::clear(&path, target)
            {
                left.push(format!("{}: what lay among earlier results is here ({error})", path.display()));
            }
            continue;
        }
        let lock = File::open(path.join(LOCK));
        // The lock of a process goes with it, whatever ended it.
        let is_used = lock.as_ref().is_ok_and(|lock| lock.try_lock().is_err());
        if !is_used && path.join(place::LIST).exists() {
            left.push(format!("{}: an earlier run could not put its results in place; they lie there", path.display()));
        } else if !is_used && lock.is_ok() {
            let _ = fs::remove_dir_all(&path);
        } else if is_alone {
            // Its run was killed before it had a lock. A folder that holds anything stays.
            let _ = fs::remove_dir(&path);
        }
    }
    left
}
