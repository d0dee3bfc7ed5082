//! What the page tells the engine to do.

use super::{
    browser,
    connection::File,
    context::{Engine, EngineState},
};
use js_sys::{ArrayBuffer, Uint8Array};
use leptos::prelude::GetUntracked;
use spec::{Command, Import, RunSpec};

/// Stages to play.
#[derive(Clone, Debug)]
pub struct Order {
    pub spec: RunSpec,
    /// Indices of the first and the last stage to play.
    pub first: usize,
    pub last: usize,
    /// Stop after the first step.
    pub paused: bool,
    /// Name and print of each stage before the first one: the worker is given what it lacks of their models.
    pub before: Vec<(String, String)>,
}

impl Engine {
    /// Starts a run and returns its number.
    pub fn play(self, order: Order) -> u32 {
        self.change(|connection| {
            for (name, print) in &order.before {
                connection.give(name, print);
            }
            let run = connection.next();
            connection.running = Some(run);
            let Order { spec, first, last, paused, .. } = order;
            // What is played takes the place of what the worker holds under these names.
            for index in first..=last {
                connection.held.remove(&spec.stage_name(index));
            }
            connection.send(&Command::Run { run, spec, first, last: Some(last), paused }, &[]);
            run
        })
    }

    pub fn pause(self) {
        self.steer(|run| Command::Pause { run });
    }

    pub fn resume(self) {
        self.steer(|run| Command::Resume { run });
    }

    /// One step of a paused run.
    pub fn step(self) {
        self.steer(|run| Command::Step { run });
    }

    pub fn cancel(self) {
        self.steer(|run| Command::Cancel { run });
    }

    fn steer(self, command: impl FnOnce(u32) -> Command) {
        self.read(|connection| {
            if let Some(run) = connection.running {
                connection.send(&command(run), &[]);
            }
        });
    }

    /// Builds a run's data and source network, so that questions can be asked before anything is played.
    pub fn prepare(self, spec: RunSpec) {
        self.change(|connection| {
            connection.prepared = connection.next();
            connection.send(&Command::Prepare { run: connection.prepared, spec }, &[]);
        });
    }

    /// Asks for what is kept of these stages from earlier visits. Returns the number under which the engine speaks of
    /// them.
    pub fn recall(self, spec: RunSpec, stages: Vec<usize>) -> u32 {
        self.change(|connection| {
            // What comes back takes the place of what the worker holds under these names.
            for index in &stages {
                connection.held.remove(&spec.stage_name(*index));
            }
            let run = connection.next();
            connection.send(&Command::Recall { run, spec, stages }, &[]);
            run
        })
    }

    /// Deletes what is kept of a stage, now or when the engine is ready.
    pub fn forget(self, spec: RunSpec, stage: usize) {
        let is_ready = self.state.get_untracked() == EngineState::Ready;
        self.change(|connection| {
            let forget = Command::Forget { spec, stage };
            match is_ready {
                true => connection.send(&forget, &[]),
                false => connection.waiting.push(forget),
            }
        });
    }

    /// Deletes all finished work that the browser keeps.
    pub fn clear_store(self) {
        self.read(|connection| connection.send(&Command::Clear, &[]));
    }

    /// Whether this is the number of the newest preparation.
    pub fn is_prepared(self, run: u32) -> bool {
        self.read(|connection| connection.prepared == run)
    }

    /// Keeps a finished stage's model (safetensors) under its print.
    pub fn keep_model(self, print: String, model: ArrayBuffer) {
        self.change(|connection| connection.models.insert(print, model));
    }

    /// Notes that the worker holds the model of this print under the name of a stage that it plays, if it was not sent
    /// another one meanwhile, which it takes when the run has ended.
    pub fn holds(self, stage: String, print: String) {
        self.change(|connection| {
            connection.held.entry(stage).or_insert(print);
        });
    }

    /// Whether the page has a model of this print.
    pub fn has_model(self, print: &str) -> bool {
        self.read(|connection| connection.models.contains_key(print))
    }

    /// The safetensors of a model that the page keeps.
    pub fn model(self, print: &str) -> Option<Vec<u8>> {
        self.read(|connection| connection.models.get(print).map(|model| Uint8Array::new(model).to_vec()))
    }

    /// A file of the visitor, for this worker and all that follow. Returns whether it takes the place of another one.
    pub fn import(self, what: Import, name: String, bytes: ArrayBuffer) -> bool {
        self.change(|connection| {
            // What is said of a preparation under way is not of this file.
            connection.prepared = connection.next();
            let file = File { what, name, bytes };
            connection.send_file(&file);
            connection.keep_file(file)
        })
    }

    /// Forgets the models of all stages.
    pub fn forget_models(self) {
        self.change(|connection| {
            connection.models.clear();
            connection.held.clear();
        });
    }

    /// Fetches shipped networks from beside the page. Returns the names of those that are new here.
    pub async fn fetch_sources(self, names: Vec<String>) -> Vec<String> {
        let mut new = Vec::new();
        for name in names {
            let is_source = |file: &File| file.what == Import::Source && file.name == name;
            if self.read(|connection| connection.files.iter().any(is_source)) {
                continue;
            }
            let bytes = browser::fetch(&format!("./static/weights/{name}.safetensors")).await;
            let Some(bytes) = bytes else { continue };
            let bytes = Uint8Array::from(bytes.as_slice()).buffer();
            let file = File { what: Import::Source, name: name.clone(), bytes };
            self.change(|connection| connection.keep_file(file));
            new.push(name);
        }
        new
    }

    /// As [`Self::fetch_sources`], for a worker that runs already.
    pub async fn bring_sources(self, names: Vec<String>) {
        let new = self.fetch_sources(names).await;
        let is_new = |file: &&File| file.what == Import::Source && new.contains(&file.name);
        self.read(|connection| connection.files.iter().filter(is_new).for_each(|file| connection.send_file(file)));
    }
}
