//! A run is killed at random moments, some of them inside a write, and goes on each time. At its end every saved file
//! is the one of a run that was never killed.

use kit::seed::Rng;
use spec::{Reports, Row};
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// About two seconds: trainings, a branch, retrained references, an attack and an audit.
const RUN: &str = r#"
    version = 1
    retrain_seeds = 2
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 30 }
    model = { id = "mlp", widths = [256, 256] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 8 } },
        { id = "peft.lora", as = "lora", on = "tilted", rank = 4, train = { epochs = 2 } },
        { id = "attack.pgd-linf", as = "fool", from = "base", epsilon = 0.1, steps = 3 },
        { id = "unlearn.salun", as = "forgot", from = "base", train = { epochs = 3 } },
        { id = "measure.mia-confidence", as = "audit", from = "base" },
    ]
"#;

/// Kills in the test command, and how many of them are inside a write. `cargo xtask fuzz` has four times as many.
const KILLS: [u32; 2] = [25, 5];

/// A file of a lease is smaller, and is no work.
const SMALLEST: u64 = 1000;

#[test]
#[allow(clippy::disallowed_methods, reason = "a test's clock")]
fn kills() {
    let times = if env::var_os("PALIMPSEST_FUZZ_INPUTS").is_some() { 4 } else { 1 };
    let [kills, inside] = KILLS.map(|kills| kills * times);
    let seed = env::var("PALIMPSEST_FUZZ_SEED").ok().map(|seed| seed.parse().expect("it is a number"));
    let seed = seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    println!("kills: seed {seed}");
    let rng = &mut Rng::of(seed, "kills", &[]);
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), RUN).unwrap();
    let begun = Instant::now();
    assert!(run(&folder, "whole", None).wait().unwrap().success());
    // A machine that is busy must not make all of it slow.
    let time = begun.elapsed().min(Duration::from_secs(2));
    let whole = Left::of(&folder.path().join("whole"));
    assert!(whole.files.len() > 10, "{:?}", whole.files.keys());

    let (mut killed, mut ended) = ([0, 0], 0);
    while killed[0] < kills || killed[1] < inside {
        let store = format!("store-{ended}");
        let mut child = run(&folder, "out", Some(&store));
        // Every fifth one inside a write.
        let wants_inside = killed[1] < inside && killed[1] * 5 <= killed[0];
        let before = parts(&folder, &store);
        sleep(time.mul_f32(rng.unit() * if wants_inside { 0.5 } else { 1.0 }));
        if wants_inside {
            while child.try_wait().unwrap().is_none() && parts(&folder, &store) <= before {}
        }
        child.kill().unwrap();
        if child.wait().unwrap().success() {
            // It came to its end before.
            assert!(Left::of(&folder.path().join("out")) == whole, "seed {seed}, after {killed:?} kills");
            ended += 1;
        } else {
            let is_inside = parts(&folder, &store) > before;
            killed = [killed[0] + 1, killed[1] + u32::from(is_inside)];
        }
    }
    assert!(run(&folder, "out", Some(&format!("store-{ended}"))).wait().unwrap().success());
    assert!(Left::of(&folder.path().join("out")) == whole, "seed {seed}, at the end");
    let [kills, inside] = killed;
    println!("kills: {kills}, {inside} of them inside a write; {} runs came to their end; seed {seed}", ended + 1);
}

/// Starts the run, with a store or without.
fn run(folder: &TempDir, out: &str, store: Option<&str>) -> Child {
    let mut program = Command::new(env!("CARGO_BIN_EXE_palimpsest"));
    program.current_dir(folder.path()).args(["run", "run.toml", "--quiet", "--out", out]);
    program.args(["--save", "weights,logits,adversarials,indices"]);
    program.args(store.into_iter().flat_map(|store| ["--cache", store, "--checkpoint", "100ms"]));
    program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How many works are, or were, in the middle of being written.
fn parts(folder: &TempDir, store: &str) -> usize {
    let builds = fs::read_dir(folder.path().join(store)).into_iter().flatten().flatten();
    let files = builds.flat_map(|build| fs::read_dir(build.path()).into_iter().flatten().flatten());
    let is_part = |path: PathBuf| {
        let is_part = path.extension().is_some_and(|ending| ending == "part");
        is_part && path.metadata().is_ok_and(|about| about.len() > SMALLEST)
    };
    files.filter(|file| is_part(file.path())).count()
}

/// What a run has left.
#[derive(PartialEq)]
struct Left {
    /// Every saved file, by its path.
    files: BTreeMap<PathBuf, Vec<u8>>,
    /// Every figure but times.
    rows: Vec<Row>,
}

impl Left {
    fn of(out: &Path) -> Self {
        let mut files = BTreeMap::new();
        let mut folders = vec![out.to_owned()];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                let name = path.strip_prefix(out).unwrap().to_owned();
                // These have times in them.
                if path.is_dir() {
                    folders.push(path);
                } else if !["report.json", "report.html", "events.jsonl"].map(Path::new).contains(&&*name) {
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        let report = Reports::read(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap().reports.remove(0);
        let is_time = |row: &Row| spec::metric(&row.key).is_some_and(|metric| metric.unit == "s");
        Self { files, rows: report.rows.into_iter().filter(|row| !is_time(row)).collect() }
    }
}
