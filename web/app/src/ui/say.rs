//! One sentence with coloured figures.

use leptos::prelude::*;
use report::{Role, Sentence};

/// The sentence of a stage: key figures are bold and in the colour of what they say, and a statement about noise stands
/// at the end.
#[component]
pub fn Say(
    /// What is said.
    #[prop(into)]
    said: Signal<Sentence>,
) -> impl IntoView {
    let spans = move || {
        let Sentence { spans, pill } = said.get();
        let span = |span: report::sentence::Span| match span.role {
            None => span.text.into_any(),
            Some(role) => view! { <b class=class_of(role)>{span.text}</b> }.into_any(),
        };
        let pill = pill.map(|pill| {
            view! {
                " "
                <span class="pill" title=pill.why>
                    {pill.words}
                </span>
            }
        });
        view! {
            {spans.into_iter().map(span).collect_view()}
            {pill}
        }
    };
    view! { <p class="say">{spans}</p> }
}

const fn class_of(role: Role) -> Option<&'static str> {
    match role {
        Role::Keep => Some("keep"),
        Role::Lose => Some("lose"),
        Role::Hard => Some("hard"),
        _ => None,
    }
}
