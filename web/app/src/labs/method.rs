//! The card of a method.

use crate::{
    components::block,
    state::strip::Lab,
    store::{Dialog, catalogue, page},
    text::{Say, Tone},
};
use leptos::prelude::*;
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
        return super::say(move || Say(vec![(Tone::Plain, words.clone())]));
    };
    let card = &method.card;
    let mut rows = Vec::new();
    settings(&method.controls, "", &mut rows);
    let rows = rows
        .into_iter()
        .map(|(key, control)| {
            view! {
                <tr>
                    <td>
                        <b>{control.label.clone()}</b>
                        {control.symbol.clone().map(|symbol| view! { <span class="symbol">{symbol}</span> })}
                    </td>
                    <td class="words">
                        <code>{key}</code>
                    </td>
                    <td>{control.default.to_string()}</td>
                    <td>{range(&control.widget)}</td>
                    <td class="words wrap">{control.help.clone()}</td>
                </tr>
            }
        })
        .collect_view();
    let try_it = move |_| {
        let lab = Lab::of(card.family);
        page.go(crate::store::Route::Lab(lab));
        page.dialog.set(Some(Dialog::Chooser { replace: Some(page.selected.get_untracked()), lab: Some(lab) }));
    };
    let table = view! {
        <div class="scroll">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Setting"</th>
                        <th scope="col" class="words">
                            "Key"
                        </th>
                        <th scope="col">"Default"</th>
                        <th scope="col">"Range"</th>
                        <th scope="col" class="words">
                            "What it does"
                        </th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any();
    let summary = card.summary.clone();
    let equation = view! {
        // The equation is the catalogue's own constant text.
        <div class="equation" inner_html=format!("<math display=\"block\">{}</math>", card.equation)></div>
        <dl class="facts">
            <dt>"Needs"</dt>
            <dd>{needs(method)}</dd>
            <dt>"Paper"</dt>
            <dd>{format!("{}, {}. {}", card.authors, card.year, card.paper)}</dd>
            <dt hidden=card.notes.is_empty()>"Notes"</dt>
            <dd>{card.notes.clone()}</dd>
            <dt>"In a file"</dt>
            <dd>
                <code>{card.id.clone()}</code>
            </dd>
        </dl>
        <p class="actions">
            <button class="button" type="button" on:click=try_it>
                "Choose it in its lab"
            </button>
        </p>
    }
    .into_any();
    view! {
        {super::say(move || Say(vec![(Tone::Bold, card.title.clone()), (Tone::Plain, format!(". {summary}"))]))}
        {block::block("Equation and source", String::new, ().into_any(), equation)}
        {block::block("Settings", || "as in the file; what is at its default is left out".into(), ().into_any(), table)}
    }
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
        Widget::Slider { min, max, log } => format!("{min} – {max}{}", if *log { ", logarithmic" } else { "" }),
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
