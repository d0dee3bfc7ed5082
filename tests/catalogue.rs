//! `static/catalogue.json` is written by the engine: `BLESS=1 cargo test … catalogue` writes it anew.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use spec::Recipe;

/// The inside of `<math>`. Of the two converters tried, `math-core` is the one that sets limits below `min`, a prime
/// above its letter and `[0, 1]` as two numbers; `pulldown-latex` does not. It runs here only: page and command line
/// have its results.
pub fn mathml(latex: &str) -> Result<String, String> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).expect("it has no macros that could be wrong");
    let math = converter.convert_with_local_state(latex, MathDisplay::Block).map_err(|why| why.to_string())?.mathml;
    let (_, inside) = math.split_once('>').ok_or("no element")?;
    Ok(inside.strip_suffix("</math>").ok_or("no end")?.to_owned())
}

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
    let recipes: Vec<Recipe> = recipes()
        .iter()
        .map(|(id, text)| engine::recipe(id, text).unwrap_or_else(|wrong| panic!("{id}: {wrong}")))
        .collect();
    assert!(recipes.len() >= 8);
    for recipe in &recipes {
        engine::check(&recipe.spec).unwrap_or_else(|wrong| panic!("{}: {wrong}", recipe.id));
        assert_eq!(recipe.spec.name, recipe.id, "a recipe is named as its file");
    }
    let fresh =
        serde_json::to_string_pretty(&engine::catalogue(recipes, |latex| mathml(latex).unwrap())).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/static/catalogue.json");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap_or_default();
    assert!(stored == fresh, "static/catalogue.json is old: run BLESS=1 cargo test catalogue");
}

#[test]
fn shipped_networks_know_the_names_of_their_classes() {
    for source in engine::catalogue(Vec::new(), |_| String::new()).sources {
        let path = format!("{}/static/weights/{}.safetensors", env!("CARGO_MANIFEST_DIR"), source.weights);
        let bytes = std::fs::read(path).unwrap();
        let head = String::from_utf8_lossy(&bytes[..2000]).replace('\\', "");
        assert!(head.contains(r#""names":["A","B","C""#), "{}", source.weights);
    }
}
