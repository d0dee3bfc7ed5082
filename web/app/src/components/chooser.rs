//! Choosing a method: search, families, list, and the card of the one in hand.

use super::{
    dialogs::modal,
    icons::{Icon, icon, icon_button},
};
use crate::{
    dom::*,
    labs::method::needs,
    state::strip::Lab,
    store::{Dialog, Page, catalogue, page},
    text,
};
use report::order;
use spec::{Family, MethodInfo};

const FAMILIES: [Family; 7] =
    [Family::Unlearn, Family::Attack, Family::Defend, Family::Transfer, Family::Peft, Family::Train, Family::Measure];

fn matches(method: &MethodInfo, words: &str) -> bool {
    let card = &method.card;
    let all = [&card.title, &card.id, &card.summary, &card.paper, &card.authors].map(|text| text.to_ascii_lowercase());
    words
        .split_whitespace()
        .all(|word| all.iter().any(|text| text.contains(word)) || card.year.to_string().starts_with(word))
}

/// Matches of a search, families of the lab first, newest first.
fn found(words: &str, family: Option<Family>, lab: Option<Lab>) -> Vec<&'static MethodInfo> {
    let words = words.trim().to_ascii_lowercase();
    let found: Vec<&MethodInfo> = catalogue()
        .methods
        .iter()
        .filter(|method| family.is_none_or(|family| method.card.family == family) && matches(method, &words))
        .collect();
    let near = |method: &&MethodInfo| lab != Some(Lab::of(method.card.family));
    let key = |at: usize| (near(&found[at]), std::cmp::Reverse(found[at].card.year), &found[at].card.title);
    order(found.len(), &|a, b| key(a).cmp(&key(b))).into_iter().map(|at| found[at]).collect()
}

pub fn chooser(replace: Option<String>, lab: Option<Lab>) -> AnyView {
    let page = page();
    let own = replace.as_ref().and_then(|name| untrack(|| page.family(name)));
    let start = own.or(lab.and_then(|lab| lab.families().first().copied()));
    let words = RwSignal::new(String::new());
    let family = RwSignal::new(start);
    let list = memo(move || {
        let found = found(&words.get(), family.get(), lab);
        found.iter().map(|method| method.card.id.as_str()).collect::<Vec<&'static str>>()
    });
    let current = replace.as_ref().and_then(|name| untrack(|| page.method(name))).map(|method| method.card.id.as_str());
    let at = RwSignal::new(
        current.and_then(|id| list.with_untracked(|list| list.iter().position(|other| *other == id))).unwrap_or(0),
    );
    let picked = memo(move || list.with(|list| list.get(at.get().min(list.len().saturating_sub(1))).copied()));
    let replaced = replace.clone();
    let take = move |id: &str, as_row: bool| {
        untrack(|| choose(&page, replaced.as_deref(), id, as_row));
        page.dialog.set(None);
    };
    // A version needs a layer beside which it can stand.
    let rows_possible = {
        let replace = replace.clone();
        move |id: &str| {
            let layer = |name: &String| page.method(name).is_some_and(|method| method.shape.is_layer());
            replace.as_ref().is_some_and(layer) && catalogue().method(id).is_some_and(|method| method.shape.is_layer())
        }
    };
    let keys = {
        let take = take.clone();
        let rows_possible = rows_possible.clone();
        move |event: web_sys::KeyboardEvent| {
            let last = list.with_untracked(Vec::len).saturating_sub(1);
            match event.key().as_str() {
                "ArrowDown" => at.update(|at| *at = (*at + 1).min(last)),
                "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
                "Enter" => {
                    if let Some(id) = picked.get_untracked() {
                        take(id, event.shift_key() && untrack(|| rows_possible(id)));
                    }
                }
                _ => return,
            }
            event.prevent_default();
            request_animation_frame(|| crate::browser::scroll_to(".choices [aria-selected='true']"));
        }
    };
    let count = move |of: Option<Family>| found(&words.get(), of, lab).len();
    let families = FAMILIES
        .iter()
        .filter(|family| catalogue().methods.iter().any(|method| method.card.family == **family))
        .map(|&of| {
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", move || (family.get() == Some(of)).to_string())
                .on(CLICK, move |_| {
                    family.set(Some(of));
                    at.set(0);
                })
                .child(text::family(of))
                .child(el("span").child(move || count(Some(of))))
        })
        .collect_view();
    let all = catalogue().methods.len();
    let item = {
        let take = take.clone();
        move |(place, id): (usize, &'static str)| {
            let card = &catalogue().method(id).expect("listed from the catalogue").card;
            let take = take.clone();
            el("li")
                .attr("role", "option")
                .attr("id", format!("choice-{place}"))
                .attr("aria-selected", move || (picked.get() == Some(id)).to_string())
                .on(CLICK, move |_| at.set(place))
                .on(DBLCLICK, move |_| take(id, false))
                .child(el("b").child(marked(&card.title, &words.get_untracked())))
                .child(el("span").attr("class", "year").child(card.year))
                .child(el("span").attr("class", "summary").child(card.summary.clone()))
        }
    };
    let items = move || list.get().into_iter().enumerate().map(item.clone()).collect_view().into_any();
    let detail = move || {
        picked.get().and_then(|id| catalogue().method(id)).map(|method| {
            let card = &method.card;
            let id = card.id.as_str();
            let (take, add) = (take.clone(), take.clone());
            let as_row = rows_possible(id);
            let runs = page.runs.with(|runs| runs.iter().filter(|run| run.method == card.id).count());
            [
                el("div")
                    .child(el("h3").child(card.title.clone()))
                    .child(el("p").attr("class", "sub").child(format!("{}, {}", card.authors, card.year)))
                    .into_any(),
                el("div").attr("class", "equation").html(format!("<math>{}</math>", card.equation)).into_any(),
                el("p").child(card.summary.clone()).into_any(),
                el("dl")
                    .attr("class", "facts")
                    .child(el("dt").child("Needs"))
                    .child(el("dd").child(needs(method)))
                    .child(el("dt").child("Settings"))
                    .child(el("dd").child(labs_count(method)))
                    .child(el("dt").child("Your runs"))
                    .child(el("dd").child(runs))
                    .into_any(),
                el("p").attr("class", "sub").child(card.paper.clone()).into_any(),
                el("p")
                    .attr("class", "actions foot-actions")
                    .child(
                        el("button")
                            .attr("class", "button primary")
                            .attr("type", "button")
                            .on(CLICK, move |_| take(id, false))
                            .child("Use it"),
                    )
                    .child(as_row.then(|| {
                        el("button")
                            .attr("class", "button")
                            .attr("type", "button")
                            .on(CLICK, move |_| add(id, true))
                            .child("Add as a row")
                    }))
                    .child(
                        el("a")
                            .attr("href", format!("#/method/{id}"))
                            .on(CLICK, move |_| page.dialog.set(None))
                            .child("Full card"),
                    )
                    .into_any(),
            ]
        })
    };
    let body = [
        el("div")
            .attr("class", "dialog-head")
            .child(icon(Icon::Search))
            .child(
                el("input")
                    .attr("class", "search")
                    .attr("data-first", "")
                    .attr("role", "combobox")
                    .attr("aria-expanded", "true")
                    .attr("aria-controls", "choices")
                    .attr("aria-activedescendant", move || format!("choice-{}", at.get()))
                    .attr("aria-label", "Search methods")
                    .attr("placeholder", format!("Search {all} methods by name, idea, paper or year"))
                    .attr("autocomplete", "off")
                    .on(INPUT, move |event| {
                        words.set(event_target_value(&event));
                        at.set(0);
                    })
                    .on(KEYDOWN, keys),
            )
            .child(move || {
                family.get().map(|of| {
                    el("button")
                        .attr("class", "button small")
                        .attr("type", "button")
                        .attr("title", "Search in all families")
                        .on(CLICK, move |_| family.set(None))
                        .child(format!("in {}", text::family(of)))
                        .child(icon(Icon::Close))
                })
            })
            .child(icon_button(Icon::Close, "Close", "Close (Esc)", || false, move || page.dialog.set(None)))
            .into_any(),
        el("div")
            .attr("class", "chooser")
            .child(
                el("div")
                    .attr("class", "families")
                    .attr("role", "group")
                    .attr("aria-label", "Families")
                    .child(el("h4").child("What it does"))
                    .child(families),
            )
            .child(
                el("div")
                    .attr("class", "choices")
                    .child(
                        el("ul")
                            .attr("role", "listbox")
                            .attr("id", "choices")
                            .attr("aria-label", "Methods")
                            .child(items),
                    )
                    .child(
                        el("p")
                            .attr("class", "empty")
                            .attr("hidden", move || !list.with(Vec::is_empty))
                            .child("No method by that name. Try a paper title or a year."),
                    ),
            )
            .child(el("div").attr("class", "detail").child(detail))
            .into_any(),
        el("p")
            .attr("class", "dialog-foot")
            .child(el("span").child(el("kbd").child("↑")).child(" ").child(el("kbd").child("↓")).child(" move"))
            .child(el("span").child(el("kbd").child("Enter")).child(" use"))
            .child(
                el("span")
                    .child(el("kbd").child("Shift"))
                    .child(" ")
                    .child(el("kbd").child("Enter"))
                    .child(" add as a row"),
            )
            .child(el("span").child(el("kbd").child("Esc")).child(" close"))
            .into_any(),
    ]
    .into_any();
    modal("Choose a method", "large", body)
}

fn labs_count(method: &MethodInfo) -> String {
    let mut all = 0;
    let mut more = 0;
    fn walk(controls: &[spec::Control], advanced: bool, all: &mut usize, more: &mut usize) {
        for control in controls {
            match &control.widget {
                spec::Widget::Group { of } => walk(of, advanced || control.advanced, all, more),
                _ => {
                    *all += 1;
                    *more += usize::from(advanced || control.advanced);
                }
            }
        }
    }
    walk(&method.controls, false, &mut all, &mut more);
    format!("{all}, of which {} matter most", all - more)
}

/// The first place where the search is found.
fn marked(title: &str, words: &str) -> AnyView {
    let word = words.split_whitespace().next().unwrap_or("").to_ascii_lowercase();
    let found = if word.is_empty() || !title.is_ascii() { None } else { title.to_ascii_lowercase().find(&word) };
    match found {
        Some(from) => {
            let to = from + word.len();
            [
                IntoAny::into_any(title[..from].to_owned()),
                el("mark").child(title[from..to].to_owned()).into_any(),
                IntoAny::into_any(title[to..].to_owned()),
            ]
            .into_any()
        }
        None => title.to_owned().into_any(),
    }
}

/// Replaces a planned stage's method; of a finished one, or as a row, a version is made; else the stage is new.
fn choose(page: &Page, replace: Option<&str>, id: &str, as_row: bool) {
    let family = catalogue().method(id).map(|method| method.card.family);
    let layer = catalogue().method(id).is_some_and(|method| method.shape.is_layer());
    let mut select = None;
    match replace.filter(|name| {
        let was = page.method(name);
        was.is_some_and(|was| was.shape.is_layer() == layer && Some(Lab::of(was.card.family)) == family.map(Lab::of))
    }) {
        Some(name) if layer && (as_row || page.outcome(name).is_some()) => {
            page.edit(|strip| {
                let version = strip.add_version(name, id, catalogue());
                if let (Some(version), false) = (&version, as_row) {
                    strip.use_version(version, catalogue());
                }
                select = version;
            });
        }
        Some(name) => {
            page.edit(|strip| strip.set_method(name, id));
            select = Some(name.to_owned());
        }
        None => {
            let under = page.layer_of(&page.selected.get());
            page.edit(|strip| {
                let under = (under != crate::state::strip::START).then_some(under.as_str());
                select = Some(strip.add(id, under, catalogue()));
            });
        }
    }
    if let Some(name) = select {
        page.select(&name);
    }
}

/// Opens the chooser for what is selected.
pub fn open(page: &Page) {
    let selected = page.selected.get_untracked();
    let lab = untrack(|| page.family(&selected)).map(Lab::of);
    let replace = (selected != crate::state::strip::START).then_some(selected);
    page.dialog.set(Some(Dialog::Chooser { replace, lab }));
}
