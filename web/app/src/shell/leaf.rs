//! The leaf: the same images in the same order, with the network's reading over them where it is wrong.

use leptos::prelude::*;

#[component]
pub fn Leaf() -> impl IntoView {}
