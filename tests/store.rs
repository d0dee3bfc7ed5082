//! Finished work is kept and taken from the store: nothing is played twice, and nothing differs.

use crate::cli::{command, done, error, events, names, palimpsest, report};
use spec::{Event, Report, Row};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
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

const FROM_STORE: &str = "It was played before and is not played again.";

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
    let builds = fs::read_dir(folder).unwrap().map(|build| build.unwrap().path()).filter(|build| build.is_dir());
    let files = builds.flat_map(|build| fs::read_dir(build).unwrap().map(|work| work.unwrap().path()));
    files.filter(|file| file.extension().is_some()).collect()
}

/// Results are put in their place as one folder, which a store inside them would go through too.
#[test]
fn a_store_in_the_folder_of_results_is_refused_before_anything_is_made() {
    let folder = TempDir::new().unwrap();
    let text = CHAIN.replace("epochs = 3", "epochs = 1");
    done(&folder, &["run", "run.toml", "--out", "earlier", "--quiet"], &text);
    let before = names(&folder.path().join("earlier"));
    #[cfg(unix)]
    std::os::unix::fs::symlink(folder.path().join("earlier"), folder.path().join("link")).unwrap();
    let links: &[(&str, &str)] = if cfg!(unix) { &[("link/store", "earlier"), ("earlier/store", "link")] } else { &[] };
    let inside =
        [("out", "out"), ("out/store", "out"), ("out/a/b", "./out/"), ("x/../out/s", "out"), ("earlier", "earlier")];
    for (cache, out) in inside.iter().chain(links) {
        let output = palimpsest(&folder, &["run", "run.toml", "--cache", cache, "--out", out], &text);
        let said = format!("{cache}: it lies in the folder of results {out}, which is replaced as a whole; name a");
        assert!(error(&output).contains(&said) && output.status.code() == Some(2), "{}", error(&output));
        assert_eq!(error(&output).lines().count(), 1);
        assert!(!folder.path().join("out").exists() && names(&folder.path().join("earlier")) == before);
    }
    let mut own = command(&folder);
    own.args(["run", "run.toml", "--resume", "--out", "out"]).env("PALIMPSEST_CACHE", folder.path().join("out"));
    let own = own.output().unwrap();
    assert!(error(&own).contains("it lies in the folder of results out"), "{}", error(&own));
    // The other way round, and beside each other with like names, nothing is lost.
    for _ in 0..2 {
        for (cache, out) in [("store", "store/results"), ("out-store", "out")] {
            done(&folder, &["run", "run.toml", "--cache", cache, "--out", out, "--quiet"], &text);
            assert!(folder.path().join(out).join("report.json").is_file());
        }
    }
    assert_eq!(taken(&folder, "store/results").len(), 5);
    assert_eq!(taken(&folder, "out").len(), 5);
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
    assert_eq!(with(&["--set", "retrain_seeds=1"]), ["base", "fool", "lora", "audit"]);
    assert_eq!(with(&["--set", "name=other"]), ["base", "fool", "lora", "forgot", "audit"]);
    // No network depends on how often it is looked at, and at how many samples.
    for set in ["every=0", "every=3", "look=9"] {
        assert_eq!(with(&["--set", set]), ["base", "fool", "lora", "forgot", "audit"], "{set}");
        // But curves of other looks than were asked for are left out, which is said; those of losses are not of looks.
        let said = events(&fs::read_to_string(folder.path().join("out/events.jsonl")).unwrap());
        let scalars = |is_look| {
            let is_one = |event: &Event| matches!(event, Event::Scalar { n, .. } if n.is_some() == is_look);
            said.iter().filter(|said| is_one(&said.event)).count()
        };
        assert!(scalars(true) == 0 && scalars(false) > 0, "{set}");
        let told = |event: &Event| matches!(event, Event::Note { message } if message.contains("by other looks"));
        assert_eq!(said.iter().filter(|said| told(&said.event)).count(), 5, "{set}");
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
    // Five stages and two references.
    assert_eq!(all.len(), 7);
    for break_it in [
        &(|bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec()) as &dyn Fn(Vec<u8>) -> Vec<u8>,
        &|mut bytes| {
            let last = bytes.len() - 1;
            bytes[last] ^= 1;
            bytes
        },
        &|_| Vec::new(),
        &|bytes| [&b"\xff\xfe"[..], &bytes].concat(),
        // A figure that is another one, in a file that reads well.
        &|bytes| match bytes.windows(8).position(|part| part == b"\"value\":") {
            Some(at) => [&bytes[..at + 8], b"1", &bytes[at + 8..]].concat(),
            None => Vec::new(),
        },
    ] {
        for work in &all {
            fs::write(work, break_it(fs::read(work).unwrap())).unwrap();
        }
        let again = play(&folder, "out", &[], CHAIN);
        assert_eq!(taken(&folder, "out"), [""; 0]);
        assert_eq!(figures(&again), figures(&first));
    }
    play(&folder, "out", &[], CHAIN);
    assert_eq!(taken(&folder, "out").len(), 5);
}

/// A network that learns for some seconds, and forgets beside two retrained ones.
const LONG: &str = r#"
    version = 1
    retrain_seeds = 2
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [64, 64] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 60 } },
        { id = "unlearn.retrain", as = "again" },
    ]
"#;

/// Starts a run with a store, and returns at once.
fn begun(folder: &TempDir, out: &str, more: &[&str]) -> Child {
    fs::write(folder.path().join("run.toml"), LONG).unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_palimpsest"));
    let run = ["run", "run.toml", "--cache", "store", "--save", "weights", "--out", out];
    let program = program.current_dir(folder.path()).args(run).args(more);
    program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits until something is so.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    for _ in 0..30_000 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("it does not come to it");
}

/// Files in the store whose names end so.
fn with_ending(folder: &TempDir, ending: &str) -> Vec<PathBuf> {
    let store = folder.path().join("store");
    let mut files = if store.is_dir() { works(&store) } else { Vec::new() };
    files.retain(|file| file.extension().is_some_and(|found| found == ending));
    files
}

/// What a stage was told of: notes and phases.
fn told(folder: &TempDir, out: &str, stage: &str) -> Vec<String> {
    let said = events(&fs::read_to_string(folder.path().join(out).join("events.jsonl")).unwrap());
    let said = said.into_iter().filter(|said| said.stage.as_deref() == Some(stage));
    said.filter_map(|said| match said.event {
        Event::Note { message } => Some(message),
        Event::Phase { name, .. } => Some(name),
        _ => None,
    })
    .collect()
}

const WAITS: &str = "Waiting for another program, which is at the same";

/// Killed between stages, inside a training, and inside that of a reference.
#[cfg(unix)]
#[test]
fn a_killed_run_goes_on_from_its_checkpoint() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "whole", "--save", "weights"], LONG);
    let whole = report(&folder.path().join("whole/report.json"));
    let checkpoint = ["--checkpoint", "20ms"];
    for stage in [0, 1] {
        let mut child = begun(&folder, "out", &checkpoint);
        // The stages before, and a checkpoint.
        until(|| with_ending(&folder, "work").len() > stage);
        std::thread::sleep(Duration::from_millis(50));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let resumed = play(&folder, "out", &checkpoint, LONG);
    assert_eq!(figures(&resumed), figures(&whole));
    assert_eq!(weights(&folder, "out"), weights(&folder, "whole"));
    let cut = told(&folder, "out", "base").iter().filter(|note| note.starts_with("It was cut after step")).count();
    assert!(cut > 0, "{:?}", told(&folder, "out", "base"));
    // What is finished has no checkpoints: two stages and two references.
    assert_eq!(with_ending(&folder, "work").len(), 4);
}

/// SIGTERM, as a scheduler sends it, comes long before a checkpoint is due. It goes on without the switch too.
#[cfg(unix)]
#[test]
fn a_stopped_run_leaves_a_checkpoint() {
    for more in [&["--save", "weights"][..], &["--plain", "--set", "stage.base.train.epochs=10"]] {
        let folder = TempDir::new().unwrap();
        let mut child = begun(&folder, "out", &[more, &["--checkpoint", "1h", "--json"]].concat());
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(said.any(|line| line.contains(r#""event":{"step""#)), "it takes no step");
        signal(&child, libc::SIGTERM);
        said.for_each(drop);
        assert_eq!(child.wait().unwrap().code(), Some(143));
        assert_eq!((with_ending(&folder, "work").len(), with_ending(&folder, "lease").len()), (1, 0));
        let resumed = play(&folder, "resumed", more, LONG);
        let told = told(&folder, "resumed", "base");
        assert!(told.iter().any(|note| note.starts_with("It was cut after step")), "{told:?}");
        assert_eq!(with_ending(&folder, "work").len(), 4);
        done(&folder, &[&["run", "run.toml", "--out", "whole", "--save", "weights"], more].concat(), LONG);
        assert_eq!(figures(&resumed), figures(&report(&folder.path().join("whole/report.json"))));
        assert_eq!(weights(&folder, "resumed"), weights(&folder, "whole"));
    }
}

#[cfg(unix)]
fn signal(child: &Child, signal: i32) {
    // SAFETY: the call has no other effect than the signal.
    assert_eq!(unsafe { libc::kill(child.id() as i32, signal) }, 0);
}

/// The second program takes what the first one makes, stage by stage.
#[test]
fn two_programs_at_once_make_each_work_once() {
    let folder = TempDir::new().unwrap();
    let mut first = begun(&folder, "first", &[]);
    until(|| with_ending(&folder, "lease").len() == 1);
    let second = begun(&folder, "second", &[]);
    assert!(first.wait().unwrap().success());
    let second_said = second.wait_with_output().unwrap();
    assert!(second_said.status.success());
    // A log says it too, where there is no bar.
    assert!(error(&second_said).contains(&format!("progress: base: {WAITS}")), "{}", error(&second_said));
    let told = told(&folder, "second", "base");
    assert_eq!(told, [WAITS, FROM_STORE]);
    assert_eq!(weights(&folder, "first"), weights(&folder, "second"));
    // Of each stage either has been played once.
    let [first, second] = ["first", "second"].map(|out| report(&folder.path().join(out).join("report.json")).rows);
    assert_eq!(first, second, "their times are the same too");
    assert_eq!((with_ending(&folder, "lease").len(), with_ending(&folder, "part").len()), (0, 0));
}

/// A program that is killed leaves its lease, and one that hangs does not renew it.
#[cfg(unix)]
#[test]
fn the_work_of_a_program_that_ends_or_hangs_is_taken_over() {
    for end in [libc::SIGKILL, libc::SIGSTOP] {
        let folder = TempDir::new().unwrap();
        let mut first = begun(&folder, "first", &["--checkpoint", "20ms"]);
        until(|| with_ending(&folder, "work").len() == 1);
        let mut second = begun(&folder, "second", &["--checkpoint", "20ms"]);
        signal(&first, end);
        assert!(second.wait().unwrap().success(), "{end}");
        let told = told(&folder, "second", "base");
        assert!(told.iter().any(|note| note.starts_with("It was cut after step")), "{end}: {told:?}");
        assert!(end == libc::SIGKILL || told[0] == WAITS, "{end}: {told:?}");
        signal(&first, libc::SIGKILL);
        first.wait().unwrap();
    }
}

/// One that waits heeds signals, and can be stopped.
#[cfg(unix)]
#[test]
fn a_program_that_waits_can_be_stopped() {
    let folder = TempDir::new().unwrap();
    let mut first = begun(&folder, "first", &[]);
    until(|| with_ending(&folder, "lease").len() == 1);
    let mut second = begun(&folder, "second", &[]);
    let said = BufReader::new(second.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(said.into_iter().any(|line| line.contains(WAITS)), "it does not wait");
    signal(&second, libc::SIGTERM);
    assert_eq!(second.wait().unwrap().code(), Some(143));
    assert!(first.try_wait().unwrap().is_none(), "it waited for the first one");
    // The first one may hold two by now, that of a stage and that of its reference; the second one has left none.
    let leases: Vec<String> =
        with_ending(&folder, "lease").iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let is_of = |program: &Child| leases.iter().filter(|text| text.contains(&format!(" {} ", program.id()))).count();
    assert_eq!((is_of(&first) > 0, is_of(&second)), (true, 0), "{leases:?}");
    first.kill().unwrap();
    first.wait().unwrap();
}

#[test]
fn a_checkpoint_needs_a_store_and_a_time() {
    let folder = TempDir::new().unwrap();
    let said = |more: &[&str]| {
        let output = palimpsest(&folder, &[&["run", "run.toml"], more].concat(), CHAIN);
        assert_eq!(output.status.code(), Some(2));
        error(&output)
    };
    let none = said(&["--checkpoint", "5m"]);
    assert!(none.contains("add `--resume`, or `--cache DIR`") && none.lines().count() == 1, "{none}");
    for time in ["5", "m", "five", "5 parsecs", ""] {
        let wrong = said(&["--cache", "store", "--checkpoint", time]);
        assert!(wrong.contains("--checkpoint <TIME>"), "{wrong}");
    }
    assert!(said(&["--cache", "store", "--resume"]).contains("cannot be used with"));
    assert_eq!(names(folder.path()), ["run.toml"]);
}

/// The user's own folder, which an environment variable names.
#[test]
fn a_run_resumes_without_naming_a_folder() {
    let folder = TempDir::new().unwrap();
    let own = |arguments: &[&str]| {
        fs::write(folder.path().join("run.toml"), CHAIN).unwrap();
        let output = command(&folder).args(arguments).env("PALIMPSEST_CACHE", "mine").output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", error(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(own(&["store"]), "mine/store:\nThere is no finished work.\n");
    for from_store in [0, 5] {
        own(&["run", "run.toml", "--resume", "--out", "out"]);
        assert_eq!(taken(&folder, "out").len(), from_store);
    }
    let listed = own(&["store"]);
    assert!(listed.contains(": 7 works, ") && listed.ends_with("`palimpsest store --clear` deletes it.\n"), "{listed}");
    assert!(own(&["store", "--clear"]).ends_with("All of it was deleted.\n"));
    assert_eq!(names(&folder.path().join("mine/store")), [""; 0]);
}

/// What the program has not written stays, also in a folder whose files look like works, and behind links.
#[cfg(unix)]
#[test]
fn clearing_deletes_nothing_of_others() {
    let folder = TempDir::new().unwrap();
    let place = |path: &str| folder.path().join(path);
    play(&folder, "out", &[], CHAIN);
    fs::create_dir_all(place("store/docs")).unwrap();
    fs::create_dir(place("elsewhere")).unwrap();
    let own = works(&place("store")).into_iter().find(|work| work.extension().is_some_and(|it| it == "work")).unwrap();
    let theirs = [
        place("store/docs/thesis.work"),
        place("store/docs/film.mkv.part"),
        place("store/docs/0123456789abcdef.work"),
        own.with_file_name("thesis.work"),
        own.with_file_name("film.part"),
        place("elsewhere/0123456789abcdef.work"),
        place("elsewhere/palimpsest-store"),
    ];
    theirs.iter().for_each(|path| fs::write(path, "theirs").unwrap());
    std::os::unix::fs::symlink(place("elsewhere"), place("store/link")).unwrap();
    std::os::unix::fs::symlink(&theirs[0], own.with_file_name("fedcba9876543210.work")).unwrap();
    let output = done(&folder, &["store", "store", "--clear"], CHAIN);
    assert_eq!(String::from_utf8(output.stdout).unwrap().matches("works, ").count(), 1);
    assert!(!own.exists());
    for path in &theirs {
        assert_eq!(fs::read_to_string(path).unwrap_or_default(), "theirs", "{}", path.display());
    }
}

/// What comes behind a network that has forgotten depends on what it has forgotten.
#[test]
fn what_was_forgotten_tells_later_stages_apart() {
    let text = r#"
version = 1
retrain_seeds = 1
tasks.digits = { id = "digits" }
model = { id = "mlp", widths = [16] }
forget = { id = "class", class = 3 }
stage = [
    { id = "train.scratch", as = "base", train = { epochs = 4, lr = 0.01 } },
    { id = "unlearn.random-label", as = "forgot", from = "base", train = { epochs = 2, lr = 0.02 } },
    { id = "transfer.linear-probe", as = "probe", from = "forgot", train = { epochs = 1 } },
    { id = "attack.fgsm", as = "hit", from = "probe", epsilon = 0.05 },
]
"#;
    let folder = TempDir::new().unwrap();
    let rows = |more: &[&str]| {
        done(&folder, &[&["run", "run.toml", "--quiet", "--out", "out"], more].concat(), text);
        let rows = report(&folder.path().join("out/report.json")).rows;
        let of_time = ["seconds", "rte", "retrained_rte"];
        let rows = rows.into_iter().filter(|row| !of_time.contains(&row.key.as_str()));
        rows.map(|row| (row.stage, row.key, row.value.to_bits())).collect::<Vec<_>>()
    };
    let other = ["--set", "forget.class=7"];
    let alone = rows(&other);
    let of_three = rows(&["--cache", "store"]);
    assert_ne!(of_three, alone);
    assert_eq!(rows(&[&["--cache", "store"], &other[..]].concat()), alone);
}

/// The same bytes in another shape are other data.
#[test]
fn the_shape_of_data_tells_work_apart() {
    let text = r#"
version = 1
tasks.own = { id = "idx", images = "images", labels = "labels" }
model = { id = "cnn", channels = [4], hidden = [8] }
stage = [{ id = "train.scratch", as = "base", train = { epochs = 1, batch = 8, lr = 0.01 } }]
"#;
    let folder = TempDir::new().unwrap();
    let bytes: Vec<u8> = (0..40 * 64_u32).map(|at| (at * at % 251) as u8).collect();
    let labels: Vec<u8> = (0..40).map(|at| at % 4).collect();
    let idx = |sizes: &[u32], values: &[u8]| {
        let dimensions = sizes.len() as u8;
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        [0, 0, 8, dimensions].into_iter().chain(sizes).chain(values.iter().copied()).collect::<Vec<_>>()
    };
    fs::write(folder.path().join("labels"), idx(&[40], &labels)).unwrap();
    for (height, width) in [(8, 8), (4, 16)] {
        fs::write(folder.path().join("images"), idx(&[40, height, width], &bytes)).unwrap();
        done(&folder, &["run", "run.toml", "--cache", "store", "--out", "out"], text);
        assert_eq!(taken(&folder, "out").len(), 0, "{height} × {width}");
    }
}

/// A disk that is full, say: the run goes on, and says it once.
#[test]
fn a_store_that_takes_nothing_more_is_a_warning() {
    let folder = TempDir::new().unwrap();
    play(&folder, "out", &[], CHAIN);
    for work in works(&folder.path().join("store")) {
        fs::remove_file(&work).unwrap();
        fs::create_dir(&work).unwrap();
    }
    let output = done(&folder, &["run", "run.toml", "--cache", "store", "--checkpoint", "1ms"], CHAIN);
    let warnings: Vec<String> =
        error(&output).lines().filter(|line| line.contains("store")).map(str::to_owned).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].starts_with("warning: store/") && warnings[0].contains("finished work cannot be kept"));
}

#[test]
fn a_store_is_listed_and_cleared() {
    let folder = TempDir::new().unwrap();
    play(&folder, "out", &[], CHAIN);
    fs::write(folder.path().join("store/notes.txt"), "mine").unwrap();
    let said =
        |more: &[&str]| String::from_utf8(done(&folder, &[&["store", "store"], more].concat(), CHAIN).stdout).unwrap();
    assert!(said(&[]).contains(": 7 works, ") && said(&[]).contains("of this program"), "{}", said(&[]));
    // What killed programs have left goes too, and what a program writes at this moment stays.
    let build = works(&folder.path().join("store"))[0].with_file_name("");
    for name in [".tmpleft.part", "0123456789abcdef.lease", ".tmpwritten.part"] {
        fs::write(build.join(name), "half of it").unwrap();
    }
    let written = fs::File::open(build.join(".tmpwritten.part")).unwrap();
    written.lock().unwrap();
    assert!(said(&["--clear"]).ends_with("All of it was deleted.\n"));
    assert_eq!(names(&build), [".tmpwritten.part", "palimpsest-store"]);
    drop(written);
    assert_eq!(said(&["--clear"]), "store:\nThere is no finished work.\n");
    assert_eq!(names(&folder.path().join("store")), ["notes.txt"]);
    let none = palimpsest(&folder, &["store", "nowhere"], CHAIN);
    assert_eq!(none.status.code(), Some(2));
    assert!(error(&none).contains("nowhere: it cannot be read"), "{}", error(&none));
    // A file where the store should be.
    let taken = command(&folder).args(["run", "run.toml", "--cache", "run.toml"]).output().unwrap();
    assert_eq!(taken.status.code(), Some(2));
}
