//! A block of a lab or page: a heading, tools, and a body that never changes its height.

use leptos::prelude::*;

/// Heading, tools beside it, and body.
#[component]
pub fn Block(
    /// What it shows.
    #[prop(into)]
    title: Signal<String>,
    /// What the figures are, after the heading.
    #[prop(optional, into)]
    sub: Signal<String>,
    /// Buttons or a legend at the right end of the heading.
    #[prop(optional, into)]
    tools: ViewFnOnce,
    /// The body.
    children: Children,
) -> impl IntoView {
    view! {
        <section class="block">
            <header>
                <h3>{title}</h3>
                <span class="sub">{sub}</span>
                {tools.run()}
            </header>
            {children()}
        </section>
    }
}
