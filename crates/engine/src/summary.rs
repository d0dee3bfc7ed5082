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
        let same: Vec<&Row> = reports.iter().filter_map(|report| report.rows.iter().find(same)).collect();
        let values: Vec<f64> = same.iter().map(|row| row.value).collect();
        let Mean { value, deviation: spread } = mean(&values);
        if row.key.starts_with("retrained_") {
            // Its spread is that of retraining, which a method is held against; means of overlapping sets of retrained
            // networks scatter less. So the spreads of the runs are pooled.
            let squares: Vec<f64> = same.iter().filter_map(|row| row.spread).map(|spread| spread * spread).collect();
            let spread = (!squares.is_empty()).then(|| mean(&squares).value.sqrt());
            // Of as many networks as each run retrained, so that one alone stays unknown.
            return Row { value, spread, interval: None, ..row.clone() };
        }
        let interval = row.n.filter(|_| row.interval.is_some()).map(|n| spec::half_width(value, n));
        Row { value, spread, interval, seeds: Some(values.len()), ..row.clone() }
    });
    let seconds = reports.iter().map(|report| report.seconds).sum();
    let unfinished = reports
        .iter()
        .flat_map(|report| report.unfinished.iter().map(|why| format!("seed {}: {why}", report.seed)))
        .collect();
    let mut warnings: Vec<String> = Vec::new();
    for warning in reports.iter().flat_map(|report| &report.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    Some(Report { rows: rows.collect(), seconds, warnings, unfinished, ..first.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::RunSpec;

    fn report(seed: u32, rows: Vec<Row>) -> Report {
        let file = "version = 1\ntasks.d = { id = \"digits\" }\nmodel = { id = \"linear\" }\n\
                    stage = [{ id = \"train.scratch\", as = \"a\" }]";
        let spec = RunSpec::read(file).unwrap();
        let (engine, device) = ("0".to_owned(), "cpu".to_owned());
        Report {
            format: spec::FORMAT,
            spec,
            engine,
            device,
            seed,
            seconds: 1.0,
            hashes: IndexMap::new(),
            rows,
            warnings: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    /// Runs share retrained networks, so their means scatter less than networks do.
    #[test]
    fn the_noise_of_retraining_is_that_of_networks_and_not_of_means() {
        let one = |seed, value, spread: Option<f64>| {
            let own = Row::new("a", "ra", value);
            let retrained = Row { spread, seeds: Some(3), ..Row::new("a", "retrained_ra", value) };
            report(seed, vec![own, retrained])
        };
        let all = summary(&[one(1, 90.0, Some(0.3)), one(2, 90.2, Some(0.4))]).unwrap();
        let [own, retrained] = &all.rows[..] else { panic!("{all:?}") };
        assert_eq!((own.seeds, retrained.seeds), (Some(2), Some(3)));
        assert!((own.spread.unwrap() - 0.02_f64.sqrt()).abs() < 1e-9, "{own:?}");
        assert!((retrained.spread.unwrap() - 0.125_f64.sqrt()).abs() < 1e-9, "{retrained:?}");
        // One retrained network a run says nothing of noise, however many runs there are.
        let alone = |seed| report(seed, vec![Row { seeds: Some(1), ..Row::new("a", "retrained_ra", f64::from(seed)) }]);
        let all = summary(&[alone(1), alone(2), alone(3)]).unwrap();
        assert_eq!((all.rows[0].spread, all.rows[0].seeds), (None, Some(1)));
    }

    #[test]
    fn a_figure_that_only_some_runs_have_says_so() {
        let row = |key: &str, value| Row::new("a", key, value);
        let all = summary(&[report(1, vec![row("ta", 1.0)]), report(2, vec![row("ta", 3.0), row("linf_median", 5.0)])])
            .unwrap();
        let found: Vec<_> = all.rows.iter().map(|row| (row.key.as_str(), row.value, row.seeds)).collect();
        assert_eq!(found, [("ta", 2.0, Some(2)), ("linf_median", 5.0, Some(1))]);
    }
}
