//! What the engine knows, as the page has it too: the file that a test writes from the engine's code.

use spec::Catalogue;

/// Methods, data sets, networks and forget sets, with their texts and settings.
pub fn catalogue() -> Catalogue {
    let file = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json"));
    serde_json::from_str(file).expect("the catalogue is written by a test")
}
