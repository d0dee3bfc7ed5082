//! Dialogs: share and export, keys, device, one image through every layer, the images behind a cell.

use super::{
    icons::{Icon, icon, icon_button},
    leaf::task_key,
    pixels::{Image, pixels},
};
use crate::{
    browser, client,
    dom::*,
    labs, later,
    state::{
        link,
        strip::{Lab, Strip},
    },
    store::{Dialog, Engine, Page, Route, catalogue, page},
    text,
};
use report::{Images, order};
use spec::{DeviceChoice, Family, Question, START};
use std::sync::Arc;
use wasm_bindgen::JsCast;

pub fn dialogs() -> AnyView {
    let page = page();
    let opened = RwSignal::new(None::<web_sys::HtmlElement>);
    // Focus goes in, and comes back to where it was.
    Effect::new(move |was: Option<bool>| {
        let open = page.dialog.with(Option::is_some) && page.later.with(Option::is_some);
        if open && was != Some(true) {
            opened.set(browser::focused());
            request_animation_frame(|| browser::focus(".dialog [data-first], .dialog button"));
        } else if !open
            && was == Some(true)
            && let Some(element) = opened.get_untracked()
        {
            let _ = element.focus();
        }
        open
    });
    let body = move || {
        let dialog = page.dialog.get()?;
        Some(later::view(AnyView::default, move |later| (later.dialog)(dialog.clone())))
    };
    body.into_any()
}

/// The dialog itself.
pub fn dialog(dialog: Dialog) -> AnyView {
    let page = page();
    match dialog {
        Dialog::Chooser { replace, lab } => super::chooser::chooser(replace, lab),
        Dialog::Share => frame("Share and export", "middle", share(page)),
        Dialog::Keys => frame("Keys and help", "small", keys(page)),
        Dialog::Badge => frame("Where it runs", "small", badge(page)),
        Dialog::Tile(id) => frame("One image, through every layer", "middle", tile(page, id)),
        Dialog::Cell(label, answer) => frame("Images behind this cell", "middle", cell(page, label, answer)),
        Dialog::Reset => frame("Reset this layer?", "small", reset(page)),
    }
}

/// The scrim, and a dialog that keeps the focus inside.
pub fn modal(label: &'static str, class: &'static str, body: AnyView) -> AnyView {
    let page = page();
    let node = NodeRef::<web_sys::HtmlElement>::new();
    let keys = move |event: web_sys::KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.stop_propagation();
            page.dialog.set(None);
        }
        "Tab" => {
            let Some(element) = node.get_untracked() else { return };
            let Ok(all) = element.query_selector_all("button:not([disabled]),input,select,a[href],[tabindex='0']")
            else {
                return;
            };
            let (first, last) = (all.get(0), all.get(all.length().saturating_sub(1)));
            let here = browser::focused().map(|element| element.unchecked_into::<web_sys::Node>());
            let to = match event.shift_key() {
                true if here == first => last,
                false if here == last => first,
                _ => return,
            };
            event.prevent_default();
            if let Some(to) = to.and_then(|to| to.dyn_into::<web_sys::HtmlElement>().ok()) {
                let _ = to.focus();
            }
        }
        _ => {}
    };
    let outside = move |event: web_sys::MouseEvent| {
        if event.target() == event.current_target() {
            page.dialog.set(None);
        }
    };
    el("div")
        .attr("class", "scrim")
        .on(MOUSEDOWN, outside)
        .child(
            el("div")
                .attr("class", format!("dialog {class}"))
                .attr("role", "dialog")
                .attr("aria-modal", "true")
                .attr("aria-label", label)
                .node(node)
                .on(KEYDOWN, keys)
                .child(body),
        )
        .into_any()
}

fn frame(title: &'static str, class: &'static str, body: AnyView) -> AnyView {
    let page = page();
    let body = [
        el("div")
            .attr("class", "dialog-head")
            .child(el("h2").child(title))
            .child(icon_button(Icon::Close, "Close", "Close (Esc)", || false, move || page.dialog.set(None)))
            .into_any(),
        el("div").attr("class", "dialog-body").child(body).into_any(),
    ]
    .into_any();
    modal(title, class, body)
}

fn code(page: Page, text: String) -> AnyView {
    let copied = text.clone();
    el("div")
        .attr("class", "code")
        .child(el("pre").attr("tabindex", "0").child(text))
        .child(
            el("button")
                .attr("class", "button small")
                .attr("type", "button")
                .on(CLICK, move |_| page.copy(&copied))
                .child(icon(Icon::Copy))
                .child("Copy"),
        )
        .into_any()
}

fn link(page: &Page) -> String {
    format!("{}#r={}", browser::address(), page.strip.with(|strip| link::encode(&strip.spec)))
}

fn command(page: &Page) -> String {
    let presets: Vec<_> = catalogue()
        .presets
        .iter()
        .filter_map(|preset| Some((preset.id.clone(), Strip::new(preset.spec.clone(), catalogue()).ok()?.spec)))
        .collect();
    page.strip.with(|strip| link::command(&strip.spec, &presets))
}

pub fn copy_command(page: Page) {
    page.copy(&untrack(|| command(&page)));
}

fn share(page: Page) -> AnyView {
    let (link, command) = untrack(|| (link(&page), command(&page)));
    let own_file = !command.contains("static/recipes/");
    let name = untrack(|| page.strip.with(|strip| link::file_name(&strip.spec, "toml")));
    let weights = untrack(|| page.layer_of(&page.shown()));
    let has_weights = weights != START && client::weights(page, &weights).is_some();
    let of_weights = weights.clone();
    [
        el("section")
            .child(el("h3").child("Link to this experiment"))
            .child(code(page, link))
            .child(el("p").attr("class", "sub").child(
                "The link holds the settings and the seed, not the weights: whoever opens it runs it again, \
                 on their own machine. It never starts by itself.",
            ))
            .into_any(),
        el("section")
            .child(el("h3").child("The same run on the command line"))
            .child(code(page, command))
            .child(own_file.then(|| el("p").attr("class", "sub").child("It needs the run file below beside it.")))
            .into_any(),
        el("section")
            .child(el("h3").child("Take it with you"))
            .child(
                el("p")
                    .attr("class", "actions")
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .attr("data-first", "")
                            .on(CLICK, move |_| labs::save_run_file(&page))
                            .child(icon(Icon::Save))
                            .child(name),
                    )
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .attr("disabled", !has_weights)
                            .attr("title", if has_weights { "" } else { "Play a layer first" })
                            .on(CLICK, move |_| labs::save_weights(&page, &of_weights))
                            .child(icon(Icon::Save))
                            .child(if has_weights { format!("{weights}.safetensors") } else { "weights".into() }),
                    )
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .on(CLICK, move |_| labs::save_runs(&page, "csv"))
                            .child(icon(Icon::Save))
                            .child("runs.csv"),
                    )
                    .child(
                        el("button")
                            .attr("class", "button small")
                            .attr("type", "button")
                            .on(CLICK, move |_| labs::save_runs(&page, "json"))
                            .child(icon(Icon::Save))
                            .child("runs.json"),
                    ),
            )
            .into_any(),
        el("section")
            .child(el("h3").child("Bring one in"))
            .child(
                el("p")
                    .attr("class", "sub")
                    .child(
                        "Drop a run file (.toml, .json), weights (.safetensors) or IDX data anywhere on the page, or ",
                    )
                    .child(
                        el("label").attr("class", "link").child("choose one").child(
                            el("input")
                                .attr("class", "reader")
                                .attr("type", "file")
                                .attr("multiple", true)
                                .attr("accept", ".toml,.json,.safetensors,.gz,.idx,.idx3-ubyte,.idx1-ubyte")
                                .on(CHANGE, move |event| {
                                    let input: web_sys::HtmlInputElement = event_target(&event);
                                    if let Some(files) = input.files() {
                                        labs::take_files(page, files);
                                    }
                                }),
                        ),
                    )
                    .child("."),
            )
            .into_any(),
    ]
    .into_any()
}

const KEYS: &[(&str, &str)] = &[
    ("Space", "Play, pause"),
    (".", "One step"),
    ("S", "Stop, keep the layer"),
    ("R", "Reset this layer"),
    ("1 – 4", "Labs"),
    ("5", "Runs"),
    (",", "Settings"),
    ("[ ]", "Layer before, after"),
    ("C", "What changed"),
    ("D", "Draw"),
    ("E", "Budget ε"),
    ("/", "Choose a method"),
    ("Ctrl Z", "Take the last layer off"),
    ("Ctrl Shift Z", "Put it back"),
    ("?", "This list"),
    ("Esc", "Close"),
];

fn keys(page: Page) -> AnyView {
    let rows = KEYS
        .iter()
        .map(|(key, does)| [el("dt").child(el("kbd").child(*key)).into_any(), el("dd").child(*does).into_any()])
        .collect_view();
    [
        el("p")
            .attr("class", "control")
            .child(el("label").attr("for", "single-keys").child("Keys of a single letter"))
            .child(
                el("span").attr("class", "value").child(
                    el("button")
                        .attr("class", "switch")
                        .attr("type", "button")
                        .attr("role", "switch")
                        .attr("id", "single-keys")
                        .attr("data-first", "")
                        .attr("aria-label", "Keys of a single letter")
                        .attr("aria-checked", move || page.keys_on.get().to_string())
                        .on(CLICK, move |_| {
                            page.keys_on.update(|on| *on = !*on);
                            browser::store("keys", &page.keys_on.get_untracked());
                        }),
                ),
            )
            .into_any(),
        el("dl").attr("class", "keys").child(rows).into_any(),
        el("p")
            .attr("class", "sub")
            .child(
                el("a")
                    .attr("href", "#/data")
                    .on(CLICK, move |_| page.dialog.set(None))
                    .child("Data, networks and licences"),
            )
            .into_any(),
    ]
    .into_any()
}

fn badge(page: Page) -> AnyView {
    let device = move || page.device.get();
    let fact = |name: &'static str, value: String| {
        (!value.is_empty()).then(|| [el("dt").child(name).into_any(), el("dd").child(value).into_any()])
    };
    let choices = [(DeviceChoice::Auto, "Automatic"), (DeviceChoice::Webgpu, "WebGPU"), (DeviceChoice::Cpu, "CPU")]
        .map(|(choice, name)| {
            let refused = choice == DeviceChoice::Webgpu && !browser::has_webgpu();
            el("button")
                .attr("type", "button")
                .attr("disabled", refused)
                .attr("title", if refused { "This browser has no WebGPU" } else { "" })
                .attr("aria-pressed", move || (page.choice.get() == choice).to_string())
                .on(CLICK, move |_| page.choose_device(choice))
                .child(name)
        });
    let bodies = [(false, "Fused"), (true, "Plain")].map(|(plain, name)| {
        el("button")
            .attr("type", "button")
            .attr("aria-pressed", move || (page.plain.get() == plain).to_string())
            .on(CLICK, move |_| page.choose_plain(plain))
            .child(name)
    });
    [
        el("p").child(move || text::device_help(&device())).into_any(),
        el("dl")
            .attr("class", "facts")
            .child(move || fact("Device", text::device_name(&device().name).into()))
            .child(move || fact("Adapter", device().adapter))
            .child(move || fact("Engine", device().engine))
            .into_any(),
        el("span")
            .attr("class", "segments")
            .attr("role", "group")
            .attr("aria-label", "Device")
            .child(choices)
            .into_any(),
        el("p").attr("class", "sub").child(text::BODIES_HELP).into_any(),
        el("span")
            .attr("class", "segments")
            .attr("role", "group")
            .attr("aria-label", "Operations")
            .child(bodies)
            .into_any(),
    ]
    .into_any()
}

fn reset(page: Page) -> AnyView {
    let selected = page.selected.get_untracked();
    let words = untrack(|| {
        let lost = page.outcome(&selected).map_or(0.0, |outcome| outcome.seconds);
        text::reset_question(&page.title(&selected), lost)
    });
    [
        el("p").child(words).into_any(),
        el("p")
            .attr("class", "actions")
            .child(
                el("button")
                    .attr("class", "button")
                    .attr("type", "button")
                    .attr("data-first", "")
                    .on(CLICK, move |_| {
                        page.reset();
                        page.dialog.set(None);
                    })
                    .child("Reset it"),
            )
            .child(
                el("button")
                    .attr("class", "button quiet")
                    .attr("type", "button")
                    .on(CLICK, move |_| page.dialog.set(None))
                    .child("Keep it"),
            )
            .into_any(),
    ]
    .into_any()
}

fn image_of(images: &Images, id: u32) -> Option<Image> {
    Some(Image { shape: images.shape, values: images.of(id)?.into(), signed: false })
}

/// The page's name made visible: one image, once per layer, with the reading written over it.
fn tile(page: Page, id: u32) -> AnyView {
    let line: Vec<String> = untrack(|| {
        let line = page
            .slots
            .with(|slots| page.strip.with(|strip| slots.iter().map(|slot| strip.name(slot.used)).collect::<Vec<_>>()));
        std::iter::once(START.to_owned()).chain(line).collect()
    });
    let mut readings = Vec::new();
    let steps = line
        .into_iter()
        .filter_map(|name| {
            let (task, answers) = untrack(|| {
                let task = page.task_of(&name);
                (task.clone(), page.answers(&name, &task))
            });
            let answers = answers?;
            let at = answers.at(id)?;
            let (label, answer) = (answers.labels[at], answers.classes[at]);
            let names = untrack(|| page.class_names(&task));
            let word = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
            let fresh = name == START;
            let wrong = label != answer;
            if !fresh {
                readings.push((label, answer));
            }
            let title = match fresh {
                true => untrack(|| page.title(START)),
                false => untrack(|| {
                    let verb = page.family(&name).map_or("", |family| crate::store::family(family).verb.as_str());
                    format!("{} {verb}", page.number(&name))
                }),
            };
            let says = format!(
                "reads {}, {}",
                word(answer),
                report::figure::percent(f64::from(answers.confidences[at]) * 100.0, 0)
            );
            let key = untrack(|| task_key(&page, &task));
            let missing = page.samples.with_untracked(|samples| !samples.contains_key(&key));
            if missing && page.is_carried(&task) {
                let ids = crate::store::catalogue().leaf.ids.clone();
                let of = key.clone();
                client::ask_samples(page, &task, ids, move |images| {
                    page.samples.update(|samples| {
                        samples.insert(of, Arc::new(images));
                    });
                });
            }
            let image = move || page.samples.with(|samples| samples.get(&key).and_then(|images| image_of(images, id)));
            let class = match (fresh, wrong) {
                (true, _) => "tile big unlearnt",
                (_, true) => "tile big wrong",
                _ => "tile big",
            };
            Some(
                el("li")
                    .child(
                        el("span")
                            .attr("class", class)
                            .child(pixels(image, ""))
                            .child(el("span").attr("class", "over").child((wrong && !fresh).then(|| word(answer)))),
                    )
                    .child(el("b").child(title))
                    .child(el("span").child(says)),
            )
        })
        .collect_view();
    let words = match readings.as_slice() {
        [] => "It has not been read by a layer yet.".to_owned(),
        all if all.iter().all(|(label, answer)| label == answer) => "It is read rightly after every layer.".into(),
        all => {
            let right = all.iter().filter(|(label, answer)| label == answer).count();
            let (label, last) = all[all.len() - 1];
            let was = match right {
                0 => "It was never read rightly".to_owned(),
                1 => "It was read rightly once".into(),
                2 => "It was read rightly twice".into(),
                n => format!("It was read rightly {} times", report::figure::counted(n)),
            };
            match label == last {
                true => format!("{was}; now it is read as what it is."),
                false => {
                    let one =
                        |class| untrack(|| page.view(|view| view.one_of(&page.task_of(&page.selected.get()), class)));
                    format!("{was}; now a {} looks to it like a {}.", one(label), one(last))
                }
            }
        }
    };
    let attack = move |_| {
        page.dialog.set(None);
        page.image.set(Some(id));
        page.go(Route::Lab(Lab::Attack));
    };
    let task = untrack(|| page.task_of(&page.selected.get()));
    [
        el("ol").attr("class", "history").attr("data-first", "").child(steps).into_any(),
        el("p").attr("class", "say small").child(words).into_any(),
        untrack(|| labs::attack::takes(&page, &task, id))
            .then(|| {
                el("p").attr("class", "actions").child(
                    el("button").attr("class", "button").attr("type", "button").on(CLICK, attack).child("Attack this"),
                )
            })
            .into_any(),
        untrack(|| nearest(page, &task, id)).into_any(),
    ]
    .into_any()
}

/// Training images shown beside an image.
const NEAREST: usize = 5;

/// Only what it has learned from can be forgotten: what of it looks most like this image.
fn nearest(page: Page, of: &str, id: u32) -> Option<AnyView> {
    let forgets = page.order().into_iter().find(|name| page.family(name) == Some(Family::Unlearn))?;
    let task = page.task_of(&forgets);
    if !page.is_one_set(of, &task) || page.engine.get() != Engine::Ready {
        return None;
    }
    let names = page.class_names(&task);
    let found = RwSignal::new(None::<Arc<(Images, Vec<u16>)>>);
    let chosen = RwSignal::new(page.picked());
    client::ask_images(page, Question::Nearest { task, id, n: NEAREST }, move |images, labels| {
        found.try_set(Some(Arc::new((images, labels))));
    });
    let tile = move |place: usize| {
        let found = move || found.get().filter(|found| place < found.1.len());
        let id = move || Some(found()?.0.ids[place]);
        let image = move || image_of(&found()?.0, id()?);
        let is_chosen = move || id().is_some_and(|id| chosen.with(|chosen| chosen.contains(&id)));
        let names = names.clone();
        let name = move || found().and_then(|found| names.get(usize::from(found.1[place])).cloned());
        let flip = move |_| {
            let Some(id) = untrack(id) else { return };
            chosen.update(|chosen| match chosen.iter().position(|other| *other == id) {
                Some(at) => {
                    chosen.remove(at);
                }
                None => chosen.push(id),
            });
        };
        el("li").child(
            el("button")
                .attr("type", "button")
                .attr("aria-pressed", move || is_chosen().to_string())
                .on(CLICK, flip)
                .child(el("span").attr("class", "tile big").child(pixels(image, "")))
                .child(el("span").child(name)),
        )
    };
    let forget = move |_| {
        page.pick_to_forget(&chosen.get_untracked());
        page.dialog.set(None);
        page.select(&forgets);
    };
    let words = move || match chosen.with(Vec::len) {
        0 | 1 => "Forget this".to_owned(),
        n => format!("Forget these {n}"),
    };
    Some(
        el("section")
            .child(el("h3").child("Nearest in training"))
            .child(el("p").attr("class", "sub").child("It can only forget what it has learned from: choose here."))
            .child(el("ul").attr("class", "gallery nearest").child((0..NEAREST).map(tile).collect_view()))
            .child(
                el("p").attr("class", "actions").child(
                    el("button")
                        .attr("class", "button")
                        .attr("type", "button")
                        .attr("disabled", move || chosen.with(Vec::is_empty))
                        .on(CLICK, forget)
                        .child(words),
                ),
            )
            .into_any(),
    )
}

/// At most so many images at once.
const SHOWN: usize = 40;

fn cell(page: Page, label: u16, answer: u16) -> AnyView {
    let shown = untrack(|| page.shown());
    let task = untrack(|| page.task_of(&shown));
    let answers = untrack(|| page.answers(&shown, &task)).unwrap_or_default();
    let places: Vec<usize> =
        (0..answers.len()).filter(|&at| answers.labels[at] == label && answers.classes[at] == answer).collect();
    let surest = order(places.len(), &|a, b| answers.confidences[places[b]].total_cmp(&answers.confidences[places[a]]));
    let mut places: Vec<usize> = surest.into_iter().map(|at| places[at]).collect();
    let names = untrack(|| page.class_names(&task));
    let word = |class: u16| names.get(usize::from(class)).cloned().unwrap_or_default();
    let total = places.len();
    places.truncate(SHOWN);
    let images = RwSignal::new(None::<Arc<Images>>);
    let ids: Vec<u32> = places.iter().map(|&at| answers.ids[at]).collect();
    if !ids.is_empty() {
        client::ask_samples(page, &task, ids, move |found| {
            images.try_set(Some(Arc::new(found)));
        });
    }
    let wrong = label != answer;
    let tiles = places
        .into_iter()
        .map(|at| {
            let id = answers.ids[at];
            let image = move || images.with(|images| images.as_ref().and_then(|images| image_of(images, id)));
            el("li")
                .child(
                    el("span")
                        .attr("class", if wrong { "tile big wrong-ground" } else { "tile big" })
                        .child(pixels(image, "")),
                )
                .child(el("span").child(report::figure::percent(f64::from(answers.confidences[at]) * 100.0, 0)))
        })
        .collect_view();
    let many = if total > SHOWN { format!(" The {SHOWN} surest are shown.") } else { String::new() };
    let words = format!(
        "{total} {} of class {} read as {}, surest first.{many}",
        if total == 1 { "image" } else { "images" },
        word(label),
        word(answer)
    );
    [el("p").attr("data-first", "").child(words).into_any(), el("ul").attr("class", "gallery").child(tiles).into_any()]
        .into_any()
}
