//! The stage: what the selected route shows.

pub mod adapt;
pub mod attack;
pub mod data;
pub mod forget;
pub mod method;
pub mod runs;
pub mod transfer;

use crate::{
    browser, client,
    components::{block, pixels},
    dom::*,
    later,
    state::strip::Lab,
    store::{Page, Route, page},
    text,
};
use report::{
    Outcome, Role, Sentence, Status,
    chart::{Curve, Line, Rank},
};
use spec::{Import, Question, RunSpec, START};
use std::sync::Arc;
use wasm_bindgen::JsCast;

/// Names of the route as a class, so that a narrow page can put the leaf first.
pub fn stage() -> AnyView {
    let page = page();
    let route = memo(move || page.route.get());
    let is_empty = memo(move || page.selected.with(|name| name == START));
    el("div")
        .attr("class", "stage")
        .attr("id", "stage")
        .attr("tabindex", "-1")
        .child(move || {
            let route = route.get();
            let head = match route {
                Route::Lab(lab) if is_empty.get() => return nothing(lab),
                Route::Lab(_) => sentence(),
                _ => AnyView::Nothing,
            };
            let rest = match route {
                Route::Lab(Lab::Transfer) => transfer::lab(),
                route => later::view(waits, move |later| (later.stage)(route.clone())),
            };
            [head, rest].into_any()
        })
        .into_any()
}

/// As high as a lab, so that nothing moves when it is there.
fn waits() -> AnyView {
    el("p").attr("class", "empty lab-high").child("Loading …").into_any()
}

/// The stages that load later.
pub fn later_stage(route: Route) -> AnyView {
    match route {
        Route::Lab(Lab::Adapt) => adapt::lab(),
        Route::Lab(Lab::Attack) => attack::lab(),
        Route::Lab(Lab::Forget) => forget::lab(),
        Route::Lab(Lab::Transfer) => transfer::lab(),
        Route::Runs => runs::page_of_runs(),
        Route::Data => data::page_of_data(),
        Route::Method(id) => method::page_of_method(&id),
    }
}

/// The left column of pages that are not a lab.
pub fn side_panel(route: Route) -> AnyView {
    match route {
        Route::Runs => runs::panel(),
        _ => {
            const ABOUT: &str = "One engine that rewrites what small networks know: it trains, adapts, attacks, \
                defends and unlearns them, in this tab.";
            [el("h2").child("Palimpsest").into_any(), el("p").attr("class", "sub").child(ABOUT).into_any()].into_any()
        }
    }
}

/// The sentence of the selected stage, at most twice a second.
pub fn sentence() -> AnyView {
    let page = page();
    let said = memo(move || page.sentence(&page.selected.get()));
    say(move || said.get())
}

pub fn say(said: impl Fn() -> Sentence + Send + 'static) -> AnyView {
    let spans = move || {
        let said = said();
        let pill = said.pill.map(|words| {
            let pill = el("span")
                .attr("class", "pill")
                .attr("title", "The gap against two standard deviations of retraining")
                .child(words);
            [" ".into_any(), pill.into_any()].into_any()
        });
        let spans = said.spans.into_iter().map(|span| match span.role {
            None => span.text.into_any(),
            Some(Role::Keep) => el("b").attr("class", "keep").child(span.text).into_any(),
            Some(Role::Lose) => el("b").attr("class", "lose").child(span.text).into_any(),
            Some(Role::Hard) => el("b").attr("class", "hard").child(span.text).into_any(),
            Some(_) => el("b").child(span.text).into_any(),
        });
        [spans.collect_view().into_any(), IntoAny::into_any(pill)].into_any()
    };
    el("p").attr("class", "say").child(spans).into_any()
}

/// The lab's own layer: the selected one, or the layer that the selected note asks.
pub fn subject(page: &Page) -> String {
    page.selected.get()
}

fn line(name: String, role: Role, rank: Rank, outcome: &Outcome, series: &str) -> Option<Line> {
    let points: Vec<[f64; 2]> =
        outcome.series.get(series)?.iter().map(|(step, value)| [*step as f64, f64::from(*value)]).collect();
    (points.len() > 1).then_some(Line { name, role, rank, points })
}

/// Accuracy by step: the selected version in colour, others in pencil, what it learned from dotted.
pub fn accuracy_curve(page: &Page, name: &str) -> Option<Curve> {
    let outcome = page.outcome(name);
    let things = page.things(&page.task_of(name));
    // A long name would not fit beside the plot.
    let named = |word: &str| if things.len() <= 6 { format!("{word} {things}") } else { word.to_owned() };
    let mut lines = Vec::new();
    let mut steps = outcome.as_ref().map_or(0.0, |outcome| outcome.of as f64);
    for other in page.versions(name) {
        let Some(result) = page.outcome(&other).filter(|_| other != name) else { continue };
        let title = page.method(&other).map_or("", |method| method.card.title.as_str()).to_owned();
        let scratch = page.family(&other) == Some(spec::Family::Train);
        let (role, rank) = if scratch { (Role::Series(4), Rank::Other) } else { (Role::Pencil, Rank::Earlier) };
        lines.extend(line(title, role, rank, &result, "accuracy"));
    }
    if let Some(outcome) = &outcome {
        // Where a run failed, the words of the failure stand at the line's end.
        if !matches!(outcome.status, Status::Failed(_)) {
            lines.extend(line(named("Seen"), Role::Keep, Rank::Seen, outcome, "train_accuracy"));
        }
        lines.extend(line(named("Unseen"), Role::Keep, Rank::Selected, outcome, "accuracy"));
    }
    steps = lines.iter().filter_map(|line| line.points.last()).map(|point| point[0]).fold(steps, f64::max);
    if steps <= 0.0 {
        steps = planned(page, name)?;
    }
    let now = outcome.as_ref().filter(|outcome| outcome.is_live()).map(|outcome| outcome.step as f64);
    let failure = outcome.as_ref().and_then(|outcome| match &outcome.status {
        Status::Failed(failure) => Some(failure),
        _ => None,
    });
    let kept = failure.and_then(|failure| failure.kept).map(|kept| kept as f64);
    let failed = failure.and_then(|failure| Some((failure.step? as f64, "it ends here".to_owned())));
    Some(Curve {
        subject: "Accuracy".into(),
        unit: "%".into(),
        steps,
        log: false,
        lines,
        goal: Some(95.0),
        now,
        kept,
        failed,
    })
}

/// Images of the digits' training split.
const DIGITS: u64 = 1293;

/// Steps that the settings mean: epochs of whole batches.
fn planned(page: &Page, name: &str) -> Option<f64> {
    let batch = page.setting(name, &["train", "batch"]).as_u64()?.clamp(1, DIGITS);
    let epochs = page.setting(name, &["train", "epochs"]).as_u64()?;
    page.is_carried(&page.task_of(name)).then(|| (epochs * (DIGITS / batch)) as f64)
}

pub fn accuracy_block() -> AnyView {
    let page = page();
    block::chart(
        "Accuracy",
        move || format!("% of {} named rightly, by step", page.things(&page.task_of(&subject(&page)))),
        250.0,
        "Appears after the first steps",
        move |width| Some(block::Drawn::of(&accuracy_curve(&page, &subject(&page))?, width)),
        None,
    )
}

// --- files in and out ---

pub fn save_run_file(page: &Page) {
    let (name, text) =
        page.strip.with_untracked(|strip| (crate::state::link::file_name(&strip.spec, "toml"), strip.spec.to_toml()));
    browser::download(&name, "application/toml", text.as_bytes());
}

pub fn save_weights(page: &Page, name: &str) {
    if let Some(bytes) = client::weights(*page, name) {
        browser::download(&format!("{name}.safetensors"), "application/octet-stream", &bytes);
    }
}

pub fn save_runs(page: &Page, ending: &str) {
    page.runs.with_untracked(|runs| {
        let text = match ending {
            "csv" => crate::state::runs::csv(runs),
            _ => format!("{:#}", serde_json::to_value(runs).unwrap_or_default()),
        };
        let mime = if ending == "csv" { "text/csv" } else { "application/json" };
        browser::download(&format!("palimpsest-runs.{ending}"), mime, text.as_bytes());
    });
}

/// A run file of more than this is none.
const RUN_FILE: f64 = 1e6;
/// Weights and data of more than this are refused before they are read.
const LARGE: f64 = 200e6;

pub fn take_files(page: Page, files: web_sys::FileList) {
    for index in 0..files.length() {
        if let Some(file) = files.get(index) {
            wasm_bindgen_futures::spawn_local(take_file(page, file));
        }
    }
}

async fn take_file(page: Page, file: web_sys::File) {
    let name = file.name();
    let stem = name.split('.').next().unwrap_or(&name).to_owned();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let is_run = ends(&[".toml", ".json"]);
    let limit = if is_run { RUN_FILE } else { LARGE };
    if file.size() > limit {
        let why = format!("it has {} MB; the limit is {}", (file.size() / 1e6).round(), (limit / 1e6).round());
        page.notice.set(Some(text::refused(&spec::Wrong::new(name, why))));
        return;
    }
    let Ok(buffer) = wasm_bindgen_futures::JsFuture::from(file.array_buffer()).await else { return };
    let buffer: js_sys::ArrayBuffer = buffer.unchecked_into();
    if is_run {
        let bytes = js_sys::Uint8Array::new(&buffer).to_vec();
        match RunSpec::read(&String::from_utf8_lossy(&bytes)) {
            Ok(spec) => page.load(spec),
            Err(wrong) => page.notice.set(Some(text::refused(&wrong))),
        }
    } else if ends(&[".safetensors"]) {
        client::import(page, Import::Source, stem.clone(), buffer);
        page.edit(|strip| {
            strip.spec.model.params.insert("weights".into(), stem.clone().into());
        });
        page.notice.set(Some(text::file_taken(&name, "The strip starts from these weights now.")));
    } else if ends(&[".gz", "-ubyte", ".idx"]) {
        let key = if name.contains("label") { "labels" } else { "images" };
        client::import(page, Import::Data, name.clone(), buffer);
        page.edit(|strip| {
            if let Some(task) = strip.spec.tasks.values_mut().next() {
                if task.id != "idx" {
                    *task = spec::Pick { id: "idx".into(), params: serde_json::Map::new() };
                }
                task.params.insert(key.into(), name.clone().into());
            }
        });
        page.notice.set(Some(text::file_taken(&name, "The first task of the strip reads it as its images or labels.")));
    } else {
        page.notice.set(Some(text::not_a_file(&name)));
    }
}

// --- two-dimensional sets ---

/// Points of a side of the decision map.
const MAP: u32 = 96;

#[derive(Clone, Debug, PartialEq)]
struct Map {
    low: [f64; 2],
    high: [f64; 2],
    size: u32,
    classes: Vec<u8>,
}

/// Areas of the classes, faint, with the test points as marks: in place of the tiles.
pub fn boundary_map(name: String) -> AnyView {
    let page = page();
    let map = RwSignal::new(None::<Arc<Map>>);
    let shown = memo(move || page.shown());
    let step = memo(move || page.outcome(&shown.get()).map(|outcome| (outcome.step / 20, outcome.is_done())));
    let points = memo(move || {
        let task = page.task_of(&name);
        page.samples.with(|samples| samples.get(&crate::components::leaf::task_key(&page, &task)).cloned())
    });
    effect(move || {
        page.engine.get();
        step.get();
        let shown = shown.get();
        client::ask(page, &shown, page.is_off(), Question::Boundary { size: MAP }, &[], move |reply| {
            let Ok((body, buffers)) = reply else { return };
            let pair = |key: &str| spec::read::<[f64; 2]>(body[key].clone()).ok();
            let size = body["size"].as_u64().and_then(|size| u32::try_from(size).ok());
            let classes = buffers.first().map(|buffer| js_sys::Uint8Array::new(buffer).to_vec());
            if let (Some(low), Some(high), Some(size), Some(classes)) = (pair("low"), pair("high"), size, classes)
                && classes.len() == (size * size) as usize
            {
                map.try_set(Some(Arc::new(Map { low, high, size, classes })));
            }
        });
    });
    let area = move || {
        let map = map.get()?;
        let side = map.size as usize;
        let values = map.classes.iter().map(|class| if *class % 2 == 0 { -0.15 } else { 0.15 }).collect::<Vec<f32>>();
        Some(pixels::Image { shape: [1, side, side], values: values.into(), signed: true })
    };
    let marks = move || {
        let (Some(map), Some(points)) = (map.get(), points.get()) else { return ().into_any() };
        let answers = page.answers(&shown.get(), &page.task_of(&shown.get()));
        (0..points.ids.len())
            .filter_map(|at| {
                let [x, y] = <[f32; 2]>::try_from(points.one(at)).ok()?;
                let share =
                    |value: f32, axis: usize| (f64::from(value) - map.low[axis]) / (map.high[axis] - map.low[axis]);
                let label = answers.as_ref().and_then(|answers| Some(answers.labels[answers.at(points.ids[at])?]))?;
                let class = if label % 2 == 0 { "keep" } else { "lose" };
                Some(
                    el("text")
                        .attr("class", class)
                        .attr("x", format!("{}%", 100.0 * share(x, 0)))
                        .attr("y", format!("{}%", 100.0 * (1.0 - share(y, 1))))
                        .child(label),
                )
            })
            .collect_view()
            .into_any()
    };
    el("div")
        .attr("class", "map")
        .attr("role", "img")
        .attr("aria-label", "Which class the network names where")
        .child(pixels::pixels(area, ""))
        .child(el("svg").attr("aria-hidden", "true").child(marks))
        .into_any()
}

/// A lab without a layer of its kind: the sentence says so, and what could stand there.
fn nothing(lab: Lab) -> AnyView {
    [
        sentence(),
        el("p")
            .attr("class", "empty block-high")
            .child(format!("Add a layer of this kind, and {} shows what it does to the network.", text::lab(lab)))
            .into_any(),
    ]
    .into_any()
}
