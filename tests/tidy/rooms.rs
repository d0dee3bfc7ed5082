//! The rooms of `kit` and of the page: imports go down only, and a lab is known in its own folder and in the list.

use super::graph::Graph;
use super::source::{Source, tracked};
use std::fs;

const APP: &str = "web/app/src";
const KIT: &str = "crates/kit/src";

/// The page from top to bottom; what stands together may not import each other. The root is the empty name. `shell`
/// stands above `pages`, because it shows a page inside itself and uses its cards of methods.
const PAGE: [&[&str]; 8] = [&[""], &["shell"], &["pages"], &["route"], &["labs"], &["run"], &["engine"], &["ui"]];

/// `kit` from top to bottom.
const ROOMS: [&[&str]; 11] = [
    &[""],
    &["run"],
    &["attack"],
    &["learn"],
    &["store"],
    &["cx"],
    &["nets"],
    &["data"],
    &["stats"],
    &["host", "settings"],
    &["error", "foreign", "seed"],
];

#[test]
fn no_import_circle() {
    for folder in [APP, KIT] {
        let circles = Graph::of(folder).circles();
        assert!(circles.is_empty(), "{folder}: these import each other: {circles:#?}");
    }
}

#[test]
fn imports_go_down() {
    let mut wrongs = Vec::new();
    for (folder, rooms) in [(APP, &PAGE[..]), (KIT, &ROOMS[..])] {
        let graph = Graph::of(folder);
        let floor = |module: &str| {
            let room = module.split("::").next().unwrap_or_default();
            let floor = rooms.iter().position(|rooms| rooms.contains(&room));
            (floor.unwrap_or_else(|| panic!("{folder}: {module} stands in no room")), room.to_owned())
        };
        let arrows = graph.imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to)));
        let wrong = arrows.filter(|(from, to)| {
            let ((above, own), (below, other)) = (floor(from), floor(to));
            above >= below && own != other
        });
        wrongs
            .extend(wrong.map(|(from, to)| format!("{folder}: {from} imports {to}, which stands above or beside it")));
    }
    assert!(wrongs.is_empty(), "{wrongs:#?}");
}

#[test]
fn labs_are_known_in_one_place() {
    let ids: Vec<String> = labs();
    assert!(ids.len() >= 4, "{ids:?}");
    // A lab goes elsewhere through the view, and nobody reaches into one.
    let graph = Graph::of(APP);
    for (from, to) in graph.imports.iter().flat_map(|(from, all)| all.iter().map(move |to| (from, to))) {
        let Some(lab) = ids.iter().find(|id| in_lab(to, id)) else { continue };
        assert!(from == "labs" || in_lab(from, lab), "{from} imports the lab {lab}");
    }
    for source in Source::below(APP) {
        let Some(id) = source.strings().into_iter().find(|text| ids.contains(text)) else { continue };
        let own = [format!("{APP}/labs/{id}/"), format!("{APP}/labs/mod.rs")];
        assert!(own.iter().any(|place| source.path.starts_with(place)), "{} holds the lab {id}", source.path);
    }
    for path in tracked("tests/browser/*.js") {
        let text = fs::read_to_string(&path).unwrap();
        let held = ids.iter().find(|id| !path.contains(&format!("/labs/{id}/")) && says(&text, id));
        assert_eq!(held, None, "{path} holds the id of a lab; the page's tabs say which there are");
    }
}

/// Whether a script holds an id as a whole string, or as an address, in a pattern too: `/#\/attack$/`.
fn says(script: &str, id: &str) -> bool {
    let is_string = ["\"", "'", "`"].iter().any(|mark| script.contains(&format!("{mark}{id}{mark}")));
    let is_address = |mark: &&str| {
        let address = format!("{mark}{id}");
        let mut ends = script.match_indices(&address).map(|(at, _)| &script[at + address.len()..]);
        ends.any(|end| !end.starts_with(|next: char| next.is_alphanumeric() || "-_".contains(next)))
    };
    is_string || ["#/", "#\\/"].iter().any(is_address)
}

/// The ids of the labs: the folders of `labs/`.
fn labs() -> Vec<String> {
    let lab =
        |path: &String| path.strip_prefix(APP)?.strip_prefix("/labs/")?.strip_suffix("/mod.rs").map(str::to_owned);
    tracked(&format!("{APP}/labs/*/mod.rs")).iter().filter_map(lab).collect()
}

fn in_lab(module: &str, id: &str) -> bool {
    module
        .strip_prefix("labs::")
        .and_then(|rest| rest.strip_prefix(id))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn the_page_is_drawn_by_leptos() {
    const BY_HAND: [&str; 11] = [
        ".build()",
        "DomParser",
        "Rc<dyn Any>",
        "append_child",
        "append_with",
        "create_contextual_fragment",
        "create_element",
        "inner_html",
        "insert_adjacent_html",
        "insert_before",
        "outer_html",
    ];
    // Where elements are made without `view!`, and why.
    const MAY: [(&str, &[&str]); 3] = [
        // A scene is SVG from `report`, which escapes every text.
        ("web/app/src/ui/chart.rs", &["inner_html"]),
        // The cards' equations are MathML, known only as text. Parsed as XML they are an element or, with an error in
        // them, nothing at all; `inner_html` would show what it could make of them.
        ("web/app/src/ui/math.rs", &["DomParser", "append_child"]),
        // A file is saved by pressing a link that stands nowhere on the page.
        ("web/app/src/ui/export.rs", &[".build()"]),
    ];
    // A part that loads later passes on the view that it loaded, or its children's, and draws nothing itself.
    const PASSES_ON: &str = "web/app/src/labs/part.rs";
    for source in Source::below(APP) {
        let code = source.code();
        let may = MAY.iter().find(|(path, _)| *path == source.path).map_or(&[][..], |(_, words)| words);
        let by_hand = BY_HAND.iter().find(|word| code.contains(*word) && !may.contains(word));
        let idle = may.iter().find(|word| !code.contains(*word));
        assert_eq!(idle, None, "{} no longer needs this exception", source.path);
        assert_eq!(by_hand, None, "{}: a page is drawn by `view!`", source.path);
        let room = source.path[APP.len() + 1..].split('/').next().unwrap_or_default();
        if ["ui", "shell", "labs", "pages"].contains(&room) && source.draws() && source.path != PASSES_ON {
            assert!(code.contains("view!"), "{} draws without `view!`", source.path);
        }
    }
    for gone in ["dom.rs", "signals.rs", "later.rs"] {
        assert!(tracked(&format!("{APP}/**/{gone}")).is_empty(), "{gone} is back");
    }
}

#[test]
fn words_have_no_figures() {
    for source in Source::below(APP).iter().filter(|source| source.path.ends_with("/words.rs")) {
        let code = source.code();
        let said = ["Row", "noise", "Noise", "Outcome"].iter().find(|word| {
            code.split(|letter: char| !letter.is_alphanumeric() && letter != '_').any(|other| other == **word)
        });
        assert_eq!(said, None, "{}: figures and verdicts are worded by `report`", source.path);
    }
    // What the page draws puts figures into cells and charts. A sentence with a figure, its unit or a verdict is none
    // of its texts: such a text has a gap for the figure and one of these words.
    const OF_FIGURES: [&str; 10] =
        ["better", "cent", "inside", "noise", "outside", "percent", "points", "right", "worse", "wrong"];
    // Lengths and places in a style, which nobody reads.
    const STYLES: [&str; 2] = ["{}%", "left:{}%;top:{}%"];
    for source in ["labs", "pages", "shell"].iter().flat_map(|room| Source::below(&format!("{APP}/{room}"))) {
        let strings = source.strings();
        let is_said = |text: &&String| text.contains('{') && !STYLES.contains(&text.as_str());
        let said = strings.iter().filter(is_said).find(|text| {
            let mut words = text.split(|letter: char| !letter.is_alphanumeric());
            ["}%", "} %"].iter().any(|unit| text.contains(unit)) || words.any(|word| OF_FIGURES.contains(&word))
        });
        assert_eq!(said, None, "{}: figures and verdicts are worded by `report`", source.path);
    }
}
