//! Play, step, stop, reset, and what is left.

use leptos::prelude::*;

#[component]
pub fn Transport() -> impl IntoView {}
