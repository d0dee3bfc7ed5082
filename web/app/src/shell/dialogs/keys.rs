//! Keys of the page.

use crate::{
    labs::{
        LABS,
        lab::{Key, Lab},
    },
    route,
    run::View,
    ui::Switch,
};
use leptos::prelude::*;
use std::ops::Range;

/// Keys that are always the same, and what they do.
const KEYS: [(&str, &str); 13] = [
    ("Space", "Play, pause"),
    (".", "One step"),
    ("S", "Stop, keep the layer"),
    ("R", "Reset this layer"),
    (",", "Settings"),
    ("[ ]", "Layer before, after"),
    ("C", "What changed"),
    ("D", "Draw"),
    ("/", "Choose a method"),
    ("Ctrl Z", "Take the last layer off"),
    ("Ctrl Shift Z", "Put it back"),
    ("?", "This list"),
    ("Esc", "Close"),
];

/// Before this one come the keys that open the labs and the list of runs.
const LABS_AT: usize = 4;

/// Before this one come the labs' own keys.
const OF_LABS_AT: usize = 8;

/// All keys, and whether single letters are keys at all.
#[component]
pub fn Keys() -> impl IntoView {
    let view = View::get();
    let labs: Vec<char> = route::tabs().filter(|(route, _)| route.lab().is_some()).filter_map(|(_, key)| key).collect();
    let ends = labs.first().zip(labs.last()).map(|(first, last)| format!("{first} – {last}"));
    let labs = ends.map(|keys| (keys, "Labs".to_owned()));
    let pages = route::tabs().filter(|(route, _)| route.lab().is_none());
    let pages = pages.filter_map(|(route, key)| Some((key?.to_string(), route.title())));
    let of_lab = |lab: &'static Lab| {
        let does = move |key: &Key| (key.key.to_uppercase().to_string(), format!("{}: {}", lab.title, key.name));
        lab.keys.iter().map(does)
    };
    let of_labs = LABS.iter().copied().flat_map(of_lab);
    let same = |range: Range<usize>| KEYS[range].iter().map(|(key, does)| ((*key).to_owned(), (*does).to_owned()));
    let all = same(0..LABS_AT)
        .chain(labs)
        .chain(pages)
        .chain(same(LABS_AT..OF_LABS_AT))
        .chain(of_labs)
        .chain(same(OF_LABS_AT..KEYS.len()));
    let row = |(key, does): (String, String)| {
        view! {
            <dt>
                <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
        }
    };
    view! {
        <p class="control">
            <label for="single-keys">"Keys of a single letter"</label>
            <span class="value">
                <Switch
                    label="Keys of a single letter"
                    id="single-keys"
                    first=true
                    on=view.keys_on
                    flip=move |_| view.flip_keys()
                />
            </span>
        </p>
        <dl class="keys">{all.map(row).collect_view()}</dl>
        <p class="sub">
            <a href=route::Route::Data.hash() on:click=move |_| view.close_dialog()>
                "Data, networks and licences"
            </a>
        </p>
    }
}
