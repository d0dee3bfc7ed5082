//! One report of several runs.

use indexmap::IndexMap;
use kit::stats::{Mean, mean};
use spec::{Exhibit, Exhibited, Report, Row};
use std::collections::BTreeMap;

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
                Row { values, ..of_networks(of_each) }
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
        exhibits: exhibits(&with_figures),
        played_seeds: with_figures.iter().map(|report| report.seed).collect(),
        seconds: reports.iter().map(|report| report.seconds).sum(),
        warnings,
        unfinished: unfinished.collect(),
        files: reports.iter().flat_map(|report| report.files.clone()).collect(),
        ..first.clone()
    })
}

/// What was shown of each series of each stage: over all runs that showed it, or of the first of them.
fn exhibits(reports: &[&Report]) -> Vec<Exhibited> {
    let mut all: IndexMap<(&str, &str), Vec<&Exhibited>> = IndexMap::new();
    for shown in reports.iter().flat_map(|report| &report.exhibits) {
        all.entry((&shown.stage, shown.exhibit.series())).or_default().push(shown);
    }
    let one = |shown: Vec<&Exhibited>| {
        let exhibits: Vec<&Exhibit> = shown.iter().map(|shown| &shown.exhibit).collect();
        match Exhibit::mean(&exhibits) {
            Some(exhibit) => Exhibited { stage: shown[0].stage.clone(), exhibit, seeds: shown.len() },
            None => shown[0].clone(),
        }
    };
    all.into_values().map(one).collect()
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

/// One figure of the retrained networks of several runs, at least one, each network counted once: a run retrains with
/// its own seed and those after it, so that the next run has some of the same.
///
/// Its spread is that of networks that forgot the same, which a method is held against. A forget set drawn at random is
/// another one in each run, so its networks scatter around a mean of their own.
fn of_networks<'a>(of_each: impl Iterator<Item = (&'a Report, &'a Row)> + Clone) -> Row {
    let mut forgot: BTreeMap<Option<u32>, BTreeMap<u64, f64>> = BTreeMap::new();
    for (report, row) in of_each.clone() {
        let own = report.spec.forget_sets().any(|forget| forget.id == "random").then_some(report.seed);
        let networks = forgot.entry(own).or_default();
        row.networks.iter().for_each(|(seed, value)| _ = networks.entry(*seed).or_insert(*value));
    }
    let networks: Vec<(u64, f64)> = forgot.values().flatten().map(|(seed, value)| (*seed, *value)).collect();
    let squares = forgot.values().map(|networks| {
        let values: Vec<f64> = networks.values().copied().collect();
        let free = values.len().saturating_sub(1);
        (mean(&values).deviation.map_or(0.0, |deviation| deviation * deviation * free as f64), free)
    });
    let (squares, free) = squares.fold((0.0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
    let rows: Vec<&Row> = of_each.map(|(_, row)| row).collect();
    let over_seeds = over_seeds(&rows);
    if networks.is_empty() {
        return over_seeds;
    }
    let values: Vec<f64> = networks.iter().map(|(_, value)| *value).collect();
    Row {
        value: mean(&values).value,
        spread: (free > 0).then(|| (squares / free as f64).sqrt()),
        interval: None,
        seeds: Some(networks.len()),
        networks,
        ..over_seeds
    }
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
            exhibits: Vec::new(),
            warnings: Vec::new(),
            unfinished: Vec::new(),
        }
    }

    /// A run that forgets this, with retrained networks of its own seed and those after it.
    fn retrained(seed: u32, forget: &str, values: &[f64]) -> Report {
        let networks: Vec<(u64, f64)> = (u64::from(seed)..).zip(values.iter().copied()).collect();
        let kit::stats::Mean { value, deviation: spread } = mean(values);
        let row = Row { spread, seeds: Some(values.len()), networks, ..Row::new("a", "retrained_ra", value) };
        let mut report = report(seed, vec![Row::new("a", "ra", value), row]);
        report.spec.forget = Some(serde_json::from_value(serde_json::json!({ "id": forget })).unwrap());
        report
    }

    /// Value, spread and number of networks over runs.
    fn pooled(reports: &[Report]) -> (f64, Option<f64>, usize) {
        let row = summary(reports).unwrap().rows.into_iter().find(|row| row.key == "retrained_ra").unwrap();
        (row.value, row.spread, row.seeds.unwrap())
    }

    /// Means of runs scatter less than networks do, because runs share networks.
    #[test]
    fn retrained_networks_are_pooled_by_their_seeds() {
        let reports = [retrained(1, "class", &[90.0, 92.0, 94.0]), retrained(2, "class", &[92.0, 94.0, 96.0])];
        // The seeds 1 to 4: 90, 92, 94, 96.
        assert_eq!(pooled(&reports), (93.0, Some((20.0_f64 / 3.0).sqrt()), 4));
        assert_eq!(summary(&reports).unwrap().rows[0].spread, Some(2.0_f64.sqrt()));
        // With one network in each run there are as many as runs.
        let alone = [1, 2, 3].map(|seed| retrained(seed, "class", &[f64::from(seed)]));
        assert_eq!(pooled(&alone), (2.0, Some(1.0), 3));
        // One run in the middle left nothing.
        assert_eq!(pooled(&[retrained(1, "class", &[1.0, 2.0, 3.0]), retrained(7, "class", &[1.0, 2.0, 3.0])]).2, 6);
        let last = [u32::MAX - 1, u32::MAX].map(|seed| retrained(seed, "class", &[1.0, 1.0]));
        assert_eq!(pooled(&last).2, 3);
    }

    /// The networks of each run have forgotten something else.
    #[test]
    fn networks_that_forgot_something_else_scatter_around_their_own_mean() {
        let reports = [retrained(1, "random", &[90.0, 92.0, 94.0]), retrained(2, "random", &[60.0, 62.0, 64.0])];
        assert_eq!(pooled(&reports), (77.0, Some(2.0), 6));
        let alone = [1, 2, 3].map(|seed| retrained(seed, "random", &[f64::from(seed)]));
        assert_eq!(pooled(&alone), (2.0, None, 3));
    }

    #[test]
    fn one_run_keeps_what_it_says_of_its_networks() {
        let report = retrained(4, "class", &[1.0, 2.0, 3.0]);
        assert_eq!(pooled(std::slice::from_ref(&report)), (2.0, Some(1.0), 3));
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
