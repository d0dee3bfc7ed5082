//! The stage: what the place in view shows.

use leptos::prelude::*;

#[component]
pub fn Stage() -> impl IntoView {}
