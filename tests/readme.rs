//! The README's table of methods is written by the engine: `BLESS=1 cargo test readme` writes it anew.

use std::fmt::Write;

const START: &str = "<!-- methods: written by `BLESS=1 cargo test readme` -->\n";
const END: &str = "<!-- /methods -->";

#[test]
fn readme_lists_every_method() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let (before, rest) = readme.split_once(START).expect("the README has a place for the methods");
    let (_, after) = rest.split_once(END).expect("the place ends");
    let mut table = String::from("| | id | |\n|---|---|---|\n");
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    for method in &catalogue.methods {
        writeln!(table, "| {} | `{}` | {} |", method.card.title, method.card.id, method.card.summary).unwrap();
    }
    let fresh = [before, START, &table, END, after].concat();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &fresh).unwrap();
    }
    assert!(readme == fresh, "the README's methods are old: run BLESS=1 cargo test readme");
}
