//! What earlier builds have written can still be opened.

use serde_json::Value;
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

#[test]
fn a_newer_report_is_refused_in_a_sentence() {
    let newer = REPORT.replacen('{', "{ \"format\": 4,", 1);
    let said = Reports::read(&newer).unwrap_err().to_string();
    assert_eq!(said, "report: its format is 4; this Palimpsest knows 1 to 3");
    assert_eq!(Reports::read("[]").unwrap_err().to_string(), "report: it holds no run");
}
