//! Files and text that leave the page.

use super::host::{Drawn, MenuEntry, PageHost};
use gloo_file::{Blob, ObjectUrl};
use leptos::{html, prelude::*, tachys::view::Render};
use report::Scene;
use std::rc::Rc;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAnchorElement, HtmlElement, HtmlImageElement, OffscreenCanvas, OffscreenCanvasRenderingContext2d};

/// Copies a text.
pub fn copy(text: &str) {
    let _ = window().navigator().clipboard().write_text(text);
}

/// Saves bytes as a file.
pub fn download(name: &str, mime: &str, bytes: &[u8]) {
    save(name, Blob::new_with_options(bytes, Some(mime)));
}

fn save(name: &str, blob: Blob) {
    let url = ObjectUrl::from(blob);
    // Built by hand: the browser saves a file only where a link is pressed, this one is pressed once and stands nowhere
    // on the page, and the acts of menus that save have no view to put it in.
    let link = html::a().href(url.to_string()).attr("download", name.to_owned()).build();
    link.unchecked_ref::<HtmlAnchorElement>().click();
}

/// Asks in which format a chart is to be saved, in a menu beside `anchor`, and saves it.
pub fn save_chart(host: PageHost, title: &str, drawn: Drawn, anchor: HtmlElement) {
    let stem = title.to_ascii_lowercase().replace(' ', "-");
    let drawn = Rc::new(drawn);
    let entry = |label: &str, ending: &str, save: fn(PageHost, &str, &Drawn)| {
        let (name, drawn) = (format!("{stem}.{ending}"), drawn.clone());
        MenuEntry::new(label, move || save(host, &name, &drawn))
    };
    let entries = vec![
        entry("SVG", "svg", |_, name, drawn| {
            download(name, "image/svg+xml", about(&drawn.scene).file().as_bytes());
        }),
        entry("PNG, twice the size", "png", |host, name, drawn| {
            let (name, svg) = (name.to_owned(), in_theme(host, &drawn.scene));
            let size = [drawn.scene.width, drawn.scene.height];
            wasm_bindgen_futures::spawn_local(async move {
                if let Ok(png) = png(&svg, size.map(|length| 2.0 * length)).await {
                    save(&name, png);
                }
            });
        }),
        entry("CSV, the figures", "csv", |_, name, drawn| download(name, "text/csv", drawn.table.csv().as_bytes())),
    ];
    host.open_menu(anchor, entries);
}

/// A file has the colours of both themes; a picture of it has those of the page.
fn in_theme(host: PageHost, scene: &Scene) -> String {
    let theme = if host.dark.get_untracked() { "dark" } else { "light" };
    scene.file().replacen("<svg ", &format!("<svg style=\"color-scheme:{theme}\" "), 1)
}

/// The scene with its title, the date and the page's address in it, so that a file says where it is from.
fn about(scene: &Scene) -> Scene {
    let href = window().location().href().unwrap_or_default();
    let address = href.split('#').next().unwrap_or_default();
    let date: String = js_sys::Date::new_0().to_iso_string().into();
    Scene {
        about: format!("{}; {date}; Palimpsest {}; {address}", scene.title, env!("CARGO_PKG_VERSION")),
        ..scene.clone()
    }
}

/// A drawing as a picture of this size in pixels.
async fn png(svg: &str, [width, height]: [f64; 2]) -> Result<Blob, JsValue> {
    let url = ObjectUrl::from(Blob::new_with_options(svg, Some("image/svg+xml")));
    let image = HtmlImageElement::new()?;
    image.set_src(&url);
    JsFuture::from(image.decode()).await?;
    let canvas = OffscreenCanvas::new(width.round() as u32, height.round() as u32)?;
    let context = canvas.get_context("2d")?.ok_or("no canvas")?.unchecked_into::<OffscreenCanvasRenderingContext2d>();
    context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)?;
    let blob: web_sys::Blob = JsFuture::from(canvas.convert_to_blob()?).await?.unchecked_into();
    Ok(blob.into())
}
