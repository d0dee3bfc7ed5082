//! Dialogs over the page.

use leptos::prelude::*;

#[component]
pub fn Dialogs() -> impl IntoView {}
