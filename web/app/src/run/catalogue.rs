//! Everything known before an engine is loaded.

use super::strip::Strip;
use serde_json::Value;
use spec::{Catalogue, Family, FamilyInfo};
use std::sync::LazyLock;

/// Without the cards' texts: those are fetched by [`super::cards::cards`].
static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    read(include_bytes!(concat!(env!("OUT_DIR"), "/catalogue.json"))).expect("the catalogue is written by a test")
});

/// A catalogue from its JSON, by way of a [`Value`]: so are run files read, and the page needs the code once.
pub(super) fn read(json: &[u8]) -> serde_json::Result<Catalogue> {
    let value: Value = serde_json::from_slice(json)?;
    serde_json::from_value(value)
}

pub fn catalogue() -> &'static Catalogue {
    &CATALOGUE
}

/// What a family of methods is called.
pub fn family(family: Family) -> &'static FamilyInfo {
    catalogue().family(family).expect("the engine names every family")
}

/// The recipe that a visitor finds.
const DEFAULT: &str = "letters-to-forgetting";

pub fn default_strip() -> Strip {
    let recipes = &catalogue().recipes;
    let recipe = recipes.iter().find(|recipe| recipe.id == DEFAULT).or(recipes.first());
    let recipe = recipe.expect("the catalogue has recipes");
    Strip::new(recipe.spec.clone(), catalogue()).expect("a recipe is checked by tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_read_and_its_presets_are_strips() {
        assert!(!catalogue().methods.is_empty());
        for recipe in &catalogue().recipes {
            assert!(Strip::new(recipe.spec.clone(), catalogue()).is_ok(), "{}", recipe.id);
        }
        assert!(default_strip().len() > 0);
    }

    #[test]
    fn texts_of_cards_are_not_carried() {
        for method in &catalogue().methods {
            let card = &method.card;
            assert!(!card.title.is_empty(), "{}", card.id);
            let texts = [&card.authors, &card.paper, &card.equation, &card.notes, &card.summary];
            assert!(texts.iter().all(|text| text.is_empty()), "{}", card.id);
        }
    }
}
