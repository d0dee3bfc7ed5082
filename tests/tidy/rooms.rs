//! The rooms of `kit` and of the page: imports go down only, and a lab is known in its own folder and in the list.

use super::graph::Graph;
use super::source::{Source, tracked};
use std::fs;

const APP: &str = "web/app/src";
const KIT: &str = "crates/kit/src";

/// The page from top to bottom; what stands together may not import each other. The root is the empty name.
const PAGE: [&[&str]; 7] = [&[""], &["shell", "pages"], &["route"], &["labs"], &["run"], &["engine"], &["ui"]];

/// `kit` from top to bottom.
const ROOMS: [&[&str]; 10] = [
    &[""],
    &["run"],
    &["attack"],
    &["learn"],
    &["cx"],
    &["nets"],
    &["data"],
    &["stats"],
    &["host", "settings"],
    &["error", "seed"],
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
    const BY_HAND: [&str; 3] = ["inner_html", "create_element", "Rc<dyn Any>"];
    const PICTURES: [&str; 2] = ["web/app/src/ui/pixels.rs", "web/app/src/ui/chart.rs"];
    for source in Source::below(APP) {
        let code = source.code();
        let by_hand = BY_HAND.iter().find(|word| code.contains(*word) && !PICTURES.contains(&source.path.as_str()));
        assert_eq!(by_hand, None, "{}: a page is drawn by `view!`", source.path);
        let room = source.path[APP.len() + 1..].split('/').next().unwrap_or_default();
        let draws = code.contains("#[component]") || code.contains("IntoView") || code.contains("AnyView");
        if ["ui", "shell", "labs", "pages"].contains(&room) && draws && !is_plumbing(&source) {
            assert!(code.contains("view!"), "{} draws without `view!`", source.path);
        }
    }
    for gone in ["dom.rs", "signals.rs", "later.rs"] {
        assert!(tracked(&format!("{APP}/**/{gone}")).is_empty(), "{gone} is back");
    }
}

/// Types that only name a view, such as the table of labs.
fn is_plumbing(source: &Source) -> bool {
    source.functions().is_empty()
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
}
