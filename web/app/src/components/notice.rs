//! What happened, what was kept, what to do: in two sentences, over the foot of the window.

use super::icons::{Icon, icon, icon_button};
use crate::{browser, dom::*, store::page};

pub fn notices() -> AnyView {
    let page = page();
    let notice = move || {
        page.notice.get().map(|notice| {
            let action = notice.action.clone().map(|(label, act)| {
                el("button")
                    .attr("class", "button small")
                    .attr("type", "button")
                    .on(CLICK, move |_| page.act(&act))
                    .child(label)
            });
            el("div")
                .attr("class", "notice")
                .attr("role", if notice.alert { "alert" } else { "status" })
                .child(icon(Icon::Warning))
                .child(el("p").child(el("b").child(notice.bold)).child(" ").child(notice.rest))
                .child(el("div").attr("class", "actions").child(action).child(icon_button(
                    Icon::Close,
                    "Close",
                    "Close",
                    || false,
                    move || page.notice.set(None),
                )))
        })
    };
    let toast = move || page.toast.get();
    [
        IntoAny::into_any(notice),
        el("div")
            .attr("class", "toast")
            .attr("role", "status")
            .class("on", move || page.toast.with(|toast| !toast.is_empty()))
            .child(toast)
            .into_any(),
    ]
    .into_any()
}

/// A fact that was known before the first paint: no alarm, and gone for good once it is hidden.
pub fn quiet_line() -> AnyView {
    let page = page();
    let hide = move |_| {
        browser::store("no-webgpu", &true);
        page.quiet.set(None);
    };
    let line = move || {
        page.quiet.get().map(|notice| {
            el("div")
                .attr("class", "quiet-line")
                .attr("role", "status")
                .child(icon(Icon::Warning))
                .child(el("p").child(el("b").child(notice.bold)).child(" ").child(notice.rest))
                .child(el("button").attr("class", "link").attr("type", "button").on(CLICK, hide).child("Hide"))
        })
    };
    line.into_any()
}
