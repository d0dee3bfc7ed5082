//! A figure of the table.

use crate::run::Run;
use leptos::prelude::*;
use report::figure::{fixed, spread, tooltip};
use spec::Row;

/// A figure with its spread over seeds.
#[component]
pub fn Figure(
    /// None where it was not measured.
    row: Option<Row>,
) -> impl IntoView {
    let title = row.as_ref().map(|row| Run::get().view(|view| tooltip(row, view)));
    let spread =
        row.as_ref().and_then(spread).map(|spread| view! { <small>{format!("± {}", fixed(spread, 1))}</small> });
    view! { <td title=title>{row.map_or_else(|| "–".to_owned(), |row| fixed(row.value, 1))} {spread}</td> }
}
