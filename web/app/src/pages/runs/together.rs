//! The curves of the picked runs in one chart.

use super::picked::Picked;
use crate::{
    run::{Run, history::PastRun},
    ui::ChartBlock,
};
use leptos::prelude::*;
use report::{
    Role,
    chart::{Curve, Line, Rank},
};

/// Accuracy by step.
#[component]
pub fn Together() -> impl IntoView {
    let (run, picked) = (Run::get(), Picked::get());
    let chart = Memo::new(move |_| run.history.with(|runs| curves(runs, &picked.numbers())));
    view! {
        <ChartBlock
            title="The picked, together"
            sub="accuracy on validation samples, by step"
            empty="Pick up to six rows that have a curve"
            chart
        />
    }
}

fn curves(runs: &[PastRun], numbers: &[u32]) -> Option<Curve> {
    let picked = numbers.iter().filter_map(|number| runs.iter().find(|run| run.number == *number));
    // Those of earlier builds, and of runs without validation, are called by what they are on.
    let on = |run: &PastRun| match run.series.as_str() {
        "validation_accuracy" => "",
        "train_accuracy" => ", seen",
        _ => ", test split",
    };
    let line = |(at, run): (usize, &PastRun)| Line {
        name: format!("{} {}{}", run.layer, run.title, on(run)),
        role: Role::Series((at + 1) as u8),
        rank: Rank::Other,
        points: run.curve.iter().map(|(step, value)| [*step as f64, f64::from(*value)]).collect(),
    };
    let lines: Vec<Line> = picked.filter(|run| run.curve.len() > 1).enumerate().map(line).collect();
    let steps = lines.iter().filter_map(|line| line.points.last()).map(|point| point[0]).fold(0.0, f64::max);
    (!lines.is_empty()).then_some(Curve {
        subject: "Accuracy".into(),
        unit: "%".into(),
        steps,
        lines,
        goal: None,
        now: None,
        kept: None,
        failed: None,
    })
}
