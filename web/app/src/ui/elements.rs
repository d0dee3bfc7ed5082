//! What the parts ask of the browser's document: sizes, focus, media queries.

use gloo_events::EventListener;
use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::HtmlElement;

/// The width of an element in whole pixels, followed while the element is there; 0 before it is.
pub fn width_of(node: NodeRef<html::Div>) -> ReadSignal<f64> {
    let (width, set_width) = signal(0.0);
    node.on_load(move |element| {
        let watched = element.clone();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let now = f64::from(watched.client_width());
            let before = width.try_get_untracked().unwrap_or(now);
            if now > 0.0 && now != before {
                set_width.try_set(now);
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
            let watch = SendWrapper::new((observer, measure));
            on_cleanup(move || watch.0.disconnect());
        }
    });
    width
}

/// Whether a media query holds, now and later.
pub fn media(query: &str) -> Signal<bool> {
    let list = window().match_media(query).ok().flatten();
    let (holds, set_holds) = signal(list.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(list) = list {
        let heard = list.clone();
        let listener = EventListener::new(&list, "change", move |_| {
            set_holds.try_set(heard.matches());
        });
        let listener = SendWrapper::new(listener);
        on_cleanup(move || drop(listener));
    }
    holds.into()
}

/// Whether a media query holds now.
pub fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// The first element that a selector finds.
pub fn find(selector: &str) -> Option<HtmlElement> {
    document().query_selector(selector).ok().flatten()?.dyn_into().ok()
}

/// Moves the focus to the first element that a selector finds.
pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// The element that has the focus.
pub fn focused() -> Option<HtmlElement> {
    document().active_element()?.dyn_into().ok()
}

/// The element whose handler hears the event.
pub fn listener(event: &web_sys::Event) -> Option<HtmlElement> {
    event.current_target()?.dyn_into().ok()
}

/// Scrolls no further than needed to show the first element that a selector finds.
pub fn scroll_to(selector: &str) {
    if let Some(element) = find(selector) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}
