//! The few things that only a browser can do.

use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

fn window() -> web_sys::Window {
    web_sys::window().expect("the page runs in a window")
}

/// Milliseconds since the page began.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Milliseconds since 1970.
pub fn date() -> f64 {
    js_sys::Date::now()
}

pub fn prefers(scheme: &str) -> bool {
    matches(&format!("(prefers-color-scheme: {scheme})"))
}

pub fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

pub fn on_scheme_change(mut act: impl FnMut(bool) + 'static) {
    let Some(list) = window().match_media("(prefers-color-scheme: dark)").ok().flatten() else { return };
    let heard = list.clone();
    let act = wasm_bindgen::closure::Closure::<dyn FnMut()>::new(move || act(heard.matches()));
    list.set_onchange(Some(act.as_ref().unchecked_ref()));
    act.forget();
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// Keys of this page are told apart from others of the same origin.
fn key(name: &str) -> String {
    format!("palimpsest.{name}")
}

pub fn stored<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_str(&storage()?.get_item(&key(name)).ok()??).ok()
}

/// `false` if it is full, or refused altogether.
pub fn store<T: Serialize>(name: &str, value: &T) -> bool {
    let Ok(json) = serde_json::to_string(value) else { return false };
    storage().is_none_or(|storage| storage.set_item(&key(name), &json).is_ok())
}

pub fn hash() -> String {
    window().location().hash().unwrap_or_default()
}

pub fn search() -> String {
    window().location().search().unwrap_or_default()
}

/// Without adding a step to the history for what is already there.
pub fn set_hash(hash: &str) {
    if self::hash() != hash {
        let _ = window().location().set_hash(hash);
    }
}

/// The page's address without its hash.
pub fn address() -> String {
    let href = window().location().href().unwrap_or_default();
    href.split('#').next().unwrap_or_default().to_owned()
}

pub fn reload() {
    let _ = window().location().reload();
}

pub fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

pub fn download(name: &str, mime: &str, bytes: &[u8]) {
    if let Some(url) = object_url(mime, bytes) {
        save(name, &url);
        let _ = web_sys::Url::revoke_object_url(&url);
    }
}

/// A drawing of this size, as a PNG of twice as many pixels each way.
pub fn download_png(name: String, svg: &str, size: [f64; 2]) {
    let Some(url) = object_url("image/svg+xml", svg.as_bytes()) else { return };
    wasm_bindgen_futures::spawn_local(async move {
        if let Some(png) = rastered(&url, size.map(|length| 2.0 * length)).await {
            save(&name, &png);
        }
        let _ = web_sys::Url::revoke_object_url(&url);
    });
}

async fn rastered(url: &str, [width, height]: [f64; 2]) -> Option<String> {
    let image = web_sys::HtmlImageElement::new().ok()?;
    image.set_src(url);
    wasm_bindgen_futures::JsFuture::from(image.decode()).await.ok()?;
    let canvas: web_sys::HtmlCanvasElement = create("canvas")?;
    canvas.set_width(width.round() as u32);
    canvas.set_height(height.round() as u32);
    let context: web_sys::CanvasRenderingContext2d = canvas.get_context("2d").ok()??.unchecked_into();
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height).ok()?;
    canvas.to_data_url_with_type("image/png").ok()
}

fn object_url(mime: &str, bytes: &[u8]) -> Option<String> {
    let parts = js_sys::Array::of1(&js_sys::Uint8Array::from(bytes));
    let options = web_sys::BlobPropertyBag::new();
    options.set_type(mime);
    let blob = web_sys::Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?;
    web_sys::Url::create_object_url_with_blob(&blob).ok()
}

fn save(name: &str, url: &str) {
    if let Some(link) = create::<web_sys::HtmlAnchorElement>("a") {
        link.set_href(url);
        link.set_download(name);
        link.click();
    }
}

fn create<T: JsCast>(tag: &str) -> Option<T> {
    window().document()?.create_element(tag).ok().map(JsCast::unchecked_into)
}

pub fn has_webgpu() -> bool {
    js_sys::Reflect::has(&window().navigator(), &JsValue::from_str("gpu")).unwrap_or(false)
}

pub fn set_theme(dark: bool) {
    if let Some(root) = window().document().and_then(|document| document.document_element()) {
        let _ = root.set_attribute("data-theme", if dark { "dark" } else { "light" });
    }
}

pub fn set_title(title: &str) {
    if let Some(document) = window().document() {
        document.set_title(title);
    }
}

pub fn find(selector: &str) -> Option<web_sys::HtmlElement> {
    window().document()?.query_selector(selector).ok().flatten()?.dyn_into().ok()
}

pub fn focus(selector: &str) {
    if let Some(element) = find(selector) {
        let _ = element.focus();
    }
}

/// The number that a visitor typed. The standard library's reader carries a table of ten kilobytes.
pub fn number(text: &str) -> Option<f64> {
    let number = JsValue::from_str(text).unchecked_into_f64();
    (!text.trim().is_empty() && number.is_finite()).then_some(number)
}

/// Bytes of a file beside the page.
pub async fn fetch(path: &str) -> Option<js_sys::ArrayBuffer> {
    let promise = window().fetch_with_str(path);
    let response: web_sys::Response = wasm_bindgen_futures::JsFuture::from(promise).await.ok()?.unchecked_into();
    if !response.ok() {
        return None;
    }
    let buffer = wasm_bindgen_futures::JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    buffer.dyn_into().ok()
}

/// Whether there is a file beside the page: the engine for graphics devices may be built later than the page.
pub async fn exists(path: &str) -> bool {
    let options = web_sys::RequestInit::new();
    options.set_method("HEAD");
    let promise = window().fetch_with_str_and_init(path, &options);
    let Ok(response) = wasm_bindgen_futures::JsFuture::from(promise).await else { return false };
    let response: web_sys::Response = response.unchecked_into();
    // A server that answers every path with the page itself has no such file.
    let mime = response.headers().get("content-type").ok().flatten().unwrap_or_default();
    response.ok() && mime.contains("javascript")
}

/// Whether the page comes from this machine.
pub fn is_local() -> bool {
    matches!(window().location().hostname().as_deref(), Ok("localhost" | "127.0.0.1"))
}

/// What the page's head says under a name.
pub fn meta(name: &str) -> Option<String> {
    let element = window().document()?.query_selector(&format!("meta[name={name}]")).ok()??;
    element.get_attribute("content")
}

pub fn focused() -> Option<web_sys::HtmlElement> {
    window().document()?.active_element()?.dyn_into().ok()
}

pub fn scroll_to(selector: &str) {
    if let Some(element) = find(selector) {
        let options = web_sys::ScrollIntoViewOptions::new();
        options.set_block(web_sys::ScrollLogicalPosition::Nearest);
        options.set_inline(web_sys::ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

pub fn by_id(id: &str) -> web_sys::HtmlElement {
    let found = window().document().and_then(|document| document.get_element_by_id(id));
    found.and_then(|element| element.dyn_into().ok()).expect("the page's HTML has this element")
}

/// Scrolls the strip, and nothing else, until the selected card is whole; on a narrow page it stands at the left edge.
pub fn show_selected_layer() {
    let (Some(strip), Some(card)) = (find(".strip"), find(".layer.selected")) else { return };
    let left = card.offset_left() - strip.offset_left();
    let (from, width) = (strip.scroll_left(), strip.client_width());
    if matches("(max-width: 900px)") {
        strip.set_scroll_left(left - 16);
    } else if left < from {
        strip.set_scroll_left(left - 8);
    } else if left + card.offset_width() + 60 > from + width {
        strip.set_scroll_left(left + card.offset_width() + 60 - width);
    }
}
