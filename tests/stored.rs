//! What earlier builds have written can still be opened.

use serde_json::Value;
use spec::{FORMAT, Report};

const REPORT: &str = include_str!("stored/report.json");
const EVENTS: &str = include_str!("stored/events.jsonl");

#[test]
fn a_report_of_format_1_opens() {
    let report = Report::read(REPORT).unwrap();
    assert_eq!((report.format, report.spec.name.as_str(), report.rows.len()), (1, "stored", 13));
    assert_eq!(report.value("base", "accuracy"), Some(50.0));
    assert_eq!(report.spec.stages[1].params["epsilon"], 0.1);
    // Written anew it says what it is, and reads the same.
    let anew = Report { format: FORMAT, ..report };
    assert_eq!(Report::read(&serde_json::to_string(&anew).unwrap()), Ok(anew));
}

#[test]
fn the_last_event_of_format_1_holds_the_same_report() {
    let last: Value = serde_json::from_str(EVENTS.lines().last().unwrap()).unwrap();
    let mut report = Report::read(&last["event"]["report"].to_string()).unwrap();
    let stored = Report::read(REPORT).unwrap();
    report.spec.repeats = stored.spec.repeats;
    assert_eq!(report, stored);
}

#[test]
fn a_newer_report_is_refused_in_a_sentence() {
    let newer = REPORT.replacen('{', "{ \"format\": 3,", 1);
    let said = Report::read(&newer).unwrap_err().to_string();
    assert_eq!(said, "report: its format is 3; this Palimpsest knows 1 to 2");
    assert!(Report::read("[]").unwrap_err().to_string().starts_with("report: "));
}
