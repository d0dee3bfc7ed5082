//! One report of several runs.

use indexmap::IndexMap;
use kit::stats::{Mean, mean};
use spec::{Report, Row};

/// One report of several runs of one file with different seeds: each figure is the mean over the runs that came to it,
/// with its standard deviation. `None` for no reports.
pub fn summary(reports: &[Report]) -> Option<Report> {
    let first = reports.first()?;
    if reports.len() == 1 {
        return Some(first.clone());
    }
    // A run that ended early has not all of them.
    let mut keys: IndexMap<(&str, &str), &Row> = IndexMap::new();
    for row in reports.iter().flat_map(|report| &report.rows) {
        keys.entry((&row.stage, &row.key)).or_insert(row);
    }
    let rows = keys.into_values().map(|row| {
        let same = |other: &&Row| other.stage == row.stage && other.key == row.key;
        let values: Vec<f64> =
            reports.iter().filter_map(|report| report.rows.iter().find(same)).map(|row| row.value).collect();
        let Mean { value, deviation: spread } = mean(&values);
        let interval = row.n.filter(|_| row.interval.is_some()).map(|n| spec::half_width(value, n));
        Row { value, spread, interval, seeds: Some(values.len()), ..row.clone() }
    });
    let seconds = reports.iter().map(|report| report.seconds).sum();
    let unfinished = reports
        .iter()
        .flat_map(|report| report.unfinished.iter().map(|why| format!("seed {}: {why}", report.seed)))
        .collect();
    Some(Report { rows: rows.collect(), seconds, unfinished, ..first.clone() })
}
