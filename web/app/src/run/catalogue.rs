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

/// The preset that a visitor finds.
const DEFAULT: &str = "letters-to-forgetting";

pub fn default_strip() -> Strip {
    let presets = &catalogue().presets;
    let preset = presets.iter().find(|preset| preset.id == DEFAULT).or(presets.first());
    let preset = preset.expect("the catalogue has presets");
    Strip::new(preset.spec.clone(), catalogue()).expect("a preset is checked by tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_read_and_its_presets_are_strips() {
        assert!(!catalogue().methods.is_empty());
        for preset in &catalogue().presets {
            assert!(Strip::new(preset.spec.clone(), catalogue()).is_ok(), "{}", preset.id);
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
