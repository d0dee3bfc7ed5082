//! Finished work is kept and taken from the store: nothing is played twice, and nothing differs.

use crate::cli::{command, done, error, events, names, palimpsest, report};
use spec::{Event, Report, Row};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A network that learns, is attacked, forgets, and is audited.
const CHAIN: &str = r#"
    version = 1
    retrain_seeds = 2
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 30 }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 3 } },
        { id = "attack.pgd-linf", as = "fool", epsilon = 0.1, steps = 2 },
        { id = "peft.lora", as = "lora", on = "tilted", rank = 2, train = { epochs = 1 } },
        { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
        { id = "measure.mia-confidence", as = "audit", from = "base" },
    ]
"#;

const FROM_STORE: &str = "It was played before and is taken from the store.";

fn play(folder: &TempDir, out: &str, more: &[&str], text: &str) -> Report {
    let run = ["run", "run.toml", "--out", out, "--cache", "store", "--save", "weights"];
    done(folder, &[&run[..], more].concat(), text);
    report(&folder.path().join(out).join("report.json"))
}

/// The stages that were taken from the store.
fn taken(folder: &TempDir, out: &str) -> Vec<String> {
    let said = events(&fs::read_to_string(folder.path().join(out).join("events.jsonl")).unwrap());
    let from_store = |event: &Event| matches!(event, Event::Note { message } if message == FROM_STORE);
    said.into_iter().filter(|said| from_store(&said.event)).filter_map(|said| said.stage).collect()
}

/// Without the times, which differ from run to run.
fn figures(report: &Report) -> Vec<Row> {
    let times = ["seconds", "rte", "retrained_rte"];
    report.rows.iter().filter(|row| !times.contains(&row.key.as_str())).cloned().collect()
}

fn weights(folder: &TempDir, out: &str) -> Vec<(String, Vec<u8>)> {
    let saved = folder.path().join(out).join("weights");
    let files = names(&saved).into_iter().filter(|name| name.ends_with(".safetensors"));
    files.map(|name| (name.clone(), fs::read(saved.join(name)).unwrap())).collect()
}

fn works(folder: &Path) -> Vec<PathBuf> {
    let builds = fs::read_dir(folder).unwrap().map(|build| build.unwrap().path());
    builds.flat_map(|build| fs::read_dir(build).unwrap().map(|work| work.unwrap().path())).collect()
}

#[test]
fn nothing_is_played_twice_and_nothing_differs() {
    let folder = TempDir::new().unwrap();
    let alone = {
        done(&folder, &["run", "run.toml", "--out", "alone", "--save", "weights"], CHAIN);
        report(&folder.path().join("alone/report.json"))
    };
    let first = play(&folder, "first", &[], CHAIN);
    assert_eq!(taken(&folder, "first"), [""; 0]);
    let second = play(&folder, "second", &[], CHAIN);
    assert_eq!(taken(&folder, "second"), ["base", "fool", "lora", "forgot", "audit"]);
    // Times too: they are those of the work.
    assert_eq!(second.rows, first.rows);
    assert_eq!((figures(&alone), &alone.hashes), (figures(&first), &second.hashes));
    assert!(weights(&folder, "second").len() == 3);
    assert_eq!(weights(&folder, "second"), weights(&folder, "alone"));
    // Curves and sentences are those of the first time.
    let page = |out: &str| fs::read_to_string(folder.path().join(out).join("report.html")).unwrap();
    let curves =
        |page: &str| page.split("<path ").skip(1).map(|path| path.split('>').next().unwrap().len()).sum::<usize>();
    assert_eq!(curves(&page("second")), curves(&page("first")));
    // Attacked inputs are not kept, so an attack is played when they are wanted.
    let attacked = ["--save", "adversarials"];
    play(&folder, "inputs", &attacked, CHAIN);
    assert_eq!(taken(&folder, "inputs"), ["base", "lora", "forgot", "audit"]);
    assert!(folder.path().join("inputs/adversarials/fool.safetensors").is_file());
}

#[test]
fn what_differs_is_played() {
    let folder = TempDir::new().unwrap();
    play(&folder, "first", &[], CHAIN);
    let with = |more: &[&str]| {
        play(&folder, "out", more, CHAIN);
        taken(&folder, "out")
    };
    assert_eq!(with(&["--set", "stage.lora.rank=3"]), ["base", "fool", "forgot", "audit"]);
    assert_eq!(with(&["--set", "forget.class=4"]), ["base", "fool", "lora"]);
    assert_eq!(with(&["--set", "retrain_seeds=1"]), ["base", "fool", "lora"]);
    assert_eq!(with(&["--set", "name=other"]), ["base", "fool", "lora", "forgot", "audit"]);
    // No network depends on how often it is looked at, and at how many samples.
    for set in ["every=0", "every=3", "look=9"] {
        assert_eq!(with(&["--set", set]), ["base", "fool", "lora", "forgot", "audit"], "{set}");
    }
    for set in
        ["tasks.digits.validation=0", "seed=2", "stage.base.train.epochs=2", "model.widths=[12]", "tasks.digits.tilt=5"]
    {
        assert_eq!(with(&["--set", set]), [""; 0], "{set}");
    }
    assert_eq!(with(&["--plain"]), [""; 0]);
    // Another method on the same networks finds the retrained ones.
    let other = CHAIN.replace("unlearn.finetune\", as = \"forgot\"", "unlearn.random-label\", as = \"other\"");
    play(&folder, "out", &[], &other);
    let said = events(&fs::read_to_string(folder.path().join("out/events.jsonl")).unwrap());
    let known = |event: &Event| matches!(event, Event::Phase { name, .. } if name.contains("from the store"));
    assert!(said.iter().any(|said| said.stage.as_deref() == Some("other") && known(&said.event)));
}

/// The same names, other files.
#[test]
fn other_files_are_other_work() {
    let folder = TempDir::new().unwrap();
    let idx = |sizes: &[u32], values: &[u8]| {
        let header = [0, 0, 8, sizes.len() as u8];
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        header.into_iter().chain(sizes).chain(values.iter().copied()).collect::<Vec<u8>>()
    };
    let labels: Vec<u8> = (0..100).map(|at| at % 2).collect();
    let write = |bright: u8| {
        let images: Vec<u8> = labels.iter().flat_map(|label| [label * bright; 16]).collect();
        fs::write(folder.path().join("images"), idx(&[100, 4, 4], &images)).unwrap();
        fs::write(folder.path().join("labels"), idx(&[100], &labels)).unwrap();
    };
    let run = r#"
        version = 1
        tasks.it = { id = "idx", images = "images", labels = "labels" }
        model = { id = "linear" }
        stage = [{ id = "train.scratch", as = "base", train = { epochs = 1 } }]
    "#;
    for (bright, from_store) in [(200, 0), (200, 1), (100, 0)] {
        write(bright);
        play(&folder, "out", &[], run);
        assert_eq!(taken(&folder, "out").len(), from_store, "{bright}");
    }
}

/// A work that is cut, changed or another's is as good as none, and is written anew.
#[test]
fn a_broken_work_is_played_again() {
    let folder = TempDir::new().unwrap();
    let first = play(&folder, "first", &[], CHAIN);
    let all = works(&folder.path().join("store"));
    // Five stages and one reference.
    assert_eq!(all.len(), 6);
    for break_it in [
        &(|bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec()) as &dyn Fn(Vec<u8>) -> Vec<u8>,
        &|mut bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            bytes
        },
        &|_| Vec::new(),
        &|bytes| [&b"\xff\xfe"[..], &bytes].concat(),
    ] {
        for work in &all {
            fs::write(work, break_it(fs::read(work).unwrap())).unwrap();
        }
        let again = play(&folder, "out", &[], CHAIN);
        let expected: &[&str] = &[];
        // Works without a network have nothing behind their head that could differ.
        let played = taken(&folder, "out").into_iter().filter(|stage| !["fool", "audit"].contains(&stage.as_str()));
        assert_eq!(played.collect::<Vec<_>>(), expected);
        assert_eq!(figures(&again), figures(&first));
    }
    play(&folder, "out", &[], CHAIN);
    assert_eq!(taken(&folder, "out").len(), 5);
}

/// Two programs at once, and one that is killed at some moment.
#[cfg(unix)]
#[test]
fn a_killed_run_goes_on_where_it_was() {
    let folder = TempDir::new().unwrap();
    let long = CHAIN.replace("epochs = 3", "epochs = 30");
    done(&folder, &["run", "run.toml", "--out", "whole", "--save", "weights"], &long);
    let whole = report(&folder.path().join("whole/report.json"));
    for at in 1..=8_u64 {
        let program = assert_cmd::cargo::cargo_bin("palimpsest");
        let mut child = std::process::Command::new(program)
            .current_dir(folder.path())
            .args(["run", "run.toml", "--out", "out", "--cache", "store", "--quiet"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60 * at));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let resumed = play(&folder, "out", &[], &long);
    assert_eq!(figures(&resumed), figures(&whole));
    assert_eq!(weights(&folder, "out"), weights(&folder, "whole"));
}

#[test]
fn a_store_is_listed_and_cleared() {
    let folder = TempDir::new().unwrap();
    play(&folder, "out", &[], CHAIN);
    fs::write(folder.path().join("store/notes.txt"), "mine").unwrap();
    let said =
        |more: &[&str]| String::from_utf8(done(&folder, &[&["store", "store"], more].concat(), CHAIN).stdout).unwrap();
    assert!(said(&[]).contains(": 6 works, ") && said(&[]).contains("of this program"), "{}", said(&[]));
    assert!(said(&["--clear"]).ends_with("All of it was deleted.\n"));
    assert_eq!(said(&[]), "There is no finished work.\n");
    assert_eq!(names(&folder.path().join("store")), ["notes.txt"]);
    let none = palimpsest(&folder, &["store", "nowhere"], CHAIN);
    assert_eq!(none.status.code(), Some(2));
    assert!(error(&none).contains("nowhere: it cannot be read"), "{}", error(&none));
    // A file where the store should be.
    let taken = command(&folder).args(["run", "run.toml", "--cache", "run.toml"]).output().unwrap();
    assert_eq!(taken.status.code(), Some(2));
}
