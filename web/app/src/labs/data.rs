//! Data, networks and licences.

use crate::{
    components::block,
    store::catalogue,
    text::{self, Say, Tone},
};
use leptos::prelude::*;
use spec::Choice;

pub fn page_of_data() -> AnyView {
    let list = |choices: &'static [Choice]| {
        let rows = choices
            .iter()
            .map(|choice| {
                view! {
                    <li>
                        <b>{choice.title.clone()}</b>
                        <code>{choice.id.clone()}</code>
                        <p>{choice.help.clone()}</p>
                        <p class="sub">{choice.licence.clone()}</p>
                    </li>
                }
            })
            .collect_view();
        view! { <ul class="catalogue">{rows}</ul> }.into_any()
    };
    let words = "Real digits, drawn letters, points in a plane: all of it is in this page, and stays in it.";
    view! {
        {super::say(move || Say(vec![(Tone::Plain, words.into())]))}
        {block::block("Data", || text::PRIVACY.into(), ().into_any(), list(&catalogue().tasks))}
        {block::block("Networks", || "all from the same layers".into(), ().into_any(), list(&catalogue().nets))}
    }
    .into_any()
}
