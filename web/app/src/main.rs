//! The page of Palimpsest: one network, a strip of layers, one leaf. Nothing here computes with tensors: every figure
//! comes from the engine in its worker.

mod engine;
mod labs;
mod pages;
mod route;
mod run;
mod shell;
mod ui;

use engine::{Engine, EngineState, browser::has_webgpu};
use gloo_events::{EventListener, EventListenerOptions};
use gloo_timers::callback::Timeout;
use labs::{
    LABS,
    part::{Loading, attempt},
};
use leptos::prelude::*;
use route::Route;
use run::{News, Notice, Notices, Run, View, catalogue, default_strip, history, storage, strip::Strip};
use shell::{
    bar::Bar,
    dialogs::Dialogs,
    document, files, keys,
    leaf::Leaf,
    notices::{LiveRegion, NoticeLine, QuietLine},
    pad::Pad,
    panel::Panel,
    stage::StageArea,
    strip_view::StripView,
    tools,
    transport::Transport,
    words::{self, NAME},
};
use spec::{DeviceChoice, RunSpec};
use ui::{MenuLayer, PageHost, elements};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

/// Milliseconds between the engine being ready and the download of the later parts. A visitor who presses Play at once
/// does not have to share the network and the CPU with that download.
const PRELOAD: u32 = 1000;

/// The state in which the page opens.
struct Opened {
    strip: Strip,
    path: String,
    notice: Option<Notice>,
}

fn main() {
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    match document::hash().strip_prefix(LINK) {
        // The code that unpacks a link is in a later part.
        Some(code) => {
            let code = code.to_owned();
            spawn_local(async move { start(linked(code).await) });
        }
        None => start(last_visit()),
    }
}

/// Draws the page for as long as the tab lives.
fn start(opened: Opened) {
    let root = document::by_id("app");
    root.replace_children_with_node_0();
    mount_to(root, move || view! { <App opened /> }).forget();
}

/// What the hash of a link begins with.
const LINK: &str = "#r=";

async fn linked(code: String) -> Opened {
    let strip = match tools::decode(code).await {
        Ok(Ok(spec)) => Strip::new(spec, catalogue()).map_err(Notice::BrokenLink),
        Ok(Err(wrong)) => Err(Notice::BrokenLink(wrong)),
        Err(_) => Err(Notice::NotLoaded),
    };
    let path = Route::first().path();
    match strip {
        Ok(strip) => {
            let notice = Notice::of_opened(&strip);
            Opened { strip, path, notice }
        }
        Err(notice) => Opened { strip: default_strip(), path, notice: Some(notice) },
    }
}

/// As it was left, else the default preset.
fn last_visit() -> Opened {
    let spec = storage::stored("spec").and_then(|value| RunSpec::from_value(value).ok());
    let strip = spec.and_then(|spec| Strip::new(spec, catalogue()).ok()).unwrap_or_else(default_strip);
    let route = document::path().and_then(|path| Route::at(&path)).unwrap_or_else(Route::first);
    Opened { strip, path: route.path(), notice: None }
}

/// The contexts of the page, and what connects them with the engine.
fn provide(opened: Opened) -> View {
    let choice = match document::search().contains("backend=cpu") {
        true => DeviceChoice::Cpu,
        false => storage::stored("device").and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default(),
    };
    let (engine, notices) = (Engine::new(choice), Notices::new());
    let run = Run::new(opened.strip, history::stored(), engine, notices);
    let view = View::new(run, opened.path, labs::home, elements::media("(prefers-color-scheme: dark)"));
    notices.notice.set(opened.notice);
    // A missing graphics device is known before the first paint: one quiet line, once.
    if !has_webgpu() && storage::stored("no-webgpu") != Some(true.into()) {
        notices.quiet.set(Some(Notice::NoWebgpu));
    }
    view.select_for_path();
    provide_context(engine);
    provide_context(notices);
    provide_context(run);
    provide_context(view);
    provide_context(host(view));
    LABS.iter().for_each(|lab| (lab.provide)());
    pages::provide();
    engine.start(move |said| run::hear(view, said));
    run.fetch_sources();
    view
}

/// What the parts of [`ui`] need of the page.
fn host(view: View) -> PageHost {
    let notices = view.run.notices;
    let speak = Callback::new(move |words| notices.tell(News::Said(words)));
    let host = StoredValue::new(None::<PageHost>);
    let save = Callback::new(move |(title, drawn, anchor)| {
        if let Some(host) = host.get_value() {
            attempt(view, notices, tools::save_chart(host, title, drawn, anchor));
        }
    });
    let made = PageHost::new(view.dark.into(), speak, save);
    host.set_value(Some(made));
    made
}

/// Listeners that live as long as the page.
fn listen(view: View) {
    let window = window();
    EventListener::new(&window, "hashchange", move |_| followed(view)).forget();
    let active = EventListenerOptions::enable_prevent_default();
    EventListener::new_with_options(&window, "keydown", active, move |event| {
        keys::pressed(view, event.unchecked_ref())
    })
    .forget();
    EventListener::new_with_options(&window, "dragover", active, |event| event.prevent_default()).forget();
    EventListener::new_with_options(&window, "drop", active, move |event| {
        event.prevent_default();
        let event: &web_sys::DragEvent = event.unchecked_ref();
        if let Some(dropped) = event.data_transfer().and_then(|data| data.files()) {
            attempt(view, view.run.notices, files::take(view, dropped));
        }
    })
    .forget();
    Effect::new(move |_| document::set_theme(view.dark.get()));
    Effect::new(move |_| document::set_title(&title(view)));
    Effect::new(move |_| {
        if view.run.engine.state.get() == EngineState::Ready {
            Timeout::new(PRELOAD, || spawn_local(preload())).forget();
        }
    });
}

/// Loads the later parts, tools first, one after the other, so that a tool or a tab opens without a wait, also offline.
async fn preload() {
    drop(tools::preload().await);
    for load in LABS.iter().map(|lab| lab.blocks).chain([pages::load as fn() -> Loading]) {
        // If the download fails, the part is requested again when the visitor opens what needs it; only then is the
        // failure reported.
        drop(load().await);
    }
}

/// Handles a change of the address's hash: loads a shared link, or goes to the lab, page or method it names.
fn followed(view: View) {
    if let Some(code) = document::hash().strip_prefix(LINK).map(str::to_owned) {
        attempt(view, view.run.notices, async move {
            match tools::decode(code).await? {
                Ok(spec) => view.load(spec),
                Err(wrong) => view.run.notices.show(Notice::BrokenLink(wrong)),
            }
            Ok(())
        });
    } else if let Some(path) = document::path() {
        match Route::at(&path) {
            Some(route) => view.follow(&route.path()),
            // The address then says where the visitor is.
            None => view.go(&Route::first().path()),
        }
    }
}

/// The title of the tab follows the run: `62 % · Forget · Palimpsest`.
fn title(view: View) -> String {
    let place = Route::now(view).title();
    let outcome = view.run.playing.get().and_then(|playing| view.run.outcome(&playing.now?));
    match outcome.filter(|outcome| outcome.of > 0) {
        Some(outcome) => {
            let share = report::figure::percent((100 * outcome.step / outcome.of) as f64, 0);
            format!("{share} · {place} · {NAME}")
        }
        None => format!("{place} · {NAME}"),
    }
}

#[component]
fn App(
    /// What the page opens with.
    opened: Opened,
) -> impl IntoView {
    let view = provide(opened);
    listen(view);
    let leaf_first = move || Route::now(view).lab().is_some_and(|lab| lab.leaf_first);
    let no_engine = Memo::new(move |_| words::no_engine(view.run.engine.state.get()));
    let licences = catalogue().tasks.iter().filter(|task| !task.licence.is_empty()).take(1);
    let licences = licences.map(|task| view! { <a href=Route::Data.hash()>{task.licence.clone()}</a> }).collect_view();
    view! {
        <Bar />
        <section class="time" aria-label="Layers of this network">
            <Transport />
            <StripView />
        </section>
        <p class="banner" hidden=move || no_engine.get().is_none()>
            {no_engine}
        </p>
        <QuietLine />
        <main
            class="work"
            class:leaf-first=leaf_first
            class:drawn=move || view.drawer.get()
        >
            <Panel />
            <StageArea />
            <div class="leaf-column">
                <Leaf />
                <Pad />
            </div>
            <div class="scrim-drawer" on:click=move |_| view.drawer.set(false)></div>
        </main>
        <footer class="foot">
            <span>{pages::PRIVACY}</span>
            {licences}
        </footer>
        <NoticeLine />
        <Dialogs />
        <MenuLayer />
        <LiveRegion />
    }
}
