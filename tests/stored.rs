//! What earlier builds have written can still be opened.

use serde_json::{Value, json};
use spec::{FORMAT, Report, Reports, RunSpec};

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

/// Format 2 wrote a list where there was a grid.
#[test]
fn a_list_of_reports_opens() {
    let one = Report { format: 2, ..stored() };
    let text = json!([one, one]).to_string();
    let read = Reports::read(&text).unwrap();
    assert_eq!(read.reports, [one.clone(), one]);
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
