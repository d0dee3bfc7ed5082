//! `cargo bench`: milliseconds of one step, as a run takes it. Plays the last stage of every run file of this folder
//! for some seconds, and divides the time between two words of progress by the steps between them. Prints one line of
//! JSON.

use engine::{Boxed, Ended, Error, Gate, Host, Opened, Registry, Result, Session};
use mimalloc::MiMalloc;
use serde_json::{Map, Value, json};
use spec::{Event, RunSpec, Said, Why};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Instant;

/// As on the command line.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Seconds from the first word of progress that are not measured, and those after them that are; as in the browser
/// (`steps.bench.js`) and in PyTorch (`torch_side.py`).
const WARM: f64 = 1.0;
const MEASURED: f64 = 5.0;

fn main() {
    engine::device::threads(None);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench");
    let files = fs::read_dir(&folder).expect("the folder of this file").flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    files.sort();
    let mut workloads = Map::new();
    for file in files {
        let text = fs::read_to_string(&file).expect("a run file");
        let spec = RunSpec::read(&text).unwrap_or_else(|wrong| panic!("{}: {wrong}", file.display()));
        workloads.insert(spec.name.clone(), timed(spec));
    }
    println!("{}", json!({ "unit": "ms", "workloads": workloads }));
}

fn timed(spec: RunSpec) -> Value {
    let gate = Rc::new(Gate::default());
    let last = spec.stage_name(spec.stages.len() - 1);
    let watch = Rc::new(Watch { begun: now(), gate: gate.clone(), stage: Some(last), heard: RefCell::default() });
    let mut session = Session::new(Opened::cpu(Why::Default), watch.clone(), gate, Registry::shipped());
    match pollster::block_on(session.play(1, spec, 0, None)) {
        Ok(Ended::Cancelled(_)) => {}
        ended => panic!("the run came to an end before it was measured: {ended:?}"),
    }
    let heard = watch.heard.borrow();
    let warm = heard.iter().position(|(at, _)| at - heard[0].0 >= WARM).expect("a run of some seconds");
    let step = |pair: &[(f64, usize)]| 1e3 * (pair[1].0 - pair[0].0) / (pair[1].1 - pair[0].1) as f64;
    // A restart of an attack counts from one again.
    let mut times: Vec<f64> = heard[warm..].windows(2).filter(|pair| pair[1].1 > pair[0].1).map(step).collect();
    times.sort_by(f64::total_cmp);
    json!({ "min": times[0], "median": times[times.len() / 2] })
}

/// Hears progress, and ends the run after its time.
struct Watch {
    begun: Instant,
    gate: Rc<Gate>,
    /// The one that is measured.
    stage: Option<String>,
    /// Seconds and steps done, at every word of progress.
    heard: RefCell<Vec<(f64, usize)>>,
}

impl Host for Watch {
    fn say(&self, said: Said, _buffers: Vec<Vec<u8>>) {
        if let Event::Step { done, .. } = said.event
            && said.stage == self.stage
        {
            let mut heard = self.heard.borrow_mut();
            heard.push((self.now(), done));
            self.gate.cancel.set(self.now() - heard[0].0 > WARM + MEASURED);
        }
    }
    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
    fn turn(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn rest(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        Box::pin(async move { Err(Error::input(name, "a benchmark reads no files")) })
    }
}

#[allow(clippy::disallowed_methods, reason = "a benchmark's clock")]
fn now() -> Instant {
    Instant::now()
}
