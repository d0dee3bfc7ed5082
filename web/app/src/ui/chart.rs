//! A block whose body is a chart: as a picture with a read-out, or as a table.

use super::{
    block::Block,
    button::IconButton,
    elements::width_of,
    host::{Drawn, PageHost},
    icons::Icon,
    menu::MenuButton,
    table::PlainTable,
};
use leptos::{ev, html, prelude::*, svg};
use report::{Scene, scene::Geometry};
use web_sys::HtmlElement;

/// Where a picture was pressed.
#[derive(Clone, Debug, PartialEq)]
pub struct PicturePress {
    /// The point in the scene's own pixels.
    pub at: [f64; 2],
    /// The picture that was there.
    pub scene: Scene,
}

impl PicturePress {
    /// The number of the topmost numbered rectangle under the point.
    pub fn id(&self) -> Option<u32> {
        let [x, y] = self.at;
        self.scene.marks.iter().rev().find_map(|mark| match mark.shape {
            Geometry::Rect { x: left, y: top, width, height, .. }
                if (left..left + width).contains(&x) && (top..top + height).contains(&y) =>
            {
                mark.id
            }
            _ => None,
        })
    }
}

/// A chart as wide as its block and as high as its kind, with buttons to see it as a table and to save it.
#[component]
pub fn ChartBlock<C>(
    /// What it shows; also the name of its files.
    #[prop(into)]
    title: Signal<String>,
    /// What the figures are, after the heading.
    #[prop(optional, into)]
    sub: Signal<String>,
    /// What stands in its place until there are figures.
    empty: &'static str,
    /// The chart, once there are figures.
    chart: Memo<Option<C>>,
    /// Called where the picture is pressed.
    #[prop(optional, into)]
    press: Option<Callback<PicturePress>>,
) -> impl IntoView
where
    C: report::Chart + PartialEq + Send + Sync + 'static,
{
    let draw = move |width: f64| {
        chart.with(|chart| {
            let chart = chart.as_ref()?;
            Some(Drawn { scene: chart.scene(width, C::HEIGHT), table: chart.table() })
        })
    };
    view! { <Framed title=title sub=sub empty=empty height=C::HEIGHT draw=draw press=press /> }
}

/// What is the same for every kind of chart.
#[component]
fn Framed(
    /// What it shows; also the name of its files.
    title: Signal<String>,
    /// What the figures are, after the heading.
    sub: Signal<String>,
    /// What stands in its place until there are figures.
    empty: &'static str,
    /// Of the picture, in pixels.
    height: f64,
    /// Draws it so many pixels wide, once there are figures.
    #[prop(into)]
    draw: Callback<f64, Option<Drawn>>,
    /// Called where the picture is pressed.
    press: Option<Callback<PicturePress>>,
) -> impl IntoView {
    let host = PageHost::get();
    let body = NodeRef::<html::Div>::new();
    let width = width_of(body);
    let as_table = RwSignal::new(false);
    let drawn = Memo::new(move |_| Some(width.get()).filter(|width| *width > 0.0).and_then(|width| draw.run(width)));
    // What is drawn changes with every step of a run, whether something is drawn does not.
    let none = Memo::new(move |_| drawn.with(Option::is_none));
    let save = move |anchor: HtmlElement| {
        if let Some(drawn) = drawn.get_untracked() {
            host.save.run((title.get_untracked(), drawn, anchor));
        }
    };
    let tools = move || {
        view! {
            <span class="tools">
                <IconButton
                    icon=Icon::Table
                    name="Show as table"
                    hint="As a table, or as a picture"
                    disabled=none
                    press=move || as_table.update(|on| *on = !*on)
                />
                <MenuButton icon=Icon::Save name="Save" hint="Save as SVG, PNG or CSV" disabled=none open=save />
            </span>
        }
    };
    let table = move || drawn.get().map(|drawn| view! { <PlainTable table=drawn.table /> });
    view! {
        <Block title=title sub=sub tools=tools>
            <div class="chart" style:height=format!("{height}px") node_ref=body>
                <Show when=move || !none.get() fallback=move || view! { <p class="empty">{empty}</p> }>
                    <Show
                        when=move || as_table.get()
                        fallback=move || view! { <Drawing drawn=drawn press=press /> }
                    >
                        <div class="scroll" tabindex="0">{table}</div>
                    </Show>
                </Show>
            </div>
        </Block>
    }
}

/// The scene's marks; their text is escaped by the scene itself. Under the pointer, or with arrows, the read-out.
#[component]
fn Drawing(
    /// The picture and its table, once there are figures.
    drawn: Memo<Option<Drawn>>,
    /// Called where it is pressed.
    press: Option<Callback<PicturePress>>,
) -> impl IntoView {
    let host = PageHost::get();
    let (at, set_at) = signal(None::<f64>);
    let node = NodeRef::<svg::Svg>::new();
    let scene = move || drawn.get().map(|drawn| drawn.scene);
    let view_box = move || scene().map(|scene| format!("0 0 {} {}", scene.width, scene.height));
    let reading = Memo::new(move |_| ReadOut::of(&scene()?, at.get()?));
    let place = move |event: &web_sys::MouseEvent| {
        let frame = node.get_untracked()?.get_bounding_client_rect();
        Some([f64::from(event.client_x()) - frame.left(), f64::from(event.client_y()) - frame.top()])
    };
    let keys = move |event: ev::KeyboardEvent| {
        let by = match event.key().as_str() {
            "ArrowLeft" => -2.0,
            "ArrowRight" => 2.0,
            _ => return,
        };
        event.prevent_default();
        let next = untrack(scene).and_then(|scene| next_point(&scene, at.get_untracked(), by));
        if let Some((to, spoken)) = next {
            set_at.set(Some(to));
            host.speak.run(spoken);
        }
    };
    let click = move |event: ev::MouseEvent| {
        if let (Some(press), Some(at), Some(scene)) = (press, place(&event), untrack(scene)) {
            press.run(PicturePress { at, scene });
        }
    };
    view! {
        <svg
            class="scene"
            node_ref=node
            role="img"
            tabindex="0"
            viewBox=view_box
            aria-label=move || scene().map(|scene| scene.title)
            inner_html=move || scene().map(|scene| scene.body()).unwrap_or_default()
            on:pointermove=move |event| set_at.set(place(&event).map(|[x, _]| x))
            on:pointerleave=move |_| set_at.set(None)
            on:blur=move |_| set_at.set(None)
            on:click=click
            on:keydown=keys
        ></svg>
        {move || reading.get().map(|reading| view! { <Tip reading=reading /> })}
    }
}

/// The values under the pointer.
#[derive(Clone, PartialEq)]
struct ReadOut {
    /// Pixels from the left.
    x: f64,
    /// The value of the x axis.
    head: String,
    values: Vec<Under>,
    /// The ends of the y axis in pixels, the lower one first.
    range: [f64; 2],
    /// Of the whole picture.
    width: f64,
}

/// The value of one trace.
#[derive(Clone, PartialEq)]
struct Under {
    trace: String,
    colour: &'static str,
    value: String,
    y: f64,
}

impl ReadOut {
    fn of(scene: &Scene, pixel: f64) -> Option<Self> {
        let plot = scene.plot.as_ref()?;
        let reading = plot.read(pixel)?;
        let under = |&(trace, value, y): &(usize, f64, f64)| {
            let trace = &plot.traces[trace];
            Under { trace: trace.name.clone(), colour: trace.role.css(), value: report::figure::short(value), y }
        };
        Some(Self {
            x: reading.at,
            head: report::figure::short(reading.x),
            values: reading.values.iter().map(under).collect(),
            range: plot.y.range,
            width: scene.width,
        })
    }
}

/// The next point of any trace in a direction, in pixels, and what is said of it.
fn next_point(scene: &Scene, here: Option<f64>, by: f64) -> Option<(f64, String)> {
    let plot = scene.plot.as_ref()?;
    let [left, right] = plot.x.range;
    let here = here.unwrap_or(left);
    let mut places = (1..=200).map(|times| (here + by * f64::from(times)).clamp(left, right));
    let moved = |to: &f64| plot.read(*to).is_some_and(|reading| (reading.at - here).abs() >= 0.5);
    let to = places.clone().find(moved).or(places.next_back())?;
    let reading = plot.read(to)?;
    let value = |&(trace, value, _): &(usize, f64, f64)| {
        format!("{} {}", plot.traces[trace].name, report::figure::short(value))
    };
    let values = reading.values.iter().map(value).collect::<Vec<_>>().join(", ");
    Some((reading.at, format!("{}: {values}", report::figure::short(reading.x))))
}

/// The read-out: a line through the plot, a dot on each trace, and their values beside it.
#[component]
fn Tip(
    /// The values, and where they stand.
    reading: ReadOut,
) -> impl IntoView {
    let ReadOut { x, head, values, range: [bottom, top], width } = reading;
    let side = if x > width * 0.6 { format!("right:{}px", width - x + 10.0) } else { format!("left:{}px", x + 10.0) };
    let dot = |under: &Under| {
        view! { <circle cx=x cy=under.y r="3.5" fill=under.colour stroke="var(--bg)" stroke-width="1.5" /> }
    };
    let dots = values.iter().map(dot).collect_view();
    let row = |under: Under| {
        view! {
            <li>
                <i style:background=under.colour></i>
                {under.trace}
                <b>{under.value}</b>
            </li>
        }
    };
    view! {
        <svg class="reading" aria-hidden="true">
            <path d=format!("M{x} {top}V{bottom}") stroke="var(--edge)" />
            {dots}
        </svg>
        <ul class="tip" style=side aria-hidden="true">
            <li class="head">{head}</li>
            {values.into_iter().map(row).collect_view()}
        </ul>
    }
}

/// A small chart of a fixed size in a line of text or on a card; the words beside it say what it shows.
#[component]
pub fn Marks(
    /// What is drawn.
    #[prop(into)]
    scene: Signal<Scene>,
    /// A class of its own.
    class: &'static str,
    /// Whether it fills the place that its class gives it, out of proportion, in place of having the scene's size.
    #[prop(optional)]
    stretched: bool,
) -> impl IntoView {
    let size = move || scene.with(|scene| (scene.width, scene.height));
    view! {
        <svg
            class=class
            viewBox=move || stretched.then(|| format!("0 0 {} {}", size().0, size().1))
            preserveAspectRatio=stretched.then_some("none")
            width=move || (!stretched).then(|| size().0)
            height=move || (!stretched).then(|| size().1)
            aria-hidden="true"
            inner_html=move || scene.with(Scene::body)
        ></svg>
    }
}
