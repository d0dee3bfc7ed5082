//! Leases: a file beside the place of a work says that a program is making it.
//!
//! The file is there from one moment to the next with all that it says, and only one program can put it there. That
//! program locks it, and renews what it says every second. A lease without its lock on this machine, or one that was
//! not renewed for a while, is of a program that has ended or hangs, and is taken over. Should two programs ever make
//! one work, they make the same, and each puts it there whole.

use super::{is_left, part};
use crate::clock;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Between two renewals.
const BEAT: Duration = Duration::from_secs(1);

/// A lease that was not renewed for so long is taken over.
const STALE: Duration = Duration::from_secs(10);

/// Held while a work is made.
pub struct Lease {
    path: PathBuf,
    /// The first line of the file: machine, process and moment.
    id: String,
    /// Ends the renewal.
    stop: Option<Sender<()>>,
    renewal: Option<JoinHandle<()>>,
}

/// A lease of another program that is waited for.
pub struct Waiting {
    path: PathBuf,
    /// What it says, and since when.
    text: String,
    since: Instant,
}

impl Lease {
    /// Takes the lease at a path; `None` while another program holds it. `waiting` is for the next time.
    pub fn take(path: &Path, waiting: &mut Option<Waiting>) -> io::Result<Option<Self>> {
        match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::make(path),
            // A pipe would be read for ever.
            Ok(data) if !data.is_file() => return Err(ErrorKind::InvalidData.into()),
            _ => {}
        }
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::make(path),
            text => text?,
        };
        let known = waiting.take().filter(|known| known.path == path && known.text == text);
        let known = known.unwrap_or_else(|| Waiting { path: path.into(), text, since: clock::instant() });
        // What is no lease at all was not left by a program that is at work.
        let is_lease = known.text.lines().next().is_some_and(|id| id.split(' ').count() == 3);
        let is_stale = !is_lease || known.since.elapsed() > STALE || (is_of_here(&known.text) && is_left(path));
        if is_stale {
            return Self::take_over(path, &known.text);
        }
        *waiting = Some(known);
        Ok(None)
    }

    /// Puts a lease in the place of one that says `text`.
    fn take_over(path: &Path, text: &str) -> io::Result<Option<Self>> {
        // One after the other: two programs may have found it stale. Where a folder cannot be locked, both may go on.
        let turn = File::open(path.parent().unwrap_or(Path::new("."))).ok();
        let _turn = turn.filter(|folder| folder.lock().is_ok());
        if fs::read_to_string(path).is_ok_and(|now| now == text) {
            fs::remove_file(path)?;
        }
        Self::make(path)
    }

    /// Makes the lease, unless there is one.
    fn make(path: &Path) -> io::Result<Option<Self>> {
        let id = format!("{} {} {}", machine(), process::id(), clock::nanoseconds());
        let mut file = part(path.parent().unwrap_or(Path::new(".")))?;
        write(file.as_file_mut(), &id, 0)?;
        let mut file = match file.persist_noclobber(path) {
            Ok(file) => file,
            Err(error) if error.error.kind() == ErrorKind::AlreadyExists => return Ok(None),
            Err(error) => return Err(error.error),
        };
        let (stop, stopped) = mpsc::channel();
        let name = id.clone();
        let renewal = thread::spawn(move || {
            let mut beat = 0;
            while stopped.recv_timeout(BEAT) == Err(RecvTimeoutError::Timeout) {
                beat += 1;
                // A disk that is full for a while must not end the run: at worst another program makes the same.
                let _ = write(&mut file, &name, beat);
            }
        });
        Ok(Some(Self { path: path.into(), id, stop: Some(stop), renewal: Some(renewal) }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Another program may have taken it over.
        if fs::read_to_string(&self.path).is_ok_and(|text| text.lines().next() == Some(&self.id)) {
            let _ = fs::remove_file(&self.path);
        }
        drop(self.stop.take());
        if let Some(renewal) = self.renewal.take() {
            let _ = renewal.join();
        }
    }
}

/// Writes a lease, in as many bytes each time.
fn write(file: &mut File, id: &str, beat: u64) -> io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{id}\n{beat:020}\n").as_bytes())
}

/// Whether a lease was made on this machine, since it was started: then its lock says whether its program still runs.
fn is_of_here(text: &str) -> bool {
    machine() != UNKNOWN && text.split(' ').next() == Some(&machine())
}

const UNKNOWN: &str = "unknown";

/// A name for this machine, another one each time that it starts; containers on it share the name, as they share locks.
fn machine() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.ok().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()).unwrap_or_else(|| UNKNOWN.into())
}
