//! The README's tables of methods and of keys come from the code: `BLESS=1 cargo test readme` writes them anew.

use std::fmt::Write;

#[test]
fn readme_lists_every_method_and_every_key() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let mut methods = String::from("| | id | |\n|---|---|---|\n");
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    for method in &catalogue.methods {
        writeln!(methods, "| {} | `{}` | {} |", method.card.title, method.card.id, method.card.summary).unwrap();
    }
    let mut keys = String::from("| key | |\n|---|---|\n");
    for key in report::keys::KEYS {
        writeln!(keys, "| `{}` | {} |", key.key, key.help).unwrap();
    }
    let fresh = placed(&placed(&readme, "methods", &methods), "keys", &keys);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(readme == fresh, "the README's tables are old: run BLESS=1 cargo test readme");
}

/// The text with this table between its marks.
fn placed(text: &str, name: &str, table: &str) -> String {
    let start = format!("<!-- {name}: written by `BLESS=1 cargo test readme` -->\n");
    let end = format!("<!-- /{name} -->");
    let (before, rest) = text.split_once(&start).expect("the README has a place for the table");
    let (_, after) = rest.split_once(&end).expect("the place ends");
    [before, &start, table, &end, after].concat()
}
