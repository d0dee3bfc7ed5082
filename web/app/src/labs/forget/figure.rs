//! A figure of the table.

use crate::run::Run;
use leptos::prelude::*;
use report::figure::{fixed, spread, tooltip};
use report::noise::SILENT;
use spec::Row;

/// A figure with its spread over seeds.
#[component]
pub fn Figure(
    /// None where it was not measured.
    row: Option<Row>,
    /// Whether it says nothing: it is greyed then, in brackets.
    #[prop(default = false)]
    is_silent: bool,
) -> impl IntoView {
    let title = row.as_ref().map(|row| Run::get().view(|view| tooltip(row, view)));
    let title = title.map(|title| if is_silent { format!("{title}. {SILENT}") } else { title });
    let words = row.as_ref().map_or_else(|| "–".to_owned(), |row| fixed(row.value, 1));
    let words = if is_silent { format!("({words})") } else { words };
    let spread =
        row.as_ref().and_then(spread).map(|spread| view! { <small>{format!("± {}", fixed(spread, 1))}</small> });
    view! {
        <td title=title class:silent=is_silent>
            {words}
            {spread}
        </td>
    }
}
