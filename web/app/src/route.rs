//! The places of the page, and their paths.

use crate::{
    labs::{LABS, lab::Lab},
    run::{View, address, catalogue},
};
use leptos::prelude::*;

/// A place of the page.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    Lab(&'static Lab),
    Runs,
    Data,
    /// The card of a method, by its id.
    Method(String),
}

/// The places that are no lab and no card: path and title.
const PAGES: [(&str, &str, Route); 2] = [("runs", "Runs", Route::Runs), (address::DATA, "Data", Route::Data)];

/// What comes before a method's id in the path of its card.
const METHOD: &str = "method/";

impl Route {
    /// The place at a path, as in [`address`]. A card is also found by the short name of its method.
    pub fn at(path: &str) -> Option<Self> {
        if let Some(lab) = LABS.iter().find(|lab| lab.id == path) {
            return Some(Self::Lab(lab));
        }
        if let Some((.., route)) = PAGES.iter().find(|(known, ..)| *known == path) {
            return Some(route.clone());
        }
        let id = path.strip_prefix(METHOD)?;
        let is_named = |known: &str| known == id || spec::short(known) == id;
        let method = catalogue().methods.iter().find(|method| is_named(&method.card.id))?;
        Some(Self::Method(method.card.id.clone()))
    }

    /// Where a visitor begins.
    pub fn first() -> Self {
        Self::Lab(LABS[0])
    }

    /// The place in view; tracks the path.
    pub fn now(view: View) -> Self {
        view.path.with(|path| Self::at(path)).unwrap_or_else(Self::first)
    }

    pub fn path(&self) -> String {
        match self {
            Self::Lab(lab) => lab.id.into(),
            Self::Method(id) => format!("{METHOD}{id}"),
            Self::Runs | Self::Data => self.page().0.into(),
        }
    }

    pub fn title(&self) -> String {
        match self {
            Self::Lab(lab) => lab.title.into(),
            Self::Method(id) => catalogue().method(id).map_or_else(|| id.clone(), |method| method.card.title.clone()),
            Self::Runs | Self::Data => self.page().1.into(),
        }
    }

    /// For a link: `#/runs`.
    pub fn hash(&self) -> String {
        address::hash(&self.path())
    }

    pub const fn lab(&self) -> Option<&'static Lab> {
        match self {
            Self::Lab(lab) => Some(lab),
            _ => None,
        }
    }

    fn page(&self) -> (&'static str, &'static str) {
        let page = PAGES.iter().find(|(.., route)| route == self);
        page.map(|(path, title, _)| (*path, *title)).expect("a page is in the table")
    }
}

/// Keys of the tabs, in their order. Tabs behind the tenth have none.
const TAB_KEYS: &str = "1234567890";

/// The places with a tab, with the key of each.
pub fn tabs() -> impl Iterator<Item = (Route, Option<char>)> {
    with_keys(LABS.iter().map(|lab| Route::Lab(lab)).chain([Route::Runs]))
}

fn with_keys<T>(tabs: impl Iterator<Item = T>) -> impl Iterator<Item = (T, Option<char>)> {
    tabs.zip(TAB_KEYS.chars().map(Some).chain(std::iter::repeat(None)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_to_its_place_and_back() {
        let cards = catalogue().methods.iter().map(|method| Route::Method(method.card.id.clone()));
        let places = LABS.iter().map(|lab| Route::Lab(lab)).chain([Route::Runs, Route::Data]).chain(cards);
        for route in places {
            assert_eq!(Route::at(&route.path()), Some(route.clone()));
            assert!(!route.title().is_empty());
        }
    }

    #[test]
    fn a_card_is_found_by_its_short_name_and_nothing_else_is_found() {
        let method = &catalogue().methods[0].card.id;
        let short = format!("method/{}", spec::short(method));
        assert!(matches!(Route::at(&short), Some(Route::Method(_))));
        assert_eq!((Route::at(""), Route::at("nowhere"), Route::at("method/nothing")), (None, None, None));
    }

    #[test]
    fn tabs_have_keys_in_their_order_as_long_as_there_are_digits() {
        let keys: Vec<Option<char>> = tabs().map(|(_, key)| key).take(3).collect();
        assert_eq!(keys, [Some('1'), Some('2'), Some('3')]);
        let many: Vec<Option<char>> = with_keys(0..13).map(|(_, key)| key).collect();
        assert_eq!(many[8..], [Some('9'), Some('0'), None, None, None]);
    }
}
