//! The settings of the selected stage.

use leptos::prelude::*;

#[component]
pub fn Panel() -> impl IntoView {}
