//! What the engine's connection needs of the browser.

use gloo_net::http::{Method, Request, RequestBuilder};
use leptos::prelude::window;
use wasm_bindgen::JsValue;

/// Milliseconds since the page began.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// The content of a `<meta>` element in the page's head.
pub fn meta(name: &str) -> Option<String> {
    let element = window().document()?.query_selector(&format!("meta[name={name}]")).ok()??;
    element.get_attribute("content")
}

/// Whether the browser offers WebGPU at all.
pub fn has_webgpu() -> bool {
    js_sys::Reflect::has(&window().navigator(), &JsValue::from_str("gpu")).unwrap_or(false)
}

/// Whether the page is served from this machine.
pub fn is_local() -> bool {
    matches!(window().location().hostname().as_deref(), Ok("localhost" | "127.0.0.1"))
}

/// Bytes of a file beside the page; `None` if there is no such file.
pub async fn fetch(path: &str) -> Option<Vec<u8>> {
    let response = Request::get(path).send().await.ok()?;
    if !response.ok() {
        return None;
    }
    response.binary().await.ok()
}

/// Whether there is a script beside the page: the engine for graphics devices may be built later than the page.
pub async fn has_script(path: &str) -> bool {
    let Ok(response) = RequestBuilder::new(path).method(Method::HEAD).send().await else { return false };
    // A server that answers every path with the page itself has no such file.
    let mime = response.headers().get("content-type").unwrap_or_default();
    response.ok() && mime.contains("javascript")
}
