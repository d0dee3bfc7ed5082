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
        run.view(|view| view.trains_only_last(&name))
    });
    let words = move || {
        let (name, all) = (view.selected.get(), run.parameters.get());
        all.map(|all| run.view(|view| view.weights_that_learn(&name, all)))
    };
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
                <p class="sub">{words}</p>
                <p class="empty" hidden=is_there>
                    "Appears when the engine is ready"
                </p>
            </div>
        </Block>
    }
}
