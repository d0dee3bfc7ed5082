//! The bar: name, labs, device, share, theme, help.

use super::words;
use crate::{
    engine::{DeviceState, Engine},
    route::{self, Route},
    run::{OpenDialog, View},
    ui::{Button, Glyph, Icon, IconButton},
};
use leptos::{ev, prelude::*};

/// The head of the page.
#[component]
pub fn Bar() -> impl IntoView {
    let view = View::get();
    let theme = Signal::derive(move || if view.dark.get() { Icon::Sun } else { Icon::Moon });
    let share = move || view.open(OpenDialog::Share);
    view! {
        <header class="bar">
            <h1 class="reader">{words::NAME}</h1>
            <a class="brand" href=Route::first().hash() aria-label="Palimpsest, first lab">
                <Logo />
                <span>{words::NAME}</span>
            </a>
            <Tabs />
            <div class="right">
                <Badge />
                <Button class="button quiet wide-only" press=share>
                    <Glyph icon=Icon::Share />
                    "Share"
                </Button>
                <Button class="square" title="Light or dark" name="Light or dark" press=move || view.flip_theme()>
                    <Glyph icon=theme />
                </Button>
                <span class="phone-only">
                    <IconButton icon=Icon::Share name="Share and export" hint="Share and export" press=share />
                </span>
                <span class="wide-only">
                    <IconButton
                        icon=Icon::Help
                        name="Keys and help"
                        hint="Keys and help (?)"
                        press=move || view.open(OpenDialog::Keys)
                    />
                </span>
            </div>
        </header>
    }
}

/// One tab a lab, then the list of runs.
#[component]
fn Tabs() -> impl IntoView {
    let labs = route::tabs().filter(|(route, _)| route.lab().is_some());
    let pages = route::tabs().filter(|(route, _)| route.lab().is_none());
    let tab = |(route, _)| view! { <Tab route /> };
    view! {
        <nav class="labs" aria-label="Labs">
            {labs.map(tab).collect_view()}
            <span class="gap"></span>
            {pages.map(tab).collect_view()}
        </nav>
    }
}

#[component]
fn Tab(
    /// Where it leads.
    route: Route,
) -> impl IntoView {
    let view = View::get();
    let (path, title, hash) = (route.path(), route.title(), route.hash());
    let go = move |event: ev::MouseEvent| {
        event.prevent_default();
        view.go(&path);
    };
    let current = move || (Route::now(view) == route).then_some("page");
    view! {
        <a href=hash aria-current=current on:click=go>
            {title}
        </a>
    }
}

/// The page's sign, a palimpsest: new lines in ink, written across old ones that still show through.
#[component]
fn Logo() -> impl IntoView {
    view! {
        <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M5 3v18M12 3v18M19 3v18" stroke="var(--lose)" stroke-width="2.6" opacity=".42" />
            <path d="M2.5 6h19M2.5 12h19M2.5 18h12" stroke="var(--ink)" stroke-width="2.8" />
        </svg>
    }
}

/// The device, and how it came to be used.
#[component]
fn Badge() -> impl IntoView {
    let (view, engine) = (View::get(), Engine::get());
    let state = Memo::new(move |_| engine.device.with(|device| device.state));
    let class = move || {
        let mark = match state.get() {
            DeviceState::Checking => "hollow",
            DeviceState::Gpu | DeviceState::CpuFaster => "round",
            DeviceState::CpuAlone | DeviceState::CpuChosen | DeviceState::GpuWaits => "round chosen",
            DeviceState::Lost => "diamond",
            DeviceState::Software | DeviceState::NoGpu | DeviceState::GpuFailed => "square-mark",
        };
        format!("badge {mark}")
    };
    let name = move || words::device(state.get()).0;
    let after = move || words::device(state.get()).1;
    view! {
        <button
            class=class
            type="button"
            title=move || engine.device.with(words::device_help)
            on:click=move |_| view.open(OpenDialog::Device)
        >
            <i></i>
            <b>{name}</b>
            <span class=move || if name().is_empty() { "" } else { "more" }>{after}</span>
        </button>
    }
}
