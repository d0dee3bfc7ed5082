//! The command line as a user types it.

use assert_cmd::Command;
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use spec::{Event, Report, Reports, Said};
use std::fs;
use std::path::Path;
use std::process::Output;
use tempfile::TempDir;

/// One network that learns, in TOML.
pub const TRAIN: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    stage = [{ id = "train.scratch", as = "base", train = { epochs = 2 } }]
"#;

/// Every shape of method.
const CHAIN: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.digits = { id = "digits" }
    tasks.tilted = { id = "digits", tilt = 30 }
    model = { id = "mlp", widths = [16] }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 2 } },
        { id = "peft.lora", as = "lora", on = "tilted", rank = 2, train = { epochs = 1 } },
        { id = "attack.pgd-linf", as = "fool", from = "base", epsilon = 0.2, steps = 2, alpha = 0.1 },
        { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
        { id = "measure.mia-confidence", from = "base" },
    ]
"#;

/// Points of a grid, in JSON.
pub const GRID: &str = r#"{
    "version": 1,
    "name": "moons",
    "repeats": 2,
    "tasks": { "moons": { "id": "moons" } },
    "model": { "id": "linear" },
    "grid": { "stage.base.train.epochs": [1, 2, 3] },
    "stage": [{ "id": "train.scratch", "as": "base" }]
}"#;

/// What a folder of results holds without `--save`.
pub const RESULTS: [&str; 4] = ["events.jsonl", "files.json", "report.html", "report.json"];

#[test]
fn a_run_repeats_itself() {
    let folder = TempDir::new().unwrap();
    let play = |out: &str| {
        done(&folder, &["run", "run.toml", "--out", out, "--quiet"], CHAIN);
        let mut report = report(&folder.path().join(out).join("report.json"));
        report.rows.retain(|row| !["retrained_rte", "rte", "seconds"].contains(&row.key.as_str()));
        report
    };
    let (one, other) = (play("one"), play("other"));
    assert!(one.rows.len() > 20);
    assert_eq!((one.rows, one.hashes, one.spec), (other.rows, other.hashes, other.spec));
}

#[test]
fn results_are_whole() {
    let folder = TempDir::new().unwrap();
    let said =
        done(&folder, &["run", "run.toml", "--out", "out", "--save", "weights,adversarials,indices,logits"], CHAIN)
            .stdout;
    let out = folder.path().join("out");
    let said = String::from_utf8(said).unwrap();
    assert!(said.contains("base: It reads ") && said.contains("LoRA and PEFT\nStage"), "{said}");
    assert_eq!(names(folder.path()), ["out", "run.toml"]);
    let all = [
        "adversarials",
        "events.jsonl",
        "files.json",
        "indices.json",
        "logits",
        "report.html",
        "report.json",
        "weights",
    ];
    assert_eq!(names(&out), all);

    let json: Value = serde_json::from_str(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    let report = &json["reports"][0];
    for row in report["rows"].as_array().unwrap() {
        assert_eq!(row["unit"].as_str(), spec::metric(row["key"].as_str().unwrap()).map(|metric| metric.unit), "{row}");
    }
    let accuracy = &report["rows"][0];
    assert_eq!([&accuracy["key"], &accuracy["unit"], &accuracy["n"]], ["accuracy", "%", "360"].map(parsed).each_ref());
    let interval: [f64; 2] = serde_json::from_value(accuracy["interval"].clone()).unwrap();
    assert_eq!(interval, spec::interval(accuracy["value"].as_f64().unwrap(), 360));
    assert_eq!((&report["played_seeds"], &accuracy["values"]), (&json!([1]), &json!([accuracy["value"]])));
    assert_eq!(json["format"], spec::FORMAT);
    assert_eq!(report["device"], "cpu");
    let version = String::from_utf8(command(&folder).arg("--version").output().unwrap().stdout).unwrap();
    assert_eq!(report["engine"], version.trim(), "with the commit");
    let saved = report["files"].as_array().unwrap();
    assert!(saved.len() > 5 && saved.iter().all(|file| out.join(file.as_str().unwrap()).is_file()), "{saved:?}");

    assert!(fs::read_to_string(out.join("report.html")).unwrap().starts_with("<!doctype html>"));
    let events = fs::read_to_string(out.join("events.jsonl")).unwrap();
    let first: Value = parsed(events.lines().next().unwrap());
    assert!(first["time"].as_str().unwrap().ends_with('Z'), "{first}");
    let events = self::events(&events);
    assert!(matches!(events[0].event, Event::Ready { format: spec::FORMAT, .. }));
    assert!(matches!(events.last().unwrap().event, Event::Finished { .. }));

    assert_eq!(
        names(&out.join("weights")),
        ["adapter_lora", "base.safetensors", "forgot.safetensors", "lora.safetensors"]
    );
    let base = fs::read(out.join("weights/base.safetensors")).unwrap();
    let base = SafeTensors::deserialize(&base).unwrap();
    assert_eq!(base.tensor("head.weight").unwrap().shape(), [10, 16]);
    let adapter = out.join("weights/adapter_lora");
    let config: Value = parsed(&fs::read_to_string(adapter.join("adapter_config.json")).unwrap());
    assert_eq!([&config["peft_type"], &config["r"]], [&parsed("LORA"), &parsed("2")]);
    let adapter = fs::read(adapter.join("adapter_model.safetensors")).unwrap();
    let adapter = SafeTensors::deserialize(&adapter).unwrap();
    assert_eq!(adapter.tensor("base_model.model.head.lora_A.weight").unwrap().shape(), [2, 16]);

    assert_eq!(names(&out.join("adversarials")), ["fool.safetensors"]);
    let attacked = fs::read(out.join("adversarials/fool.safetensors")).unwrap();
    let attacked = SafeTensors::deserialize(&attacked).unwrap();
    let [x, rounded] = ["x", "x8"].map(|name| attacked.tensor(name).unwrap());
    assert_eq!([x.dtype(), rounded.dtype()], [Dtype::F32, Dtype::U8]);
    assert_eq!([x.shape(), rounded.shape()], [[360, 1, 8, 8]; 2]);
    for (x, rounded) in x.data().chunks(4).zip(rounded.data()) {
        let gap = f32::from_le_bytes(x.try_into().unwrap()) - f32::from(*rounded) / 255.0;
        assert!(gap.abs() <= 1.0 / 255.0 + 1e-6, "{gap}");
    }
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["key"] == "robust_accuracy_8bit").unwrap();
    assert_eq!([&row["stage"], &row["n"], &row["unit"]], ["\"fool\"", "360", "\"%\""].map(parsed).each_ref());
    for name in ["ids", "labels"] {
        let tensor = attacked.tensor(name).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (Dtype::I64, &[360][..]), "{name}");
    }

    assert_eq!(names(&out.join("logits")), ["base.safetensors", "forgot.safetensors", "lora.safetensors"]);
    for stage in ["base", "forgot", "lora"] {
        let logits = fs::read(out.join(format!("logits/{stage}.safetensors"))).unwrap();
        let logits = SafeTensors::deserialize(&logits).unwrap();
        let [values, labels, ids, inputs] = ["logits", "labels", "ids", "x"].map(|name| logits.tensor(name).unwrap());
        assert_eq!([values.shape(), labels.shape(), ids.shape()], [&[360, 10][..], &[360], &[360]], "{stage}");
        // What `load.py --logits` asks PyTorch.
        assert_eq!((inputs.dtype(), inputs.shape()), (Dtype::F32, &[360, 1, 8, 8][..]), "{stage}");
        let values: Vec<f32> = values.data().chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
        let right = values.chunks(10).zip(labels.data().chunks(8)).filter(|(row, label)| {
            let best = (0..10).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
            best as i64 == i64::from_le_bytes((*label).try_into().unwrap())
        });
        let row =
            report["rows"].as_array().unwrap().iter().find(|row| row["stage"] == stage && row["key"] == "accuracy");
        let accuracy = row.unwrap()["value"].as_f64().unwrap();
        assert_eq!((3.6 * accuracy).round() as usize, right.count(), "{stage}");
    }

    let indices: Value = parsed(&fs::read_to_string(out.join("indices.json")).unwrap());
    let size = |rows: &Value| rows.as_array().unwrap().len();
    let splits = &indices["splits"]["digits"];
    assert_eq!([&splits["train"], &splits["valid"], &splits["test"]].map(size), [1293, 144, 360]);
    let forget = indices["forget"]["digits"].as_array().unwrap();
    assert!(!forget.is_empty() && forget.iter().all(|row| splits["train"].as_array().unwrap().contains(row)));
}

#[test]
fn saved_weights_start_another_run() {
    let folder = TempDir::new().unwrap();
    done(&folder, &["run", "run.toml", "--out", "out", "--save", "weights", "--quiet"], TRAIN);
    let saved = folder.path().join("out/weights/base.safetensors");
    let kept = folder.path().join("weights");
    fs::create_dir(&kept).unwrap();
    fs::copy(saved, kept.join("mine.safetensors")).unwrap();
    let set = "model.weights=weights/mine.safetensors";
    done(&folder, &["run", "run.toml", "--set", set], TRAIN);

    refused(
        &folder,
        &["--set", "model.weights=weights/mime.safetensors"],
        TRAIN,
        "did you mean \"weights/mine.safetensors\"?",
    );
    let net = "model={\"id\":\"cnn\",\"weights\":\"weights/mine.safetensors\"}";
    refused(&folder, &["--set", net], TRAIN, "it holds a network \"mlp\", but the run file says \"cnn\"");
    let net = "model={\"id\":\"mlp\",\"widths\":[8],\"weights\":\"weights/mine.safetensors\"}";
    refused(&folder, &["--set", net], TRAIN, "8 × 64 here and 16 × 64 in the file");
    fs::write(kept.join("cut.safetensors"), b"\x10\0\0\0\0\0\0\0{").unwrap();
    let net = "model.weights=weights/cut.safetensors";
    refused(&folder, &["--set", net], TRAIN, "not a whole safetensors file");
}

/// What is shipped is in the program, so that a folder with nothing in it will do.
#[test]
fn shipped_recipes_and_weights_are_found_wherever_it_runs() {
    let folder = TempDir::new().unwrap();
    let said = String::from_utf8(command(&folder).arg("recipes").output().unwrap().stdout).unwrap();
    assert!(said.contains("four-labs\n  All four labs") && said.contains("letters-to-forgetting\n"), "{said}");
    let check = |name: &str| command(&folder).args(["check", name]).output().unwrap();
    assert_eq!(check("letters-to-forgetting").status.code(), Some(0));
    let output = check("four-lab");
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("no such recipe; did you mean \"four-labs\"?"), "{}", error(&output));
    let net = "model={\"id\":\"cnn\",\"weights\":\"letter-cnn\"}";
    refused(&folder, &["--set", net], TRAIN, "model.weights: letter-cnn: there is no such file");
    refused(&folder, &["--set", net], TRAIN, "did you mean \"letters-cnn\"?");
}

#[test]
fn every_json_line_is_an_event() {
    let folder = TempDir::new().unwrap();
    let output = done(&folder, &["run", "run.toml", "--json"], CHAIN);
    let events = events(std::str::from_utf8(&output.stdout).unwrap());
    let count = |is: fn(&Event) -> bool| events.iter().filter(|said| is(&said.event)).count();
    assert_eq!(count(|event| matches!(event, Event::Ready { .. })), 1);
    assert_eq!(count(|event| matches!(event, Event::StageDone { .. })), 5);
    let Event::Finished { report } = &events.last().unwrap().event else { panic!("the report comes last") };
    assert!(report.value("base", "accuracy").is_some());
}

#[test]
fn quiet_prints_the_table_only() {
    let folder = TempDir::new().unwrap();
    let output = done(&folder, &["run", "run.toml", "--quiet"], TRAIN);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("Training\nStage  Method"), "{said}");
    assert_eq!(said.lines().count(), 4, "{said}");
    assert!(output.stderr.is_empty());
}

#[test]
fn a_grid_is_a_list_of_means() {
    let folder = TempDir::new().unwrap();
    let output = done(&folder, &["run", "run.toml", "--out", "out", "--save", "weights", "--repeats", "3"], GRID);
    let out = folder.path().join("out");
    let Reports { run, reports, .. } = Reports::read(&fs::read_to_string(out.join("report.json")).unwrap()).unwrap();
    assert_eq!((run.grid.len(), run.repeats), (1, Some(3)));
    assert_eq!(
        reports.iter().map(|report| report.spec.name.as_str()).collect::<Vec<_>>(),
        ["moons, stage.base.train.epochs=1", "moons, stage.base.train.epochs=2", "moons, stage.base.train.epochs=3"]
    );
    let steps: Vec<f64> = reports.iter().map(|report| report.value("base", "steps").unwrap()).collect();
    assert_eq!([steps[1], steps[2]], [2.0 * steps[0], 3.0 * steps[0]]);
    for report in &reports {
        assert_eq!(report.spec.repeats, Some(3));
        assert!(report.rows.iter().all(|row| row.seeds == Some(3) && row.spread.is_some()));
        assert_eq!(report.played_seeds, [1, 2, 3]);
        for row in &report.rows {
            let values: Vec<f64> = row.values.iter().flatten().copied().collect();
            let mean = values.iter().sum::<f64>() / 3.0;
            assert!(values.len() == 3 && (mean - row.value).abs() < 1e-9, "{row:?}");
        }
    }
    let runs = ["run-1", "run-2", "run-3", "run-4", "run-5", "run-6", "run-7", "run-8", "run-9"];
    assert_eq!(names(&out), [&RESULTS[..], &runs].concat());
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("seeds 1, 2, 3") && page.contains("Curves over steps and images are those of seed 1"),
        "{page}"
    );
    assert!(out.join("run-9/weights/base.safetensors").is_file());
    // Which folder is whose stands in the report.
    let of = |point: usize, seed: usize| reports[point].files[seed].clone();
    assert_eq!([of(1, 0), of(2, 2)], ["run-4", "run-9"].map(|run| format!("{run}/weights/base.safetensors")));
    // Its rows and reports have the same keys, whatever was played.
    done(&folder, &["run", "run.toml", "--out", "alone", "--set", "grid={}", "--repeats", "1"], GRID);
    let keys = |folder_of: &Path| {
        let text = fs::read_to_string(folder_of.join("report.json")).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let of = |value: &serde_json::Value| {
            let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
            keys.sort();
            keys
        };
        let report = &value["reports"][0];
        (of(report), report["rows"].as_array().unwrap().iter().map(of).collect::<std::collections::BTreeSet<_>>())
    };
    let (many, alone) = (keys(&out), keys(&folder.path().join("alone")));
    assert_eq!(many, alone);
    assert!(
        many.1.len() == 1
            && ["files", "warnings", "unfinished", "samples"].iter().all(|key| many.0.contains(&(*key).to_owned()))
    );
    // A report is played again as the run file that it came from, with its grid.
    let again = done(&folder, &["check", "out/report.json"], "").stdout;
    assert!(String::from_utf8(again).unwrap().starts_with("\"moons\" is right: 9 runs"));
    assert!(String::from_utf8(output.stdout).unwrap().contains("Run 4 of 9: stage.base.train.epochs=2, seed 1"));

    // Earlier results are replaced.
    done(&folder, &["run", "run.toml", "--out", "out", "--set", "grid={}"], GRID);
    assert_eq!(names(&out), RESULTS);
}

#[test]
fn a_name_may_look_like_a_number() {
    let folder = TempDir::new().unwrap();
    let set = ["--set", "name=123", "--set", "seed=7", "--set", "stage.base.train.epochs=1"];
    done(&folder, &[&["run", "run.toml", "--quiet", "--out", "out"][..], &set].concat(), TRAIN);
    let report = report(&folder.path().join("out/report.json"));
    assert_eq!((report.spec.name.as_str(), report.seed), ("123", 7));
    refused(&folder, &["--set", "seed=many"], TRAIN, "seed: must be a whole number from 0 to 4294967295, not \"many\"");
}

/// The network that the run starts from reads what is forgotten, so one retrained from it is no reference.
#[test]
fn a_void_reference_is_said_wherever_its_figures_stand() {
    let folder = TempDir::new().unwrap();
    done(
        &folder,
        &["run", "run.toml", "--out", "first", "--save", "weights", "--set", "stage.base.train.epochs=20"],
        TRAIN,
    );
    let forget = r#"
        version = 1
        retrain_seeds = 3
        tasks.digits = { id = "digits" }
        model = { id = "mlp", widths = [16], weights = "first/weights/base.safetensors" }
        forget = { id = "class", class = 3 }
        stage = [
            { id = "transfer.full-finetune", as = "base", train = { epochs = 1 } },
            { id = "unlearn.finetune", as = "forgot", train = { epochs = 1 } },
        ]
    "#;
    let output = done(&folder, &["run", "run.toml", "--out", "out"], forget);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("[void: the start had seen it]"), "{said}");
    assert!(said.contains("\nwarning: stage.forgot: The source network already knows "), "{said}");
    let out = folder.path().join("out");
    let report = report(&out.join("report.json"));
    assert_eq!(report.warnings.len(), 1);
    assert!(report.value("forgot", "start_knows").unwrap() > 50.0);
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(
        page.contains("Warning: stage.forgot: The source") && page.contains("void: the start had seen it"),
        "{page}"
    );
}

/// The start knows a class by its name, wherever that stands in the list.
#[test]
fn a_start_that_knows_other_classes_has_not_seen_these() {
    let folder = TempDir::new().unwrap();
    let learn = TRAIN.replace("id = \"digits\"", "id = \"digits\", classes = [0, 1]");
    done(
        &folder,
        &["run", "run.toml", "--out", "first", "--save", "weights", "--set", "stage.base.train.epochs=20"],
        &learn,
    );
    let forgets = |classes: &str, class: u16| {
        let forget = format!(
            r#"
            version = 1
            retrain_seeds = 1
            tasks.digits = {{ id = "digits", classes = {classes} }}
            model = {{ id = "mlp", widths = [16], weights = "first/weights/base.safetensors" }}
            forget = {{ id = "class", class = {class} }}
            stage = [
                {{ id = "transfer.full-finetune", as = "base", train = {{ epochs = 1 }} }},
                {{ id = "unlearn.finetune", as = "forgot", train = {{ epochs = 1 }} }},
            ]
            "#
        );
        done(&folder, &["run", "run.toml", "--out", "out", "--quiet"], &forget);
        report(&folder.path().join("out/report.json")).value("forgot", "start_knows")
    };
    assert!(forgets("[0, 1]", 0).unwrap() > 90.0);
    assert!(forgets("[1, 0]", 1).unwrap() > 90.0, "the same classes in another order");
    assert!(forgets("[1, 6, 7]", 1).unwrap() > 90.0, "one of them among others");
    assert_eq!(forgets("[6, 7]", 6), None, "as many others");
    assert_eq!(forgets("[6, 0]", 6), None, "what is forgotten is not among those it knows");
}

#[test]
fn a_run_file_of_another_kind_or_cut_off_is_named_so() {
    let folder = TempDir::new().unwrap();
    for (name, text, said) in [
        ("run.json", "{ \"version\": 1,\n", "run.json: it ends too early, in line 2"),
        ("run.yaml", "version: 1", "run.yaml: a run file is TOML or JSON, not YAML"),
        ("run.yml", "version: 1", "not YAML"),
        ("page.toml", "<!DOCTYPE html><title>404</title>", "page.toml: this is a web page"),
        ("lfs.toml", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a", "a pointer of Git LFS"),
        (
            "m.pt",
            "PK\x03\x04 data.pkl",
            "m.pt: this is a file of PyTorch (a zip with a pickle, as .pt and .bin files are); a run file is TOML or \
             JSON",
        ),
        ("empty.toml", "", "empty.toml: the file is empty"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
        let output = palimpsest(&folder, &["check", name], TRAIN);
        assert_eq!(output.status.code(), Some(2));
        assert!(error(&output).contains(said), "{}", error(&output));
    }
    fs::write(folder.path().join("run.bin"), [0x10, 0, 0, 0, 0, 0, 0, 0, b'{', 0xff]).unwrap();
    let output = palimpsest(&folder, &["check", "run.bin"], TRAIN);
    assert!(error(&output).contains("run.bin: this is no text file; a run file is TOML or JSON"));
}

/// What a shell writes for `<(command)`, and standard input where a folder is called so.
#[cfg(target_os = "linux")]
#[test]
fn a_run_file_may_come_through_a_pipe() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("run.toml"), TRAIN).unwrap();
    fs::create_dir(folder.path().join("-")).unwrap();
    for script in ["\"$0\" check <(cat run.toml)", "\"$0\" check - < run.toml", "cat run.toml | \"$0\" check /dev/fd/0"]
    {
        let mut shell = std::process::Command::new("bash");
        shell.args(["-c", script, env!("CARGO_BIN_EXE_palimpsest")]).current_dir(&folder);
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{script}: {}", error(&output));
    }
}

#[test]
fn check_refuses_what_cannot_begin() {
    let folder = TempDir::new().unwrap();
    let start = "version = 1\ntasks.digits = { id = \"digits\" }\nmodel = { id = \"mlp\" }\n";
    for (rest, said) in [
        (
            "forget = { id = \"class\" }\nstage = [{ id = \"unlearn.finetune\", as = \"forgot\" }]",
            "stage.forgot: no stage before it has trained the network",
        ),
        (
            "stage = [{ id = \"train.scratch\", as = \"own\", model = { id = \"mlp\", weights = \"mine\" } }]",
            "stage.own.model.weights: this method draws every weight anew",
        ),
    ] {
        let output = palimpsest(&folder, &["check", "run.toml"], &format!("{start}{rest}"));
        assert_eq!(output.status.code(), Some(2), "{}", error(&output));
        assert!(error(&output).contains(said), "{}", error(&output));
    }
}

#[test]
fn set_reaches_a_stage_by_name_and_by_index() {
    let folder = TempDir::new().unwrap();
    let steps = |set: &[&str]| {
        let arguments: Vec<&str> = ["run", "run.toml", "--quiet", "--out", "out"].iter().chain(set).copied().collect();
        done(&folder, &arguments, TRAIN);
        report(&folder.path().join("out/report.json")).value("base", "steps").unwrap()
    };
    let twice = steps(&[]);
    assert_eq!(steps(&["--set", "stage.base.train.epochs=4"]), 2.0 * twice);
    assert_eq!(steps(&["--set", "stage.0.train.epochs=1", "--set", "seed=7"]), twice / 2.0);
    refused(&folder, &["--set", "stage.bass.train.epochs=1"], TRAIN, "did you mean \"base\"?");
    refused(&folder, &["--set", "stage.base.train.epochs"], TRAIN, "there is no \"=\"");
    refused(&folder, &["--set", "epochs=4"], TRAIN, "epochs: the run has no such key; a stage's setting is `stage.");
    refused(&folder, &["--set", "sead=4"], TRAIN, "did you mean \"seed\"?");
    refused(&folder, &["--set", "stage.base.lr=0.1"], TRAIN, "did you mean \"train.lr\"?");
    let check = |set: &str| palimpsest(&folder, &["check", "run.toml", "--set", set], TRAIN);
    assert_eq!(check("stage.base.train.epochs=4").status.code(), Some(0));
    assert!(error(&check("stage.base.train.epochs=0")).contains("between 1 and 1000"));
    refused(&folder, &["--set", "stage.base.train.epochs=many"], TRAIN, "not \"many\"");
}

#[test]
fn list_has_every_method() {
    let folder = TempDir::new().unwrap();
    let output = done(&folder, &["list", "--json"], "");
    let listed: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let ids: Vec<&str> = listed.iter().map(|method| method["id"].as_str().unwrap()).collect();
    assert_eq!(ids, engine::entries().map(|entry| entry.id).collect::<Vec<_>>());
    let output = done(&folder, &["list"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    for card in engine::cards() {
        assert!(text.contains(card.id) && text.contains(card.summary), "{}", card.id);
    }
}

#[test]
fn show_prints_card_and_ranges() {
    let folder = TempDir::new().unwrap();
    let shown = |id: &str| String::from_utf8(done(&folder, &["show", id], "").stdout).unwrap();
    let text = shown("attack.pgd-linf");
    for line in [
        "  xₖ₊₁ = Π_ε(xₖ + α sign ∇ₓℓ)",
        "  epsilon ε: 0 to 1, default 0.3",
        "  steps K: whole number, 1 to 1000 steps, default 40",
        "  loss: ce | dlr | cw-margin, default ce",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line} is not in\n{text}");
    }
    assert!(text.contains("arXiv:1706.06083"));
    assert!(text.contains("Takes   images and points of at least 2 classes\nNeeds   gradients\n"), "{text}");
    assert!(shown("peft.lora").contains("  h = W₀x + α/r BAx\n"));
    assert!(shown("defend.pgd-at").contains("  min_θ 𝔼 max_{‖δ‖_∞ ≤ ε} ℓ(f_θ(x + δ), y)\n"));
    for entry in engine::entries() {
        let text = shown(entry.id);
        let equation = text.lines().nth(3).unwrap();
        assert!(!equation.trim().is_empty() && !equation.contains(['<', '&']), "{text}");
    }
    let output = palimpsest(&folder, &["show", "attack.pgd-linff"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("did you mean \"attack.pgd-linf\"?"));
    let output = palimpsest(&folder, &["show", "pgd"], "");
    assert!(error(&output).contains("one of \"attack.pgd-l2\", \"attack.pgd-linf\", \"defend.pgd-at\"?"));
}

#[test]
fn data_names_licences_and_ranges() {
    let folder = TempDir::new().unwrap();
    let text = String::from_utf8(done(&folder, &["data"], "").stdout).unwrap();
    for word in ["CC BY 4.0", "  mlp ", "  picked ", "  spirals "] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    let text = String::from_utf8(done(&folder, &["data", "digits"], "").stdout).unwrap();
    assert!(text.contains("  tilt: -180 to 180 °, default 0.0"), "{text}");
    assert_eq!(palimpsest(&folder, &["data", "digit"], "").status.code(), Some(2));
}

#[test]
fn metrics_explains_every_figure() {
    let folder = TempDir::new().unwrap();
    let text = String::from_utf8(done(&folder, &["metrics"], "").stdout).unwrap();
    let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    for metric in engine::catalogue(Vec::new(), |_| String::new()).metrics() {
        assert!(text.contains(metric.label) && spaced.contains(&metric.help.to_lowercase()), "{}", metric.key);
    }
    assert!(text.contains("MIA, %; best near Retrained\n") && text.contains("Time, s; less is better\n"), "{text}");
}

#[test]
fn check_reads_from_standard_input() {
    let folder = TempDir::new().unwrap();
    let check = |text: &str| command(&folder).args(["check", "-"]).write_stdin(text).output().unwrap();
    let output = check(CHAIN);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("This run file is right: one run with seed 1."), "{text}");
    assert!(text.contains("tilted: digits tilt=30") && text.contains("forgot  Fine-tune"), "{text}");
    let output = check(GRID);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("\"moons\" is right: 6 runs (3 of the grid × 2 seeds from 1)."), "{text}");
    let output = check("version = 1\n\n[[");
    assert_eq!(output.status.code(), Some(2));
    assert!(error(&output).contains("line 3"), "{}", error(&output));
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let folder = TempDir::new().unwrap();
    for (from, to, said) in [
        ("version = 1", "version = 2", "newer Palimpsest (version 2; this one knows 1)"),
        ("version = 1", "version = 1\nsead = 2", "did you mean \"seed\"?"),
        ("train.scratch", "train.scrach", "did you mean \"train.scratch\"?"),
        ("\"digits\", tilt", "\"digit\", tilt", "did you mean \"digits\"?"),
        ("on = \"tilted\"", "on = \"tiltet\"", "did you mean \"tilted\"?"),
        ("rank = 2", "rang = 2", "did you mean \"rank\"?"),
        ("\"mlp\"", "\"mlpp\"", "did you mean \"mlp\"?"),
        ("as = \"lora\"", "as = \"base\"", "the name \"base\" is taken by an earlier stage"),
        ("as = \"lora\"", "as = \"lora\", from = \"fool\"", "\"fool\" is used before it exists"),
        ("epsilon = 0.2", "epsilon = -0.1", "must lie between 0 and 1, not -0.1"),
        ("epsilon = 0.2", "epsilon = nan", "not a finite number"),
        ("epsilon = 0.2", "epsilon = 0.2, target = 12", "stage.fool.target: there is no class 12"),
        ("{ id = \"class\", class = 3 }", "{ id = \"picked\", ids = [] }", "nothing is chosen to forget"),
        ("{ id = \"class\", class = 3 }", "{ id = \"random\", fraction = 1.0 }", "at least one class must stay"),
        ("class = 3", "class = 12", "there is no class 12"),
        ("forget = { id = \"class\", class = 3 }", "", "what to forget"),
        ("{ id = \"digits\" }", "{ id = \"digits\", classes = [3] }", "at least two are needed"),
        ("retrain_seeds = 1", "seed = 4294967295\nrepeats = 2", "leaves no room for 4 seeds"),
    ] {
        let text = CHAIN.replacen(from, to, 1);
        assert_ne!(text, CHAIN, "{from}");
        refused(&folder, &[], &text, said);
    }
    // What only the network of an earlier stage rules out.
    for (from, to, said) in [
        ("rank = 2", "rank = 11", "stage.lora.rank: the rank cannot exceed 10, the size of head"),
        ("rank = 2", "rank = 2, targets = [\"layer.0\"]", "stage.lora.targets: there is no layer \"layer.0\""),
        (
            "tasks.digits = { id = \"digits\" }",
            "tasks.digits = { id = \"digits\" }\ntasks.few = { id = \"digits\", classes = [3, 4] }",
            "stage.fool: few: it has 2 classes, but the network knows 10",
        ),
        (
            "tasks.digits = { id = \"digits\" }",
            "tasks.digits = { id = \"digits\" }\ntasks.few = { id = \"moons\" }",
            "stage.fool: few: its inputs are 2 × 1 × 1, but the network takes 1 × 8 × 8",
        ),
    ] {
        let text = CHAIN.replacen(from, to, 1);
        let text = if to.contains("few") { text.replace("epsilon = 0.2", "epsilon = 0.2, on = \"few\"") } else { text };
        assert_ne!(text, CHAIN, "{from}");
        refused(&folder, &[], &text, said);
        let checked = palimpsest(&folder, &["check", "run.toml"], &text);
        assert_eq!((checked.status.code(), error(&checked).contains(said)), (Some(2), true), "{}", error(&checked));
    }
    refused(&folder, &["--repeats", "0"], TRAIN, "between 1 and 100");
    let grid: Vec<u32> = (0..101).collect();
    for key in ["repeats", "device", "name"] {
        let grid = format!("grid={{\"{key}\":[1]}}");
        refused(&folder, &["--set", &grid], TRAIN, &format!("grid.{key}: it has no effect on a single run"));
    }
    refused(&folder, &["--set", "grid={\"stage.0.train.epochs\":[1,2,1]}"], TRAIN, "1 stands twice");
    let overruled = ["--set", "grid={\"stage.base.train.epochs\":[1,2]}", "--set", "stage.base.train.epochs=3"];
    refused(&folder, &overruled, TRAIN, "stage.base.train.epochs: the grid sets it in every run");
    // By place or by name, and a table around the key.
    for set in ["stage.0.train.epochs=3", "stage.base.train={\"epochs\":3}"] {
        let overruled = ["--set", "grid={\"stage.base.train.epochs\":[1,2]}", "--set", set];
        refused(&folder, &overruled, TRAIN, "the grid sets it in every run");
    }
    for (one, other) in [
        ("stage.base.train.epochs", "stage.0.train.epochs"),
        ("stage.0.train", "stage.base.train.lr"),
        ("tasks.digits.tilt", "tasks.digits"),
    ] {
        let grid = format!("grid={{\"{one}\":[1,2],\"{other}\":[3,4]}}");
        refused(&folder, &["--set", &grid], TRAIN, &format!("grid.{other}: it sets what \"{one}\" sets too"));
    }
    refused(&folder, &["--set", "grid={\"foo.bar\":[1]}"], TRAIN, "grid.foo.bar: ");
    // What no stage depends on.
    let idle =
        TRAIN.replace("tasks.digits", "forget = { id = \"class\" }\n tasks.other = { id = \"digits\" }\n tasks.digits");
    let idle = idle.replace("id = \"train.scratch\"", "id = \"train.scratch\", on = \"digits\"");
    for grid in ["\"forget.class\":[1,2]", "\"retrain_seeds\":[1,2]", "\"stage.base.as\":[\"a\",\"b\"]"] {
        let grid = format!("grid={{{grid}}}");
        refused(&folder, &["--set", &grid], &idle, "are the same run: no stage depends on what differs");
    }
    let seeds = ["--set", "grid={\"seed\":[1,2]}", "--repeats", "2"];
    refused(&folder, &seeds, TRAIN, "grid.seed: `repeats` counts seeds from `seed`");
    refused(&folder, &["--device", "webgpu"], TRAIN, "device: \"webgpu\" is the browser's");
    let grid = format!("grid={{\"seed\":{grid:?},\"stage.0.train.epochs\":{grid:?}}}");
    refused(&folder, &["--set", &grid], TRAIN, "more than 10000 runs");
    let output = palimpsest(&folder, &["run", "none.toml"], TRAIN);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(error(&output), "error: none.toml: there is no such file\n");
}

#[test]
fn wrong_data_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let idx = |sizes: &[u32], values: usize| {
        let header = [0, 0, 8, sizes.len() as u8];
        let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
        let values = (0..values).map(|at| (at % 2) as u8);
        header.into_iter().chain(sizes).chain(values).collect::<Vec<u8>>()
    };
    let task = "{ id = \"idx\", images = \"images\", labels = \"labels\" }";
    let text = TRAIN.replace("{ id = \"digits\" }", task);
    let put = |images: &[u8], labels: &[u8], said: &str| {
        fs::write(folder.path().join("images"), images).unwrap();
        fs::write(folder.path().join("labels"), labels).unwrap();
        match said {
            "" => drop(done(&folder, &["check", "run.toml"], &text)),
            _ => refused(&folder, &[], &text, said),
        }
    };
    let images = idx(&[40, 4, 4], 40 * 16);
    put(&images, &idx(&[40], 40), "");
    put(&images[..images.len() - 1], &idx(&[40], 40), "tasks.digits.images: images: ");
    put(&images[..images.len() - 1], &idx(&[40], 40), "it may be cut off");
    put(&images[..7], &idx(&[40], 40), "the file ends within its header");
    put(b"GIF89a", &idx(&[40], 40), "this is no IDX file");
    put(&images, &idx(&[39], 39), "there are 39 labels for 40 images");
    put(&idx(&[u32::MAX, u32::MAX, 4], 8), &idx(&[40], 40), "are more than");
    refused(
        &folder,
        &["--set", "tasks.digits.labels="],
        &text,
        "tasks.digits.labels: the file of the labels is not named yet",
    );
    fs::remove_file(folder.path().join("labels")).unwrap();
    refused(&folder, &[], &text, "tasks.digits.labels: labels: there is no such file");
}

#[test]
fn names_in_a_run_file_do_no_harm() {
    let folder = TempDir::new().unwrap();
    let text = TRAIN.replace("as = \"base\"", "as = \"/a\\u001b[2Jb\\n\"");
    let output = done(&folder, &["run", "run.toml", "--out", "out", "--save", "weights"], &text);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("/a\u{fffd}[2Jb\u{fffd}: It reads ") && !said.contains('\u{1b}'), "{said}");
    assert_eq!(names(&folder.path().join("out/weights")), ["0.safetensors"]);
    refused(&folder, &[], &text.replace("epochs", "\"\\u001b[2J\""), "there is no key \"\u{fffd}[2J\"");
}

/// A run that must end with 2 and a sentence, and write nothing.
#[track_caller]
fn refused(folder: &TempDir, arguments: &[&str], text: &str, said: &str) {
    fs::write(folder.path().join("run.toml"), text).unwrap();
    let before = names(folder.path());
    let arguments: Vec<&str> = ["run", "run.toml", "--out", "none"].iter().chain(arguments).copied().collect();
    let output = palimpsest(folder, &arguments, text);
    let error = error(&output);
    assert_eq!(output.status.code(), Some(2), "{said}: {error}");
    assert!(error.starts_with("error: ") && error.contains(said) && error.lines().count() == 1, "{said}: {error}");
    assert!(output.stdout.is_empty());
    assert_eq!(names(folder.path()), before);
}

#[track_caller]
pub fn done(folder: &TempDir, arguments: &[&str], text: &str) -> Output {
    let output = palimpsest(folder, arguments, text);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", error(&output));
    output
}

/// In a folder where `text` is `run.toml`.
pub fn palimpsest(folder: &TempDir, arguments: &[&str], text: &str) -> Output {
    fs::write(folder.path().join("run.toml"), text).unwrap();
    command(folder).args(arguments).output().unwrap()
}

pub fn command(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_palimpsest"));
    command.current_dir(folder);
    command
}

pub fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn events(lines: &str) -> Vec<Said> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// JSON, else a text.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

pub fn report(path: &Path) -> Report {
    Reports::read(&fs::read_to_string(path).unwrap()).unwrap().reports.remove(0)
}
