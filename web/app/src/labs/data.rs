//! Data, networks and licences.

use crate::{components::block, dom::*, store::catalogue, text};
use report::Sentence;
use spec::Choice;

pub fn page_of_data() -> AnyView {
    let list = |choices: &'static [Choice]| {
        let rows = choices
            .iter()
            .map(|choice| {
                el("li")
                    .child(el("b").child(choice.title.clone()))
                    .child(el("code").child(choice.id.clone()))
                    .child(el("p").child(choice.help.clone()))
                    .child(el("p").attr("class", "sub").child(choice.licence.clone()))
            })
            .collect_view();
        el("ul").attr("class", "catalogue").child(rows).into_any()
    };
    let words = "Real digits, drawn letters, points in a plane: all of it is in this page, and stays in it.";
    [
        IntoAny::into_any(super::say(move || Sentence::new(words))),
        IntoAny::into_any(block::block("Data", || text::PRIVACY.into(), ().into_any(), list(&catalogue().tasks))),
        IntoAny::into_any(block::block(
            "Networks",
            || "all from the same layers".into(),
            ().into_any(),
            list(&catalogue().nets),
        )),
    ]
    .into_any()
}
