//! What the engine sees of this machine: files, a clock, and somebody who listens.

use crate::file::{self, LARGEST};
use crate::speaker::Speaker;
use crate::{signals, text};
use engine::{Boxed, Error, Gate, Host, Result};
use spec::{Said, Wrong, nearest};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub struct Machine {
    begun: Instant,
    /// Where the run file lies.
    folder: PathBuf,
    gate: Rc<Gate>,
    pub speaker: RefCell<Speaker>,
}

impl Machine {
    #[allow(clippy::disallowed_methods, reason = "this is where the engine's time comes from")]
    pub fn new(folder: PathBuf, gate: Rc<Gate>, speaker: Speaker) -> Self {
        Self { begun: Instant::now(), folder, gate, speaker: RefCell::new(speaker) }
    }

    fn heed(&self) {
        if signals::came().is_some() {
            self.gate.cancel.set(true);
        }
    }
}

impl Host for Machine {
    fn say(&self, said: Said, _buffers: Vec<Vec<u8>>) {
        let mut speaker = self.speaker.borrow_mut();
        speaker.hear(&said);
        if speaker.is_pointless() {
            self.gate.cancel.set(true);
        }
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn turn(&self) -> Boxed<'_, ()> {
        self.heed();
        Box::pin(async {})
    }

    fn rest(&self) -> Boxed<'_, ()> {
        self.heed();
        std::thread::sleep(Duration::from_millis(20));
        Box::pin(async {})
    }

    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        Box::pin(async move {
            let path = find(name, &self.folder)?;
            Ok(file::bytes(&path, LARGEST).map_err(|wrong| Wrong { what: name.into(), ..wrong })?)
        })
    }
}

/// A path (from the run file's folder, then from here), else the name of weights that are shipped.
fn find(name: &str, folder: &Path) -> Result<PathBuf> {
    let shipped = shipped();
    let paths = [folder.join(name), PathBuf::from(name)].into_iter().chain(match name.contains(['/', '\\']) {
        true => Vec::new(),
        false => shipped.iter().map(|folder| folder.join(format!("{name}.safetensors"))).collect(),
    });
    if let Some(path) = paths.into_iter().find(|path| path.is_file()) {
        return Ok(path);
    }
    let known: Vec<String> = shipped.iter().flat_map(|folder| weights_in(folder)).collect();
    let hint = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("; did you mean \"{near}\"?"),
        None => String::new(),
    };
    Err(Error::input(text::plain(name), format!("there is no such file, and no shipped weights of this name{hint}")))
}

/// Folders that may hold the shipped weights.
fn shipped() -> Vec<PathBuf> {
    let named = std::env::var_os("PALIMPSEST_STATIC").map(PathBuf::from);
    let beside = std::env::current_exe().unwrap_or_default();
    let beside = beside.ancestors().skip(1).map(|folder| folder.join("static"));
    let folders = named.into_iter().chain([PathBuf::from("static")]).chain(beside);
    folders.map(|folder| folder.join("weights")).filter(|folder| folder.is_dir()).collect()
}

fn weights_in(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(".safetensors").map(str::to_owned)).collect()
}
