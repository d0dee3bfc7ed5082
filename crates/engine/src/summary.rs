//! One report of several runs.

use indexmap::IndexMap;
use kit::stats::{Mean, mean};
use spec::{Report, Row};
use std::collections::BTreeSet;

/// One report of the runs of one file with different seeds: each figure is the mean over the runs that came to it, with
/// its standard deviation and the value of each seed. `None` for no reports.
pub fn summary(reports: &[Report]) -> Option<Report> {
    // Seeds that left nothing have no value, so they are not among the seeds.
    let with_figures: Vec<&Report> = reports.iter().filter(|report| !report.rows.is_empty()).collect();
    let first = with_figures.first().copied().or(reports.first())?;
    // A run that ended early has not all of them.
    let mut keys: IndexMap<(&str, &str), &Row> = IndexMap::new();
    for row in with_figures.iter().flat_map(|report| &report.rows) {
        keys.entry((&row.stage, &row.key)).or_insert(row);
    }
    let rows = keys.into_values().map(|row| {
        let same = |other: &&Row| other.stage == row.stage && other.key == row.key;
        let of_each: Vec<Option<&Row>> = with_figures.iter().map(|report| report.rows.iter().find(same)).collect();
        let values = of_each.iter().map(|row| row.map(|row| row.value)).collect();
        let rows: Vec<&Row> = of_each.iter().copied().flatten().collect();
        match reports.len() {
            1 => Row { values, ..row.clone() },
            _ if row.key.starts_with("retrained_") => {
                let of_each = with_figures.iter().zip(&of_each).filter_map(|(report, row)| Some((*report, (*row)?)));
                Row { values, ..of_references(&rows, networks(of_each)) }
            }
            _ => Row { values, ..over_seeds(&rows) },
        }
    });
    let rows = rows.collect();
    let many = reports.len() > 1;
    let unfinished = reports.iter().flat_map(|report| {
        let seed = if many { format!("seed {}: ", report.seed) } else { String::new() };
        report.unfinished.iter().map(move |why| format!("{seed}{why}"))
    });
    let mut warnings: Vec<String> = Vec::new();
    for warning in reports.iter().flat_map(|report| &report.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    Some(Report {
        rows,
        played_seeds: with_figures.iter().map(|report| report.seed).collect(),
        seconds: reports.iter().map(|report| report.seconds).sum(),
        warnings,
        unfinished: unfinished.collect(),
        files: reports.iter().flat_map(|report| report.files.clone()).collect(),
        ..first.clone()
    })
}

/// One figure over the seeds that have it, at least one.
fn over_seeds(rows: &[&Row]) -> Row {
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    let Mean { value, deviation: spread } = mean(&values);
    let row = rows[0].clone();
    // Of as many samples in each run, else of no one number.
    let n = row.n.filter(|n| rows.iter().all(|row| row.n == Some(*n)));
    let interval = row.interval.filter(|_| rows.len() == 1);
    Row { value, n, spread, interval, seeds: Some(rows.len()), ..row }
}

/// One figure of the retrained networks of several runs, which are so many in all.
///
/// Its spread is that of retraining, which a method is held against; means of overlapping sets of retrained networks
/// scatter less. So the spreads of the runs are pooled. Runs that retrained one network each have none.
fn of_references(rows: &[&Row], networks: usize) -> Row {
    let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
    let squares: Vec<f64> = rows.iter().filter_map(|row| row.spread).map(|spread| spread * spread).collect();
    let spread = (!squares.is_empty()).then(|| mean(&squares).value.sqrt());
    Row { value: mean(&values).value, spread, interval: None, seeds: Some(networks), ..rows[0].clone() }
}

/// How many networks the runs retrained. A run retrains with its own seed and those after it, so that the next run has
/// some of the same, unless a forget set drawn at random makes them others.
fn networks<'a>(of_each: impl Iterator<Item = (&'a Report, &'a Row)>) -> usize {
    let seeds = of_each.flat_map(|(report, row)| {
        let own = report.spec.forget.as_ref().is_some_and(|forget| forget.id == "random").then_some(report.seed);
        (0..row.seeds.unwrap_or(1) as u64).map(move |at| (own, u64::from(report.seed) + at))
    });
    seeds.collect::<BTreeSet<_>>().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::RunSpec;

    #[test]
    fn the_last_seed_is_counted_too() {
        let row = Row { seeds: Some(2), ..Row::new("a", "retrained_ua", 1.0) };
        let reports = [u32::MAX - 1, u32::MAX].map(|seed| report(seed, vec![row.clone()]));
        assert_eq!(networks(reports.iter().map(|report| (report, &report.rows[0]))), 3);
    }

    fn report(seed: u32, rows: Vec<Row>) -> Report {
        let file = "version = 1\ntasks.d = { id = \"digits\" }\nmodel = { id = \"linear\" }\n\
                    stage = [{ id = \"train.scratch\", as = \"a\" }]";
        let spec = RunSpec::read(file).unwrap();
        let (engine, device) = ("0".to_owned(), "cpu".to_owned());
        Report {
            format: spec::FORMAT,
            spec,
            point: Default::default(),
            engine,
            device,
            seed,
            played_seeds: vec![seed],
            files: Vec::new(),
            seconds: 1.0,
            hashes: IndexMap::new(),
            samples: IndexMap::new(),
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
        // The seeds 1 to 3, and 2 to 4.
        assert_eq!((own.seeds, retrained.seeds), (Some(2), Some(4)));
        assert!((own.spread.unwrap() - 0.02_f64.sqrt()).abs() < 1e-9, "{own:?}");
        assert!((retrained.spread.unwrap() - 0.125_f64.sqrt()).abs() < 1e-9, "{retrained:?}");
        // One retrained network a run says nothing of noise, however many runs there are.
        let alone = |seed| report(seed, vec![Row { seeds: Some(1), ..Row::new("a", "retrained_ra", f64::from(seed)) }]);
        let all = summary(&[alone(1), alone(2), alone(3)]).unwrap();
        assert_eq!((all.rows[0].spread, all.rows[0].seeds), (None, Some(3)));
    }

    #[test]
    fn retrained_networks_are_counted_once() {
        let one = |seed, nets, forget: &str| {
            let mut report = report(seed, vec![Row { seeds: Some(nets), ..Row::new("a", "retrained_rte", 1.0) }]);
            report.spec.forget = Some(serde_json::from_value(serde_json::json!({ "id": forget })).unwrap());
            report
        };
        let counted = |seeds: &[u32], nets, forget| {
            let reports: Vec<Report> = seeds.iter().map(|seed| one(*seed, nets, forget)).collect();
            summary(&reports).unwrap().rows[0].seeds.unwrap()
        };
        assert_eq!((counted(&[1, 2, 3], 3, "class"), counted(&[1, 2, 3], 1, "picked")), (5, 3));
        // One run in the middle left nothing; drawn at random, each run forgets something else.
        assert_eq!((counted(&[1, 7], 3, "class"), counted(&[1, 2, 3], 3, "random")), (6, 9));
        assert_eq!(counted(&[4], 3, "class"), 3);
    }

    #[test]
    fn a_figure_that_only_some_runs_have_says_so() {
        let row = |key: &str, value| Row::new("a", key, value);
        let all = summary(&[report(1, vec![row("ta", 1.0)]), report(2, vec![row("ta", 3.0), row("linf_median", 5.0)])])
            .unwrap();
        let found: Vec<_> = all.rows.iter().map(|row| (row.key.as_str(), row.value, row.seeds)).collect();
        assert_eq!(found, [("ta", 2.0, Some(2)), ("linf_median", 5.0, Some(1))]);
        let values: Vec<_> = all.rows.iter().map(|row| row.values.clone()).collect();
        assert_eq!((all.played_seeds, values), (vec![1, 2], vec![vec![Some(1.0), Some(3.0)], vec![None, Some(5.0)]]));
    }

    #[test]
    fn a_seed_without_figures_is_not_among_the_seeds() {
        let failed = Report { unfinished: vec!["it diverged".into()], ..report(7, Vec::new()) };
        let all = summary(&[failed, report(8, vec![Row::new("a", "ta", 2.0)])]).unwrap();
        assert_eq!((all.played_seeds, all.unfinished), (vec![8], vec!["seed 7: it diverged".to_owned()]));
        assert_eq!(all.rows[0].values, [Some(2.0)]);
    }
}
