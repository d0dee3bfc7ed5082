//! What the chooser and the page of a method both say of its card.

use crate::run::{
    Notice, Notices,
    cards::{Cards, cards},
};
use leptos::prelude::*;
use spec::{Access, CardData, MethodInfo, Shape};

/// What a method must be given.
pub fn needs(method: &MethodInfo) -> String {
    let access = match method.card.needs.access {
        Access::Labels => "only the answers",
        Access::Scores => "the network's confidences",
        Access::Gradients => "gradients",
        Access::Weights => "the weights",
    };
    let more = if method.shape == Shape::Unlearn { ", what to forget, and what is kept" } else { "" };
    format!("{access}{more}")
}

/// Who published it, as far as it is known, and when.
pub fn by(card: &CardData) -> String {
    match card.authors.as_str() {
        "" => card.year.to_string(),
        authors => format!("{authors}, {}", card.year),
    }
}

/// What a method does, in a line; nothing until the cards are here.
pub fn summary(cards: Option<Cards>, id: &str) -> String {
    cards.and_then(|cards| Some(cards.get(id)?.summary.clone())).unwrap_or_default()
}

/// Fetches the texts of all cards. Where they cannot be had, the page says so.
pub fn texts() -> LocalResource<Option<Cards>> {
    let notices = Notices::get();
    LocalResource::new(move || async move {
        let cards = cards().await;
        if cards.is_none() {
            notices.show(Notice::NotLoaded);
        }
        cards
    })
}
