//! Accuracy by step: a block that several labs show.

use crate::{
    run::{Run, View, catalogue},
    ui::ChartBlock,
};
use leptos::prelude::*;
use report::{
    Role, Status,
    chart::{Curve, Line, Rank},
};
use spec::Family;

/// The selected version in colour, others in pencil, what it learned from dotted.
#[component]
pub fn Accuracy() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let sub = move || {
        let task = run.task_of(&view.selected.get());
        run.view(|view| format!("% of {} {} rightly, by step", view.things(&task), view.participle(&task)))
    };
    let chart = Memo::new(move |_| accuracy(run, &view.selected.get()));
    view! { <ChartBlock title="Accuracy" sub=Signal::derive(sub) empty="Appears after the first steps" chart /> }
}

fn accuracy(run: Run, name: &str) -> Option<Curve> {
    let outcome = run.outcome(name);
    let mut lines = earlier(run, name);
    if let Some(outcome) = &outcome {
        let mut own = outcome.accuracy_lines(&run.things(&run.task_of(name)));
        // Where a run failed, the words of the failure stand at the line's end.
        let failed = matches!(outcome.status, Status::Failed(_));
        own.retain(|line| line.points.len() > 1 && !(failed && line.rank == Rank::Seen));
        lines.extend(own);
    }
    let planned = outcome.as_ref().map_or(0.0, |outcome| outcome.of as f64);
    let ends = lines.iter().filter_map(|line| line.points.last()).map(|point| point[0]);
    let steps = match ends.fold(planned, f64::max) {
        steps if steps > 0.0 => steps,
        _ => planned_steps(run, name)?,
    };
    let now = outcome.as_ref().filter(|outcome| outcome.is_live()).map(|outcome| outcome.step as f64);
    let failure = outcome.as_ref().and_then(|outcome| match &outcome.status {
        Status::Failed(failure) => Some(failure),
        _ => None,
    });
    Some(Curve {
        subject: "Accuracy".into(),
        unit: "%".into(),
        steps,
        lines,
        goal: Some(95.0),
        now,
        kept: failure.and_then(|failure| failure.kept).map(|kept| kept as f64),
        failed: failure.and_then(|failure| Some((failure.step? as f64, "it ends here".to_owned()))),
    })
}

/// Other versions of the layer; what was trained from nothing has a colour of its own.
fn earlier(run: Run, name: &str) -> Vec<Line> {
    let others = run.versions(name).into_iter().filter(|other| other != name);
    let line = |other: String| {
        let result = run.outcome(&other)?;
        let (role, rank) = match run.family(&other) {
            Some(Family::Train) => (Role::Series(4), Rank::Other),
            _ => (Role::Pencil, Rank::Earlier),
        };
        let own = result.accuracy_lines("").into_iter().find(|line| line.rank == Rank::Selected)?;
        (own.points.len() > 1).then(|| Line { name: run.method_title(&other), role, rank, ..own })
    };
    others.filter_map(line).collect()
}

/// Steps that the settings mean: epochs of whole batches. Known of the digits in their own split, which are always as
/// many.
fn planned_steps(run: Run, name: &str) -> Option<f64> {
    let digits = catalogue().leaf.train;
    let batch = run.setting(name, &["train", "batch"]).as_u64()?.clamp(1, digits);
    let epochs = run.setting(name, &["train", "epochs"]).as_u64()?;
    let task = run.task_of(name);
    let is_own = run.task_pick(&task).is_some_and(|pick| !pick.params.contains_key("validation"));
    (is_own && run.is_carried(&task)).then(|| (epochs * (digits / batch)) as f64)
}
