//! The card of a method.

use crate::{
    components::{block, controls::plain},
    dom::*,
    state::strip::Lab,
    store::{Dialog, catalogue, page},
};
use report::{Role, Sentence};
use spec::{Access, Control, MethodInfo, Widget};

/// What a method must be given, in words.
pub fn needs(method: &MethodInfo) -> String {
    let access = match method.card.needs.access {
        Access::Labels => "only the answers",
        Access::Scores => "the network's confidences",
        Access::Gradients => "gradients",
        Access::Weights => "the weights",
    };
    let shape = match method.shape {
        spec::Shape::Unlearn => ", what to forget, and what is kept",
        _ => "",
    };
    format!("{access}{shape}")
}

pub fn page_of_method(id: &str) -> AnyView {
    let page = page();
    let Some(method) = catalogue().method(id) else {
        let words = format!("There is no method “{id}”.");
        return super::say(move || Sentence::new(words.clone()));
    };
    let card = &method.card;
    let mut rows = Vec::new();
    settings(&method.controls, "", &mut rows);
    let rows = rows
        .into_iter()
        .map(|(key, control)| {
            el("tr")
                .child(
                    el("td")
                        .child(el("b").child(control.label.clone()))
                        .child(control.symbol.clone().map(|symbol| el("span").attr("class", "symbol").child(symbol))),
                )
                .child(el("td").attr("class", "words").child(el("code").child(key)))
                .child(el("td").child(plain(&control.default)))
                .child(el("td").child(range(&control.widget)))
                .child(el("td").attr("class", "words wrap").child(control.help.clone()))
        })
        .collect_view();
    let try_it = move |_| {
        let lab = Lab::of(card.family);
        page.go(crate::store::Route::Lab(lab));
        page.dialog.set(Some(Dialog::Chooser { replace: Some(page.selected.get_untracked()), lab: Some(lab) }));
    };
    let table = el("div")
        .attr("class", "scroll")
        .child(
            el("table")
                .attr("class", "table")
                .child(
                    el("thead").child(
                        el("tr")
                            .child(el("th").attr("scope", "col").child("Setting"))
                            .child(el("th").attr("scope", "col").attr("class", "words").child("Key"))
                            .child(el("th").attr("scope", "col").child("Default"))
                            .child(el("th").attr("scope", "col").child("Range"))
                            .child(el("th").attr("scope", "col").attr("class", "words").child("What it does")),
                    ),
                )
                .child(el("tbody").child(rows)),
        )
        .into_any();
    let summary = card.summary.clone();
    let facts = [
        ("Needs", needs(method)),
        ("Paper", format!("{}, {}. {}", card.authors, card.year, card.paper)),
        ("Notes", card.notes.clone()),
        ("In a file", card.id.clone()),
    ];
    let equation = [
        el("div")
            .attr("class", "equation")
            .attr("tabindex", "0")
            .html(format!("<math display=\"block\">{}</math>", card.equation))
            .into_any(),
        facts
            .into_iter()
            .filter(|(_, words)| !words.is_empty())
            .fold(el("dl").attr("class", "facts"), |list, (name, words)| {
                list.child(el("dt").child(name)).child(el("dd").child(words))
            })
            .into_any(),
        el("p")
            .attr("class", "actions")
            .child(
                el("button")
                    .attr("class", "button")
                    .attr("type", "button")
                    .on(CLICK, try_it)
                    .child("Choose it in its lab"),
            )
            .into_any(),
    ]
    .into_any();
    [
        IntoAny::into_any(super::say(move || {
            Sentence::default().key(card.title.clone(), Role::Ink).plain(format!(". {summary}"))
        })),
        IntoAny::into_any(block::block("Equation and source", String::new, ().into_any(), equation)),
        IntoAny::into_any(block::block(
            "Settings",
            || "as in the file; what is at its default is left out".into(),
            ().into_any(),
            table,
        )),
    ]
    .into_any()
}

fn settings(controls: &'static [Control], at: &str, out: &mut Vec<(String, &'static Control)>) {
    for control in controls {
        let key = if at.is_empty() { control.key.clone() } else { format!("{at}.{}", control.key) };
        match &control.widget {
            Widget::Group { of } => settings(of, &key, out),
            _ => out.push((key, control)),
        }
    }
}

fn range(widget: &Widget) -> String {
    match widget {
        Widget::Slider { min, max, log } => format!("{min} – {max}{}", if *log { ", log" } else { "" }),
        Widget::Count { min, max } => format!("{min} – {max}"),
        Widget::Toggle => "on, off".into(),
        Widget::Choice { options } => options.join(", "),
        Widget::Text => "text".into(),
        Widget::Group { .. } => "table".into(),
        Widget::List { of, max } => format!("up to {max} of {}", range(of)),
        Widget::Maybe { of } => format!("none, or {}", range(of)),
        Widget::From { source, .. } => match source {
            spec::Source::Class => "a class",
            spec::Source::Layer => "layers of the network",
            spec::Source::Stage => "stages",
        }
        .into(),
    }
}
