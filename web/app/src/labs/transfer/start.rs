//! What the strip starts from: a network, data, or another example.

use crate::{
    run::{View, address, catalogue},
    ui::{Select, SelectOption},
};
use leptos::prelude::*;
use report::figure::short;

/// The source network, the data, and the examples to choose from.
#[component]
pub fn StartFrom() -> impl IntoView {
    let view = View::get();
    let run = view.run;
    let weights =
        move || run.parameters.get().map_or_else(String::new, |count| format!(", {} weights", short(count as f64)));
    let data = move || {
        let task = run.task_of(&view.selected.get());
        let pick = run.task_pick(&task);
        let choice = pick.and_then(|pick| catalogue().tasks.iter().find(|choice| choice.id == pick.id));
        choice.map_or(task, |choice| choice.title.clone())
    };
    let recipes = catalogue().recipes.iter().map(|recipe| SelectOption::new(recipe.id.clone(), recipe.title.clone()));
    let options: Vec<SelectOption> =
        std::iter::once(SelectOption::new("", "Choose another …")).chain(recipes).collect();
    let load = move |id: String| {
        if let Some(recipe) = catalogue().recipes.iter().find(|recipe| recipe.id == id) {
            view.load(recipe.spec.clone());
        }
    };
    view! {
        <div class="group">
            <h3>"Start from"</h3>
            <p class="fact">{move || run.view(|view| view.source().title)} {weights}</p>
            <p class="fact">
                {data}
                <a class="aside" href=address::hash(address::DATA)>
                    "About the data"
                </a>
            </p>
            <label class="fact" for="recipe">
                "Example"
            </label>
            <Select id="recipe" class="wide" options choose=load />
        </div>
    }
}
