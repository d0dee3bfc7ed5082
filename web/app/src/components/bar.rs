//! The bar: brand, labs, device, share, theme, help.

use super::icons::{Icon, icon, icon_button};
use crate::{
    browser,
    dom::*,
    state::strip::Lab,
    store::{DeviceState, Dialog, Route, Theme, page},
    text,
};

pub fn bar() -> AnyView {
    let page = page();
    let tab = move |route: Route, name: &'static str| {
        let href = text::hash(&route);
        let current = {
            let route = route.clone();
            move || (page.route.get() == route).then_some("page")
        };
        let go = move |event: web_sys::MouseEvent| {
            event.prevent_default();
            page.go(route.clone());
        };
        el("a").attr("href", href).attr("aria-current", current).on(CLICK, go).child(name)
    };
    let flip = move || {
        let theme = if page.dark.get_untracked() { Theme::Light } else { Theme::Dark };
        let theme = if (theme == Theme::Dark) == page.system_dark.get_untracked() { Theme::System } else { theme };
        browser::store("theme", &text::theme(theme));
        page.theme.set(theme);
    };
    let theme_icon = move || if page.dark.get() { icon(Icon::Sun) } else { icon(Icon::Moon) };
    let share = move || page.dialog.set(Some(Dialog::Share));
    el("header")
        .attr("class", "bar")
        .child(el("h1").attr("class", "reader").child(text::NAME))
        .child(
            el("a")
                .attr("class", "brand")
                .attr("href", "#/transfer")
                .attr("aria-label", "Palimpsest, first lab")
                .child(logo())
                .child(el("span").child(text::NAME)),
        )
        .child(
            el("nav")
                .attr("class", "labs")
                .attr("aria-label", "Labs")
                .child(Lab::ALL.map(|lab| tab(Route::Lab(lab), text::lab(lab))).collect_view())
                .child(el("span").attr("class", "gap"))
                .child(tab(Route::Runs, "Runs")),
        )
        .child(
            el("div")
                .attr("class", "right")
                .child(badge())
                .child(
                    el("button")
                        .attr("class", "button quiet wide-only")
                        .attr("type", "button")
                        .on(CLICK, move |_| share())
                        .child(icon(Icon::Share))
                        .child("Share"),
                )
                .child(
                    el("button")
                        .attr("class", "square")
                        .attr("type", "button")
                        .attr("title", "Light or dark")
                        .attr("aria-label", "Light or dark")
                        .on(CLICK, move |_| flip())
                        .child(theme_icon),
                )
                .child(el("span").attr("class", "phone-only").child(icon_button(
                    Icon::Share,
                    "Share and export",
                    "Share and export",
                    || false,
                    share,
                )))
                .child(el("span").attr("class", "wide-only").child(icon_button(
                    Icon::Help,
                    "Keys and help",
                    "Keys and help (?)",
                    || false,
                    move || page.dialog.set(Some(Dialog::Keys)),
                ))),
        )
        .into_any()
}

/// New writing over old, turned by a right angle as scribes did.
fn logo() -> AnyView {
    el("svg")
        .attr("viewBox", "0 0 24 24")
        .attr("aria-hidden", "true")
        .child(
            el("path")
                .attr("d", "M5 3v18M12 3v18M19 3v18")
                .attr("stroke", "var(--lose)")
                .attr("stroke-width", "2.6")
                .attr("opacity", ".42"),
        )
        .child(
            el("path")
                .attr("d", "M2.5 6h19M2.5 12h19M2.5 18h12")
                .attr("stroke", "var(--ink)")
                .attr("stroke-width", "2.8"),
        )
        .into_any()
}

fn badge() -> AnyView {
    let page = page();
    let state = memo(move || page.device.with(|device| device.state));
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
    let name = move || text::device(state.get()).0;
    let words = move || text::device(state.get()).1;
    el("button")
        .attr("class", class)
        .attr("type", "button")
        .attr("title", move || page.device.with(text::device_help))
        .on(CLICK, move |_| page.dialog.set(Some(Dialog::Badge)))
        .child(el("i"))
        .child(el("b").child(name))
        .child(el("span").attr("class", move || if name().is_empty() { "" } else { "more" }).child(words))
        .into_any()
}
