//! Tables of figures.

use crate::dom::*;
use report::Table;

/// The twin of a chart.
pub fn plain_table(table: &Table) -> AnyView {
    let left = table.left;
    let head = table.head.iter().map(|cell| el("th").attr("scope", "col").child(cell.clone())).collect_view();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let cells = row
                .iter()
                .enumerate()
                .map(|(at, cell)| {
                    let class = if at < left { "words" } else { "" };
                    el("td").attr("class", class).child(cell.clone())
                })
                .collect_view();
            el("tr").child(cells)
        })
        .collect_view();
    el("table")
        .attr("class", "table")
        .child(el("thead").child(el("tr").child(head)))
        .child(el("tbody").child(rows))
        .into_any()
}
