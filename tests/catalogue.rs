//! `static/catalogue.json` is written by the engine: `BLESS=1 cargo test … catalogue` writes it anew.

use spec::Preset;

pub fn recipes() -> Vec<(String, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/static/recipes");
    let mut recipes: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    recipes.sort();
    // The page starts with the first.
    recipes.sort_by_key(|(id, _)| id != "letters-to-forgetting");
    recipes
}

#[test]
fn catalogue_is_up_to_date() {
    let presets: Vec<Preset> = recipes()
        .iter()
        .map(|(id, text)| engine::preset(id, text).unwrap_or_else(|wrong| panic!("{id}: {wrong}")))
        .collect();
    assert!(presets.len() >= 8);
    for preset in &presets {
        engine::check(&preset.spec).unwrap_or_else(|wrong| panic!("{}: {wrong}", preset.id));
        assert_eq!(preset.spec.name, preset.id, "a recipe is named as its file");
    }
    let fresh = serde_json::to_string_pretty(&engine::catalogue(presets)).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == fresh, "static/catalogue.json is old: run BLESS=1 cargo test catalogue");
}
