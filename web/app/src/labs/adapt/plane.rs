//! Accuracy by the number of trained weights.

use crate::{
    run::{Run, View},
    ui::ChartBlock,
};
use leptos::prelude::*;
use report::{
    Role,
    chart::{PlanePoint, TradeOff},
    figure::spread,
};

/// One point a version of the layer.
#[component]
pub fn SmallAndGood() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let chart = Memo::new(move |_| trade_off(run, &view.selected.get()));
    view! {
        <ChartBlock
            title="Small and good"
            sub="accuracy by trained weights"
            empty="One point a version, after the first run"
            chart

        />
    }
}

fn trade_off(run: Run, selected: &str) -> Option<TradeOff> {
    let point = |(at, name): (usize, String)| {
        let outcome = run.outcome(&name).filter(|outcome| outcome.is_done())?;
        let is_selected = name == selected;
        Some(PlanePoint {
            name: run.title(&name),
            role: if is_selected { Role::Keep } else { Role::Series((at % 5 + 2) as u8) },
            x: outcome.figure("trainable")?,
            y: outcome.accuracy()?,
            x_spread: None,
            y_spread: outcome.row("accuracy").and_then(spread),
            selected: is_selected,
            noise: None,
        })
    };
    let points: Vec<PlanePoint> = run.versions(selected).into_iter().enumerate().filter_map(point).collect();
    let task = run.task_of(selected);
    let without = run.answers(&run.parent_of(selected), &task).and_then(|answers| answers.accuracy(&[]));
    (!points.is_empty()).then(|| TradeOff {
        x_title: "Weights trained →".into(),
        y_title: format!("Accuracy on {}, %", run.things(&task)),
        points,
        baseline: without.map(|accuracy| ("no adapter".to_owned(), accuracy)),
    })
}
