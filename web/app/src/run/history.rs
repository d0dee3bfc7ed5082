//! What was played, kept in this browser.

use super::catalogue::catalogue;
use super::storage::{self, Stored};
use report::{Outcome, Table};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spec::{FORMAT, Row, RunSpec};

/// More rows than this, and the oldest go.
pub const KEPT: usize = 200;

/// Points of a row's curve.
const POINTS: usize = 60;

/// A finished stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastRun {
    pub number: u32,
    /// Milliseconds since 1970.
    pub at: f64,
    /// As on its card: `4`, `4b`, `2 · PGD`.
    pub layer: String,
    pub stage: String,
    pub method: String,
    pub title: String,
    /// What it did to the network, as a verb: "Forget".
    #[serde(alias = "lab")]
    pub did: String,
    pub device: String,
    pub seconds: f64,
    pub rows: Vec<Row>,
    /// Accuracy by step, thinned.
    pub curve: Vec<(usize, f32)>,
    /// The series that it was made from; earlier builds had but one.
    #[serde(default = "first_series")]
    pub series: String,
    pub spec: RunSpec,
}

fn first_series() -> String {
    "accuracy".into()
}

impl PastRun {
    pub fn figure(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// Whether both are of one work: no two take the same time to its last bit.
    pub fn is_same_work(&self, other: &Self) -> bool {
        self.stage == other.stage && self.seconds == other.seconds && self.rows == other.rows
    }

    /// What the accuracy column shows: the figure that the lab is about.
    pub fn accuracy(&self) -> Option<&Row> {
        ["ta", "robust_accuracy", "accuracy"].iter().find_map(|key| self.figure(key))
    }
}

/// What this browser keeps; nothing where it cannot be read.
pub fn stored() -> Vec<PastRun> {
    storage::stored("runs").map(open).unwrap_or_default()
}

/// Stores these runs. What cannot be read here stays: another build of the page wrote it.
pub fn store(runs: &[PastRun]) -> Stored {
    storage::store("runs", &beside(runs, storage::stored("runs")))
}

/// What is stored: the runs, and behind them what is there already and cannot be read.
fn beside(runs: &[PastRun], stored: Option<Value>) -> Value {
    let stored = stored.unwrap_or_default();
    let format = stored["format"].as_u64().unwrap_or(0).max(FORMAT.into());
    let unread = rows(stored).into_iter().filter(|row| read(row).is_none());
    let all: Vec<Value> = runs.iter().map(|run| json!(run)).chain(unread).collect();
    json!({ "format": format, "runs": all })
}

/// The list in any form in which it was ever stored, without what cannot be read.
fn open(value: Value) -> Vec<PastRun> {
    rows(value).iter().filter_map(read).collect()
}

fn rows(value: Value) -> Vec<Value> {
    let runs = match value {
        Value::Object(mut table) => table.remove("runs").unwrap_or_default(),
        first => first,
    };
    if let Value::Array(rows) = runs { rows } else { Vec::new() }
}

fn read(row: &Value) -> Option<PastRun> {
    serde_json::from_value(row.clone()).ok()
}

/// Every so many points of the stage's accuracy, last one included, and the name of the series.
pub fn thin(outcome: &Outcome) -> (String, Vec<(usize, f32)>) {
    let Some((series, curve)) = outcome.accuracy_curve() else { return (first_series(), vec![]) };
    let every = curve.len().div_ceil(POINTS).max(1);
    let mut thin: Vec<_> = curve.iter().copied().step_by(every).collect();
    if thin.last() != curve.last() {
        thin.extend(curve.last());
    }
    (series.into(), thin)
}

/// Newest first; a new number for the new row; the oldest rows go.
pub fn add(runs: &mut Vec<PastRun>, mut run: PastRun) {
    run.number = runs.iter().map(|run| run.number).max().unwrap_or(0) + 1;
    runs.insert(0, run);
    runs.truncate(KEPT);
}

/// One line a run, one column a figure that any of them has.
pub fn csv(runs: &[PastRun]) -> String {
    let keys: Vec<&str> = catalogue()
        .metrics()
        .map(|metric| metric.key)
        .filter(|key| runs.iter().any(|run| run.figure(key).is_some()))
        .collect();
    let mut table = Table::new(5, ["number", "layer", "method", "title", "device", "run_seconds"]);
    table.head.extend(keys.iter().flat_map(|key| [(*key).to_owned(), format!("{key}_spread")]));
    for run in runs {
        let mut cells =
            vec![run.number.to_string(), run.layer.clone(), run.method.clone(), run.title.clone(), run.device.clone()];
        cells.push(run.seconds.to_string());
        for key in &keys {
            let row = run.figure(key);
            let cell = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
            cells.extend([cell(row.map(|row| row.value)), cell(row.and_then(|row| row.spread))]);
        }
        table.rows.push(cells);
    }
    table.csv()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(title: &str, rows: Vec<Row>) -> PastRun {
        let spec = RunSpec::read(
            "version = 1\ntasks.d = { id = \"digits\" }\nmodel = { id = \"cnn\" }\n\
             stage = [{ id = \"train.scratch\", as = \"base\" }]",
        )
        .unwrap();
        PastRun {
            number: 0,
            at: 0.0,
            layer: "1".into(),
            stage: "base".into(),
            method: "train.scratch".into(),
            title: title.into(),
            did: "Transfer".into(),
            device: "cpu".into(),
            seconds: 1.5,
            rows,
            curve: vec![],
            series: first_series(),
            spec,
        }
    }

    #[test]
    fn numbers_go_on_and_the_oldest_go() {
        let mut runs = Vec::new();
        for _ in 0..KEPT + 3 {
            add(&mut runs, run("x", vec![]));
        }
        assert_eq!((runs.len(), runs[0].number), (KEPT, KEPT as u32 + 3));
    }

    #[test]
    fn a_list_of_either_form_is_opened() {
        let runs = vec![run("x", vec![Row::new("base", "ta", 93.5)])];
        assert_eq!(open(json!(runs)), runs);
        assert_eq!(open(json!({ "format": FORMAT, "runs": runs })), runs);
        assert!(open(json!("x")).is_empty() && open(json!({})).is_empty());
    }

    #[test]
    fn what_cannot_be_read_costs_no_other_row_and_stays() {
        let (old, new) = (run("old", vec![]), run("new", vec![]));
        let mut unknown = json!(old);
        unknown["spec"]["of a later build"] = json!(1);
        let later = json!({ "format": FORMAT + 1, "runs": [unknown, "no row", old] });
        assert_eq!(open(later.clone()), std::slice::from_ref(&old));
        let stored = beside(&[new.clone(), old.clone()], Some(later));
        assert_eq!(stored, json!({ "format": FORMAT + 1, "runs": [new, old, unknown, "no row"] }));
        assert_eq!(beside(std::slice::from_ref(&new), None), json!({ "format": FORMAT, "runs": [new] }));
    }

    #[test]
    fn what_an_earlier_build_kept_in_the_browser_opens() {
        let page: Value = serde_json::from_str(include_str!("../../../../tests/stored/page.json")).unwrap();
        let value = |key: &str| serde_json::from_str::<Value>(page[key].as_str().unwrap()).unwrap();
        let spec = RunSpec::from_value(value("palimpsest.spec")).unwrap();
        assert_eq!((spec.name.as_str(), spec.stages.len()), ("stored", 5));
        let runs = open(value("palimpsest.runs"));
        let stages: Vec<&str> = runs.iter().map(|run| run.method.as_str()).collect();
        assert_eq!(stages.len(), 5);
        assert_eq!((stages[4], runs[4].number, &runs[4].spec), ("train.scratch", 1, &spec));
        assert_eq!(runs[4].figure("accuracy").and_then(|row| row.n), Some(360));
        assert!(!runs[4].curve.is_empty());
    }

    #[test]
    fn csv_quotes_and_leaves_gaps() {
        let mut ta = Row::new("base", "ta", 93.5);
        ta.spread = Some(0.25);
        let text = csv(&[run("SalUn, digit 3", vec![ta]), run("plain", vec![])]);
        assert_eq!(
            text.replace("\r\n", "\n"),
            "number,layer,method,title,device,run_seconds,ta,ta_spread\n\
             0,1,train.scratch,\"SalUn, digit 3\",cpu,1.5,93.5,0.25\n0,1,train.scratch,plain,cpu,1.5,,\n"
        );
    }

    #[test]
    fn csv_holds_no_formula() {
        let text = csv(&[run("=HYPERLINK(1)", vec![])]);
        assert!(text.contains(",'=HYPERLINK(1),"), "{text}");
    }

    #[test]
    fn two_runs_differ_where_they_do() {
        let a = run("", vec![]).spec;
        let b = a.set("stage.base.train.lr", 0.1.into()).unwrap();
        let found = report::differences(&a, &b);
        assert_eq!((found.len(), found[0].path.as_str()), (1, "stage.base.train.lr"));
        assert_eq!((&found[0].from, &found[0].to), (&None, &Some(0.1.into())));
    }

    #[test]
    fn a_curve_keeps_its_end() {
        let mut outcome = Outcome::default();
        outcome.series.insert("validation_accuracy".into(), (0..500).map(|step| (step, step as f32)).collect());
        let (series, curve) = thin(&outcome);
        assert!(curve.len() <= POINTS + 1 && curve.last() == Some(&(499, 499.0)));
        assert_eq!(series, "validation_accuracy");
    }
}
