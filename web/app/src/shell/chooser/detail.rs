//! The card of the picked method.

use super::{choosing::Choosing, facts};
use crate::{
    pages::card,
    route::Route,
    run::catalogue,
    ui::{Button, Equation},
};
use leptos::prelude::*;
use report::card::{by, needs};
use spec::{CardData, MethodInfo};

/// Takes the width that the chooser leaves for it; empty where nothing is found.
#[component]
pub fn Detail(
    /// The search.
    choosing: Choosing,
) -> impl IntoView {
    let card = move || {
        let method = catalogue().method(choosing.picked.get()?)?;
        Some(view! { <MethodCard choosing method /> })
    };
    view! { <div class="detail">{card}</div> }
}

#[component]
fn MethodCard(
    /// The search.
    choosing: Choosing,
    /// The picked one.
    method: &'static MethodInfo,
) -> impl IntoView {
    let long = Memo::new(move |_| Long::of(choosing, &method.card.id));
    let published = move || match long.get() {
        Long::Here(long) => by(&long),
        _ => by(&method.card),
    };
    // While the texts are loaded, an empty line keeps their place.
    let equation = move || match long.get() {
        Long::Coming => view! { <div class="equation">"\u{a0}"</div> }.into_any(),
        Long::Here(long) => view! { <Equation mathml=long.equation /> }.into_any(),
        Long::Absent => ().into_any(),
    };
    let paper = move || match long.get() {
        Long::Here(long) => long.paper,
        _ => "\u{a0}".into(),
    };
    let refusal = choosing.refusal(method);
    view! {
        <div>
            <h3>{method.card.title.as_str()}</h3>
            <p class="sub">{published}</p>
        </div>
        {equation}
        <p>{move || card::summary(choosing.known(), &method.card.id)}</p>
        {refusal.map(|why| view! { <p class="lose">{why}</p> })}
        <Facts choosing method />
        <p class="sub">{paper}</p>
        <Acts choosing method />
    }
}

/// The texts of a card.
#[derive(Clone, Debug, PartialEq)]
enum Long {
    Coming,
    Here(Box<CardData>),
    /// They cannot be had now.
    Absent,
}

impl Long {
    fn of(choosing: Choosing, id: &str) -> Self {
        choosing.cards.with(|cards| match cards {
            None => Self::Coming,
            Some(cards) => cards
                .as_ref()
                .and_then(|cards| cards.get(id))
                .cloned()
                .map_or(Self::Absent, |card| Self::Here(Box::new(card))),
        })
    }
}

/// What the method needs, and how it has done here.
#[component]
fn Facts(
    /// The search.
    choosing: Choosing,
    /// The picked one.
    method: &'static MethodInfo,
) -> impl IntoView {
    let run = choosing.view.run;
    let time = untrack(|| facts::time_here(run, &method.card.id));
    view! {
        <dl class="facts">
            <dt>"Needs"</dt>
            <dd>{needs(method)}</dd>
            {time.map(|time| view! { <dt>"Time here"</dt><dd>{time}</dd> })}
            <dt>"Settings"</dt>
            <dd>{facts::settings(method)}</dd>
            <dt>"Your runs"</dt>
            <dd>{untrack(|| facts::own_runs(run, method))}</dd>
        </dl>
    }
}

/// What can be done with it.
#[component]
fn Acts(
    /// The search.
    choosing: Choosing,
    /// The picked one.
    method: &'static MethodInfo,
) -> impl IntoView {
    let id = method.card.id.as_str();
    let unfit = choosing.refusal(method).is_some();
    let as_row = choosing.can_be_row(id).then(|| {
        view! {
            <Button disabled=unfit press=move || choosing.take(id, true)>
                "Add as a row"
            </Button>
        }
    });
    view! {
        <p class="actions foot-actions">
            <Button class="button primary" disabled=unfit press=move || choosing.take(id, false)>
                "Use it"
            </Button>
            {as_row}
            <a href=Route::Method(id.into()).hash() on:click=move |_| choosing.view.close_dialog()>
                "Full card"
            </a>
        </p>
    }
}
