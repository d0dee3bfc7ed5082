//! The bar: brand, labs, device, share, theme, help.

use super::icons::{Icon, icon, icon_button};
use crate::{
    browser,
    state::strip::Lab,
    store::{DeviceState, Dialog, Route, Theme, page},
    text,
};
use leptos::prelude::*;

pub fn bar() -> impl IntoView {
    let page = page();
    let tab = move |route: Route, name: &'static str| {
        let href = text::hash(&route);
        let current = {
            let route = route.clone();
            move || (page.route.get() == route).then_some("page")
        };
        let go = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            page.go(route.clone());
        };
        view! { <a href=href aria-current=current on:click=go>{name}</a> }
    };
    let flip = move || {
        let theme = if page.dark.get_untracked() { Theme::Light } else { Theme::Dark };
        let theme = if (theme == Theme::Dark) == page.system_dark.get_untracked() { Theme::System } else { theme };
        browser::store("theme", &text::theme(theme));
        page.theme.set(theme);
    };
    let theme_icon = move || if page.dark.get() { icon(Icon::Sun) } else { icon(Icon::Moon) };
    let share = move || page.dialog.set(Some(Dialog::Share));
    view! {
        <header class="bar">
            <h1 class="reader">{text::NAME}</h1>
            <a class="brand" href="#/transfer" aria-label="Palimpsest, first lab">
                {logo()} <span>{text::NAME}</span>
            </a>
            <nav class="labs" aria-label="Labs">
                {Lab::ALL.map(|lab| tab(Route::Lab(lab), text::lab(lab))).collect_view()} <span class="gap"></span>
                {tab(Route::Runs, "Runs")}
            </nav>
            <div class="right">
                {badge()} <button class="button quiet wide-only" type="button" on:click=move |_| share()>
                    {icon(Icon::Share)}
                    "Share"
                </button>
                <button
                    class="square"
                    type="button"
                    title="Light or dark"
                    aria-label="Light or dark"
                    on:click=move |_| flip()
                >
                    {theme_icon}
                </button>
                <span class="phone-only">
                    {icon_button(Icon::Share, "Share and export", "Share and export", || false, share)}
                </span>
                <span class="wide-only">
                    {icon_button(Icon::Help, "Keys and help", "Keys and help (?)", || false, move || {
                        page.dialog.set(Some(Dialog::Keys))
                    })}
                </span>
            </div>
        </header>
    }
}

/// New writing over old, turned by a right angle as scribes did.
fn logo() -> AnyView {
    view! {
        <svg viewBox="0 0 24 24" aria-hidden="true">
            <path d="M5 3v18M12 3v18M19 3v18" stroke="var(--lose)" stroke-width="2.6" opacity=".42" />
            <path d="M2.5 6h19M2.5 12h19M2.5 18h12" stroke="var(--ink)" stroke-width="2.8" />
        </svg>
    }
    .into_any()
}

fn badge() -> AnyView {
    let page = page();
    let state = Memo::new(move |_| page.device.with(|device| device.state));
    let class = move || {
        let mark = match state.get() {
            DeviceState::Checking => "hollow",
            DeviceState::Gpu | DeviceState::CpuFaster => "round",
            DeviceState::CpuAlone | DeviceState::CpuChosen => "round chosen",
            DeviceState::Lost => "diamond",
            DeviceState::Software | DeviceState::NoGpu | DeviceState::GpuFailed => "square-mark",
        };
        format!("badge {mark}")
    };
    let name = move || text::device(state.get()).0;
    let words = move || text::device(state.get()).1;
    view! {
        <button
            class=class
            type="button"
            title=move || text::device_help(state.get())
            on:click=move |_| page.dialog.set(Some(Dialog::Badge))
        >
            <i></i>
            <b>{name}</b>
            <span class=move || if name().is_empty() { "" } else { "more" }>{words}</span>
        </button>
    }
    .into_any()
}
