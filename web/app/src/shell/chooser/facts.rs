//! What is known of a method here: its time, its settings, its runs.

use crate::run::Run;
use leptos::prelude::*;
use report::figure;
use spec::{Control, MethodInfo, Row, Shape, metric};

/// As the strip has it, else as it was the last time.
pub fn time_here(run: Run, id: &str) -> Option<String> {
    let names: Vec<String> = run.strip.with(|strip| {
        (0..strip.len()).filter(|index| strip.spec.stages[*index].id == id).map(|index| strip.name(index)).collect()
    });
    if let Some(seconds) = names.iter().find_map(|name| run.own_estimate(name)) {
        return Some(format!("about {}", figure::seconds(seconds)));
    }
    let last = run.history.with(|runs| runs.iter().find(|run| run.method == id).map(|run| run.seconds));
    Some(format!("{} in your last run", figure::took(last?)))
}

/// How many there are, and the best of them.
pub fn own_runs(run: Run, method: &MethodInfo) -> String {
    let key = if method.shape == Shape::Unlearn { "gap" } else { "accuracy" };
    let metric = metric(key).expect("in the table of figures");
    run.history.with(|runs| {
        let own = || runs.iter().filter(|run| run.method == method.card.id);
        let cost = |row: &&Row| metric.direction.cost(row.value, None);
        let best = own().filter_map(|run| run.figure(key)).min_by(|a, b| cost(a).total_cmp(&cost(b)));
        match (own().count(), best) {
            (0, _) => "none yet".into(),
            (n, Some(row)) => format!("{n}, best {} {}", metric.label.to_lowercase(), figure::words(row)),
            (n, None) => n.to_string(),
        }
    })
}

/// How many there are, and how many of them are shown first.
pub fn settings(method: &MethodInfo) -> String {
    let all = Control::flat(&method.controls).count();
    let first = Control::flat(&method.controls).filter(|setting| !setting.advanced).count();
    format!("{all}, of which {first} matter most")
}
