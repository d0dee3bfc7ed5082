//! One of many, in a list that opens.

use leptos::prelude::*;

/// An entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct SelectOption {
    /// What is chosen by it.
    pub value: String,
    /// What it says.
    pub label: String,
}

impl SelectOption {
    /// An entry that stands for `value` and says `label`.
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self { value: value.into(), label: label.into() }
    }
}

/// The browser's own list to choose from.
#[component]
pub fn Select(
    /// Its id, for the label beside it.
    #[prop(optional, into)]
    id: MaybeProp<String>,
    /// Its name for screen readers, where no label stands beside it.
    #[prop(optional, into)]
    label: MaybeProp<String>,
    /// A class of its own.
    #[prop(optional, into)]
    class: MaybeProp<String>,
    /// From top to bottom.
    #[prop(into)]
    options: Vec<SelectOption>,
    /// The value of the one that is chosen; without it the list keeps what was chosen last.
    #[prop(optional, into)]
    chosen: MaybeProp<String>,
    /// Called with the value of the one that was chosen.
    #[prop(into)]
    choose: Callback<String>,
) -> impl IntoView {
    let option = |SelectOption { value, label }: SelectOption| {
        let mine = value.clone();
        let selected = move || chosen.with(|chosen| chosen.as_ref().is_some_and(|chosen| *chosen == mine));
        view! {
            <option value=value selected=selected>
                {label}
            </option>
        }
    };
    let options = options.into_iter().map(option).collect_view();
    view! {
        <select
            id=id
            aria-label=label
            class=move || class.get()
            on:change=move |event| choose.run(event_target_value(&event))
        >
            {options}
        </select>
    }
}
