//! Every attack on the line, and networks that none asks yet.

use super::{target::Target, words};
use crate::ui::Block;
use leptos::prelude::*;
use report::figure::{fixed, percent};
use spec::{Metric, metric};

/// Figures of the table, by the key of their metric, with their decimals.
const COLUMNS: [(&str, usize); 6] = [
    ("robust_accuracy", 1),
    ("linf_median", 2),
    ("l2_median", 2),
    ("pixels_median", 0),
    ("queries", 0),
    ("gradients", 0),
];

/// What a key of [`COLUMNS`] means.
fn meaning(key: &str) -> &'static Metric<'static> {
    metric(key).expect("in the table of figures")
}

/// What each attack left, and what it asked of the network.
#[component]
pub fn EveryAttack() -> impl IntoView {
    let target = Target::get();
    let head = |(key, _): &(&str, usize)| {
        let metric = meaning(key);
        view! {
            <th scope="col" title=metric.help>
                {metric.label}
            </th>
        }
    };
    let first = move || if target.victims().len() == 1 { "Attack" } else { "Network" };
    let rows = move || rows(target).into_iter().map(|(name, words)| view! { <AttackRow name words /> }).collect_view();
    view! {
        <Block title="Every attack" sub="changes: median among fooled">
            <table class="table results attacks">
                <thead>
                    <tr>
                        <th scope="col">{first}</th>
                        {COLUMNS.iter().map(head).collect_view()}
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Block>
    }
}

/// Stages with what they are called: by their attacks where there is one network, by networks where each has one.
fn rows(target: Target) -> Vec<(String, String)> {
    let victims = target.victims();
    let is_one = victims.len() == 1;
    let rows = victims.into_iter().flat_map(|layer| {
        let (attacks, network) = (target.attacks(&layer), words::victim(target.run, &layer));
        let many = attacks.len() > 1;
        let of_layer = attacks.is_empty().then(|| (layer, network.clone()));
        let row = move |attack: String| {
            let title = target.run.title(&attack);
            let words = match (is_one, many) {
                (true, _) => title,
                (_, false) => network.clone(),
                _ => format!("{network}: {title}"),
            };
            (attack, words)
        };
        of_layer.into_iter().chain(attacks.into_iter().map(row)).collect::<Vec<_>>()
    });
    rows.collect()
}

#[component]
fn AttackRow(
    /// The stage.
    name: String,
    /// What it is called.
    words: String,
) -> impl IntoView {
    let target = Target::get();
    let outcome = target.run.outcome(&name).filter(|outcome| outcome.is_done());
    let cell = |(key, places): &(&str, usize)| {
        let value = outcome.as_ref().and_then(|outcome| outcome.figure(key));
        let words = |value: f64| match meaning(key).unit {
            "%" => percent(value, *places),
            _ => fixed(value, *places),
        };
        view! { <td>{value.map_or_else(|| "–".to_owned(), words)}</td> }
    };
    let cells = COLUMNS.iter().map(cell).collect_view();
    let is_selected = target.view.selected.with(|selected| *selected == name);
    view! {
        <tr class:selected=is_selected>
            <td>
                <button type="button" on:click=move |_| target.view.select(&name)>
                    {words}
                </button>
            </td>
            {cells}
        </tr>
    }
}
