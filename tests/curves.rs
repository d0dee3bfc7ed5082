//! Looks at a network in training: at validation samples, never at the test split, as often as the run says, and
//! without a trace in the network.

use crate::cli::{done, report};
use crate::common::{Bench, Collect, Heard, forward, hash, play};
use engine::{Ended, Gate, Host, Opened, Registry, Session};
use kit::Entry;
use serde_json::{Map, Value, json};
use spec::{Event, Kind, METRICS, Report, Row, RunSpec, Why};
use std::cell::Cell;
use std::rc::Rc;
use tempfile::TempDir;

/// A host that draws test samples meanwhile, as the page does.
#[derive(Default)]
struct Draws(Collect);

impl Host for Draws {
    forward!(0: say, now, turn, rest, asset);
    fn draws_samples(&self) -> bool {
        true
    }
}

/// Every method that leaves a network of images.
fn layers() -> impl Iterator<Item = &'static Entry> {
    engine::entries().filter(|entry| entry.shape.is_layer() && entry.needs.kinds.contains(&Kind::Images))
}

/// One epoch of training, then the method at toy size under the name `x`.
fn chain(entry: &Entry) -> RunSpec {
    let mut stage = Map::from_iter([("id".to_owned(), json!(entry.id)), ("as".to_owned(), json!("x"))]);
    stage.extend((entry.tiny)().as_object().unwrap().clone());
    let spec = json!({
        "version": 1,
        "retrain_seeds": 1,
        "tasks": { "it": { "id": "digits" } },
        "model": { "id": "mlp", "widths": [16] },
        "forget": { "id": "class", "class": 3 },
        "stage": [{ "id": "train.scratch", "as": "base", "train": { "epochs": 1 } }, stage],
    });
    RunSpec::from_value(spec).unwrap()
}

/// 80 steps of training on the digits; `more` are further lines.
fn training(task: &str, more: &str) -> String {
    format!(
        "version = 1\n{more}\ntasks.it = {{ id = \"digits\"{task} }}\nmodel = {{ id = \"mlp\", widths = [16] }}\n\
         stage = [{{ id = \"train.scratch\", as = \"base\", train = {{ epochs = 4 }} }}]"
    )
}

/// Steps, values and numbers of samples of a series of a stage.
fn points(said: &Heard, stage: &str, wanted: &str) -> Vec<(usize, f32, Option<usize>)> {
    let of_stage = said.iter().filter(|(said, _)| said.stage.as_deref() == Some(stage));
    let point = |event: &Event| match event {
        Event::Scalar { series, step, value, n } if series == wanted => Some((*step, *value, *n)),
        _ => None,
    };
    of_stage.filter_map(|(said, _)| point(&said.event)).collect()
}

/// Which samples each answer of a series is of.
fn asked(said: &Heard, stage: &str, wanted: &str) -> Vec<Vec<u32>> {
    let of_stage = said.iter().filter(|(said, _)| said.stage.as_deref() == Some(stage));
    let ids = |event: &Event| match event {
        Event::Answers { series, answers } if series == wanted => Some(answers.ids.clone()),
        _ => None,
    };
    of_stage.filter_map(|(said, _)| ids(&said.event)).collect()
}

fn steps(points: &[(usize, f32, Option<usize>)]) -> Vec<usize> {
    points.iter().map(|(step, ..)| *step).collect()
}

/// Without the figures that a clock made.
fn untimed(report: &Report) -> Vec<Row> {
    let timed = |row: &&Row| METRICS.iter().any(|metric| metric.key == row.key && metric.unit == "s");
    report.rows.iter().filter(|row| !timed(row)).cloned().collect()
}

#[test]
fn every_method_is_looked_at_on_validation_samples_and_tested_once() {
    let digits = kit::data::digits::load();
    let mut drawn: Vec<u32> = Vec::new();
    for label in 0..10 {
        drawn.extend(digits.test.iter().filter(|row| digits.labels[**row as usize] == label).take(7));
    }
    drawn.sort_unstable();
    for entry in layers() {
        for draws in [false, true] {
            let collect = Rc::new(Draws::default());
            let host: Rc<dyn Host> = if draws { collect.clone() } else { Rc::new(Collect::default()) };
            let said = match draws {
                true => {
                    let mut session = session_of(host);
                    let ended = pollster::block_on(session.play(1, chain(entry), 0, None)).unwrap();
                    assert!(matches!(ended, Ended::Finished(_)), "{}: {ended:?}", entry.id);
                    collect.0.said.take()
                }
                false => play(&chain(entry).to_toml()).1,
            };
            for stage in ["base", "x"] {
                let at = format!("{}, {stage}", entry.id);
                assert_eq!(asked(&said, stage, "test").len(), 1, "{at}");
                let valid = asked(&said, stage, "valid");
                assert!(valid.iter().all(|ids| *ids == digits.valid), "{at}");
                let curve = points(&said, stage, "validation_accuracy");
                assert_eq!((valid.len(), points(&said, stage, "train_accuracy").len()), (curve.len(), curve.len()));
                // What is forgotten whole is no part of the accuracy, as it is none of that on the test split.
                let forgets = stage == "x" && entry.id.starts_with("unlearn.");
                let n = digits.valid.iter().filter(|row| !forgets || digits.labels[**row as usize] != 3).count();
                assert!(!curve.is_empty() && curve.iter().all(|(.., of)| *of == Some(n)), "{at}: {curve:?}");
                assert!(points(&said, stage, "accuracy").is_empty(), "{at}");
                let shown = asked(&said, stage, "shown");
                assert_eq!(shown.len(), if draws { curve.len() - 1 } else { 0 }, "{at}");
                assert!(shown.iter().all(|ids| *ids == drawn), "{at}: {shown:?}");
            }
        }
    }
}

fn session_of(host: Rc<dyn Host>) -> Session {
    Session::new(Opened::cpu(Why::Chosen), host, Rc::new(Gate::default()), Registry::shipped())
}

/// With another test split, and with none, the curves are the same.
#[test]
fn no_look_reads_the_test_split() {
    let curve = |keep: usize| {
        let mut bench = Bench::new(RunSpec::read(&training("", "")).unwrap());
        let task = &mut bench.run.tasks[0];
        task.test = task.test.first(keep);
        bench.play(0).unwrap();
        let events = bench.heard();
        (points(&events, "base", "validation_accuracy"), hash(bench.net("base")))
    };
    let whole = curve(360);
    assert!(whole.0.len() > 10);
    assert_eq!((curve(7), curve(0)), (whole.clone(), whole));
}

#[test]
fn the_last_point_is_that_of_the_finished_network() {
    let (report, said) = play(&training("", ""));
    let (report, curve) = (report.unwrap(), points(&said, "base", "validation_accuracy"));
    assert_eq!(steps(&curve), (0..=16).map(|look| 5 * look).collect::<Vec<_>>());
    let row = report.rows.iter().find(|row| row.key == "validation_accuracy").unwrap();
    assert_eq!((curve.last().unwrap().1, row.n), (row.value as f32, Some(144)));
}

#[test]
fn how_often_and_at_how_many_leaves_no_trace_in_the_network() {
    let played = |more: &str| {
        let spec = RunSpec::read(&training("", more)).unwrap();
        let host = Rc::new(Collect::default());
        let mut session = session_of(host.clone());
        let Ended::Finished(report) = pollster::block_on(session.play(1, spec, 0, None)).unwrap() else { panic!() };
        let net = hash(&session.model("base").unwrap());
        let said = host.said.take();
        let n = asked(&said, "base", "valid").first().map(Vec::len);
        let looks = steps(&points(&said, "base", "validation_accuracy"));
        (looks, n, (net, untimed(&report), report.hashes))
    };
    let (looks, n, plain) = played("");
    assert_eq!((looks.len(), n), (17, Some(144)));
    for (more, looks, n) in [
        ("every = 0", vec![], None),
        ("every = 0\nlook = 5", vec![], None),
        ("every = 30", vec![0, 30, 60, 80], Some(144)),
        ("every = 80", vec![0, 80], Some(144)),
        ("every = 4294967295\nlook = 1", vec![0, 80], Some(1)),
        ("every = 1\nlook = 20", (0..=80).collect(), Some(20)),
        ("every = 40\nlook = 4000", vec![0, 40, 80], Some(144)),
    ] {
        assert_eq!(played(more), (looks, n, plain.clone()), "{more}");
    }
}

/// The first rows of a set may be of one class.
#[test]
fn a_look_at_few_has_every_class() {
    let digits = kit::data::digits::load();
    let (_, said) = play(&training("", "look = 20"));
    let ids = &asked(&said, "base", "valid")[0];
    for class in 0..10 {
        let of_class = ids.iter().filter(|id| digits.labels[**id as usize] == class).count();
        assert!((1..=3).contains(&of_class), "class {class}: {of_class} of 20");
    }
    assert!(ids.iter().all(|id| digits.valid.contains(id)));
}

#[test]
fn without_validation_all_are_trained_on_and_curves_are_of_the_seen() {
    let played = |task: &str| {
        let (report, said) = play(&training(task, ""));
        (report.unwrap(), said)
    };
    let (own, _) = played("");
    let (all, said) = played(", validation = 0");
    assert_eq!(
        [own.samples["it"], all.samples["it"]].map(|of| [of.train, of.valid, of.test]),
        [[1293, 144, 360], [1437, 0, 360]]
    );
    // 20 batches of 64 in 1,293 samples, 22 in 1,437.
    assert_eq!([&own, &all].map(|report| report.value("base", "steps")), [Some(80.0), Some(88.0)]);
    assert_eq!(all.rows.iter().find(|row| row.key == "train_accuracy").unwrap().n, Some(1437));
    assert_eq!(all.value("base", "validation_accuracy"), None);
    assert!(points(&said, "base", "validation_accuracy").is_empty() && asked(&said, "base", "valid").is_empty());
    let seen = points(&said, "base", "train_accuracy");
    assert_eq!((seen.len(), seen.last().unwrap().0, seen[0].2), (19, 88, Some(128)));
    // Another share, of every kind of set; the test split stays.
    let (quarter, said) = played(", validation = 0.25");
    let of = quarter.samples["it"];
    assert_eq!(
        ([of.train, of.valid, of.test], points(&said, "base", "validation_accuracy")[0].2),
        ([1078, 359, 360], Some(359))
    );
    let moons = training("", "").replace("\"digits\"", "\"moons\", validation = 0.5");
    let of = play(&moons).0.unwrap().samples["it"];
    assert_eq!([of.train, of.valid, of.test], [350, 350, 300]);
}

/// A host with a clock that goes on by a millisecond whenever it is read, so that times are numbers of readings.
#[derive(Default)]
struct Ticks(Collect, Cell<f64>);

impl Host for Ticks {
    forward!(0: say, turn, rest, asset);
    fn now(&self) -> f64 {
        self.1.set(self.1.get() + 1e-3);
        self.1.get()
    }
}

#[test]
fn looks_are_in_the_time_that_is_told() {
    let seconds = |more: &str| {
        let host = Rc::new(Ticks::default());
        let mut session = session_of(host.clone());
        pollster::block_on(session.estimate(1, RunSpec::read(&training("", more)).unwrap(), Rc::default())).unwrap();
        let told = host.0.said.take().into_iter().find_map(|(said, _)| match said.event {
            Event::Estimate { seconds } => seconds[0],
            _ => None,
        });
        told.unwrap()
    };
    // Looks of 80 steps, times the chunks of each: three of validation samples, or one, and two of the seen.
    let none = seconds("every = 0");
    let each = (seconds("every = 1") - none) / (81.0 * 5.0);
    assert!(none > 0.0 && each > 0.0);
    for (more, chunks) in
        [("", 17 * 5), ("every = 30", 4 * 5), ("every = 1\nlook = 64", 81 * 3), ("every = 100\nlook = 65", 2 * 4)]
    {
        let looks = (seconds(more) - none) / each;
        assert!((looks - f64::from(chunks)).abs() < 0.01, "{more}: {looks} chunks, not {chunks}");
    }
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    for (task, more, said) in [
        ("", "every = -1", "every: must be a whole number from 0 to 4294967295, not -1"),
        ("", "every = \"often\"", "every: must be a whole number from 0 to 4294967295, not \"often\""),
        ("", "every = 2.5", "every: must be a whole number"),
        ("", "look = 0", "look: must be a whole number, at least 1; `every = 0` is how not to look"),
        ("", "look = -3", "look: must be a whole number, at least 1, not -3"),
        ("", "evry = 3", "did you mean \"every\"?"),
        ("", "grid.every = [1, 2]", "grid.every: no figure of the tables depends on it"),
        ("", "grid.look = [1, 2]", "grid.look: no figure of the tables depends on it"),
        (", validation = 0.6", "", "validation must lie between 0 and 0.5"),
        (", validation = -0.1", "", "validation must lie between 0 and 0.5"),
        (", validation = \"all\"", "", "between 0 and 0.5"),
        (", validaton = 0", "", "did you mean \"validation\"?"),
    ] {
        let file = training(task, more);
        let refused = RunSpec::read(&file).and_then(|spec| spec.grid_runs().map(|_| spec));
        let error = refused.and_then(|spec| engine::check(&spec)).expect_err(&file).to_string();
        assert!(error.contains(said), "{task} {more}: {error}");
    }
}

/// Table, report and check say what the figures are made on; data says it of each set.
#[test]
fn the_command_line_says_how_many_are_for_what() {
    let folder = TempDir::new().unwrap();
    let text = |output: Vec<u8>| String::from_utf8(output).unwrap();
    let file = training(", validation = 0", "");
    let told = "1,437 to learn from, 0 for validation, 360 for testing";
    let run = text(done(&folder, &["run", "run.toml", "--out", "out"], &file).stdout);
    assert!(run.contains(&format!("\nSamples of it: {told}.\n")), "{run}");
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains(&format!("Samples of it: {told}.")));
    assert!(page.contains("Seen digits") && !page.contains("Unseen") && !page.contains("Validation ("));
    let json: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("out/report.json")).unwrap()).unwrap();
    assert_eq!(json["reports"][0]["samples"], json!({ "it": { "train": 1437, "valid": 0, "test": 360 } }));
    assert_eq!(report(&folder.path().join("out/report.json")).samples["it"].train, 1437);
    assert!(text(done(&folder, &["check", "run.toml"], &file).stdout).contains(&format!("    {told}\n")));
    let own = "Samples by default: 1,293 to learn from, 144 for validation, 360 for testing";
    for arguments in [&["data"][..], &["data", "digits"]] {
        let data = text(done(&folder, arguments, &file).stdout);
        assert!(data.contains(own) && data.contains("validation"), "{data}");
    }
    done(&folder, &["run", "run.toml", "--out", "out"], &training("", ""));
    let page = std::fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("Validation (n = 144)") && page.contains("Seen digits"));
}
