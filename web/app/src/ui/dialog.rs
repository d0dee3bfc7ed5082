//! Dialogs: the page behind them rests, and the focus stays inside.

use super::{
    button::IconButton,
    elements::{focus, focused},
    icons::Icon,
};
use leptos::{ev, html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

/// A dialog over the page. The focus goes in, and back to where it was when the dialog goes.
#[component]
pub fn Modal(
    /// Its name for screen readers.
    #[prop(into)]
    label: String,
    /// Its size: "small" or "middle"; else it has as much room as the page gives.
    #[prop(optional)]
    class: &'static str,
    /// Called by Escape and by a press beside the dialog.
    #[prop(into)]
    close: Callback<()>,
    /// What stands in it.
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Div>::new();
    if let Some(before) = focused().map(SendWrapper::new) {
        on_cleanup(move || {
            let _ = before.focus();
        });
    }
    request_animation_frame(|| focus(".dialog [data-first], .dialog button"));
    let keys = move |event: ev::KeyboardEvent| match event.key().as_str() {
        "Escape" => {
            event.stop_propagation();
            close.run(());
        }
        "Tab" => {
            let to = node.get_untracked().and_then(|dialog| wrapped(&dialog, event.shift_key()));
            if let Some(to) = to {
                event.prevent_default();
                let _ = to.focus();
            }
        }
        _ => {}
    };
    let outside = move |event: ev::MouseEvent| {
        if event.target() == event.current_target() {
            close.run(());
        }
    };
    view! {
        <div class="scrim" on:mousedown=outside>
            <div
                class=format!("dialog {class}")
                role="dialog"
                aria-modal="true"
                aria-label=label
                node_ref=node
                on:keydown=keys
            >
                {children()}
            </div>
        </div>
    }
}

/// The other end of a dialog, if the focus would leave it at this one.
fn wrapped(dialog: &HtmlElement, backwards: bool) -> Option<HtmlElement> {
    let all = dialog.query_selector_all("button:not([disabled]),input,select,a[href],[tabindex='0']").ok()?;
    let (first, last) = (all.get(0), all.get(all.length().saturating_sub(1)));
    let here: Option<Node> = focused().map(Into::into);
    match backwards {
        true if here == first => last,
        false if here == last => first,
        _ => None,
    }?
    .dyn_into()
    .ok()
}

/// A dialog with a heading and a button that closes it.
#[component]
pub fn Dialog(
    /// The heading, and its name for screen readers.
    #[prop(into)]
    title: String,
    /// Its size: "small" or "middle".
    class: &'static str,
    /// Called by the button, by Escape and by a press beside the dialog.
    #[prop(into)]
    close: Callback<()>,
    /// What stands below the heading.
    children: Children,
) -> impl IntoView {
    view! {
        <Modal label=title.clone() class=class close=close>
            <div class="dialog-head">
                <h2>{title}</h2>
                <IconButton icon=Icon::Close name="Close" hint="Close (Esc)" press=close />
            </div>
            <div class="dialog-body">{children()}</div>
        </Modal>
    }
}
