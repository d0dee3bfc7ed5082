//! The page of Palimpsest: one network, a strip of layers, one leaf. Nothing here computes with tensors: every figure
//! comes from the engine in its worker.

mod browser;
mod client;
mod components;
mod dom;
mod labs;
mod later;
mod signals;
mod state;
mod store;
mod text;

use components::{bar, chooser, dialogs, leaf, notice, pad, panel, strip, transport};
use dom::*;
use later::Later;
use spec::RunSpec;
use state::strip::{Lab, Strip};
use store::{Dialog, Engine, Page, Route, catalogue, default_strip};

fn main() {
    std::panic::set_hook(Box::new(|info| web_sys::console::error_1(&info.to_string().into())));
    let _ = any_spawner::Executor::init_wasm_bindgen();
    match browser::hash().strip_prefix(LINK) {
        // What unpacks a link is in the second part.
        Some(code) => {
            let code = code.to_owned();
            wasm_bindgen_futures::spawn_local(async move {
                let later = later::second().await;
                start(linked(later.ok(), &code));
            });
        }
        None => start(last_visit()),
    }
}

/// Draws the page; its owner lives as long as it.
fn start(opened: Opened) {
    let root = browser::by_id("app");
    root.set_inner_html("");
    let owner = Owner::new();
    owner.with(|| mount(app(opened), &root, None));
    std::mem::forget(owner);
}

const LINK: &str = "#r=";

type Opened = (RunSpec, Route, Option<store::Notice>);

fn linked(later: Option<&Later>, code: &str) -> Opened {
    let strip = later.ok_or_else(text::not_loaded).and_then(|later| {
        let strip = (later.decode)(code).and_then(|spec| Strip::new(spec, catalogue()));
        strip.map_err(|wrong| text::broken_link(&wrong))
    });
    let (strip, notice) = strip.map_or_else(|notice| (default_strip(), Some(notice)), |strip| (strip, None));
    (strip.spec, Route::Lab(Lab::Transfer), notice)
}

/// As it was left, else the default preset.
fn last_visit() -> Opened {
    let hash = browser::hash();
    let first = Route::Lab(Lab::Transfer);
    let last = browser::stored::<serde_json::Value>("spec").and_then(|value| RunSpec::from_value(value).ok());
    let last = last.filter(|spec| Strip::new(spec.clone(), catalogue()).is_ok());
    (last.unwrap_or_else(|| default_strip().spec), text::route(&hash).unwrap_or(first), None)
}

fn app((spec, route, notice): Opened) -> AnyView {
    let page = Page::new(spec, route);
    provide_context(page);
    labs::runs::provide();
    page.notice.set(notice);
    if browser::search().contains("backend=cpu") {
        page.choice.set(spec::DeviceChoice::Cpu);
    }
    client::start(page);
    later::follow(page);
    effect(move || browser::set_theme(page.dark.get()));
    browser::on_scheme_change(move |dark| page.system_dark.set(dark));
    effect(move || browser::set_title(&title(&page)));
    on_window(HASHCHANGE, move |_| followed(page));
    on_window(KEYDOWN, move |event| pressed(page, &event));
    on_window(DRAGOVER, |event| event.prevent_default());
    on_window(DROP, move |event| {
        event.prevent_default();
        if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
            later::wish(page, move |later| (later.take_files)(page, files));
        }
    });
    // A missing graphics device is known before the first paint: one quiet line, once.
    if !browser::has_webgpu() && !browser::stored::<bool>("no-webgpu").unwrap_or(false) {
        page.quiet.set(Some(text::no_webgpu()));
    }
    let leaf_first = move || matches!(page.route.get(), Route::Lab(Lab::Transfer));
    let wide = move || !matches!(page.route.get(), Route::Lab(_) | Route::Runs);
    let absent = move || page.engine.get() == Engine::Absent;
    let licences = catalogue().tasks.iter().filter(|task| !task.licence.is_empty()).take(1);
    [
        IntoAny::into_any(bar::bar()),
        el("section")
            .attr("class", "time")
            .attr("aria-label", "Layers of this network")
            .child(transport::transport())
            .child(strip::strip())
            .into_any(),
        el("p").attr("class", "banner").attr("hidden", move || !absent()).child(text::NO_ENGINE).into_any(),
        notice::quiet_line(),
        el("main")
            .attr("class", "work")
            .class("leaf-first", leaf_first)
            .class("text-page", wide)
            .class("drawn", move || page.drawer.get())
            .child(panel::panel())
            .child(labs::stage())
            .child(el("div").attr("class", "leaf-column").child(leaf::leaf()).child(pad::pad()))
            .child(el("div").attr("class", "scrim-drawer").on(CLICK, move |_| page.drawer.set(false)))
            .into_any(),
        el("footer")
            .attr("class", "foot")
            .child(el("span").child(text::PRIVACY))
            .child(licences.map(|task| el("a").attr("href", "#/data").child(task.licence.clone())).collect_view())
            .into_any(),
        IntoAny::into_any(notice::notices()),
        IntoAny::into_any(dialogs::dialogs()),
        el("div")
            .attr("class", "reader")
            .attr("role", "status")
            .attr("aria-live", "polite")
            .child(move || page.live.get())
            .into_any(),
    ]
    .into_any()
}

/// The title follows the state: `62 % · Forget · Palimpsest`.
fn title(page: &Page) -> String {
    let place = match page.route.get() {
        Route::Lab(lab) => text::lab(lab).to_owned(),
        Route::Runs => "Runs".into(),
        Route::Data => "Data".into(),
        Route::Method(id) => catalogue().method(&id).map_or(id.clone(), |method| method.card.title.clone()),
    };
    let share = page.playing.get().and_then(|playing| page.outcome(&playing.now?)).filter(|outcome| outcome.of > 0);
    match share {
        Some(outcome) => {
            format!(
                "{} · {place} · {}",
                report::figure::percent((100 * outcome.step / outcome.of) as f64, 0),
                text::NAME
            )
        }
        None => format!("{place} · {}", text::NAME),
    }
}

fn followed(page: Page) {
    let hash = browser::hash();
    if let Some(code) = hash.strip_prefix(LINK) {
        let code = code.to_owned();
        later::wish(page, move |later| match (later.decode)(&code) {
            Ok(spec) => page.load(spec),
            Err(wrong) => page.notice.set(Some(text::broken_link(&wrong))),
        });
    } else if let Some(route) = text::route(&hash)
        && page.route.get_untracked() != route
    {
        page.route.set(route);
        page.select_for_route();
    }
}

/// Keys of the whole page; not while something that types has the focus.
fn pressed(page: Page, event: &web_sys::KeyboardEvent) {
    let control = event.ctrl_key() || event.meta_key();
    if event.key() == "Escape" {
        page.drawer.set(false);
        return;
    }
    let focused = browser::focused();
    let tag = focused.as_ref().map(|element| element.tag_name()).unwrap_or_default();
    let range = focused.as_ref().is_some_and(|element| element.get_attribute("type").as_deref() == Some("range"));
    let types = matches!(tag.as_str(), "SELECT" | "TEXTAREA") || (tag == "INPUT" && !range);
    if types || page.dialog.with_untracked(Option::is_some) {
        return;
    }
    let key = event.key();
    if control {
        match (key.to_ascii_lowercase().as_str(), event.shift_key()) {
            ("z", false) => page.take_off(),
            ("z", true) => page.put_back(),
            _ => return,
        }
        event.prevent_default();
        return;
    }
    let busy = matches!(tag.as_str(), "BUTTON" | "INPUT" | "A" | "SUMMARY") || tag == "CANVAS";
    if event.alt_key() || (key == " " && busy) || (key != " " && !page.keys_on.get_untracked()) {
        return;
    }
    match key.as_str() {
        " " => match page.playing.get_untracked() {
            Some(playing) if !playing.paused => client::pause(page),
            _ => page.play(false),
        },
        "." => client::step(page),
        "s" | "S" => page.stop(),
        "r" | "R" => transport::reset(&page),
        "1" => page.go(Route::Lab(Lab::Transfer)),
        "2" => page.go(Route::Lab(Lab::Adapt)),
        "3" => page.go(Route::Lab(Lab::Attack)),
        "4" => page.go(Route::Lab(Lab::Forget)),
        "5" => page.go(Route::Runs),
        "," => page.drawer.update(|open| *open = !*open),
        "[" => page.step_layer(-1),
        "]" => page.step_layer(1),
        "c" | "C" => page.side.update(|side| {
            *side = if *side == store::Side::All { store::Side::Other } else { store::Side::All };
        }),
        "d" | "D" => browser::focus("#pad"),
        "e" | "E" => browser::focus("#epsilon"),
        "/" => chooser::open(&page),
        "?" => page.dialog.set(Some(Dialog::Keys)),
        _ => return,
    }
    event.prevent_default();
}
