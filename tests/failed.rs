//! A stage that fails: what stands on it is skipped by name, the rest is played.

use crate::cli::{error, palimpsest};
use crate::common::session;
use engine::Ended;
use spec::{Event, Reports, RunSpec};
use std::fs;
use tempfile::TempDir;

/// "up" runs away; "after", "on-after" and "with-up" stand on it, and "union" reads an attack that does; "both" does
/// not.
const FAILS: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 2, lr = 0.01 } },
        { id = "unlearn.gradient-ascent", as = "up", train = { lr = 10, epochs = 1000 } },
        { id = "unlearn.finetune", as = "after", train = { epochs = 1 } },
        { id = "attack.fgsm", as = "on-after", epsilon = 0.1 },
        { id = "attack.fgsm", as = "with-up", from = "base", with = ["up"], epsilon = 0.1 },
        { id = "attack.fgsm", as = "own", from = "base", epsilon = 0.1 },
        { id = "measure.norm-union", as = "union", from = "base" },
        { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
        { id = "measure.accuracy", as = "last", from = "forgot" },
        { id = "attack.fgsm", as = "one", epsilon = 0.1 },
        { id = "attack.fgsm", as = "two", epsilon = 0.2 },
        { id = "measure.norm-union", as = "both" },
    ]
"#;

#[test]
fn what_stands_on_a_failed_stage_is_skipped_and_the_rest_is_played() {
    let (mut session, heard) = session();
    let ended = pollster::block_on(session.play(1, RunSpec::read(FAILS).unwrap(), 0, None)).unwrap();
    let Ended::Failed(report, error) = ended else { panic!("{ended:?}") };
    assert!(matches!(error, engine::Error::Diverged { .. }), "{error}");
    let [up, after, on_after, with_up, union] = &report.unfinished[..] else { panic!("{:?}", report.unfinished) };
    assert!(up.starts_with("stage.up: the loss is not finite at step"), "{up}");
    assert_eq!(after, "stage.after: it was skipped, as it stands on \"up\"");
    assert_eq!(on_after, "stage.on-after: it was skipped, as it stands on \"up\"");
    assert_eq!(with_up, "stage.with-up: it was skipped, as it stands on \"up\"");
    assert_eq!(union, "stage.union: it was skipped, as it stands on \"up\"");
    for (stage, key) in [
        ("base", "accuracy"),
        ("own", "robust_accuracy"),
        ("forgot", "ua"),
        ("last", "accuracy"),
        ("both", "union_accuracy"),
    ] {
        assert!(report.value(stage, key).is_some(), "{stage}");
    }
    let said = heard.said.borrow();
    let skipped = said.iter().filter_map(|(said, _)| match &said.event {
        Event::Skipped { on } => Some((said.stage.clone().unwrap(), on.clone())),
        _ => None,
    });
    let pair = |stage: &str, on: &str| (stage.to_owned(), on.to_owned());
    assert_eq!(
        skipped.collect::<Vec<_>>(),
        [pair("after", "up"), pair("on-after", "up"), pair("with-up", "up"), pair("union", "up")]
    );
    // What a run ends with, whatever failed in it.
    assert!(matches!(&said.last().unwrap().0.event, Event::Finished { report } if report.unfinished.len() == 5));
}

/// The others are as they are in a run without it.
#[test]
fn a_failed_stage_leaves_no_trace_in_the_others() {
    let play =
        |file: &str| match pollster::block_on(session().0.play(1, RunSpec::read(file).unwrap(), 0, None)).unwrap() {
            Ended::Finished(report) | Ended::Failed(report, _) => report,
            ended => panic!("{ended:?}"),
        };
    let lines = FAILS.lines().filter(|line| !["\"up\"", "after", "\"union\""].iter().any(|name| line.contains(name)));
    let (with, without) = (play(FAILS), play(&lines.collect::<Vec<_>>().join("\n")));
    let rows = |report: &spec::Report| -> Vec<(String, String, f64)> {
        let rows = report.rows.iter().filter(|row| !row.key.contains("rte") && row.key != "seconds");
        rows.filter(|row| row.stage != "union").map(|row| (row.stage.clone(), row.key.clone(), row.value)).collect()
    };
    assert!(without.unfinished.is_empty(), "{:?}", without.unfinished);
    assert_eq!(rows(&with), rows(&without));
}

#[test]
fn the_command_line_prints_the_table_and_ends_with_one() {
    let folder = TempDir::new().unwrap();
    let run = ["run", "run.toml", "--out", "out", "--save", "weights,logits,adversarials,indices"];
    let output = palimpsest(&folder, &run, FAILS);
    assert_eq!(output.status.code(), Some(1), "{}", error(&output));
    let said = error(&output);
    assert!(said.contains("error: stage.up: the loss is not finite at step"), "{said}");
    assert!(said.contains("stage.union: it was skipped, as it stands on \"up\""), "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("forgot") && table.contains("own"), "{table}");
    let out = folder.path().join("out");
    let reports = Reports::read(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap().reports;
    assert_eq!(reports[0].unfinished.len(), 5);
    assert!(fs::read_to_string(out.join("report.html")).unwrap().contains("as it stands on"));
    let mut saved: Vec<_> = fs::read_dir(out.join("weights")).unwrap().map(|file| file.unwrap().file_name()).collect();
    saved.sort();
    assert_eq!(saved, ["base.safetensors", "forgot.safetensors"]);
}

/// A grid over an attack and over what is forgotten: base and references are made once, and every point is as it is
/// alone.
#[test]
fn a_point_of_a_grid_begins_with_the_first_stage_that_differs() {
    const GRID: &str = r#"
        version = 1
        retrain_seeds = 2
        tasks.digits = { id = "digits" }
        model = { id = "mlp", widths = [16] }
        forget = { id = "class", class = 3 }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 3, lr = 0.01 } },
            { id = "attack.fgsm", as = "fooled", epsilon = 0.1 },
            { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
            { id = "unlearn.gradient-ascent", as = "up", from = "base", train = { lr = 0.001, epochs = 2 } },
        ]
    "#;
    let folder = TempDir::new().unwrap();
    let grid = r#"grid={"stage.fooled.epsilon":[0.05,0.1],"stage.up.train.lr":[0.001,0.002]}"#;
    let run = ["run", "run.toml", "--repeats", "2", "--out", "out", "--set", grid];
    let output = palimpsest(&folder, &run, GRID);
    assert!(output.status.success(), "{}", error(&output));
    let said = fs::read_to_string(folder.path().join("out/events.jsonl")).unwrap();
    // Behind the first point, `base` and `forgot` are there, and of each axis the stage that it does not change.
    let again = said.matches("It was played before and is not played again.").count();
    assert_eq!(again, 2 * (3 + 2 + 3));
    let reports = Reports::read(&fs::read_to_string(folder.path().join("out/report.json")).unwrap()).unwrap().reports;
    for report in &reports {
        let sets: Vec<String> = report.point.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let sets = sets.iter().flat_map(|set| ["--set", set.as_str()]);
        let run: Vec<&str> = ["run", "run.toml", "--repeats", "2", "--out", "alone"].into_iter().chain(sets).collect();
        assert!(palimpsest(&folder, &run, GRID).status.success());
        let alone = fs::read_to_string(folder.path().join("alone/report.json")).unwrap();
        let alone = &Reports::read(&alone).unwrap().reports[0];
        let rows = |report: &spec::Report| -> Vec<(String, String, Vec<Option<f64>>)> {
            let rows = report.rows.iter().filter(|row| !row.key.ends_with("rte") && !row.key.ends_with("seconds"));
            rows.map(|row| (row.stage.clone(), row.key.clone(), row.values.clone())).collect()
        };
        assert_eq!(rows(report), rows(alone), "{:?}", report.point);
        assert_eq!((&report.exhibits, &report.warnings), (&alone.exhibits, &alone.warnings));
    }
}
