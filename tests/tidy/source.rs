//! Rust files as syntax trees, and what their lines are.

use proc_macro2::Span;
use quote::ToTokens;
use std::fs;
use std::path::Path;
use std::process::Command;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Files in git that match a pattern, those not yet added included.
pub fn tracked(pattern: &str) -> Vec<String> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard", pattern];
    let output = Command::new("git").args(arguments).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines().filter(|file| Path::new(file).is_file()).map(str::to_owned).collect()
}

/// One Rust file.
pub struct Source {
    /// From the root of the repository.
    pub path: String,
    pub text: String,
    pub tree: syn::File,
}

impl Source {
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let tree = syn::parse_file(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path: path.into(), text, tree }
    }

    /// Every Rust file below a folder.
    pub fn below(folder: &str) -> Vec<Self> {
        tracked(&format!("{folder}/*.rs")).iter().map(|path| Self::read(path)).collect()
    }

    /// Lines of a span that are neither blank nor a comment, without those of `without`.
    fn lines(&self, span: Span, without: &[Span]) -> usize {
        let is_inside = |line: usize, span: &Span| (span.start().line..=span.end().line).contains(&line);
        let lines = (1..).zip(self.text.lines()).filter(|(line, _)| is_inside(*line, &span));
        let lines = lines.filter(|(line, _)| !without.iter().any(|span| is_inside(*line, span)));
        lines.filter(|(_, text)| is_code(text)).count()
    }

    /// Lines of code: comments, blanks and tests are left out.
    pub fn length(&self) -> usize {
        let tests: Vec<Span> =
            self.tree.items.iter().filter(|item| is_test(attributes(item))).map(Spanned::span).collect();
        let is_outside = |line: usize| !tests.iter().any(|span| (span.start().line..=span.end().line).contains(&line));
        (1..).zip(self.text.lines()).filter(|(line, text)| is_outside(*line) && is_code(text)).count()
    }

    /// Every function with its lines of code; tests are left out, a function inside another counts for both.
    pub fn functions(&self) -> Vec<(String, usize)> {
        let mut found = Functions { source: self, found: Vec::new() };
        found.visit_file(&self.tree);
        found.found
    }

    /// Whether a function of it makes a view.
    pub fn draws(&self) -> bool {
        self.signatures().iter().any(|signature| match &signature.output {
            syn::ReturnType::Type(_, made) => {
                let made = made.to_token_stream().to_string();
                made.contains("IntoView") || made.contains("AnyView")
            }
            syn::ReturnType::Default => false,
        })
    }

    /// Of all functions that stand alone.
    fn signatures(&self) -> Vec<&syn::Signature> {
        let items = self.tree.items.iter();
        items.filter_map(|item| if let syn::Item::Fn(item) = item { Some(&item.sig) } else { None }).collect()
    }

    /// Every text in the code, tests left out.
    pub fn strings(&self) -> Vec<String> {
        #[derive(Default)]
        struct Strings(Vec<String>);
        impl<'a> Visit<'a> for Strings {
            fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
                if !is_test(&item.attrs) {
                    visit::visit_item_mod(self, item);
                }
            }
            fn visit_lit_str(&mut self, text: &'a syn::LitStr) {
                self.0.push(text.value());
            }
            fn visit_macro(&mut self, call: &'a syn::Macro) {
                literals(call.tokens.clone(), &mut self.0);
            }
        }
        let mut strings = Strings::default();
        strings.visit_file(&self.tree);
        strings.0
    }

    /// The code without comments and without tests, which stand at the end of a file.
    pub fn code(&self) -> String {
        let text = self.text.split("#[cfg(test)]").next().unwrap_or_default();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    }
}

/// Texts among the tokens of a macro.
fn literals(tokens: proc_macro2::TokenStream, into: &mut Vec<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Group(group) => literals(group.stream(), into),
            proc_macro2::TokenTree::Literal(literal) => {
                if let Ok(text) = syn::parse_str::<syn::LitStr>(&literal.to_string()) {
                    into.push(text.value());
                }
            }
            _ => {}
        }
    }
}

struct Functions<'a> {
    source: &'a Source,
    found: Vec<(String, usize)>,
}

impl Functions<'_> {
    fn take(&mut self, name: &syn::Ident, span: Span) {
        self.found.push((name.to_string(), self.source.lines(span, &[])));
    }
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'a syn::ItemFn) {
        if !is_test(&item.attrs) {
            self.take(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or(item.block.span()));
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'a syn::ImplItemFn) {
        self.take(&item.sig.ident, item.sig.span().join(item.block.span()).unwrap_or(item.block.span()));
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'a syn::TraitItemFn) {
        // Without a default there is only a signature.
        if let Some(block) = &item.default {
            self.take(&item.sig.ident, item.sig.span().join(block.span()).unwrap_or(block.span()));
        }
        visit::visit_trait_item_fn(self, item);
    }
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        _ => &[],
    }
}

/// `#[test]`, or `#[cfg(test)]`.
pub fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let is = |name| attribute.path().is_ident(name);
        is("test") || (is("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test"))
    })
}
