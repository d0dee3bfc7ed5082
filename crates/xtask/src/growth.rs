//! What the algorithms of each family add to an engine. A function belongs to the file of `methods` that its name
//! begins in; what the compiler inlined elsewhere, and the data of cards, is not seen.

use crate::serve;
use crate::shell::root;
use anyhow::{Context, Result};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use wasmparser::{KnownCustom, Name, Parser, Payload, TypeRef};

/// Bytes after brotli that an algorithm may add on its family's mean.
const ALGORITHM: f64 = 1500.0;

/// The functions of a family's algorithms.
pub struct Family {
    name: String,
    /// How many methods the catalogue has of it; variants in one file are several.
    methods: usize,
    /// Bytes after brotli of all its functions together.
    packed: usize,
    /// Bytes of the functions of each file.
    files: BTreeMap<String, usize>,
}

/// The families in an engine whose functions still have names.
pub fn families(wasm: &Path) -> Result<Vec<Family>> {
    let mut code: BTreeMap<(String, String), Vec<u8>> = BTreeMap::new();
    for (name, body) in functions(&fs::read(wasm)?)? {
        if let Some(place) = place(&name) {
            code.entry(place).or_default().extend(body);
        }
    }
    let catalogue: Value = serde_json::from_slice(&fs::read(root().join("static/catalogue.json"))?)?;
    let mut methods = BTreeMap::<&str, usize>::new();
    for method in catalogue["methods"].as_array().context("the catalogue lists no methods")? {
        let id = method["card"]["id"].as_str().context("a method of the catalogue has no id")?;
        *methods.entry(id.split('.').next().unwrap_or(id)).or_default() += 1;
    }
    methods
        .into_iter()
        .map(|(name, methods)| {
            let own: Vec<_> = code.iter().filter(|((family, _), _)| family == name).collect();
            let all: Vec<u8> = own.iter().flat_map(|(_, code)| code.iter().copied()).collect();
            let files = own.into_iter().map(|((_, file), code)| (file.clone(), code.len())).collect();
            Ok(Family { name: name.into(), methods, packed: serve::brotli(&all, 11)?.len(), files })
        })
        .collect()
}

/// Prints a line a family; returns those over the bound.
pub fn print(families: &[Family]) -> Vec<String> {
    println!("\n{:<12}{:>9}{:>15}{:>15}  bytes a file", "CPU engine", "methods", "KB, brotli 11", "KB a method");
    let mut over = Vec::new();
    for Family { name, methods, packed, files } in families {
        let mean = *packed as f64 / *methods as f64;
        let files = files.iter().map(|(file, bytes)| format!("{file} {bytes}")).collect::<Vec<_>>().join(", ");
        println!("{name:<12}{methods:>9}{:>15.2}{:>15.2}  {files}", *packed as f64 / 1000.0, mean / 1000.0);
        over.extend((mean > ALGORITHM).then(|| format!("{name}, {ALGORITHM} bytes a method")));
    }
    over
}

/// Names and bodies of a module's own functions.
fn functions(wasm: &[u8]) -> Result<Vec<(String, &[u8])>> {
    let (mut imported, mut bodies, mut names) = (0, Vec::new(), BTreeMap::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes()),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(sections) = section.as_known() else { continue };
                for section in sections {
                    let Name::Function(functions) = section? else { continue };
                    for function in functions {
                        let function = function?;
                        names.insert(function.index as usize, format!("{:#}", rustc_demangle::demangle(function.name)));
                    }
                }
            }
            _ => {}
        }
    }
    let named = bodies.into_iter().enumerate();
    Ok(named.filter_map(|(at, body)| Some((names.remove(&(imported + at))?, body))).collect())
}

/// Family and file of a name such as `<methods::attack::pgd::PgdLinf as kit::run::shapes::attack::Attack>::perturb`.
fn place(name: &str) -> Option<(String, String)> {
    let (before, path) = name.split_once("methods::")?;
    let starts = !before.ends_with(|last: char| last == ':' || last == '_' || last.is_alphanumeric());
    let mut parts = path.split("::");
    let (family, file) = (parts.next()?, parts.next()?);
    let is_name = |part: &str| part.chars().all(|letter| letter == '_' || letter.is_ascii_alphanumeric());
    (starts && is_name(family) && is_name(file) && parts.next().is_some()).then(|| (family.into(), file.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_has_a_family_and_a_file() {
        let at = |family: &str, file: &str| Some((family.to_owned(), file.to_owned()));
        assert_eq!(
            place("<methods::attack::pgd::PgdLinf as kit::run::shapes::attack::Attack>::perturb"),
            at("attack", "pgd")
        );
        assert_eq!(place("kit::run::entry::play::<methods::peft::lora::Lora>"), at("peft", "lora"));
        assert_eq!(place("methods::CATALOGUE"), None);
        assert_eq!(place("other_methods::attack::pgd::run"), None);
        assert_eq!(place("engine::methods::attack::pgd::run"), None);
    }
}
