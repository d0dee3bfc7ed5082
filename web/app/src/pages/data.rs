//! Data, networks and licences.

use crate::{
    run::catalogue,
    ui::{Block, Say},
};
use leptos::prelude::*;
use report::Sentence;
use spec::Choice;

/// What happens to the visitor's data; stands at the foot of every page too.
pub const PRIVACY: &str = "Everything runs in this tab. No image and no weight leaves this browser.";
const ABOUT: &str = "Real digits, drawn letters, points in a plane: all of it is in this page, and stays in it.";

/// All that a run file can name.
#[component]
pub fn Data() -> impl IntoView {
    view! {
        <Say said=Sentence::new(ABOUT) />
        <Block title="Data" sub=PRIVACY>
            <Choices choices=&catalogue().tasks />
        </Block>
        <Block title="Networks" sub="all from the same layers">
            <Choices choices=&catalogue().nets />
        </Block>
    }
}

#[component]
fn Choices(
    /// From top to bottom.
    choices: &'static [Choice],
) -> impl IntoView {
    let choice = |choice: &'static Choice| {
        view! {
            <li>
                <b>{choice.title.as_str()}</b>
                <code>{choice.id.as_str()}</code>
                <p>{choice.help.as_str()}</p>
                <p class="sub">{choice.licence.as_str()}</p>
            </li>
        }
    };
    view! { <ul class="catalogue">{choices.iter().map(choice).collect_view()}</ul> }
}
