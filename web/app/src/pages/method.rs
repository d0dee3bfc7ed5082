//! The card of a method.

use super::card;
use crate::{
    labs,
    route::Route,
    run::{OpenDialog, View, cards::Cards, catalogue},
    ui::{Block, Button, Equation, Say, value::plain},
};
use leptos::prelude::*;
use report::{
    Role, Sentence,
    card::{needs, paper, range},
};
use spec::{CardData, Control, MethodInfo};

/// What it does, its equation and source, and its settings.
#[component]
pub fn Method(
    /// Of the catalogue.
    id: String,
) -> impl IntoView {
    let method = catalogue().method(&id)?;
    let cards = card::texts();
    let said = move || {
        let said = Sentence::default().key(method.card.title.as_str(), Role::Ink);
        said.plain(format!(". {}", card::summary(cards.get().flatten(), &method.card.id)))
    };
    Some(view! {
        <Say said=Signal::derive(said) />
        <Block title="Equation and source">
            <About method cards />
        </Block>
        <Block title="Settings" sub="as in the file; what is at its default is left out">
            <Settings method />
        </Block>
    })
}

/// The card, once its texts are here; without them it says less.
#[component]
fn About(
    /// Whose card.
    method: &'static MethodInfo,
    /// The texts of all cards.
    cards: LocalResource<Option<Cards>>,
) -> impl IntoView {
    let waits = || view! { <p class="empty block-high">"Loading …"</p> };
    let card = move || {
        Suspend::new(async move {
            let cards = cards.await;
            let card = cards.as_ref().and_then(|cards| cards.get(&method.card.id)).unwrap_or(&method.card);
            view! { <CardFacts method card=card.clone() /> }
        })
    };
    view! {
        <Suspense fallback=waits>{card}</Suspense>
        <Choose method />
    }
}

/// Equation and facts; what is not known is left out.
#[component]
fn CardFacts(
    /// The method.
    method: &'static MethodInfo,
    /// Its card, with its texts if they are here.
    card: CardData,
) -> impl IntoView {
    let facts = [("Needs", needs(method)), ("Paper", paper(&card)), ("Notes", card.notes), ("In a file", card.id)];
    let fact = |(name, words): (&'static str, String)| {
        view! {
            <dt>{name}</dt>
            <dd>{words}</dd>
        }
    };
    let facts = facts.into_iter().filter(|(_, words)| !words.is_empty()).map(fact).collect_view();
    let equation = card.equation;
    view! {
        {(!equation.is_empty()).then(|| view! { <Equation mathml=equation block=true /> })}
        <dl class="facts">{facts}</dl>
    }
}

#[component]
fn Choose(
    /// The method whose lab is opened.
    method: &'static MethodInfo,
) -> impl IntoView {
    let view = View::get();
    let lab = labs::of(method.card.family);
    let open = move || {
        view.go(&Route::Lab(lab).path());
        view.open(OpenDialog::Chooser { replace: Some(view.selected.get_untracked()), lab: Some(lab.id) });
    };
    view! {
        <p class="actions">
            <Button press=open>"Choose it in its lab"</Button>
        </p>
    }
}

/// Every setting with its key in a file.
#[component]
fn Settings(
    /// Whose settings.
    method: &'static MethodInfo,
) -> impl IntoView {
    let rows = Control::flat(&method.controls).map(|setting| (setting.key(), setting.control)).collect::<Vec<_>>();
    let row = |(key, control): (String, &'static Control)| {
        view! {
            <tr>
                <td>
                    <b>{control.label.as_str()}</b>
                    {control.symbol.as_deref().map(|symbol| view! { <span class="symbol">{symbol}</span> })}
                </td>
                <td class="words">
                    <code>{key}</code>
                </td>
                <td>{plain(&control.default)}</td>
                <td>{range(&control.widget)}</td>
                <td class="words wrap">{control.help.as_str()}</td>
            </tr>
        }
    };
    view! {
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
                <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
}
