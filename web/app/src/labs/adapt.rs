//! Adapt: how small, how good, and what is kept underneath.

use super::{accuracy_block, subject};
use crate::{
    browser, client,
    components::block::{self, Drawn},
    dom::*,
    store::{Page, page},
    text,
};
use js_sys::Uint8Array;
use report::{
    Role,
    chart::{Better, Point, TradeOff},
    figure::{capital, fixed, tiny},
};
use spec::Question;

pub fn lab() -> AnyView {
    let layer = Layer::new();
    [
        el("div").attr("class", "pair").child(plane()).child(accuracy_block()).into_any(),
        el("div").attr("class", "pair").child(on_or_off(layer)).child(merge(layer)).into_any(),
    ]
    .into_any()
}

fn plane() -> AnyView {
    let page = page();
    block::chart(
        "Small and good",
        || "accuracy by trained weights".into(),
        292.0,
        "One point a version, after the first run",
        move |width| Some(Drawn::of(&trade_off(&page)?, width)),
        None,
    )
}

fn trade_off(page: &Page) -> Option<TradeOff> {
    let selected = subject(page);
    let versions = page.versions(&selected);
    let points: Vec<Point> = versions
        .iter()
        .enumerate()
        .filter_map(|(at, name)| {
            let outcome = page.outcome(name).filter(|outcome| outcome.is_done())?;
            let accuracy = outcome.row("accuracy");
            let mine = *name == selected;
            Some(Point {
                name: page.title(name),
                role: if mine { Role::Keep } else { Role::Series((at % 5 + 2) as u8) },
                x: outcome.figure("trainable")?,
                y: outcome.accuracy()?,
                x_spread: None,
                y_spread: accuracy.and_then(report::figure::spread),
                selected: mine,
                group: None,
            })
        })
        .collect();
    if points.is_empty() {
        return None;
    }
    let task = page.task_of(&selected);
    let without = page.answers(&page.parent_of(&selected), &task).and_then(|answers| answers.accuracy(None));
    Some(TradeOff {
        x_title: "Weights trained →".into(),
        y_title: format!("Accuracy on {}, %", page.things(&task)),
        points,
        log_x: true,
        better_x: Better::Less,
        baseline: without.map(|accuracy| ("no adapter".to_owned(), accuracy)),
    })
}

/// The selected layer and what is known of its adapter.
#[derive(Clone, Copy)]
struct Layer {
    page: Page,
    name: Memo<String>,
    /// By the print of the layer, as PEFT loads it; none of a layer that has none.
    adapter: RwSignal<Option<(String, Option<Adapter>)>>,
    /// By the print of the layer.
    proof: RwSignal<Option<(String, Proof)>>,
}

#[derive(Clone, PartialEq)]
struct Adapter {
    config: String,
    weights: Vec<u8>,
}

/// What merging changes: the largest change of any output, answers that are others, of how many.
#[derive(Clone, Copy, PartialEq)]
struct Proof {
    largest: f64,
    changed: u64,
    n: u64,
}

impl Layer {
    fn new() -> Self {
        let page = page();
        let name = memo(move || subject(&page));
        let layer = Self { page, name, adapter: RwSignal::new(None), proof: RwSignal::new(None) };
        effect(move || {
            page.engine.get();
            let name = name.get();
            let Some(print) = page.print(&name).filter(|_| page.is_done(&name)) else { return };
            if layer.adapter.with_untracked(|known| known.as_ref().is_some_and(|(of, _)| *of == print)) {
                return;
            }
            client::ask(page, &name, false, Question::Adapter, &[], move |reply| {
                let Ok((body, buffers)) = reply else { return };
                let weights = buffers.first().map(|buffer| Uint8Array::new(buffer).to_vec());
                let adapter = weights.map(|weights| Adapter { config: format!("{body:#}\n"), weights });
                layer.adapter.try_set(Some((print, adapter)));
            });
        });
        layer
    }

    fn print(&self) -> Option<String> {
        self.page.print(&self.name.get())
    }

    fn adapter(&self) -> Option<Adapter> {
        let print = self.print();
        self.adapter.get().filter(|(of, _)| Some(of) == print.as_ref())?.1
    }

    fn proof(&self) -> Option<Proof> {
        let print = self.print();
        self.proof.get().filter(|(of, _)| Some(of) == print.as_ref()).map(|(_, proof)| proof)
    }

    /// Played, and without an adapter.
    fn has_none(&self) -> bool {
        let print = self.print();
        self.adapter
            .with(|known| known.as_ref().is_some_and(|(of, found)| found.is_none() && Some(of) == print.as_ref()))
    }
}

/// Height of the two blocks about the adapter.
const HEIGHT: &str = "height:190px";

/// A block about the adapter, or why there is none to speak of.
fn about(layer: Layer, title: &'static str, sub: &'static str, body: impl Fn() -> AnyView + 'static) -> AnyView {
    let page = page();
    let none = memo(move || layer.has_none());
    let body = move || match none.get() {
        true => el("p").attr("class", "empty").child(text::no_adapter(&page, &layer.name.get())).into_any(),
        false => body(),
    };
    block::block(
        title,
        move || sub.into(),
        ().into_any(),
        el("div").attr("class", "chart").attr("style", HEIGHT).child(body).into_any(),
    )
}

/// One network reads both tasks, with its adapter and without.
fn on_or_off(layer: Layer) -> AnyView {
    let page = page();
    let name = layer.name;
    let tasks = memo(move || (page.task_of(&page.parent_of(&name.get())), page.task_of(&name.get())));
    let has = memo(move || layer.adapter().is_some());
    effect(move || {
        page.engine.get();
        let (name, (first, second)) = (name.get(), tasks.get());
        let wanted = [(true, &first), (false, &first), (true, &second)];
        for (off, task) in wanted.into_iter().filter(|_| has.get()) {
            let known = page.classes.with(|classes| classes.contains_key(task));
            if known
                && untrack(|| if off { page.base_answers(&name, task) } else { page.answers(&name, task) }).is_none()
            {
                client::ask_test(page, &name, off, task);
            }
        }
    });
    let figure = move |off: bool, second: bool| {
        move || {
            let (name, (first, task)) = (name.get(), tasks.get());
            let task = if second { task } else { first };
            let answers = if off { page.base_answers(&name, &task) } else { page.answers(&name, &task) };
            let accuracy = answers.filter(|_| has.get()).and_then(|answers| answers.accuracy(None));
            accuracy.map_or_else(|| "–".into(), |accuracy| fixed(accuracy, 1))
        }
    };
    let size = move || {
        let trained = page.outcome(&name.get()).and_then(|outcome| outcome.figure("trainable"));
        trained.map_or_else(
            || text::NO_RESULT.into(),
            |trained| format!("{} weights, {} kB", fixed(trained, 0), fixed((trained * 4.0 / 1000.0).ceil(), 0)),
        )
    };
    let flip = move |_| page.off.set(layer.print().filter(|_| !page.is_off()));
    let things = move |second: bool| {
        move || {
            let (first, task) = tasks.get();
            capital(&page.things(if second { &task } else { &first }))
        }
    };
    let row = move |second: bool| {
        el("tr")
            .child(el("td").child(things(second)))
            .child(el("td").child(figure(true, second)))
            .child(el("td").child(el("b").child(figure(false, second))))
    };
    let head = |word: &'static str| el("th").attr("scope", "col").child(word);
    let same = move || tasks.with(|(first, task)| first == task);
    about(layer, "Adapter on or off", "acts at once, on leaf and pad", move || {
        [
            el("div")
                .attr("class", "switch-row")
                .child(
                    el("span")
                        .child(el("b").child(move || page.title(&name.get())))
                        .child(" ")
                        .child(el("span").attr("class", "sub").child(size)),
                )
                .child(
                    el("button")
                        .attr("class", "switch")
                        .attr("type", "button")
                        .attr("role", "switch")
                        .attr("aria-label", "Adapter")
                        .attr("disabled", move || !has.get())
                        .attr("aria-checked", move || (!page.is_off()).to_string())
                        .on(CLICK, flip),
                ),
            el("table")
                .attr("class", "table")
                .child(el("thead").child(el("tr").child(head("Accuracy, %")).child(head("Off")).child(head("On"))))
                .child(el("tbody").child(row(false).attr("hidden", same)).child(row(true))),
        ]
        .into_any()
    })
}

/// The adapter folded into the weights, the proof that nothing else changed, and both as files.
fn merge(layer: Layer) -> AnyView {
    let page = page();
    let has = memo(move || layer.adapter().is_some());
    let prove = move |_| {
        let (name, Some(print)) = (layer.name.get_untracked(), untrack(|| layer.print())) else { return };
        let task = untrack(|| page.task_of(&name));
        client::ask(page, &name, false, Question::Merge { task }, &[], move |reply| {
            let proof = reply.ok().and_then(|(body, _)| {
                let count = |key: &str| body[key].as_u64();
                Some(Proof { largest: body["largest"].as_f64()?, changed: count("changed")?, n: count("n")? })
            });
            layer.proof.try_set(proof.map(|proof| (print, proof)));
        });
    };
    let save_merged = move |_| {
        let name = layer.name.get_untracked();
        client::ask(page, &name.clone(), false, Question::Export, &[], move |reply| {
            if let Some(buffer) = reply.ok().and_then(|(_, buffers)| buffers.into_iter().next()) {
                let bytes = Uint8Array::new(&buffer).to_vec();
                browser::download(&format!("{name}-merged.safetensors"), BYTES, &bytes);
            }
        });
    };
    let save_adapter = move |_| {
        if let Some(adapter) = untrack(|| layer.adapter()) {
            browser::download("adapter_config.json", "application/json", adapter.config.as_bytes());
            browser::download("adapter_model.safetensors", BYTES, &adapter.weights);
        }
    };
    let button = |words: &'static str| el("button").attr("class", "button small").attr("type", "button").child(words);
    let row = |name: &'static str, value: AnyView| el("tr").child(el("td").child(name)).child(el("td").child(value));
    about(layer, "Merge", "fold the adapter into the weights", move || {
        let largest = move || layer.proof().map_or_else(|| "–".into(), |proof| tiny(proof.largest));
        let changed =
            move || layer.proof().map_or_else(|| "–".into(), |Proof { changed, n, .. }| format!("{changed} of {n}"));
        [
            el("p")
                .attr("class", "switch-row start")
                .child(button("Merge now").attr("disabled", move || !has.get()).on(CLICK, prove))
                .child(
                    button("Save for PEFT")
                        .attr("title", "adapter_config.json and adapter_model.safetensors")
                        .attr("disabled", move || !has.get())
                        .on(CLICK, save_adapter),
                )
                .child(
                    button("Save merged")
                        .attr("title", "One network without an adapter, as PyTorch loads it")
                        .attr("disabled", move || layer.proof().is_none())
                        .on(CLICK, save_merged),
                ),
            el("table").attr("class", "table").child(
                el("tbody")
                    .child(row("Largest change of any output", el("b").child(largest).into_any()))
                    .child(row("Answers that changed", el("b").child(changed).into_any())),
            ),
        ]
        .into_any()
    })
}

const BYTES: &str = "application/octet-stream";
