//! The pad: a picture of the visitor's own, read by the network.

use leptos::prelude::*;

#[component]
pub fn Pad() -> impl IntoView {}
