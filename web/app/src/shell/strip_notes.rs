//! Notes: stages that ask a layer and leave it as it is.

use super::layer_menu;
use crate::{
    labs::part::attempt,
    run::View,
    ui::{MenuEntry, PageHost, elements},
};
use leptos::{ev, prelude::*};
use report::figure::percent;

/// Two under a layer; of more, the selected one or the first, and a list of the others.
#[component]
pub fn Notes(
    /// Places of the notes in the run file.
    indices: Vec<usize>,
) -> impl IntoView {
    let view = View::get();
    let names: Vec<String> =
        view.run.strip.with_untracked(|strip| indices.iter().map(|&index| strip.name(index)).collect());
    let notes = match names.len() {
        0..=2 => names.into_iter().map(|name| view! { <Note name /> }).collect_view().into_any(),
        _ => view! { <ManyNotes names /> }.into_any(),
    };
    view! { <div class="notes">{notes}</div> }
}

#[component]
fn ManyNotes(
    /// All of them.
    names: Vec<String>,
) -> impl IntoView {
    let (view, host) = (View::get(), PageHost::get());
    let names = StoredValue::new(names);
    let others = names.with_value(Vec::len) - 1;
    let shown = Memo::new(move |_| {
        let selected = view.selected.get();
        names.with_value(|names| names.iter().position(|name| *name == selected)).unwrap_or(0)
    });
    let list = move |event: ev::MouseEvent| {
        let others = names.get_value().into_iter().enumerate().filter(|(at, _)| *at != shown.get_untracked());
        let entries = others.map(|(_, name)| {
            let title = untrack(|| view.run.title(&name));
            MenuEntry::new(title, move || view.select(&name))
        });
        if let Some(button) = elements::listener(&event) {
            host.open_menu(button, entries.collect());
        }
    };
    view! {
        {move || view! { <Note name=names.with_value(|names| names[shown.get()].clone()) /> }}
        <button
            class="note more"
            type="button"
            title="The others that ask this layer"
            aria-label=format!("{others} more")
            aria-haspopup="menu"
            aria-expanded="false"
            on:click=list
        >
            {format!("+{others}")}
        </button>
    }
}

#[component]
fn Note(
    /// The stage.
    name: String,
) -> impl IntoView {
    let (view, host) = (View::get(), PageHost::get());
    let run = view.run;
    let name = StoredValue::new(name);
    let outcome = Memo::new(move |_| run.outcome(&name.get_value()));
    let is_done = Memo::new(move |_| outcome.with(|outcome| outcome.as_ref().is_some_and(|outcome| outcome.is_done())));
    let context = move |event: ev::MouseEvent| {
        event.prevent_default();
        if let Some(note) = elements::listener(&event) {
            attempt(view, run.notices, layer_menu::open(host, view, name.get_value(), note));
        }
    };
    let figure = move || {
        let Some(outcome) = outcome.get().filter(|_| is_done.get()) else {
            let is_live = outcome.with(|outcome| outcome.as_ref().is_some_and(|outcome| outcome.is_live()));
            return match is_live {
                true => "running".into_any(),
                false if run.is_stale(&name.get_value()) => "runs again".into_any(),
                false => "planned".into_any(),
            };
        };
        let robust = outcome.figure("robust_accuracy");
        let holds = run.view(|view| view.holds(&name.get_value()));
        match robust.or(outcome.figure("mia")) {
            Some(value) => view! { <b class=holds.then_some("held")>{percent(value, 0)}</b> }.into_any(),
            None => "done".into_any(),
        }
    };
    view! {
        <button
            class="note"
            type="button"
            class:planned=move || !is_done.get()
            class:selected=move || name.with_value(|name| view.selected.with(|selected| selected == name))
            on:click=move |_| view.select(&name.get_value())
            on:contextmenu=context
        >
            {move || run.title(&name.get_value())}
            " "
            {figure}
        </button>
    }
}
