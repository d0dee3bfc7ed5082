//! The texts of cards, for the chooser and the page of a method.

use crate::run::{
    Notice, Notices,
    cards::{Cards, cards},
};
use leptos::prelude::*;

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
