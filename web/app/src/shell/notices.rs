//! Notices at the foot of the page, the quiet line under the strip, and the live region.

use leptos::prelude::*;

#[component]
pub fn NoticeLine() -> impl IntoView {}

#[component]
pub fn QuietLine() -> impl IntoView {}

#[component]
pub fn LiveRegion() -> impl IntoView {}
