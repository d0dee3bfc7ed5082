//! What earlier builds have written can still be opened.

use serde_json::{Value, json};
use spec::{FORMAT, Report, Reports, RunSpec, Said};

const REPORT: &str = include_str!("stored/report.json");
const EVENTS: &str = include_str!("stored/events.jsonl");

fn stored() -> Report {
    Reports::read(REPORT).unwrap().reports.remove(0)
}

#[test]
fn a_report_of_format_1_opens() {
    let Reports { run, reports, .. } = Reports::read(REPORT).unwrap();
    let report = &reports[0];
    assert_eq!((report.format, report.spec.name.as_str(), report.rows.len()), (1, "stored", 13));
    assert_eq!(report.value("base", "accuracy"), Some(50.0));
    assert_eq!(report.spec.stages[1].params["epsilon"], 0.1);
    assert_eq!((reports.len(), &run), (1, &report.spec));
    // Written anew it says what it is, and reads the same.
    let anew = Reports { format: FORMAT, run, reports };
    assert_eq!(Reports::read(&serde_json::to_string(&anew).unwrap()), Ok(anew));
}

/// Format 2 wrote one report, or a list where there was a grid.
#[test]
fn a_report_of_format_2_opens() {
    let one = include_str!("stored/format-2/report.json");
    let Reports { run, reports, .. } = Reports::read(one).unwrap();
    assert_eq!((reports.len(), reports[0].format, run.repeats), (1, 2, Some(2)));
    assert_eq!(Reports::run_of(one), Ok(run));
    let grid = include_str!("stored/format-2/reports.json");
    let reports = Reports::read(grid).unwrap().reports;
    let epsilons: Vec<_> = reports.iter().map(|report| report.spec.stages[1].params["epsilon"].clone()).collect();
    assert_eq!(epsilons, [0.1, 0.2]);
    assert!(reports.iter().all(|report| report.value("fooled", "robust_accuracy").is_some()));
    assert!(Reports::run_of(grid).unwrap_err().to_string().contains("left the grid out"));
    for line in include_str!("stored/format-2/events.jsonl").lines() {
        assert!(serde_json::from_str::<Said>(line).is_ok(), "{line}");
    }
}

/// A run file inside a report is read as strictly as one of its own.
#[test]
fn a_run_file_in_a_report_is_checked() {
    let report = include_str!("stored/format-2/report.json");
    for (from, to, said) in [
        ("\"version\": 1", "\"version\": 7", "newer Palimpsest"),
        ("\"as\": \"fooled\"", "\"as\": \"base\"", "taken by an earlier stage"),
        ("\"as\": \"fooled\"", "\"as\": \"fooled\", \"from\": \"nix\"", "there is no stage \"nix\""),
        ("\"seed\": 1,", "\"seed\": \"x\",", "seed: must be a whole number"),
        ("\"seed\": 1,", "\"seed\": 1, \"seed\": 2,", "stands twice"),
    ] {
        let changed = report.replacen(from, to, 1);
        assert_ne!(changed, report, "{from}");
        let error = Reports::run_of(&changed).unwrap_err().to_string();
        assert!(error.contains(said), "{to}: {error}");
    }
    let fraction = report.replacen("\"epsilon\": 0.1", "\"epsilon\": \"8/255\"", 1);
    assert_eq!(Reports::run_of(&fraction).unwrap().stages[1].params["epsilon"], 8.0 / 255.0);
}

#[test]
fn the_last_event_of_format_1_holds_the_same_report() {
    let last: Value = serde_json::from_str(EVENTS.lines().last().unwrap()).unwrap();
    let mut report: Report = serde_json::from_value(last["event"]["report"].clone()).unwrap();
    report.spec = RunSpec { repeats: stored().spec.repeats, ..report.spec };
    assert_eq!(report, stored());
}

/// The run in a report is played, so it has to be right as a run file of its own.
#[test]
fn the_run_in_a_report_is_checked() {
    let whole: Value = serde_json::to_value(Reports::read(REPORT).unwrap()).unwrap();
    let one = serde_json::to_value(stored()).unwrap();
    for (key, value, said) in [
        ("repeats", json!(0), "repeats: must be a whole number between 1 and 100"),
        ("retrain_seeds", json!(101), "retrain_seeds: must be a whole number between 1 and 100"),
        ("version", json!(2), "it was made by a newer Palimpsest"),
        ("stage", json!([]), "stage: there is none"),
        ("stage", json!([{ "id": "train.scratch", "from": "nobody" }]), "there is no stage \"nobody\""),
        ("tasks", json!({}), "tasks: there is none"),
    ] {
        let (mut of_grid, mut of_point, mut alone) = (whole.clone(), whole.clone(), one.clone());
        of_grid["run"][key] = value.clone();
        of_point["reports"][0]["spec"][key] = value.clone();
        alone["spec"][key] = value;
        for report in [of_grid, of_point, alone.clone(), json!([alone])] {
            let error = Reports::read(&report.to_string()).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}

#[test]
fn a_report_is_read_as_strictly_as_a_run_file() {
    for (from, to, said) in [
        ("{", "{ \"seed\": 1,", "the key \"seed\" stands twice in one table"),
        ("\"steps\": 2", "\"steps\": 9007199254740992", "steps: 9007199254740992 is too large a number"),
        ("\"steps\": 2", "\"steps\": 1e999", "number out of range"),
    ] {
        let text = REPORT.replacen(from, to, 1);
        assert_ne!(text, REPORT);
        let error = Reports::read(&text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert_eq!(Reports::read(&format!("\u{feff}{REPORT}")), Reports::read(REPORT));
}

/// A figure or a setting that is read in JSON is the one that was written, and that TOML has.
#[test]
fn numbers_come_back_to_their_last_bit() {
    for number in ["100.03137254901961", "9007199254740991.0", "0.1", "5e-324", "1.7976931348623157e308"] {
        let right: f64 = number.parse().unwrap();
        assert_eq!(serde_json::from_str::<f64>(number).unwrap().to_bits(), right.to_bits(), "{number}");
        let run = |file: &str| RunSpec::read(file).unwrap().stages[0].params["alpha"].as_f64().unwrap().to_bits();
        let json = format!(
            "{{\"version\": 1, \"tasks\": {{\"a\": {{\"id\": \"moons\"}}}}, \"model\": {{\"id\": \"mlp\"}}, \
             \"stage\": [{{\"id\": \"x\", \"alpha\": {number}}}]}}"
        );
        let toml = format!(
            "version = 1\ntasks.a = {{ id = \"moons\" }}\nmodel = {{ id = \"mlp\" }}\n\
             stage = [{{ id = \"x\", alpha = {number} }}]"
        );
        assert_eq!((run(&json), run(&toml)), (right.to_bits(), right.to_bits()), "{number}");
    }
}

#[test]
fn a_newer_report_is_refused_in_a_sentence() {
    let newer = REPORT.replacen('{', "{ \"format\": 4,", 1);
    let said = Reports::read(&newer).unwrap_err().to_string();
    assert_eq!(said, "report: its format is 4; this Palimpsest knows 1 to 3");
    assert_eq!(Reports::read("[]").unwrap_err().to_string(), "report: it holds no run");
}
