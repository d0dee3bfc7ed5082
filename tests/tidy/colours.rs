//! The palette stands in `web/style/main.css`. Files of their own, canvases and the icon cannot read it from there and
//! repeat colours; here they are held against it.

use super::source::{Source, tracked};
use std::collections::BTreeMap;
use std::fs;

const PALETTE: &str = "web/style/main.css";
const LIGHT: &str = ":root {";
const DARK: &str = ":root[data-theme=dark] {";

/// Files that repeat colours of the palette.
const SCENE: &str = "crates/report/src/scene.rs";
const PIXELS: &str = "web/app/src/ui/pixels.rs";
const PAD: &str = "web/app/src/shell/pad_surface.rs";
const INDEX: &str = "web/index.html";

/// Custom properties by name.
type Theme = BTreeMap<String, String>;

/// The properties of the light theme, and of the dark one with those that it takes from the light.
fn themes() -> (Theme, Theme) {
    let css = fs::read_to_string(PALETTE).unwrap();
    let light = properties(block(&css, LIGHT));
    let mut dark = light.clone();
    dark.extend(properties(block(&css, DARK)));
    (light, dark)
}

/// What stands between the opening `{` of a rule and its `}`.
fn block<'a>(css: &'a str, rule: &str) -> &'a str {
    css.split_once(rule).and_then(|(_, rest)| rest.split_once('}')).unwrap_or_else(|| panic!("no rule {rule}")).0
}

fn properties(block: &str) -> Theme {
    let pairs = block.split(';').filter_map(|line| line.trim().split_once(':'));
    pairs.filter(|(name, _)| name.starts_with("--")).map(|(name, value)| (name.into(), value.trim().into())).collect()
}

/// Every `#rgb`, `#rgba`, `#rrggbb` and `#rrggbbaa`. An address such as `#/attack` is none.
fn colours(text: &str) -> Vec<&str> {
    let rest = text.match_indices('#').map(|(at, _)| &text[at..]);
    let colour = rest.map(|rest| {
        let end = rest[1..].find(|letter: char| !letter.is_alphanumeric()).map_or(rest.len(), |end| end + 1);
        &rest[..end]
    });
    let is_colour =
        |text: &&str| [4, 5, 7, 9].contains(&text.len()) && text[1..].chars().all(|letter| letter.is_ascii_hexdigit());
    colour.filter(is_colour).collect()
}

/// `#121a1f` as red, green and blue.
fn bytes(colour: &str) -> [u8; 3] {
    [1, 3, 5].map(|at| u8::from_str_radix(&colour[at..at + 2], 16).unwrap())
}

#[test]
fn charts_have_the_colours_of_the_page() {
    let (light, dark) = themes();
    let tokens = Source::read(SCENE).strings().into_iter().find(|text| text.starts_with("{color-scheme")).unwrap();
    let tokens = properties(tokens.trim_matches(['{', '}']));
    assert!(tokens.len() > 15, "{tokens:?}");
    for (name, value) in &tokens {
        let of_page = match light[name] == dark[name] {
            true => light[name].clone(),
            false => format!("light-dark({},{})", light[name], dark[name]),
        };
        assert_eq!(*value, of_page, "{SCENE}: {name} differs from {PALETTE}");
    }
    // A role of a scene is drawn in a file too, where only these tokens are known.
    let used = Source::read(SCENE).strings().into_iter();
    let names = used.filter_map(|text| Some(text.strip_prefix("var(")?.strip_suffix(')')?.to_owned()));
    for name in names {
        assert!(tokens.contains_key(&name), "{SCENE} draws with {name}, which the tokens lack");
    }
}

#[test]
fn canvases_have_the_colours_of_the_page() {
    let (light, dark) = themes();
    let (pixels, pad) = (Source::read(PIXELS).code(), Source::read(PAD));
    for (theme, name) in [(&light, "LIGHT"), (&dark, "DARK")] {
        let [ink, below, above] = ["--ink", "--keep", "--lose"].map(|token| bytes(&theme[token]));
        let line = format!("const {name}: Inks = Inks {{ ink: {ink:?}, below: {below:?}, above: {above:?} }};");
        assert!(pixels.contains(&line), "{PIXELS} lacks `{line}`");
    }
    let inks: Vec<String> = pad.strings().into_iter().filter(|text| text.starts_with('#')).collect();
    assert_eq!(inks, [dark["--ink"].as_str(), &light["--ink"]], "{PAD}: the ink in the dark, then in the light");
}

#[test]
fn the_icon_has_the_colours_of_the_page() {
    let (light, _) = themes();
    let page = fs::read_to_string(INDEX).unwrap().replace("%23", "#");
    assert_eq!(colours(&page), [light["--lose"].as_str(), &light["--keep"]], "{INDEX}");
}

#[test]
fn no_other_place_has_colours_of_its_own() {
    for source in ["web/app/src", "crates/report/src"].iter().flat_map(|folder| Source::below(folder)) {
        let strings = source.strings();
        let own = strings.iter().flat_map(|text| colours(text)).find(|colour| !is_black_or_white(colour));
        assert!(own.is_none() || [SCENE, PAD].contains(&source.path.as_str()), "{} has {own:?}", source.path);
    }
    for path in tracked("web/*.css") {
        let css = fs::read_to_string(&path).unwrap();
        let css = match path == PALETTE {
            true => css.replace(block(&css, LIGHT), "").replace(block(&css, DARK), ""),
            false => css,
        };
        let own = colours(&css).into_iter().find(|colour| !is_black_or_white(colour));
        assert_eq!(own, None, "{path}: a colour is a custom property of {PALETTE}");
    }
}

/// Black or white, whole or as a veil: `#fff`, `#0003`.
fn is_black_or_white(colour: &str) -> bool {
    ["#000", "#fff"].contains(&&colour[..colour.len().min(4)]) && colour.len() <= 5
}
