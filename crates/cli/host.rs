//! What the engine sees of this machine: files, a clock, and somebody who listens.

use crate::file::{self, LARGEST};
use crate::shared::Shared;
use crate::speaker::Speaker;
use crate::store::Store;
use crate::{clock, signals, text};
use engine::{Boxed, Error, Gate, Host, Lease, Result};
use include_dir::{Dir, include_dir};
use spec::{Said, Wrong, nearest};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

pub struct Machine {
    begun: Instant,
    /// Where the run file lies.
    folder: PathBuf,
    gate: Rc<Gate>,
    pub speaker: RefCell<Speaker>,
    /// Where finished work is kept.
    store: Option<Store>,
    /// What the runs of a grid share, where there is no such place.
    pub shared: Option<Shared>,
}

impl Machine {
    pub fn new(folder: PathBuf, gate: Rc<Gate>, speaker: Speaker) -> Self {
        Self { begun: clock::instant(), folder, gate, speaker: RefCell::new(speaker), store: None, shared: None }
    }

    /// The same machine, which keeps finished work, or else that of the last points of a grid.
    pub fn with_store(self, store: Option<Store>, shared: Option<Shared>) -> Self {
        let shared = shared.filter(|_| store.is_none());
        Self { store, shared, ..self }
    }

    fn heed(&self) {
        if signals::came().is_some() {
            self.gate.cancel.set(true);
        }
    }
}

impl Host for Machine {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        let mut speaker = self.speaker.borrow_mut();
        speaker.hear(&said, &buffers);
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
        Box::pin(async move { find(name, &self.folder) })
    }

    fn store(&self) -> Option<&dyn engine::Store> {
        match &self.store {
            Some(_) => Some(self),
            None => self.shared.as_ref().map(|shared| shared as &dyn engine::Store),
        }
    }
}

impl Machine {
    /// What the engine asks only where there is a store.
    fn of_store<T>(&self, ask: impl FnOnce(&Store) -> T) -> Boxed<'_, T>
    where
        T: 'static,
    {
        let answer = ask(self.store.as_ref().expect("it is asked where there is one"));
        Box::pin(async { answer })
    }
}

impl engine::Store for Machine {
    fn recall<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Vec<u8>>> {
        self.of_store(|store| store.recall(key))
    }

    fn keep<'a>(&'a self, key: &'a str, work: Vec<u8>) -> Boxed<'a, ()> {
        self.of_store(|store| {
            if let Some(warning) = store.keep(key, &work) {
                self.speaker.borrow().aside("warning", &warning);
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        self.of_store(|store| store.delete(key))
    }

    fn lease<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Lease>> {
        self.of_store(|store| store.lease(key))
    }

    fn checkpoint_every(&self) -> Option<f64> {
        self.store.as_ref()?.checkpoint_every.map(|every| every.as_secs_f64())
    }
}

/// The weights that are shipped, so that they are there wherever the program runs.
static WEIGHTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/static/weights");

/// A file (from the run file's folder, then from here), else the weights of this name that are shipped.
fn find(name: &str, folder: &Path) -> Result<Vec<u8>> {
    let places = [folder.join(name), PathBuf::from(name)];
    let read =
        |path: &PathBuf| Ok(file::bytes(path, LARGEST).map_err(|wrong| Wrong { what: text::plain(name), ..wrong })?);
    if let Some(path) = places.iter().find(|path| path.is_file()) {
        return read(path);
    }
    if let Some(shipped) = WEIGHTS.get_file(format!("{name}.safetensors")) {
        return Ok(shipped.contents().to_vec());
    }
    // A folder or a device, of which this says that it is none.
    if let Some(path) = places.iter().find(|path| !name.is_empty() && path.exists()) {
        return read(path);
    }
    let known: Vec<String> = WEIGHTS.files().filter_map(|file| stem(file.path())).collect();
    let near = nearest(name, known.iter().map(String::as_str))
        .map(str::to_owned)
        .or_else(|| near_file(name, folder))
        .or_else(|| near_file(name, Path::new("")));
    let hint = near.map_or_else(String::new, |near| format!(" (did you mean \"{near}\"?)"));
    let why = format!(
        "there is no such file beside the run file or report, none in the working folder, and no shipped weights of \
         this name{hint}; the path of one elsewhere is given with `--set`"
    );
    Err(Error::input(text::plain(name), why))
}

/// The name of shipped weights.
fn stem(path: &Path) -> Option<String> {
    let is_weights = path.extension().is_some_and(|ending| ending == "safetensors");
    path.file_stem().filter(|_| is_weights).map(|stem| stem.to_string_lossy().into_owned())
}

/// The file beside the wanted one whose name is closest to it.
fn near_file(name: &str, folder: &Path) -> Option<String> {
    let path = folder.join(name);
    let (parent, wanted) = (path.parent()?, path.file_name()?.to_str()?);
    let entries = fs::read_dir(if parent.as_os_str().is_empty() { Path::new(".") } else { parent }).ok()?;
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let names: Vec<String> = files.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let near = nearest(wanted, names.iter().map(String::as_str))?;
    Some(Path::new(name).with_file_name(near).display().to_string())
}
