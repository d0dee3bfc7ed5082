//! The bar: name, tabs, device, theme.

use leptos::prelude::*;

#[component]
pub fn Bar() -> impl IntoView {}
