//! Tables of figures.

use leptos::prelude::*;
use report::Table;

/// The twin of a chart.
pub fn plain_table(table: &Table) -> AnyView {
    let left = table.left;
    let head = table.head.iter().map(|cell| view! { <th scope="col">{cell.clone()}</th> }).collect_view();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let cells = row
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    let class = if at < left { "words" } else { "" };
                    view! { <td class=class>{cell.clone()}</td> }
                })
                .collect_view();
            view! { <tr>{cells}</tr> }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>{head}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}
