//! Relocations stay in the page's wasm: by them xtask splits it. The catalogue is embedded without its indentation.

use std::{env, fs, path::Path};

const CATALOGUE: &str = "../../static/catalogue.json";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={CATALOGUE}");
    if env::var("TARGET").is_ok_and(|target| target.starts_with("wasm32")) {
        println!("cargo:rustc-link-arg-bins=--emit-relocs");
    }
    let catalogue = fs::read_to_string(CATALOGUE).expect("the catalogue is written by a test");
    // No text of it has a line break inside.
    let lines: String = catalogue.lines().map(str::trim_start).collect();
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("catalogue.json");
    fs::write(out, lines).expect("cargo made the folder");
}
