//! Figures as rows and columns: every chart as a table, and the results of many runs.

use crate::{
    RunView, figure,
    noise::{SILENT, is_silent},
};
use serde_json::{Map, Value, json};
use spec::{Catalogue, Direction, Family, Metric, MetricData, Report, Row, Samples, point_name};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// A head and rows of texts; the first `left` columns are words, the others figures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Title of each column, with the unit.
    pub head: Vec<String>,
    /// `[row, column]`; every row is as long as the head.
    pub rows: Vec<Vec<String>>,
    /// How many columns from the left are words, which are set flush left.
    pub left: usize,
    /// Row and column of figures that say nothing, which are greyed.
    pub muted: BTreeSet<[usize; 2]>,
}

impl Table {
    /// A table without rows, whose head may be extended.
    pub fn new<'a>(left: usize, head: impl IntoIterator<Item = &'a str>) -> Self {
        Self { head: head.into_iter().map(String::from).collect(), rows: Vec::new(), left, muted: BTreeSet::new() }
    }

    /// RFC 4180, with CRLF at line ends and plain spaces; no cell is a formula.
    pub fn csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        let written = std::iter::once(&self.head).chain(&self.rows).try_for_each(|line| {
            writer.write_record(line.iter().map(|cell| no_formula(&number(&figure::plain_spaces(cell))).into_owned()))
        });
        let (Ok(()), Ok(bytes)) = (written, writer.into_inner()) else { unreachable!("memory takes every record") };
        String::from_utf8(bytes).expect("cells are texts")
    }
}

/// A number as programs read it, with a hyphen for its sign and without commas; any other cell as it is.
fn number(cell: &str) -> String {
    let plain = cell.replace(',', "").replace('−', "-");
    if plain.parse::<f64>().is_ok() { plain } else { cell.into() }
}

/// Spreadsheets run cells that begin like a formula; an apostrophe keeps them text. Numbers may begin with a sign.
fn no_formula(cell: &str) -> Cow<'_, str> {
    match cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err() {
        true => format!("'{cell}").into(),
        false => cell.into(),
    }
}

/// The figures of many runs, one line a stage, in the order of the reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// The figures that occur, in the order in which the engine gives them.
    pub metrics: Vec<MetricData>,
    /// One for each stage that has figures; before it its retrained and its original network, unless a line of the run
    /// has the same figures already.
    pub lines: Vec<TableLine>,
}

/// The figures of one network in one run.
#[derive(Clone, Debug, PartialEq)]
pub struct TableLine {
    /// The run's name, else its place in the list, from 1.
    pub run: String,
    /// What it is called beside the others, see [`called`].
    pub called: String,
    /// The stage's `as`, else its index.
    pub stage: String,
    /// Id of the stage's method.
    pub id: String,
    /// The method's title; `Before` and `Retrained` for the networks that it is compared with.
    pub title: String,
    /// Title of the method alone.
    pub method: String,
    /// What its family is called: "Attacks".
    pub family: String,
    /// Which network the figures are of.
    pub what: What,
    /// Whether MIA says nothing, of this network or of the retrained ones.
    pub is_silent: bool,
    /// Whether it was retrained alone, so that there is no other network to hold it against.
    pub is_own_reference: bool,
    /// Seed of the run; of several seeds the first.
    pub seed: u32,
    /// Device that the run was played on: `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
    pub device: String,
    /// Version of the engine that played it.
    pub engine: String,
    /// The figures, with `original_` and `retrained_` taken off their keys.
    pub rows: Vec<Row>,
}

/// What each of some runs is called beside the others: by the values that a grid has set in it, where all are points of
/// grids, else by its name, or its place in the list, from 1.
pub(crate) fn called(reports: &[Report]) -> Vec<String> {
    let are_points = reports.iter().all(|report| !report.point.is_empty());
    // Most keys are a stage's.
    let of_stage = |key: &str| key.strip_prefix("stage.").unwrap_or(key).to_owned();
    let of = |(at, report): (usize, &Report)| match are_points {
        true => point_name(&report.point.iter().map(|(key, value)| (of_stage(key), value.clone())).collect()),
        false if report.spec.name.is_empty() => (at + 1).to_string(),
        false => report.spec.name.clone(),
    };
    reports.iter().enumerate().map(of).collect()
}

/// Of which network a line's figures are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The one that the stage started from.
    Original,
    /// The reference that never saw the forget set.
    Retrained,
    /// The one that the stage left.
    Stage,
}

impl Results {
    /// The figures of these reports; titles and families come from the catalogue.
    pub fn new(reports: &[Report], catalogue: &Catalogue) -> Self {
        let mut lines: Vec<TableLine> = Vec::new();
        for (at, (report, called)) in reports.iter().zip(called(reports)).enumerate() {
            let name = &report.spec.name;
            let run = if name.is_empty() { (at + 1).to_string() } else { name.clone() };
            let (first, view) = (lines.len(), RunView::of(report, catalogue));
            for (index, stage) in report.spec.stages.iter().enumerate() {
                let name = report.spec.stage_name(index);
                let all: &[Row] = &report.rows.iter().filter(|row| row.stage == name).cloned().collect::<Vec<_>>();
                for what in [What::Retrained, What::Original, What::Stage] {
                    let rows: Vec<Row> = all.iter().filter_map(|row| of(what, row)).collect();
                    // Several methods share one reference: it stands once.
                    let known = |line: &TableLine| line.what == what && same_figures(&line.rows, &rows);
                    if rows.is_empty() || (what != What::Stage && lines[first..].iter().any(known)) {
                        continue;
                    }
                    lines.push(TableLine {
                        run: run.clone(),
                        called: called.clone(),
                        stage: name.clone(),
                        id: stage.id.clone(),
                        title: match what {
                            What::Original => "Before".into(),
                            What::Retrained => "Retrained".into(),
                            What::Stage => title(catalogue, &stage.id) + &view.aim(&name),
                        },
                        method: title(catalogue, &stage.id),
                        family: family(catalogue, &stage.id),
                        what,
                        is_silent: is_silent(all, "retrained_") || is_silent(&rows, ""),
                        is_own_reference: what == What::Stage
                            && view.is_reference(&name)
                            && all.iter().all(|row| row.key != "gap"),
                        seed: report.seed,
                        device: report.device.clone(),
                        engine: report.engine.clone(),
                        rows,
                    });
                }
            }
        }
        let known = |key: &str| {
            let unknown = Metric::new(key, key, "", Direction::None, "");
            catalogue.metric(key).unwrap_or(unknown).data()
        };
        let metrics = keys(&lines).into_iter().map(known).collect();
        Self { metrics, lines }
    }

    /// One table for each family, with what it is called, in the order of their first stages: a table of all figures
    /// has mostly empty cells. Each measure has figures of its own, and so a table of its own.
    pub fn tables(&self) -> Vec<(String, Table)> {
        let mut groups: Vec<(String, Vec<TableLine>)> = Vec::new();
        for line in &self.lines {
            let name = self.table_name(line);
            match groups.iter_mut().find(|(other, _)| *other == name) {
                Some((_, lines)) => lines.push(line.clone()),
                None => groups.push((name, vec![line.clone()])),
            }
        }
        let many = self.has_many_runs();
        let table = |(name, lines): (String, Vec<TableLine>)| {
            let keys = keys(&lines);
            let of = |key: &&str| self.metrics.iter().find(|metric| metric.metric().key == *key).cloned();
            let metrics = keys.iter().filter_map(of).collect();
            (name, Self { metrics, lines }.with_runs(many))
        };
        groups.into_iter().map(table).collect()
    }

    /// What the table of a line is called.
    fn table_name(&self, line: &TableLine) -> String {
        let measures = || self.lines.iter().filter(|other| Family::of_id(&other.id) == Some(Family::Measure));
        let is_one_of_many =
            Family::of_id(&line.id) == Some(Family::Measure) && measures().any(|other| other.id != line.id);
        let own = measures().find(|other| other.id == line.id && other.what == What::Stage);
        match own.filter(|_| is_one_of_many) {
            Some(own) => format!("{}: {}", line.family, own.method),
            None => line.family.clone(),
        }
    }

    /// What is to be known of figures in brackets, as a sentence; `None` where there are none.
    pub fn silence(&self) -> Option<&'static str> {
        self.lines.iter().any(|line| line.is_silent && line.get("mia").is_some()).then_some(SILENT)
    }

    fn has_many_runs(&self) -> bool {
        self.lines.iter().any(|line| line.run != self.lines[0].run)
    }

    /// For people: units in the head, ± over seeds, no more digits than the figures have.
    pub fn table(&self) -> Table {
        self.with_runs(self.has_many_runs())
    }

    /// As [`Self::table`], with a column for the run if `many`.
    fn with_runs(&self, many: bool) -> Table {
        let mut table = Table::new(2 + usize::from(many), many.then_some("Run"));
        table.head.extend(["Stage".into(), "Method".into()]);
        let metrics: Vec<Metric<'_>> = self.metrics.iter().map(MetricData::metric).collect();
        table.head.extend(metrics.iter().map(|metric| match metric.unit {
            "" => metric.label.into(),
            unit => format!("{}, {unit}", metric.label),
        }));
        for line in &self.lines {
            let mut cells = Vec::with_capacity(table.head.len());
            if many {
                cells.push(line.called.clone());
            }
            cells.extend([line.stage.clone(), line.title.clone()]);
            for metric in &metrics {
                let is_silent = metric.key == "mia" && line.is_silent;
                if is_silent {
                    table.muted.insert([table.rows.len(), cells.len()]);
                }
                cells.push(match line.get(metric.key).map(|row| figure::cell(row, metric.unit)) {
                    Some(figure) if is_silent => format!("({figure})"),
                    Some(figure) => figure,
                    None if metric.key == "gap" && line.is_own_reference => "– its own reference".into(),
                    None => String::new(),
                });
            }
            table.rows.push(cells);
        }
        table
    }

    /// For programs: full precision, the keys as they are, beside each key its spread over seeds and number of samples.
    pub fn csv(&self) -> String {
        let mut table = Table::new(7, ["run", "stage", "method", "of", "seed", "device", "engine"]);
        let has = |key: &str, what: fn(&Row) -> bool| self.lines.iter().filter_map(|line| line.get(key)).any(what);
        let columns: Vec<(&str, bool, bool)> = self
            .metrics
            .iter()
            .map(|metric| metric.metric().key)
            .map(|key| (key, has(key, |row| row.spread.is_some()), has(key, |row| row.n.is_some())))
            .collect();
        for (key, spread, n) in &columns {
            table.head.push((*key).into());
            table.head.extend(spread.then(|| format!("{key}_sd")));
            table.head.extend(n.then(|| format!("{key}_n")));
        }
        for line in &self.lines {
            let mut cells = vec![
                line.run.clone(),
                line.stage.clone(),
                line.id.clone(),
                line.what.key().into(),
                line.seed.to_string(),
                line.device.clone(),
                line.engine.clone(),
            ];
            for (key, spread, n) in &columns {
                let row = line.get(key);
                let text = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
                cells.push(text(row.map(|row| row.value)));
                cells.extend(spread.then(|| text(row.and_then(|row| row.spread))));
                cells.extend(n.then(|| row.and_then(|row| row.n).map_or(String::new(), |n| n.to_string())));
            }
            table.rows.push(cells);
        }
        table.csv()
    }

    /// A list of objects, one a line; the figures as [`Row`] has them.
    pub fn json(&self) -> String {
        let lines: Vec<Value> = self
            .lines
            .iter()
            .map(|line| {
                let figures: Map<String, Value> = line
                    .rows
                    .iter()
                    .map(|row| {
                        let mut value = json!(row);
                        if let Some(table) = value.as_object_mut() {
                            table.retain(|key, _| key != "stage" && key != "key");
                        }
                        (row.key.clone(), value)
                    })
                    .collect();
                json!({
                    "run": line.run, "stage": line.stage, "method": line.id, "of": line.what.key(), "seed": line.seed,
                    "device": line.device, "engine": line.engine, "figures": figures,
                })
            })
            .collect();
        format!("{:#}\n", Value::Array(lines))
    }
}

/// How many samples of a task are for what: "1,293 to learn from, 144 for validation, 360 for testing".
pub fn samples(of: &Samples) -> String {
    let count = |n: usize| figure::fixed(n as f64, 0);
    let (train, valid, test) = (count(of.train), count(of.valid), count(of.test));
    format!("{train} to learn from, {valid} for validation, {test} for testing")
}

/// What stands behind ± in a table.
pub const SPREAD: &str = "± is one standard deviation over seeds; of Retrained, that of retraining, over its networks.";

/// What figures mean, in the order of their names.
pub fn glossary<'a>(metrics: impl IntoIterator<Item = Metric<'a>>) -> Table {
    let mut table = Table::new(4, ["Figure", "Unit", "", "What it is"]);
    let mut known: Vec<Metric<'_>> = metrics.into_iter().collect();
    known.sort_by_key(|metric| metric.label);
    for metric in known {
        let better = match metric.direction {
            Direction::Up => "more is better",
            Direction::Down => "less is better",
            Direction::Near => "best near Retrained",
            Direction::None => "",
        };
        table.rows.push([metric.label, metric.unit, better, metric.help].map(String::from).into());
    }
    table
}

/// The keys that occur in these lines, each once.
fn keys(lines: &[TableLine]) -> Vec<&str> {
    let mut keys: Vec<&str> = Vec::new();
    for row in lines.iter().flat_map(|line| &line.rows) {
        if !keys.contains(&row.key.as_str()) {
            keys.push(&row.key);
        }
    }
    // A network without a gap says why it has none.
    if !keys.contains(&"gap") && lines.iter().any(|line| line.is_own_reference) {
        keys.insert(keys.iter().position(|key| *key == "rte").unwrap_or(keys.len()), "gap");
    }
    keys
}

impl TableLine {
    /// The figure with this key; `None` where the network has none.
    pub fn get(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }
}

impl What {
    const fn key(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Retrained => "retrained",
            Self::Stage => "stage",
        }
    }
}

/// A method's title, or the last part of an id that the catalogue does not know.
pub fn title(catalogue: &Catalogue, id: &str) -> String {
    match catalogue.method(id) {
        Some(method) => method.card.title.clone(),
        None => spec::short(id).into(),
    }
}

fn family(catalogue: &Catalogue, id: &str) -> String {
    match catalogue.method(id) {
        Some(method) => catalogue.family(method.card.family).map_or_else(String::new, |family| family.label.clone()),
        None => id.split('.').next().unwrap_or(id).into(),
    }
}

/// `retrained_ua` is UA of another network: it goes to that network's line.
fn of(what: What, row: &Row) -> Option<Row> {
    let prefix = |what: What| row.key.strip_prefix(what.key()).and_then(|rest| rest.strip_prefix('_'));
    match what {
        What::Stage => (prefix(What::Original).is_none() && prefix(What::Retrained).is_none()).then(|| row.clone()),
        other => prefix(other).map(|key| Row { key: key.into(), ..row.clone() }),
    }
}

fn same_figures(a: &[Row], b: &[Row]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.key == b.key && a.value == b.value && a.spread == b.spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn csv(cell: &str) -> String {
        let table = Table::new(1, [cell]).csv();
        table.strip_suffix("\r\n").unwrap().into()
    }

    #[test]
    fn csv_quotes_and_guards() {
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("=HYPERLINK(\"x\")"), "\"'=HYPERLINK(\"\"x\"\")\"");
        assert_eq!(csv("@sum"), "'@sum");
        assert_eq!(csv("+cmd"), "'+cmd");
        assert_eq!(csv("-1.5"), "-1.5");
        assert_eq!(csv("10\u{202f}k"), "10 k");
        assert_eq!((csv("−2.73"), csv("1,616"), csv("a, b")), ("-2.73".into(), "1616".into(), "\"a, b\"".into()));
        assert_eq!(csv("-1+2"), "'-1+2");
    }
}
