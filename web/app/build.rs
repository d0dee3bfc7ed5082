//! Relocations stay in the page's wasm: by them xtask splits it. The page carries the catalogue without the cards'
//! texts, which it fetches when they are first read.

use serde_json::Value;
use std::{env, fs, path::Path};

const CATALOGUE: &str = "../../static/catalogue.json";

/// A data set of the tests, which the page with the lab `toy` lists too.
const TOY_SET: &str = "../../tests/expected/toy_set.json";

/// Texts of a card. With them the first part of the page would grow with every method.
const TEXTS: [&str; 5] = ["authors", "paper", "equation", "notes", "summary"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={CATALOGUE}");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("wasm32")) {
        println!("cargo:rustc-link-arg-bins=--emit-relocs");
    }
    let text = fs::read_to_string(CATALOGUE).expect("the catalogue is written by a test");
    let mut catalogue: Value = serde_json::from_str(&text).expect("the catalogue is JSON");
    for method in catalogue["methods"].as_array_mut().expect("the catalogue lists its methods") {
        for key in TEXTS {
            method["card"][key] = "".into();
        }
    }
    println!("cargo:rerun-if-changed={TOY_SET}");
    if env::var_os("CARGO_FEATURE_TOY").is_some() {
        let text = fs::read_to_string(TOY_SET).expect("the toy data set is written by a test");
        let toy: Value = serde_json::from_str(&text).expect("the toy data set is JSON");
        catalogue["tasks"].as_array_mut().expect("the catalogue lists its data sets").push(toy);
    }
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("catalogue.json");
    fs::write(out, catalogue.to_string()).expect("cargo made the folder");
}
