//! The folder of results: made whole under a temporary name beside its place, then moved there in one rename.

use crate::stop::Stop;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// What a folder of results holds at its top; one with anything else in it is not replaced.
const OURS: [&str; 6] = ["adversarials", "events.jsonl", "indices.json", "report.html", "report.json", "weights"];

/// The temporary folder of this process; here, so that an interrupt can remove it.
static TEMPORARY: Mutex<Option<TempDir>> = Mutex::new(None);

pub struct Out {
    target: PathBuf,
    temporary: PathBuf,
}

impl Out {
    /// Makes the temporary folder; refuses a place that holds anything but earlier results.
    pub fn new(target: &Path) -> Result<Self, Stop> {
        refuse_others(target)?;
        let bad = |why: String| Stop::Bad(format!("{}: {why}", target.display()));
        let name = target.file_name().ok_or_else(|| bad("results go to a folder of their own".into()))?;
        let hidden = format!(".{}.", name.to_string_lossy());
        let temporary = folder(&hidden, target).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => bad("the folder that it would lie in does not exist".into()),
            _ => bad(format!("the folder cannot be made ({error})")),
        })?;
        let path = temporary.path().to_owned();
        *TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner()) = Some(temporary);
        Ok(Self { target: target.into(), temporary: path })
    }

    /// A new file, its folders too.
    pub fn create(&self, path: &str) -> io::Result<File> {
        let path = self.temporary.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        File::create_new(path)
    }

    pub fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        io::Write::write_all(&mut self.create(path)?, bytes)
    }

    /// Puts the folder in its place. Earlier results there stay whole until the new ones stand.
    pub fn publish(self) -> Result<(), Stop> {
        refuse_others(&self.target)?;
        let mut earlier = self.temporary.clone().into_os_string();
        earlier.push(".earlier");
        let earlier = PathBuf::from(earlier);
        let replaces = self.target.exists();
        if replaces {
            fs::rename(&self.target, &earlier)?;
        }
        if let Err(error) = fs::rename(&self.temporary, &self.target) {
            if replaces {
                fs::rename(&earlier, &self.target)?;
            }
            return Err(error.into());
        }
        if replaces {
            fs::remove_dir_all(&earlier)?;
        }
        Ok(())
    }
}

impl Drop for Out {
    fn drop(&mut self) {
        discard();
    }
}

/// Removes what was written and has not been published.
pub fn discard() {
    // After publishing it is not there any more, and dropping it does nothing.
    drop(TEMPORARY.lock().unwrap_or_else(|lock| lock.into_inner()).take());
}

/// A new folder beside `target`, on the same disk, as open to others as one that `mkdir` makes.
fn folder(prefix: &str, target: &Path) -> io::Result<TempDir> {
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o777));
    builder.prefix(prefix).tempdir_in(parent.unwrap_or(Path::new(".")))
}

/// The name of a stage, or its index where the name is none for a file.
pub fn file_name(stage: &str, index: usize) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    match stage.len() <= 64 && stage.bytes().all(plain) {
        true => stage.into(),
        false => index.to_string(),
    }
}

fn refuse_others(target: &Path) -> Result<(), Stop> {
    let bad = |why: String| Err(Stop::Bad(format!("{}: {why}", target.display())));
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return bad(format!("it cannot be looked at ({error})")),
        Ok(found) if !found.is_dir() => return bad("it exists and is no folder".into()),
        Ok(_) => {}
    }
    for entry in fs::read_dir(target)? {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let run = name.strip_prefix("run-").is_some_and(|number| number.parse::<u32>().is_ok());
        if !run && !OURS.contains(&&*name) {
            return bad(format!("the folder holds something else (\"{name}\"); name another, or a new one"));
        }
    }
    Ok(())
}
