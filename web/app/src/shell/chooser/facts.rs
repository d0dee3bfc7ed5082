//! What is known of a method here: its time, its settings, its runs.

use crate::run::Run;
use leptos::prelude::*;
use report::figure;
use spec::{Control, MethodInfo, Row, Shape, Widget, metric};

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
    let [all, advanced] = count(&method.controls, false);
    format!("{all}, of which {} matter most", all - advanced)
}

/// All settings, and the advanced ones among them; what stands in an advanced group is advanced.
fn count(controls: &[Control], in_advanced: bool) -> [usize; 2] {
    controls.iter().fold([0, 0], |[all, advanced], control| {
        let is_advanced = in_advanced || control.advanced;
        let [more, more_advanced] = match &control.widget {
            Widget::Group { of } => count(of, is_advanced),
            _ => [1, usize::from(is_advanced)],
        };
        [all + more, advanced + more_advanced]
    })
}
