//! Which layers learn.

use crate::{
    run::{Run, View},
    ui::Block,
};
use leptos::prelude::*;
use report::figure::fixed;

/// Blocks from pixels to answers, as high as the layer is heavy.
#[component]
pub fn Layers() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let only_last = Memo::new(move |_| {
        let name = view.selected.get();
        run.strip.with(|strip| strip.stage(&name).is_some_and(|stage| stage.id == "transfer.linear-probe"))
    });
    let bars = move || {
        let layers = run.layers.get();
        let most = layers.iter().map(|(_, weights)| *weights).max().unwrap_or(1).max(1) as f64;
        let last = layers.len().saturating_sub(1);
        let bar = move |(at, (name, weights)): (usize, (String, usize))| {
            let height = 22.0 + 74.0 * ((weights.max(1) as f64).ln() / most.ln().max(1.0));
            let learns = !only_last.get() || at == last;
            view! {
                <li class:open=learns title=format!("{} weights", fixed(weights as f64, 0))>
                    <i style:height=format!("{height:.0}px")></i>
                    {name}
                </li>
            }
        };
        layers.into_iter().enumerate().map(bar).collect_view()
    };
    let is_there = move || run.layers.with(|layers| !layers.is_empty());
    view! {
        <Block title="Which layers learn" sub="from pixels to answers">
            <div class="chart" style="height:236px">
                <ol class="net">{bars}</ol>
                <p class="sub">{move || words(run, &view.selected.get(), only_last.get())}</p>
                <p class="empty" hidden=is_there>
                    "Appears when the engine is ready"
                </p>
            </div>
        </Block>
    }
}

fn words(run: Run, name: &str, only_last: bool) -> String {
    let count = |weights: f64| fixed(weights, 0);
    let all = run.parameters.get().map(|all| all as f64);
    let trained = run.outcome(name).and_then(|outcome| outcome.figure("trainable"));
    match (all, trained) {
        // The network that learns may have another last layer, and another number of weights.
        (Some(_), Some(trained)) if !only_last => format!("All {} weights learn.", count(trained)),
        (Some(all), Some(trained)) => format!("{} of {} weights learn.", count(trained), count(all)),
        (Some(all), None) if only_last => format!("{} weights; only the last layer learns.", count(all)),
        (Some(all), None) => format!("All {} weights learn.", count(all)),
        _ => String::new(),
    }
}
