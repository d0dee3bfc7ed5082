//! What the page holds of its workers: plain data, changed by the methods of [`super::Engine`].

use super::{
    message::{FromEngine, Reply},
    port::Port,
};
use futures_channel::oneshot::Sender;
use gloo_timers::callback::Timeout;
use js_sys::{ArrayBuffer, Uint8Array};
use spec::{Command, Import, Said};
use std::{collections::HashMap, rc::Rc};

/// A file that every new worker is given: a source network or data.
#[derive(Clone)]
pub struct File {
    pub what: Import,
    pub name: String,
    pub bytes: ArrayBuffer,
}

#[derive(Default)]
pub struct Connection {
    /// The page's callback for what the engine says.
    pub hear: Option<Rc<dyn Fn(FromEngine)>>,
    /// The worker in use.
    pub worker: Option<Port>,
    /// The worker for graphics devices while it is tried beside the one in use.
    pub candidate: Option<Port>,
    /// Whether the worker in use computes on a graphics device.
    pub gpu: bool,
    /// Looks again for a graphics device: its engine is still being built, or a run has to end first.
    pub later: Option<Timeout>,
    /// What was said since the last frame.
    pub inbox: Vec<(Said, Vec<ArrayBuffer>)>,
    /// Whether the next frame empties the inbox.
    pub drains: bool,
    /// The last number of a run, a preparation or a question.
    pub last: u32,
    /// The newest preparation.
    pub prepared: u32,
    /// The run in hand.
    pub running: Option<u32>,
    /// Questions under way.
    pub asks: HashMap<u32, Sender<Reply>>,
    /// The same questions by their content.
    pub pending: HashMap<String, u32>,
    /// Finished models by their prints.
    pub models: HashMap<String, ArrayBuffer>,
    /// The print of the model that the worker holds under a stage's name.
    pub held: HashMap<String, String>,
    /// Dropped by the visitor, or fetched from beside the page.
    pub files: Vec<File>,
    /// Told to the next worker that is ready.
    pub waiting: Vec<Command>,
    /// Whether the worker in use has opened a device.
    pub opened: bool,
    /// How many workers in a row were gone before they had opened one.
    pub failures: u32,
    /// Milliseconds: when a worker was lost last.
    pub lost: Option<f64>,
}

impl Connection {
    pub fn send(&self, command: &Command, buffers: &[ArrayBuffer]) {
        if let Some(worker) = &self.worker {
            worker.post(command, buffers);
        }
    }

    /// A number for a new run, preparation or question.
    pub fn next(&mut self) -> u32 {
        self.last += 1;
        self.last
    }

    /// Forgets what only the worker in use knew. Questions under way end with an error.
    pub fn forget_worker(&mut self) {
        self.held.clear();
        self.asks.clear();
        self.pending.clear();
    }

    /// Gives the worker the model with this print under a stage's name, if it lacks it and the page has it.
    pub fn give(&mut self, stage: &str, print: &str) {
        if self.held.get(stage).is_some_and(|held| held == print) {
            return;
        }
        if let Some(model) = self.models.get(print) {
            self.send(&Command::Import { name: stage.into(), what: Import::Weights }, &[model.slice(0)]);
            self.held.insert(stage.into(), print.into());
        }
    }

    /// Keeps a file for this worker and all that follow; one of the same name is replaced. Returns whether that one was
    /// another.
    pub fn keep_file(&mut self, file: File) -> bool {
        let bytes = |file: &File| Uint8Array::new(&file.bytes).to_vec();
        let at = self.files.iter().position(|other| other.what == file.what && other.name == file.name);
        let former = at.map(|at| self.files.remove(at));
        let is_other = former.is_some_and(|former| bytes(&former) != bytes(&file));
        self.files.push(file);
        is_other
    }

    pub fn send_file(&self, file: &File) {
        self.send(&Command::Import { name: file.name.clone(), what: file.what }, &[file.bytes.slice(0)]);
    }
}
