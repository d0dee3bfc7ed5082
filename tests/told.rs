//! What the command line says of a run: one run that is written in two ways, one network that two stages leave, and
//! each warning once.

use crate::cli::{TRAIN, command, done, error, palimpsest, report};
use crate::common::item;
use kit::nets::weights;
use serde_json::json;
use std::fs;
use std::process::Output;
use tempfile::TempDir;

/// A network that learns letters, is attacked, forgets and is audited.
const LETTERS: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.letters = { id = "glyphs", n = 400, classes = [0, 1, 2] }
    model = { id = "linear" }
    forget = { id = "class", class = 2 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 1 } },
        { id = "attack.fgsm", as = "fool" },
        { id = "unlearn.finetune", as = "forgot", train = { epochs = 1 } },
        { id = "measure.mia-confidence", as = "audit", from = "base" },
    ]
"#;

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn one_run_in_two_spellings_is_not_played_twice() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "first", "--quiet", "--save", "weights"], LETTERS);
    fs::copy(folder.path().join("first/weights/base.safetensors"), folder.path().join("copy.safetensors")).unwrap();
    let trained = LETTERS.replace("id = \"linear\"", "id = \"linear\", weights = \"copy.safetensors\"");
    let on = |text: &str, axis: &str| {
        let grid = format!("grid={{{axis}}}");
        palimpsest(&folder, &["check", "run.toml", "--set", &grid], text)
    };
    for axis in [
        r#""forget.class":[2,"C"]"#,
        r#""forget":[{"id":"class","class":1},{"id":"class","class":"B"}]"#,
        r#""stage.fool.target":[0,"A"]"#,
        r#""model":[{"id":"mlp"},{"id":"mlp","widths":[64]}]"#,
        r#""stage.base.train":[{"epochs":1},{"epochs":1,"batch":64}]"#,
    ] {
        let output = on(LETTERS, axis);
        assert_eq!(output.status.code(), Some(2), "{axis}: {}", out(&output));
        assert!(error(&output).contains("are the same run"), "{axis}: {}", error(&output));
    }
    let output = on(&trained, r#""model.weights":["copy.safetensors","first/weights/base.safetensors"]"#);
    assert!(error(&output).contains("are the same run"), "{}", error(&output));
    // What differs is played.
    for axis in [
        r#""forget.class":[2,"B"]"#,
        r#""forget":[{"id":"class","class":1},{"id":"random","fraction":0.2}]"#,
        r#""stage.fool.target":[0,"B"]"#,
        r#""model":[{"id":"mlp"},{"id":"mlp","widths":[32]}]"#,
        r#""retrain_seeds":[1,2]"#,
    ] {
        let output = on(LETTERS, axis);
        assert_eq!(output.status.code(), Some(0), "{axis}: {}", error(&output));
    }
}

#[test]
fn two_stages_that_leave_one_network_are_a_warning_of_the_run() {
    let folder = TempDir::new().unwrap();
    let twins = TRAIN.replace(
        "stage = [{ id",
        "stage = [{ id = \"train.scratch\", as = \"first\", train = { epochs = 2 } },
                  { id = \"train.scratch\", as = \"other\", from = \"start\", draw = 1, train = { epochs = 2 } },
                  { from = \"start\", id",
    );
    let warning = "stage.base: It leaves the same network as stage.first, with the same random numbers; `draw = 1` in \
                   one of them makes it another.";
    // From the store too, where both are one work.
    for _ in 0..2 {
        let arguments = ["run", "run.toml", "--out", "out", "--cache", "cache", "--repeats", "2"];
        let output = done(&folder, &arguments, &twins);
        assert_eq!(report(&folder.path().join("out/report.json")).warnings, [warning]);
        assert_eq!(out(&output).matches("the same network").count(), 1, "{}", out(&output));
        assert!(!error(&output).contains("the same network"), "{}", error(&output));
    }
    let alone = done(&folder, &["run", "run.toml", "--cache", "cache"], TRAIN);
    assert!(!out(&alone).contains("warning"), "the store keeps no word of a twin: {}", out(&alone));
}

/// Under the tables, or where there is none beside the error.
#[test]
fn a_warning_is_told_once() {
    let folder = TempDir::new().unwrap();
    let learn = LETTERS.replacen("epochs = 1", "epochs = 100", 1);
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet", "--save", "weights"], &learn);
    let forget = LETTERS
        .replace("id = \"linear\"", "id = \"linear\", weights = \"out/weights/base.safetensors\"")
        .replace("train.scratch", "transfer.full-finetune");
    let said = "The source network already knows";
    for arguments in [&["run", "run.toml"][..], &["run", "run.toml", "--quiet"]] {
        let output = done(&folder, arguments, &forget);
        let told = [out(&output), error(&output)].map(|text| text.matches(said).count());
        assert_eq!(told, [1, 0], "{}\n{}", out(&output), error(&output));
    }
    // The one stage fails after its warning.
    let items = [item("head.weight", &[10, 64], vec![3e38; 640]), item("head.bias", &[10], vec![0.0; 10])];
    fs::write(folder.path().join("large"), weights::file(&items, &[], json!({ "format": "pt" }))).unwrap();
    let fails = r#"
        version = 1
        tasks.digits = { id = "digits" }
        model = { id = "linear", weights = "large" }
        stage = [{ id = "attack.fgsm" }]
    "#;
    let output = palimpsest(&folder, &["run", "run.toml"], fails);
    assert_eq!((output.status.code(), out(&output).as_str()), (Some(1), ""));
    let said = error(&output);
    assert_eq!(said.matches("warning: stage.0: The weights file does not name").count(), 1, "{said}");
    assert!(said.contains("error: stage.0: the network's answers to 360 of 360 samples are no numbers"), "{said}");
}

#[test]
fn a_report_that_is_played_elsewhere_says_where_its_files_are_looked_for() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "first", "--quiet", "--save", "weights"], LETTERS);
    let weights = "first/weights/base.safetensors";
    let trained = LETTERS.replace("id = \"linear\"", &format!("id = \"linear\", weights = \"{weights}\""));
    done(&folder, &["run", "run.toml", "--out", "second", "--quiet"], &trained);
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let moved = folder.path().join("elsewhere/report.json");
    fs::rename(folder.path().join("second/report.json"), &moved).unwrap();
    let play = |from: &str, more: &[&str]| {
        let mut run = command(&folder);
        let run = run.current_dir(folder.path().join(from)).arg("check").arg(&moved).args(more);
        run.output().unwrap()
    };
    let output = play("elsewhere", &[]);
    let said = "model.weights: first/weights/base.safetensors: there is no such file beside the run file or report, \
                none in the working folder, and no shipped weights of this name; the path of one elsewhere is given \
                with `--set`";
    assert!(output.status.code() == Some(2) && error(&output).contains(said), "{}", error(&output));
    let there = format!("model.weights=../{weights}");
    for output in [play(".", &[]), play("elsewhere", &["--set", &there])] {
        assert_eq!(output.status.code(), Some(0), "{}", error(&output));
    }
    // A near name comes before the advice.
    let output = play(".", &["--set", "model.weights=first/weights/bas.safetensors"]);
    assert!(
        error(&output).contains("(did you mean \"first/weights/base.safetensors\"?); the path"),
        "{}",
        error(&output)
    );
}

#[test]
fn adversarials_that_fool_nobody_are_said_to() {
    let folder = TempDir::new().unwrap();
    let weak = TRAIN.replace(
        "}]",
        "}, { id = \"attack.fgsm\", as = \"weak\", epsilon = 0.0 },
        { id = \"attack.fgsm\", as = \"strong\", epsilon = 0.5 }]",
    );
    let arguments = ["run", "run.toml", "--out", "out", "--quiet", "--save", "adversarials"];
    let said = error(&done(&folder, &arguments, &weak));
    let note = "note: stage.weak: the attack has found none; adversarials/weak.safetensors has the inputs that it \
                ended with";
    assert!(said.contains(note) && !said.contains("stage.strong"), "{said}");
    assert!(folder.path().join("out/adversarials/weak.safetensors").is_file());
}

#[test]
fn a_device_that_is_not_there_is_answered_with_those_that_are() {
    let folder = TempDir::new().unwrap();
    let asked = |device: &str| {
        let output = palimpsest(&folder, &["run", "run.toml", "--device", device], TRAIN);
        assert_eq!(output.status.code(), Some(2), "{device}");
        error(&output)
    };
    let built = engine::device::built();
    for guess in ["gpu", "GPU", "cuda:0", "mps"] {
        assert!(asked(guess).contains(&format!("there is no such device; this build has {built}")), "{}", asked(guess));
    }
    assert!(asked("webgpu").contains(&format!("\"webgpu\" is the browser's; this build has {built}")));
    for name in ["cuda", "vulkan", "metal"].into_iter().filter(|name| !built.contains(name)) {
        let said =
            format!("device: this build has no \"{name}\", but {built}; `--features {name}` builds one that has it");
        assert!(asked(name).contains(&said), "{}", asked(name));
    }
    let help = out(&palimpsest(&folder, &["run", "--help"], TRAIN));
    assert!(help.contains(&format!("Where to compute: {built}")), "{help}");
}

#[test]
fn a_reference_that_failed_to_train_is_said_wherever_its_figures_stand() {
    let folder = TempDir::new().unwrap();
    let played = |fraction: &str| {
        let text = format!(
            "{}\nretrain_seeds = 3\nforget = {{ id = \"random\", fraction = {fraction} }}",
            TRAIN
                .replace("epochs = 2", "epochs = 20")
                .replace("}]", "}, { id = \"unlearn.finetune\", as = \"forgot\", train = { epochs = 1 } }]")
        );
        let output = done(&folder, &["run", "run.toml", "--out", "out"], &text);
        (report(&folder.path().join("out/report.json")), out(&output))
    };
    // 65 samples stay, of which an epoch makes one step.
    let (report, said) = played("0.95");
    let behind = report.value("forgot", "reference_behind").unwrap();
    let ra = |which: &str| report.value("forgot", which).unwrap();
    assert!(behind > 10.0 && (behind - (ra("original_ra") - ra("retrained_ra"))).abs() < 1e-9, "{behind}");
    assert!(report.warnings.len() == 1 && report.warnings[0].contains("its training has failed"), "{report:?}");
    assert!(said.contains("[void: retraining has failed]") && said.contains("Reference behind, points"), "{said}");
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("Warning: stage.forgot: The retrained network names"), "{page}");
    assert!(page.contains("void: retraining has failed"), "{page}");
    let (report, said) = played("0.1");
    assert_eq!(report.value("forgot", "reference_behind"), None);
    assert!(report.warnings.is_empty() && !said.contains("void"), "{said}");
}

#[test]
fn a_point_of_a_grid_says_its_values() {
    let folder = TempDir::new().unwrap();
    let grid = r#"grid={"model":[{"id":"mlp","widths":[8]},{"id":"linear"}],"stage.base.train.epochs":[1,2]}"#;
    let output = done(&folder, &["run", "run.toml", "--out", "out", "--set", grid, "--set", "name=nets"], TRAIN);
    let json = fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    let reports = serde_json::from_str::<serde_json::Value>(&json).unwrap()["reports"].take();
    let points: Vec<_> = reports.as_array().unwrap().iter().map(|report| &report["point"]).collect();
    let mlp = json!({ "id": "mlp", "widths": [8] });
    assert_eq!(points.len(), 4);
    assert_eq!(*points[1], json!({ "model": mlp, "stage.base.train.epochs": 2 }));
    assert_eq!(*points[2], json!({ "model": { "id": "linear" }, "stage.base.train.epochs": 1 }));
    assert_eq!(reports[1]["spec"]["name"], "nets, model=mlp(widths=[8]), stage.base.train.epochs=2");
    assert!(out(&output).contains("\nmodel=mlp(widths=[8]), base.train.epochs=2  base"), "{}", out(&output));
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    let first = &page[page.find("<h1>").unwrap()..page.find("<h2").unwrap()];
    assert!(first.contains(">model=linear, base.train.epochs=1</th>"), "{first}");
    assert_eq!(first.matches("Samples of digits").count(), 1, "{first}");
    // A run without a grid has the same form.
    done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], TRAIN);
    let json = fs::read_to_string(folder.path().join("out/report.json")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["reports"][0]["point"], json!({}));
}
