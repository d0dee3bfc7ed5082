//! What happened, what was kept, what to do: in two sentences, over the foot of the window.

use super::icons::{Icon, icon, icon_button};
use crate::store::page;
use leptos::prelude::*;

pub fn notices() -> AnyView {
    let page = page();
    let notice = move || {
        page.notice.get().map(|notice| {
            let action = notice.action.clone().map(|(label, act)| {
                view! {
                    <button class="button small" type="button" on:click=move |_| page.act(&act)>
                        {label}
                    </button>
                }
            });
            view! {
                <div class="notice" role=if notice.alert { "alert" } else { "status" }>
                    {icon(Icon::Warning)} <p>
                        <b>{notice.bold}</b>
                        " "
                        {notice.rest}
                    </p> <div class="actions">
                        {action}
                        {icon_button(Icon::Close, "Close", "Close", || false, move || page.notice.set(None))}
                    </div>
                </div>
            }
        })
    };
    let toast = move || page.toast.get();
    view! {
        {notice}
        <div class="toast" role="status" class:on=move || page.toast.with(|toast| !toast.is_empty())>
            {toast}
        </div>
    }
    .into_any()
}
