//! A block of the stage: a heading, tools, and a body that never changes its height. A chart is a block.

use super::{
    icons::{Icon, icon_button},
    menu,
    table::plain_table,
};
use crate::{
    browser,
    dom::*,
    later,
    store::{Page, page},
};
use report::{Scene, Table};
use std::sync::Arc;
use wasm_bindgen::{JsCast, prelude::Closure};

/// A chart as both of its twins.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    pub scene: Scene,
    pub table: Table,
}

impl Drawn {
    pub fn of<C: report::Chart>(chart: &C, width: f64) -> Self {
        Self { scene: chart.scene(width, C::HEIGHT), table: chart.table() }
    }
}

type Draw = Arc<dyn Fn(f64) -> Option<Drawn> + Send + Sync>;
type Press = Option<Arc<dyn Fn(f64, f64) + Send + Sync>>;

/// Heading and body without tools.
pub fn block(
    title: &'static str,
    sub: impl Fn() -> String + Send + Sync + 'static,
    aside: AnyView,
    body: AnyView,
) -> AnyView {
    el("section")
        .attr("class", "block")
        .child(el("header").child(el("h3").child(title)).child(el("span").attr("class", "sub").child(sub)).child(aside))
        .child(body)
        .into_any()
}

/// A block whose body is a chart; `empty` stands in its place until there are figures. `press` is told the point in the
/// picture's own pixels.
pub fn chart(
    title: &'static str,
    sub: impl Fn() -> String + Send + Sync + 'static,
    height: f64,
    empty: &'static str,
    draw: impl Fn(f64) -> Option<Drawn> + Send + Sync + 'static,
    press: Press,
) -> AnyView {
    let page = page();
    let as_table = RwSignal::new(false);
    let width = RwSignal::new(0.0);
    let draw: Draw = Arc::new(draw);
    let drawn = memo(move || match width.get() {
        width if width > 0.0 => draw(width),
        _ => None,
    });
    let save = move |anchor| {
        if let Some(drawn) = drawn.get_untracked() {
            later::wish(page, move |later| (later.save_chart)(page, title, drawn, anchor));
        }
    };
    // What is drawn changes with every tick, whether something is drawn does not.
    let is_none = memo(move || drawn.with(Option::is_none));
    let none = move || is_none.get();
    let tools = el("span")
        .attr("class", "tools")
        .child(icon_button(Icon::Table, "Show as table", "As a table, or as a picture", none, move || {
            as_table.update(|on| *on = !*on)
        }))
        .child(menu::button(Icon::Save, "Save", "Save as SVG, PNG or CSV", save).attr("disabled", none))
        .into_any();
    let body = el("div")
        .attr("class", "chart")
        .style("height", format!("{height}px"))
        .node(measured(width))
        .child(move || {
            if none() {
                return el("p").attr("class", "empty").child(empty).into_any();
            }
            if as_table.get() {
                let table = move || drawn.with(|drawn| drawn.as_ref().map(|drawn| plain_table(&drawn.table)));
                return el("div").attr("class", "scroll").child(table).into_any();
            }
            picture(drawn, press.clone())
        })
        .into_any();
    block(title, sub, tools, body)
}

/// Asks as what a chart is to be saved, and saves it.
pub fn save(page: Page, title: &'static str, drawn: Drawn, anchor: web_sys::HtmlElement) {
    const FORMATS: [(&str, &str); 3] = [("SVG", "svg"), ("PNG, twice the size", "png"), ("CSV, the figures", "csv")];
    let drawn = Arc::new(drawn);
    let save = |(label, ending): (&str, &'static str)| {
        let drawn = drawn.clone();
        let act = move || {
            let Drawn { scene, table } = &*drawn;
            let name = format!("{}.{ending}", title.to_ascii_lowercase().replace(' ', "-"));
            match ending {
                "csv" => browser::download(&name, "text/csv", table.csv().as_bytes()),
                "svg" => browser::download(&name, "image/svg+xml", about(scene).file().as_bytes()),
                _ => browser::download_png(name, &in_theme(page, scene), [scene.width, scene.height]),
            }
        };
        (label.to_owned(), Box::new(act) as Box<dyn Fn()>)
    };
    menu::open(anchor, FORMATS.map(save).into());
}

/// A file has the colours of both themes; a picture of it has those of the page.
fn in_theme(page: Page, scene: &Scene) -> String {
    let theme = if page.dark.get_untracked() { "dark" } else { "light" };
    scene.file().replacen("<svg ", &format!("<svg style=\"color-scheme:{theme}\" "), 1)
}

/// What a picture that leaves the page says of itself.
fn about(scene: &Scene) -> Scene {
    let page_words = browser::address();
    let date: String = js_sys::Date::new_0().to_iso_string().into();
    Scene {
        about: format!("{}; {date}; Palimpsest {}; {page_words}", scene.title, env!("CARGO_PKG_VERSION")),
        ..scene.clone()
    }
}

/// Follows the width of the element, outside of any tick.
pub fn measured(width: RwSignal<f64>) -> NodeRef<web_sys::HtmlElement> {
    let node = NodeRef::<web_sys::HtmlElement>::new();
    effect(move || {
        let Some(element) = node.get() else { return };
        let watched = element.clone();
        let measure = Closure::<dyn FnMut()>::new(move || {
            let now = f64::from(watched.client_width());
            let before = width.try_get_untracked().unwrap_or(now);
            if now > 0.0 && (now - before).abs() >= 1.0 {
                width.try_set(now);
            }
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(measure.as_ref().unchecked_ref()) {
            observer.observe(&element);
        }
        measure.forget();
    });
    node
}

/// The scene's marks; text in them is escaped by the scene itself. Under the pointer, or with arrows, the read-out.
fn picture(drawn: Memo<Option<Drawn>>, press: Press) -> AnyView {
    let page = page();
    let at = RwSignal::new(None::<f64>);
    let svg = NodeRef::<web_sys::Element>::new();
    let body = move || drawn.with(|drawn| drawn.as_ref().map(|drawn| drawn.scene.body()).unwrap_or_default());
    let name = move || drawn.with(|drawn| drawn.as_ref().map(|drawn| drawn.scene.title.clone()));
    let view_box = move || {
        drawn.with(|drawn| drawn.as_ref().map(|drawn| format!("0 0 {} {}", drawn.scene.width, drawn.scene.height)))
    };
    let reading = memo(move || {
        let pixel = at.get()?;
        drawn.with(|drawn| {
            let plot = drawn.as_ref()?.scene.plot.as_ref()?;
            let reading = plot.read(pixel)?;
            let lines: Vec<(String, &'static str, String, f64)> = reading
                .values
                .iter()
                .map(|&(trace, value, y)| {
                    let trace = &plot.traces[trace];
                    (trace.name.clone(), trace.role.css(), report::figure::short(value), y)
                })
                .collect();
            Some((reading.at, report::figure::short(reading.x), lines, plot.y.range))
        })
    });
    let place = move |event: &web_sys::MouseEvent| {
        let element = svg.get_untracked()?;
        let frame = element.unchecked_ref::<web_sys::Element>().get_bounding_client_rect();
        Some((f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top()))
    };
    let step = move |by: f64| {
        let spoken = drawn.with_untracked(|drawn| {
            let scene = &drawn.as_ref()?.scene;
            let plot = scene.plot.as_ref()?;
            let here = at.get_untracked().unwrap_or(plot.x.range[0]);
            let mut to = here;
            // The next point of any trace in this direction.
            for _ in 0..200 {
                to = (to + by).clamp(plot.x.range[0], plot.x.range[1]);
                if plot.read(to).is_some_and(|reading| (reading.at - here).abs() >= 0.5) {
                    break;
                }
            }
            let reading = plot.read(to)?;
            at.set(Some(reading.at));
            let values = reading
                .values
                .iter()
                .map(|&(trace, value, _)| format!("{} {}", plot.traces[trace].name, report::figure::short(value)));
            Some(format!("{}: {}", report::figure::short(reading.x), values.collect::<Vec<_>>().join(", ")))
        });
        if let Some(spoken) = spoken {
            page.live.set(spoken);
        }
    };
    let hover = move || {
        reading.get().map(|(x, head, lines, range)| {
            let dots = lines
                .iter()
                .map(|(_, colour, _, y)| {
                    el("circle")
                        .attr("cx", x)
                        .attr("cy", *y)
                        .attr("r", "3.5")
                        .attr("fill", *colour)
                        .attr("stroke", "var(--bg)")
                        .attr("stroke-width", "1.5")
                })
                .collect_view();
            let rows = lines
                .iter()
                .map(|(name, colour, value, _)| {
                    el("li")
                        .child(el("i").style("background", *colour))
                        .child(name.clone())
                        .child(el("b").child(value.clone()))
                })
                .collect_view();
            let width = drawn.with(|drawn| drawn.as_ref().map_or(0.0, |drawn| drawn.scene.width));
            let side =
                if x > width * 0.6 { format!("right:{}px", width - x + 10.0) } else { format!("left:{}px", x + 10.0) };
            [
                el("svg")
                    .attr("class", "reading")
                    .attr("aria-hidden", "true")
                    .child(
                        el("path").attr("d", format!("M{x} {}V{}", range[1], range[0])).attr("stroke", "var(--edge)"),
                    )
                    .child(dots)
                    .into_any(),
                el("ul")
                    .attr("class", "tip")
                    .attr("style", side)
                    .attr("aria-hidden", "true")
                    .child(el("li").attr("class", "head").child(head))
                    .child(rows)
                    .into_any(),
            ]
        })
    };
    let click = move |event: web_sys::MouseEvent| {
        if let (Some(press), Some((x, y))) = (&press, place(&event)) {
            press(x, y);
        }
    };
    [
        el("svg")
            .attr("class", "scene")
            .node(svg)
            .attr("role", "img")
            .attr("tabindex", "0")
            .attr("viewBox", view_box)
            .attr("aria-label", name)
            .html(body)
            .on(POINTERMOVE, move |event| at.set(place(&event).map(|(x, _)| x)))
            .on(POINTERLEAVE, move |_| at.set(None))
            .on(BLUR, move |_| at.set(None))
            .on(CLICK, click)
            .on(KEYDOWN, move |event| match event.key().as_str() {
                "ArrowLeft" => {
                    event.prevent_default();
                    step(-2.0);
                }
                "ArrowRight" => {
                    event.prevent_default();
                    step(2.0);
                }
                _ => {}
            })
            .into_any(),
        IntoAny::into_any(hover),
    ]
    .into_any()
}
