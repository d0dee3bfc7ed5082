//! `cargo bench`: milliseconds of one step, as a run takes it. Plays the last stage of every run file of this folder
//! for some seconds, and divides the time between two words of progress by the steps between them. Prints one line of
//! JSON.

mod watch;

use mimalloc::MiMalloc;
use serde_json::{Map, Value, json};
use spec::{Event, RunSpec};
use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

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
    let last = spec.stage_name(spec.stages.len() - 1);
    // Seconds and steps done, at every word of progress of the stage that is measured.
    let heard: Rc<RefCell<Vec<(f64, usize)>>> = Rc::default();
    let hears = heard.clone();
    watch::play(spec, move |said, now| {
        let Event::Step { done, .. } = said.event else { return false };
        if said.stage.as_ref() != Some(&last) {
            return false;
        }
        let mut heard = hears.borrow_mut();
        heard.push((now, done));
        now - heard[0].0 > WARM + MEASURED
    });
    let heard = heard.borrow();
    let warm = heard.iter().position(|(at, _)| at - heard[0].0 >= WARM).expect("a run of some seconds");
    let step = |pair: &[(f64, usize)]| 1e3 * (pair[1].0 - pair[0].0) / (pair[1].1 - pair[0].1) as f64;
    // A restart of an attack counts from one again.
    let mut times: Vec<f64> = heard[warm..].windows(2).filter(|pair| pair[1].1 > pair[0].1).map(step).collect();
    times.sort_by(f64::total_cmp);
    json!({ "min": times[0], "median": times[times.len() / 2] })
}
