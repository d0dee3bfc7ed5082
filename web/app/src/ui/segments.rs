//! One of a few, side by side.

use leptos::prelude::*;

/// One of the options.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment<T> {
    /// What is chosen by it.
    pub value: T,
    /// What it says.
    pub label: String,
    /// What is shown under a resting pointer; nothing if empty.
    pub title: String,
    /// Whether it cannot be chosen now.
    pub disabled: bool,
}

impl<T> Segment<T> {
    /// An option that can be chosen.
    pub fn new(value: T, label: impl Into<String>) -> Self {
        Self { value, label: label.into(), title: String::new(), disabled: false }
    }

    /// With words under a resting pointer.
    pub fn titled(self, title: impl Into<String>) -> Self {
        Self { title: title.into(), ..self }
    }

    /// Cannot be chosen while `disabled`.
    pub fn disabled(self, disabled: bool) -> Self {
        Self { disabled, ..self }
    }
}

/// A group of buttons of which one is pressed.
#[component]
pub fn Segments<T>(
    /// The name of the group for screen readers.
    #[prop(into)]
    label: String,
    /// "segments", and what else it is.
    #[prop(default = "segments")]
    class: &'static str,
    /// From left to right.
    #[prop(into)]
    options: Signal<Vec<Segment<T>>>,
    /// The one that is pressed; none if no option has this value.
    #[prop(into)]
    chosen: Signal<T>,
    /// Called with the value of the option that was pressed.
    #[prop(into)]
    choose: Callback<T>,
) -> impl IntoView
where
    T: Clone + PartialEq + Send + Sync + 'static,
{
    let button = move |at: usize| {
        let Segment { value, label, title, disabled } = options.with(|options| options[at].clone());
        let shown = value.clone();
        let pressed = move || chosen.with(|chosen| *chosen == shown).to_string();
        view! {
            <button
                type="button"
                title=(!title.is_empty()).then_some(title)
                disabled=disabled
                aria-pressed=pressed
                on:click=move |_| choose.run(value.clone())
            >
                {label}
            </button>
        }
    };
    let buttons = move || (0..options.with(Vec::len)).map(button).collect_view();
    view! {
        <span class=class role="group" aria-label=label>
            {buttons}
        </span>
    }
}
