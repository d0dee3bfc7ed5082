//! Choosing a method: search, families, list, and the card of the one in hand.

use super::{
    dialogs::modal,
    icons::{Icon, icon, icon_button},
};
use crate::{
    dom::*,
    labs::method::needs,
    state::{
        choice::{Only, Place, Query, Sort},
        strip::Lab,
    },
    store::{self, Dialog, Page, catalogue, page},
};
use spec::{Family, Kind, MethodInfo, Shape};

const FAMILIES: [Family; 7] =
    [Family::Unlearn, Family::Attack, Family::Defend, Family::Transfer, Family::Peft, Family::Train, Family::Measure];

const ONLY: [(Only, &str); 3] =
    [(Only::Fitting, "fit this network"), (Only::Asking, "change no weights"), (Only::Played, "are in your runs")];

const SORTS: [(Sort, &str); 2] = [(Sort::Newest, "newest first"), (Sort::Name, "A to Z")];

fn place(page: &Page, lab: Option<Lab>) -> Place {
    let task = page.task_of(&page.selected.get());
    let learns = |name: &String| page.method(name).is_some_and(|m| matches!(m.shape, Shape::Tune | Shape::Peft));
    Place {
        kind: if page.is_points(&task) { Kind::Points } else { Kind::Images },
        classes: page.class_names(&task).len(),
        trained: page.order().iter().any(learns),
        lab,
        played: page.runs.with(|runs| runs.iter().map(|run| run.method.clone()).collect()),
    }
}

pub fn chooser(replace: Option<String>, lab: Option<Lab>) -> AnyView {
    let page = page();
    let own = replace.as_ref().and_then(|name| untrack(|| page.family(name)));
    let family = own.or(lab.and_then(|lab| lab.families().first().copied()));
    let query = RwSignal::new(Query { words: String::new(), family, only: vec![], sort: Sort::Newest });
    let place = StoredValue::new(untrack(|| place(&page, lab)));
    let methods = catalogue().methods.as_slice();
    let refusal = move |method: &MethodInfo| place.with_value(|place| place.refuses(method));
    // Ids in their order, and how many of them are good first choices.
    let list = memo(move || {
        let (found, firsts) = query.with(|query| place.with_value(|place| query.list(methods, place)));
        (found.into_iter().map(|method| method.card.id.as_str()).collect::<Vec<&'static str>>(), firsts)
    });
    let current = replace.as_ref().and_then(|name| untrack(|| page.method(name))).map(|method| method.card.id.as_str());
    let at = RwSignal::new(
        list.with_untracked(|(ids, _)| current.and_then(|id| ids.iter().position(|other| *other == id)).unwrap_or(0)),
    );
    let picked = memo(move || list.with(|(ids, _)| ids.get(at.get().min(ids.len().saturating_sub(1))).copied()));
    let ask = move |change: &dyn Fn(&mut Query)| {
        query.update(|query| change(query));
        at.set(0);
    };
    let replaced = replace.clone();
    let take = move |id: &str, as_row: bool| {
        if catalogue().method(id).is_some_and(|method| refusal(method).is_none()) {
            untrack(|| choose(&page, replaced.as_deref(), id, as_row));
            page.dialog.set(None);
        }
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
            let last = list.with_untracked(|(ids, _)| ids.len()).saturating_sub(1);
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
    // How much would be found with another family or filter.
    let count = move |change: &dyn Fn(&mut Query)| {
        let mut query = query.get();
        change(&mut query);
        place.with_value(|place| query.count(methods, place))
    };
    let families = FAMILIES
        .into_iter()
        .filter(|family| methods.iter().any(|method| method.card.family == *family))
        .map(|of| {
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", move || query.with(|query| query.family == Some(of)).to_string())
                .on(CLICK, move |_| ask(&|query| query.family = Some(of)))
                .child(store::family(of).menu.clone())
                .child(el("span").child(move || count(&|query| query.family = Some(of))))
        })
        .collect_view();
    // A filter that leaves out nothing, or everything, is none.
    let filters = ONLY
        .into_iter()
        .filter(|(only, _)| {
            let all = Query { words: String::new(), family: None, only: vec![*only], sort: Sort::Name };
            (1..methods.len()).contains(&place.with_value(|place| all.count(methods, place)))
        })
        .map(|(only, words)| {
            let pressed = move || query.with(|query| query.only.contains(&only));
            let found = memo(move || count(&|query| query.only = vec![only]));
            let flip = move |query: &mut Query| {
                let was = query.only.len();
                query.only.retain(|other| *other != only);
                if query.only.len() == was {
                    query.only.push(only);
                }
            };
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", move || pressed().to_string())
                .attr("disabled", move || found.get() == 0 && !pressed())
                .on(CLICK, move |_| ask(&flip))
                .child(words)
                .child(el("span").child(move || found.get()))
        })
        .collect_view();
    let sorts = SORTS.map(|(_, words)| el("option").child(words)).collect_view();
    let item = {
        let take = take.clone();
        move |(place, id): (usize, &'static str)| {
            let method = catalogue().method(id).expect("listed from the catalogue");
            let card = &method.card;
            let (take, refusal) = (take.clone(), refusal(method));
            let words = query.with_untracked(|query| query.words.clone());
            el("li")
                .attr("role", "option")
                .attr("id", format!("choice-{place}"))
                .attr("aria-selected", move || (picked.get() == Some(id)).to_string())
                .attr("aria-disabled", refusal.is_some().then_some("true"))
                .on(CLICK, move |_| at.set(place))
                .on(DBLCLICK, move |_| take(id, false))
                .child(el("b").child(marked(&card.title, &words)))
                .child(el("span").attr("class", "year").child(card.year))
                .child(el("span").attr("class", "summary").child(refusal.unwrap_or_else(|| card.summary.clone())))
        }
    };
    let items = move || {
        let (ids, firsts) = list.get();
        let searched = query.with_untracked(|query| !query.words.trim().is_empty());
        let rest = match (searched, firsts) {
            (true, _) => "Found",
            (false, 0) => "All",
            _ => "All others",
        };
        let mut items = ids.into_iter().enumerate().map(&item);
        let first = items.by_ref().take(firsts).collect_view();
        [("Good first choices", first), (rest, items.collect_view())]
            .into_iter()
            .filter(|(_, items)| !matches!(items, AnyView::Many(items) if items.is_empty()))
            .map(|(name, items)| el("ul").attr("role", "group").attr("aria-label", name).child(items))
            .collect_view()
    };
    let detail = move || {
        picked.get().and_then(|id| catalogue().method(id)).map(|method| {
            let card = &method.card;
            let id = card.id.as_str();
            let (take, add) = (take.clone(), take.clone());
            let as_row = rows_possible(id);
            let refusal = refusal(method);
            let unfit = refusal.is_some();
            [
                el("div")
                    .child(el("h3").child(card.title.clone()))
                    .child(el("p").attr("class", "sub").child(match card.authors.as_str() {
                        "" => card.year.to_string(),
                        authors => format!("{authors}, {}", card.year),
                    }))
                    .into_any(),
                el("div")
                    .attr("class", "equation")
                    .attr("tabindex", "0")
                    .html(format!("<math>{}</math>", card.equation))
                    .into_any(),
                el("p").child(card.summary.clone()).into_any(),
                refusal.map(|why| el("p").attr("class", "lose").child(why)).into_any(),
                el("dl")
                    .attr("class", "facts")
                    .child(el("dt").child("Needs"))
                    .child(el("dd").child(needs(method)))
                    .child(
                        untrack(|| time_here(&page, id))
                            .map(|time| [el("dt").child("Time here").into_any(), el("dd").child(time).into_any()]),
                    )
                    .child(el("dt").child("Settings"))
                    .child(el("dd").child(labs_count(method)))
                    .child(el("dt").child("Your runs"))
                    .child(el("dd").child(untrack(|| own_runs(&page, method))))
                    .into_any(),
                el("p").attr("class", "sub").child(card.paper.clone()).into_any(),
                el("p")
                    .attr("class", "actions foot-actions")
                    .child(
                        el("button")
                            .attr("class", "button primary")
                            .attr("type", "button")
                            .attr("disabled", unfit)
                            .on(CLICK, move |_| take(id, false))
                            .child("Use it"),
                    )
                    .child(as_row.then(|| {
                        el("button")
                            .attr("class", "button")
                            .attr("type", "button")
                            .attr("disabled", unfit)
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
                    .attr("placeholder", format!("Search {} methods by name, idea, paper or year", methods.len()))
                    .attr("autocomplete", "off")
                    .on(INPUT, move |event| {
                        let words = event_target_value(&event);
                        ask(&|query| query.words.clone_from(&words));
                    })
                    .on(KEYDOWN, keys),
            )
            .child(move || {
                query.with(|query| query.family).map(|of| {
                    el("button")
                        .attr("class", "button small")
                        .attr("type", "button")
                        .attr("title", "Search in all families")
                        .on(CLICK, move |_| ask(&|query| query.family = None))
                        .child(format!("in {}", store::family(of).menu.clone()))
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
                    .attr("aria-label", "Families and filters")
                    .child(el("h4").child("What it does"))
                    .child(families)
                    .child(el("h4").child("Only those that"))
                    .child(filters),
            )
            .child(
                el("div")
                    .attr("class", "choices")
                    .child(
                        el("select")
                            .attr("aria-label", "Order")
                            .on(CHANGE, move |event| {
                                let place = event_target::<web_sys::HtmlSelectElement>(&event).selected_index();
                                let sort = SORTS[usize::try_from(place).unwrap_or(0)].0;
                                ask(&|query| query.sort = sort);
                            })
                            .child(sorts),
                    )
                    .child(
                        el("div")
                            .attr("role", "listbox")
                            .attr("id", "choices")
                            .attr("aria-label", "Methods")
                            .child(items),
                    )
                    .child(
                        el("p")
                            .attr("class", "empty")
                            .attr("hidden", move || !list.with(|(ids, _)| ids.is_empty()))
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
            .child(el("span").child(el("kbd").child("Tab")).child(" families"))
            .child(el("span").child(el("kbd").child("Esc")).child(" close"))
            .into_any(),
    ]
    .into_any();
    modal("Choose a method", "large", body)
}

/// As the strip has it, else as it was the last time.
fn time_here(page: &Page, id: &str) -> Option<String> {
    let of_stage = |stage: &spec::Stage| {
        let print = page.print(stage.name.as_deref()?)?;
        page.estimates.with(|estimates| estimates.get(&print).copied())
    };
    let about = page.strip.with(|strip| strip.spec.stages.iter().filter(|stage| stage.id == id).find_map(of_stage));
    let last = || page.runs.with(|runs| runs.iter().find(|run| run.method == id).map(|run| run.seconds));
    match about {
        Some(seconds) => Some(format!("about {}", report::figure::seconds(seconds))),
        None => Some(format!("{} in your last run", report::figure::took(last()?))),
    }
}

/// How many there are, and the best of them.
fn own_runs(page: &Page, method: &MethodInfo) -> String {
    let (key, sign) = if method.shape == Shape::Unlearn { ("gap", -1.0) } else { ("accuracy", 1.0) };
    page.runs.with(|runs| {
        let own = || runs.iter().filter(|run| run.method == method.card.id);
        let best = own().filter_map(|run| run.figure(key)).max_by(|a, b| (sign * a.value).total_cmp(&(sign * b.value)));
        match (own().count(), best) {
            (0, _) => "none yet".into(),
            (n, Some(row)) => format!("{n}, best {key} {}", report::figure::words(row)),
            (n, None) => n.to_string(),
        }
    })
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
                let under = (under != spec::START).then_some(under.as_str());
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
    let replace = (selected != spec::START).then_some(selected);
    page.dialog.set(Some(Dialog::Chooser { replace, lab }));
}
