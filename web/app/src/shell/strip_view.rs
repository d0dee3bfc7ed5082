//! The strip of layers.

use leptos::prelude::*;

#[component]
pub fn StripView() -> impl IntoView {}
