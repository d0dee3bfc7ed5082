//! The texts of the methods' cards: summary, equation, paper, authors and notes. They lie beside the page, in the whole
//! catalogue, and are fetched when the first of them is to be read.

use super::catalogue;
use crate::engine::browser;
use spec::CardData;
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// Complete cards by their methods' ids.
pub type Cards = Rc<HashMap<String, CardData>>;

thread_local! {
    static CARDS: RefCell<Option<Cards>> = const { RefCell::new(None) };
}

/// All cards; `None` if they cannot be fetched. What failed is tried again by the next call.
pub async fn cards() -> Option<Cards> {
    if let Some(cards) = known() {
        return Some(cards);
    }
    let bytes = browser::fetch("./static/catalogue.json").await?;
    let methods = catalogue::read(&bytes).ok()?.methods;
    let cards: Cards = Rc::new(methods.into_iter().map(|method| (method.card.id.clone(), method.card)).collect());
    CARDS.set(Some(cards.clone()));
    Some(cards)
}

/// The cards, where they were fetched before.
pub fn known() -> Option<Cards> {
    CARDS.with_borrow(Clone::clone)
}
