//! The page's side of the worker: one engine at a time, its events once per frame, its finished models kept here.

use crate::{
    browser,
    dom::*,
    store::{DeviceState, Engine, Page, Playing, catalogue},
    text,
};
use js_sys::{Array, ArrayBuffer, Float32Array};
use report::{Answers, Failure, Images, Outcome, Status};
use serde_json::Value;
use spec::{Cause, Command, DeviceChoice, Event, Import, Question, START, Said};
use std::{cell::RefCell, collections::HashMap, sync::Arc, time::Duration};
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// The engines, by the names under which `index.html` says where their scripts are.
const CPU: &str = "cpu";
const GPU: &str = "gpu";

/// Two lost devices within so many milliseconds, and the CPU takes over.
const TWICE: f64 = 60_000.0;

/// How soon a page of this machine looks again for an engine that is still being built, and for the end of a run.
const AGAIN: Duration = Duration::from_secs(3);

type Reply = Box<dyn FnOnce(Result<(Value, Vec<ArrayBuffer>), String>)>;

#[derive(Default)]
struct Client {
    worker: Option<Worker>,
    /// The worker that is being tried beside the one in use.
    candidate: Option<Worker>,
    gpu: bool,
    /// A graphics device that waits: for its engine to be built, or for a run to end.
    later: Option<TimeoutHandle>,
    inbox: Vec<(Said, Vec<ArrayBuffer>)>,
    drains: bool,
    numbers: u32,
    prepared: u32,
    asks: HashMap<u32, Reply>,
    /// Questions under way: the same one is not asked twice at a time, its newest asker gets the answer.
    pending: HashMap<String, u32>,
    /// Finished models by their prints.
    weights: HashMap<String, ArrayBuffer>,
    /// Which model the worker holds under which name.
    held: HashMap<String, String>,
    /// Source networks and data that the visitor dropped, or that lie beside the page.
    files: Vec<(Import, String, ArrayBuffer)>,
    prepare: Option<TimeoutHandle>,
    lost: Option<f64>,
    /// What to play when the engine is ready.
    queue: Option<(Vec<String>, bool, bool)>,
}

thread_local! {
    static CLIENT: RefCell<Client> = RefCell::default();
}

fn with<T>(act: impl FnOnce(&mut Client) -> T) -> T {
    CLIENT.with(|client| act(&mut client.borrow_mut()))
}

/// Starts the engine for the CPU, which is small; the one for graphics devices is tried beside it.
pub fn start(page: Page) {
    check_graphics(page);
    // Beside the engine's own code, which takes longer.
    wasm_bindgen_futures::spawn_local(async move {
        fetch_source(page).await;
    });
    match spawn(page, CPU) {
        Some(worker) => with(|client| (client.worker, client.gpu) = (Some(worker), false)),
        None => page.engine.set(Engine::Absent),
    }
}

/// After a lost device the badge says so until there is another.
fn check_graphics(page: Page) {
    page.device.update(|device| {
        if device.state != DeviceState::Lost {
            device.state = DeviceState::Checking;
        }
    });
}

/// A new worker in place of the old one; finished models are taken along.
pub fn restart(page: Page) {
    let playing = page.playing.get_untracked();
    with(|client| {
        for worker in client.worker.take().into_iter().chain(client.candidate.take()) {
            dismiss(&worker);
        }
        if let Some(later) = client.later.take() {
            later.clear();
        }
        client.held.clear();
        client.inbox.clear();
        client.asks.clear();
        client.pending.clear();
        if let Some(playing) = &playing {
            let left: Vec<String> = playing.stages.iter().map(|(name, _)| name.clone()).collect();
            client.queue = Some((left, false, playing.follow));
        }
    });
    page.playing.set(None);
    page.engine.set(Engine::Restarting);
    start(page);
}

/// A trap is told twice, by its last word and as an error: what comes after the first is of a worker that is gone.
fn dismiss(worker: &Worker) {
    worker.set_onmessage(None);
    worker.set_onerror(None);
    worker.terminate();
}

fn spawn(page: Page, engine: &'static str) -> Option<Worker> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    let worker = Worker::new_with_options(&browser::meta(engine)?, &options).ok()?;
    let gpu = engine == GPU;
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hear(page, gpu, &event));
    worker.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    let failed = Closure::<dyn FnMut()>::new(move || {
        if with(|client| client.gpu) == gpu {
            crashed(page, "");
        } else {
            give_up_gpu(page, DeviceState::GpuFailed);
        }
    });
    worker.set_onerror(Some(failed.as_ref().unchecked_ref()));
    failed.forget();
    Some(worker)
}

/// One message is one array: the body, then buffers.
fn hear(page: Page, gpu: bool, event: &MessageEvent) {
    let Ok(parts) = event.data().dyn_into::<Array>() else { return };
    // By way of JSON: one deserialiser in the page instead of two, which is a tenth of its size.
    let Some(said) = js_sys::JSON::stringify(&parts.get(0))
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&String::from(text)).ok())
        .and_then(|value| spec::read::<Said>(value).ok())
    else {
        return;
    };
    let buffers: Vec<ArrayBuffer> = parts.iter().skip(1).filter_map(|part| part.dyn_into().ok()).collect();
    if said.run == 0 && said.stage.is_none() && !matches!(said.event, Event::Answer { .. }) {
        opening(page, gpu, said.event);
        return;
    }
    let drains = with(|client| {
        client.inbox.push((said, buffers));
        std::mem::replace(&mut client.drains, true)
    });
    if !drains {
        request_animation_frame(move || drain(page));
    }
}

/// What the worker says of itself.
fn opening(page: Page, gpu: bool, event: Event) {
    match event {
        Event::Alive { engine } => {
            page.device.update(|device| device.engine = engine);
            let choice = page.choice.get_untracked();
            let worker = with(|client| if gpu { client.candidate.clone() } else { client.worker.clone() });
            if let Some(worker) = worker {
                post(&worker, &Command::Open { device: choice, plain: page.plain.get_untracked() }, &[]);
            }
        }
        Event::Ready { device, software, why, times, .. } if gpu && device == "cpu" => {
            give_up_gpu(page, DeviceState::of(&device, software, why));
            page.device.update(|device| device.times = times);
        }
        Event::Ready { .. } if gpu && page.playing.with_untracked(Option::is_some) => {
            // A run in hand is not moved.
            page.device.update(|device| device.state = DeviceState::GpuWaits);
            later(move || opening(page, gpu, event));
        }
        Event::Ready { device, adapter, software, why, times, .. } => {
            if gpu {
                with(|client| {
                    if let Some(old) = std::mem::replace(&mut client.worker, client.candidate.take()) {
                        dismiss(&old);
                    }
                    client.gpu = true;
                    client.held.clear();
                    client.asks.clear();
                    client.pending.clear();
                });
            }
            let lost = page.device.with_untracked(|device| device.state == DeviceState::Lost);
            let state = match DeviceState::of(&device, software, why) {
                DeviceState::Checking if lost => DeviceState::Lost,
                state => state,
            };
            page.device.update(|now| (now.name, now.adapter, now.state, now.times) = (device, adapter, state, times));
            if matches!(state, DeviceState::Checking | DeviceState::Lost) {
                try_gpu(page);
            }
            // A layer that has lost its graphics device waits for a new one.
            if state != DeviceState::Lost {
                ready(page);
            }
        }
        Event::Failed { cause, .. } if gpu && !with(|client| client.gpu) => match cause {
            Cause::Adapter => give_up_gpu(page, DeviceState::NoGpu),
            _ => give_up_gpu(page, DeviceState::GpuFailed),
        },
        Event::Failed { message, .. } => crashed(page, &message),
        _ => {}
    }
}

/// Hands over what an engine needs, and plays what waited for it.
fn ready(page: Page) {
    wasm_bindgen_futures::spawn_local(async move {
        // Nothing can be played before the network is there that it starts from.
        fetch_source(page).await;
        for (what, name, buffer) in with(|client| client.files.clone()) {
            send(&Command::Import { name, what }, &[buffer.slice(0)]);
        }
        page.engine.set(Engine::Ready);
        prepare_now(page).await;
        let queue = with(|client| client.queue.take());
        page.queued.set(false);
        if let Some((stages, paused, follow)) = queue {
            run(page, &stages, paused, follow);
        }
    });
}

fn try_gpu(page: Page) {
    wasm_bindgen_futures::spawn_local(async move {
        if browser::exists(&browser::meta(GPU).unwrap_or_default()).await {
            check_graphics(page);
            let worker = spawn(page, GPU);
            with(|client| client.candidate = worker);
            return;
        }
        give_up_gpu(page, DeviceState::CpuAlone);
        // `cargo xtask play` serves the page before this engine is built; a deployed page has all that it will have.
        if browser::is_local() {
            later(move || try_gpu(page));
        }
    });
}

fn later(act: impl FnOnce() + 'static) {
    let later = set_timeout_with_handle(act, AGAIN).ok();
    with(|client| client.later = later);
}

fn give_up_gpu(page: Page, state: DeviceState) {
    if let Some(worker) = with(|client| client.candidate.take()) {
        dismiss(&worker);
    }
    let lost = page.device.with_untracked(|device| device.state == DeviceState::Lost);
    page.device.update(|device| device.state = state);
    // What waited for a new graphics device goes on without one.
    if lost {
        ready(page);
    }
}

/// The worker is gone: a panic, or a lost device. It starts again, and the layer in hand with it.
fn crashed(page: Page, message: &str) {
    let gpu = with(|client| client.gpu);
    let now = browser::now();
    let twice = with(|client| client.lost.replace(now)).is_some_and(|before| now - before < TWICE);
    let stuck = twice && !gpu;
    let report = untrack(|| {
        let device = page.device.get();
        format!(
            "{message}\n{} {} {}\n{}",
            device.engine,
            device.name,
            device.adapter,
            page.strip.with(|s| s.spec.to_toml())
        )
    });
    page.notice.set(Some(match (gpu, twice) {
        (true, false) => text::lost(),
        (true, true) => text::lost_twice(),
        (false, _) => text::panicked(report),
    }));
    if gpu && twice {
        page.choice.set(DeviceChoice::Cpu);
    }
    if gpu {
        page.device.update(|device| device.state = DeviceState::Lost);
    }
    if let (true, Some(playing)) = (stuck, page.playing.get_untracked()) {
        // The same step would fail again.
        fail(page, &playing);
        page.playing.set(None);
    }
    restart(page);
}

fn fail(page: Page, playing: &Playing) {
    let Some(name) = &playing.now else { return };
    if let Some((_, print)) = playing.stages.iter().find(|(stage, _)| stage == name) {
        page.outcomes.update(|outcomes| {
            let outcome = Arc::make_mut(outcomes.entry(print.clone()).or_default());
            outcome.status = Status::Failed(Failure {
                cause: Cause::Panic,
                message: String::new(),
                step: Some(outcome.step),
                kept: outcome.saved,
                cure: None,
            });
        });
    }
}

fn drain(page: Page) {
    let inbox = with(|client| {
        client.drains = false;
        std::mem::take(&mut client.inbox)
    });
    for (said, buffers) in inbox {
        match said.event {
            Event::Answer { ask, body, error } => {
                let reply = with(|client| {
                    client.pending.retain(|_, other| *other != ask);
                    client.asks.remove(&ask)
                });
                if let Some(reply) = reply {
                    reply(error.map_or(Ok((body, buffers)), Err));
                }
            }
            Event::Prepared { parameters, layers, classes } if is_latest(&said) => {
                page.trouble.set(None);
                page.parameters.set(Some(parameters));
                page.layers.set(layers);
                page.classes.update(|all| all.extend(classes));
            }
            Event::Estimate { seconds } if is_latest(&said) => {
                let prints: Vec<_> = page
                    .strip
                    .with_untracked(|strip| (0..strip.len()).map(|index| strip.print(index, catalogue())).collect());
                page.estimates.update(|all| {
                    all.extend(prints.into_iter().zip(seconds).filter_map(|(print, seconds)| Some((print, seconds?))));
                });
            }
            Event::Failed { message, .. } if said.stage.is_none() && is_latest(&said) => {
                page.trouble.set(Some(message))
            }
            Event::Failed { message, .. } if said.stage.is_none() => {
                // A run that was refused before its first stage.
                page.playing.set(None);
                page.notice.set(Some(text::run_refused(&message)));
            }
            Event::Saved { .. } => {
                let print = stage_print(page, &said);
                if let (Some(print), Some(buffer)) = (print, buffers.into_iter().next()) {
                    with(|client| client.weights.insert(print, buffer));
                }
                page.take(said, None);
            }
            Event::StageDone { .. } => {
                if let (Some(print), Some(name)) = (stage_print(page, &said), said.stage.clone()) {
                    with(|client| client.held.insert(name, print));
                }
                page.take(said, None);
            }
            Event::Finished { .. } => {
                let mine = page.playing.with_untracked(|playing| playing.as_ref().is_some_and(|p| p.run == said.run));
                if mine {
                    page.playing.set(None);
                }
            }
            Event::Answers { .. } | Event::Classes { .. } if said.stage.is_none() && is_latest(&said) => {
                page.take(Said { stage: Some(START.into()), ..said }, None);
            }
            _ => {
                let pixels = buffers.first().map(|buffer| Float32Array::new(buffer).to_vec());
                page.take(said, pixels);
            }
        }
    }
}

fn is_latest(said: &Said) -> bool {
    with(|client| client.prepared) == said.run
}

fn stage_print(page: Page, said: &Said) -> Option<String> {
    let name = said.stage.as_ref()?;
    page.playing.with_untracked(|playing| {
        let playing = playing.as_ref().filter(|playing| playing.run == said.run)?;
        playing.stages.iter().find(|(stage, _)| stage == name).map(|(_, print)| print.clone())
    })
}

fn post(worker: &Worker, command: &Command, buffers: &[ArrayBuffer]) {
    let json = serde_json::to_value(command).map(|value| value.to_string());
    let Some(body) = json.ok().and_then(|text| js_sys::JSON::parse(&text).ok()) else {
        return;
    };
    let message = Array::of1(&body);
    let transfer = Array::new();
    for buffer in buffers {
        message.push(buffer);
        transfer.push(buffer);
    }
    let _ = worker.post_message_with_transfer(&message, &transfer);
}

fn send(command: &Command, buffers: &[ArrayBuffer]) {
    if let Some(worker) = with(|client| client.worker.clone()) {
        post(&worker, command, buffers);
    }
}

/// The source network that the run file names, from beside the page; none if it is here already, or not there either.
async fn fetch_source(page: Page) -> Option<(String, ArrayBuffer)> {
    let name = page
        .strip
        .with_untracked(|strip| strip.spec.model.params.get("weights").and_then(Value::as_str).map(str::to_owned))?;
    if with(|client| client.files.iter().any(|(what, file, _)| *what == Import::Source && *file == name)) {
        return None;
    }
    let buffer = browser::fetch(&format!("./static/weights/{name}.safetensors")).await?;
    keep_file(Import::Source, name.clone(), buffer.clone());
    Some((name, buffer))
}

fn keep_file(what: Import, name: String, buffer: ArrayBuffer) {
    with(|client| {
        client.files.retain(|(kind, file, _)| !(*kind == what && *file == name));
        client.files.push((what, name, buffer));
    });
}

/// A file of the visitor: weights of a source network, or data.
pub fn import(page: Page, what: Import, name: String, buffer: ArrayBuffer) {
    send(&Command::Import { name: name.clone(), what }, &[buffer.slice(0)]);
    keep_file(what, name, buffer);
    prepare_soon(page);
}

/// After the last of a row of changes.
pub fn prepare_soon(page: Page) {
    let later = set_timeout_with_handle(move || prepare(page), Duration::from_millis(400)).ok();
    if let Some(earlier) = with(|client| std::mem::replace(&mut client.prepare, later)) {
        earlier.clear();
    }
}

fn prepare(page: Page) {
    if page.engine.get_untracked() != Engine::Ready {
        return;
    }
    if page.playing.with_untracked(Option::is_some) {
        prepare_soon(page);
        return;
    }
    wasm_bindgen_futures::spawn_local(prepare_now(page));
}

async fn prepare_now(page: Page) {
    if let Some((name, buffer)) = fetch_source(page).await {
        send(&Command::Import { name, what: Import::Source }, &[buffer.slice(0)]);
    }
    let run = next();
    with(|client| client.prepared = run);
    page.trouble.set(None);
    send(&Command::Prepare { run, spec: page.strip.with_untracked(|strip| strip.spec.clone()) }, &[]);
}

fn next() -> u32 {
    with(|client| {
        client.numbers += 1;
        client.numbers
    })
}

/// Plays these stages, and what they stand on where it is not finished.
pub fn run(page: Page, wanted: &[String], paused: bool, follow: bool) {
    if page.engine.get_untracked() != Engine::Ready {
        with(|client| client.queue = Some((wanted.to_vec(), paused, follow)));
        page.queued.set(true);
        return;
    }
    if page.playing.with_untracked(Option::is_some) || untrack(|| page.refusal()).is_some() {
        return;
    }
    let strip = page.strip.get_untracked();
    let wanted: Vec<usize> = wanted.iter().filter_map(|name| strip.find(name)).collect();
    let done = |index: usize| untrack(|| page.is_done(&strip.name(index)));
    let (spec, range) = strip.play(&wanted, done, catalogue());
    let Some((first, last)) = range else { return };
    let run = next();
    let prints = page.prints.get_untracked();
    let names: Vec<String> = (0..spec.stages.len()).map(|index| spec.stage_name(index)).collect();
    for name in &names[..first] {
        let Some(print) = prints.get(name) else { continue };
        let missing = with(|client| client.held.get(name) != Some(print));
        if let (true, Some(buffer)) = (missing, with(|client| client.weights.get(print).cloned())) {
            send(&Command::Import { name: name.clone(), what: Import::Weights }, &[buffer.slice(0)]);
            with(|client| client.held.insert(name.clone(), print.clone()));
        }
    }
    let stages: Vec<(String, String)> =
        names[first..=last].iter().filter_map(|name| Some((name.clone(), prints.get(name)?.clone()))).collect();
    page.outcomes.update(|outcomes| {
        for (_, print) in &stages {
            outcomes.remove(print);
        }
        if let Some((_, print)) = stages.first() {
            // The button answers at once; the engine's first word may take a moment.
            outcomes.insert(print.clone(), Arc::new(Outcome { status: Status::Running, ..Outcome::default() }));
        }
    });
    page.playing.set(Some(Playing {
        run,
        now: stages.first().map(|(name, _)| name.clone()),
        stages,
        since: browser::now(),
        paused: false,
        follow,
    }));
    send(&Command::Run { run, spec, first, last: Some(last), paused }, &[]);
}

fn steer(page: Page, command: impl FnOnce(u32) -> Command) {
    if let Some(playing) = page.playing.get_untracked() {
        send(&command(playing.run), &[]);
    }
}

pub fn pause(page: Page) {
    steer(page, |run| Command::Pause { run });
}

pub fn resume(page: Page) {
    steer(page, |run| Command::Resume { run });
}

pub fn cancel(page: Page) {
    steer(page, |run| Command::Cancel { run });
}

/// One step of the run in hand, else the first step of the selected layer.
pub fn step(page: Page) {
    match page.playing.get_untracked() {
        Some(playing) if playing.paused => steer(page, |run| Command::Step { run }),
        Some(_) => {}
        None => page.play(true),
    }
}

/// Asks a finished or growing model, or its base alone; the reply comes with the next frame, or never, if the worker
/// dies.
pub fn ask(
    page: Page,
    stage: &str,
    base: bool,
    question: Question,
    buffers: &[ArrayBuffer],
    reply: impl FnOnce(Result<(Value, Vec<ArrayBuffer>), String>) + 'static,
) {
    if page.engine.get_untracked() != Engine::Ready {
        return;
    }
    let print = untrack(|| page.print(stage));
    let missing = stage != START && with(|client| client.held.get(stage) != print.as_ref());
    if let (true, Some(print)) = (missing, print)
        && let Some(buffer) = with(|client| client.weights.get(&print).cloned())
    {
        send(&Command::Import { name: stage.into(), what: Import::Weights }, &[buffer.slice(0)]);
        with(|client| client.held.insert(stage.into(), print));
    }
    let ask = next();
    if buffers.is_empty() {
        let question = serde_json::to_value(&question).map(|value| value.to_string()).unwrap_or_default();
        let key = format!("{stage} {} {base} {question}", untrack(|| page.print(stage)).unwrap_or_default());
        let under_way = with(|client| client.pending.get(&key).copied());
        if let Some(earlier) = under_way {
            with(|client| client.asks.insert(earlier, Box::new(reply)));
            return;
        }
        with(|client| client.pending.insert(key, ask));
    }
    with(|client| client.asks.insert(ask, Box::new(reply)));
    send(&Command::Ask { ask, stage: Some(stage.into()), base, question }, buffers);
}

/// Answers of a model on a task that it was not played on, or of its base alone.
pub fn ask_test(page: Page, stage: &str, base: bool, task: &str) {
    let Some(print) = untrack(|| page.print(stage)) else { return };
    let key = (print, task.to_owned(), base);
    ask(page, stage, base, Question::Test { task: task.into() }, &[], move |reply| {
        if let Some(answers) = reply.ok().and_then(|(body, _)| Answers::read(&body)) {
            page.asked.update(|asked| {
                asked.insert(key, Arc::new(answers));
            });
        }
    });
}

/// Images of a task by their numbers.
pub fn ask_samples(page: Page, task: &str, ids: Vec<u32>, then: impl FnOnce(Images) + 'static) {
    ask_images(page, Question::Samples { task: task.into(), ids }, move |images, _| then(images));
}

/// Images and their labels, of a question that is answered by such.
pub fn ask_images(page: Page, question: Question, then: impl FnOnce(Images, Vec<u16>) + 'static) {
    ask(page, START, false, question, &[], move |reply| {
        let Ok((body, buffers)) = reply else { return };
        let (Ok(ids), Ok(labels)) = (spec::read(body["ids"].clone()), spec::read(body["labels"].clone())) else {
            return;
        };
        let shape: Option<[usize; 4]> = spec::read(body["shape"].clone()).ok();
        let pixels = buffers.first().map(|buffer| Float32Array::new(buffer).to_vec());
        if let Some(images) = shape.zip(pixels).and_then(|(shape, pixels)| Images::new(ids, shape, pixels)) {
            then(images, labels);
        }
    });
}

/// The safetensors of a stage: as kept, without asking.
pub fn weights(page: Page, stage: &str) -> Option<Vec<u8>> {
    let print = untrack(|| page.print(stage))?;
    with(|client| client.weights.get(&print).cloned()).map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec())
}

pub fn floats(values: &[f32]) -> ArrayBuffer {
    Float32Array::from(values).buffer()
}
