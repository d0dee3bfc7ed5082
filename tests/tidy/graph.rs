//! Who imports whom inside a crate, from its sources.

use super::source::{Source, is_test};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};

/// The modules of a crate by their paths (`labs::attack::state`; the root is empty), and what each imports.
pub struct Graph {
    pub imports: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// From the sources below a `src` folder. A name that a module re-exports from its own child is an import of the
    /// child, so that a `mod.rs` which only lists what is below it makes no circle.
    pub fn of(folder: &str) -> Self {
        let sources = Source::below(folder);
        let modules: BTreeMap<String, &Source> =
            sources.iter().map(|source| (module(folder, &source.path), source)).collect();
        let exports: BTreeMap<&str, BTreeMap<String, Vec<String>>> =
            modules.iter().map(|(name, source)| (name.as_str(), exported(&source.tree))).collect();
        let resolve = |from: &str, path: &[String]| -> Option<String> {
            let mut path = absolute(from, path, &modules)?;
            // At most as many re-exports as there are modules lead from one to the next.
            for _ in 0..modules.len() {
                let known = (0..=path.len()).rev().find(|len| modules.contains_key(&path[..*len].join("::")))?;
                let at = path[..known].join("::");
                let Some(inner) = path.get(known).and_then(|name| exports[at.as_str()].get(name)) else {
                    return Some(at);
                };
                let mut next = absolute(&at, inner, &modules)?;
                next.extend(path[known + 1..].iter().cloned());
                path = next;
            }
            None
        };
        let imports = modules.iter().map(|(name, source)| {
            let mut paths = Paths::default();
            paths.visit_file(&source.tree);
            let to = paths.found.iter().filter_map(|path| resolve(name, path)).filter(|to| to != name).collect();
            (name.clone(), to)
        });
        Self { imports: imports.collect() }
    }

    /// Modules that import each other, directly or over others: every set of more than one.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let reach = |from: &String| {
            let (mut seen, mut stack) = (BTreeSet::new(), vec![from]);
            while let Some(at) = stack.pop() {
                stack.extend(self.imports.get(at).into_iter().flatten().filter(|to| seen.insert((*to).clone())));
            }
            seen
        };
        let reached: BTreeMap<&String, BTreeSet<String>> =
            self.imports.keys().map(|name| (name, reach(name))).collect();
        let mut circles = BTreeSet::new();
        for (name, all) in reached.iter().filter(|(name, all)| all.contains(**name)) {
            let back = all.iter().filter(|other| reached.get(other).is_some_and(|of| of.contains(*name)));
            circles.insert(back.cloned().collect::<Vec<_>>());
        }
        circles.into_iter().collect()
    }
}

/// `labs::attack` of `web/app/src/labs/attack/mod.rs`.
fn module(folder: &str, path: &str) -> String {
    let inner = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/')).unwrap_or(path);
    let inner = inner.strip_suffix(".rs").unwrap_or(inner);
    let parts = inner.split('/').filter(|part| !matches!(*part, "mod" | "lib" | "main"));
    parts.collect::<Vec<_>>().join("::")
}

/// The path from the crate's root; none for a path into another crate.
fn absolute(from: &str, path: &[String], modules: &BTreeMap<String, &Source>) -> Option<Vec<String>> {
    let own: Vec<String> = from.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let mut rest = path;
    let mut base = match rest.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => own,
        "super" => own[..own.len().checked_sub(1)?].to_vec(),
        first => {
            // A child of this module, or a module of the root that was imported by its name.
            let child: Vec<String> = own.iter().cloned().chain([first.to_owned()]).collect();
            return modules.contains_key(&child.join("::")).then(|| [own, path.to_vec()].concat());
        }
    };
    rest = &rest[1..];
    while rest.first().is_some_and(|part| part == "super") {
        base.pop();
        rest = &rest[1..];
    }
    base.extend(rest.iter().cloned());
    Some(base)
}

/// Names that a module gives on (`pub use`), with where they come from.
fn exported(tree: &syn::File) -> BTreeMap<String, Vec<String>> {
    let mut names = BTreeMap::new();
    for item in &tree.items {
        let syn::Item::Use(item) = item else { continue };
        if matches!(item.vis, syn::Visibility::Inherited) {
            continue;
        }
        walk(&item.tree, &mut Vec::new(), &mut |path, name| {
            names.insert(name.to_owned(), path.to_vec());
        });
    }
    names
}

/// Every leaf of a `use`: its path and the name that it gets.
fn walk(tree: &syn::UseTree, path: &mut Vec<String>, take: &mut dyn FnMut(&[String], &str)) {
    match tree {
        syn::UseTree::Path(inner) => {
            path.push(inner.ident.to_string());
            walk(&inner.tree, path, take);
            path.pop();
        }
        syn::UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, path, take)),
        syn::UseTree::Name(name) if name.ident == "self" => take(path, path.last().map_or("", String::as_str)),
        syn::UseTree::Name(name) => {
            path.push(name.ident.to_string());
            take(path, &path[path.len() - 1]);
            path.pop();
        }
        syn::UseTree::Rename(rename) => {
            path.push(rename.ident.to_string());
            take(path, &rename.rename.to_string());
            path.pop();
        }
        syn::UseTree::Glob(_) => take(path, "*"),
    }
}

/// Paths of imports and of expressions; what a module only gives on is not its own import.
#[derive(Default)]
struct Paths {
    found: Vec<Vec<String>>,
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        if matches!(item.vis, syn::Visibility::Inherited) {
            walk(&item.tree, &mut Vec::new(), &mut |path, _| self.found.push(path.to_vec()));
        }
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.found.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// The path in `pub(super)` says who may see an item; it imports nothing.
    fn visit_visibility(&mut self, _: &'a syn::Visibility) {}

    /// Macros are text for the parser: `crate::…` and `super::…` in them are found by their tokens.
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        tokens(call.tokens.clone(), &mut self.found);
    }
}

fn tokens(stream: proc_macro2::TokenStream, found: &mut Vec<Vec<String>>) {
    use proc_macro2::TokenTree::{Group, Ident, Punct};
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in stream {
        match token {
            Ident(name) => {
                if colons != 2 {
                    found.extend((path.len() > 1).then(|| std::mem::take(&mut path)));
                    path.clear();
                }
                path.push(name.to_string());
                colons = 0;
            }
            Punct(mark) if mark.as_char() == ':' => colons += 1,
            Group(group) => {
                tokens(group.stream(), found);
                colons = 0;
            }
            _ => colons = 0,
        }
    }
    found.extend((path.len() > 1).then_some(path));
}
