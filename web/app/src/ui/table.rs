//! Tables of figures.

use leptos::prelude::*;
use report::Table;

/// A table of words and figures: the same as the chart that it stands for.
#[component]
pub fn PlainTable(
    /// Its head and rows; the first `left` columns are words.
    table: Table,
) -> impl IntoView {
    let Table { head, rows, left, .. } = table;
    let cell = move |(at, text): (usize, String)| view! { <td class=if at < left { "words" } else { "" }>{text}</td> };
    let row = move |cells: Vec<String>| view! { <tr>{cells.into_iter().enumerate().map(cell).collect_view()}</tr> };
    view! {
        <table class="table">
            <thead>
                <tr>{head.into_iter().map(|text| view! { <th scope="col">{text}</th> }).collect_view()}</tr>
            </thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
    }
}
