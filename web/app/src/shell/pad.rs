//! A drawing pad that the network answers while one draws.

use super::pad_surface::{SIDE, Strokes, paint, reduced};
use crate::{
    engine::browser,
    labs::{LABS, lab::Drawing},
    run::{View, questions::buffer},
    ui::{Button, Chip, Chips, Image, PageHost, Pixels},
};
use leptos::{ev, html, prelude::*};
use report::figure::one;
use spec::{Answer, Kind, Question};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;

/// Milliseconds between two questions.
const PACE: f64 = 66.0;
/// Cells of a side that the keys move over: what the network sees.
const CELLS: usize = 8;
/// The same as the shape of an image: channels, rows and columns.
const SHAPE: [usize; 3] = [1, CELLS, CELLS];

/// The drawing and what is known of it.
#[derive(Clone, Copy)]
struct State {
    view: View,
    host: PageHost,
    canvas: NodeRef<html::Canvas>,
    strokes: RwSignal<Strokes>,
    /// As the network sees it.
    seen: RwSignal<Option<Image>>,
    shares: RwSignal<Vec<Chip>>,
    busy: StoredValue<bool>,
    /// Milliseconds: when it asked last.
    asked: StoredValue<f64>,
}

impl State {
    /// Whether the network in view takes what is drawn: images of one channel and this size, and no points.
    fn fits(self) -> bool {
        let run = self.view.run;
        let task = run.task_of(&self.view.shown());
        let shape = run.samples.with(|samples| samples.get(&run.task_key(&task)).map(|images| images.shape));
        run.view(|view| view.kind(&task)) == Kind::Images && shape.is_none_or(|shape| shape == SHAPE)
    }

    /// Drawing follows the pointer; the question follows at its own pace, the newest wins.
    fn classify(self) {
        let (Some(canvas), false) = (self.canvas.get_untracked(), self.is_empty()) else { return };
        if !untrack(|| self.fits()) {
            return;
        }
        let Some(values) = reduced(&canvas) else { return };
        self.seen.set(Some(Image { shape: SHAPE, values: values.clone(), signed: false }));
        let now = browser::now();
        if self.busy.get_value() || now - self.asked.get_value() < PACE {
            return;
        }
        self.busy.set_value(true);
        self.asked.set_value(now);
        let (shown, is_off) = untrack(|| (self.view.shown(), self.view.is_off()));
        spawn_local(async move {
            let run = self.view.run;
            let answer = run.ask(&shown, is_off, Question::Predict, vec![buffer(&values)]).await;
            self.busy.set_value(false);
            let Ok((Answer::Predict { probabilities }, _)) = answer else { return };
            let names = untrack(|| run.class_names(&run.task_of(&self.view.shown())));
            let chip = |(class, share): (usize, f32)| Chip {
                name: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                share: share.into(),
            };
            if !self.is_empty() {
                self.shares.set(
                    probabilities.into_iter().next().unwrap_or_default().into_iter().enumerate().map(chip).collect(),
                );
            }
        });
    }

    fn is_empty(&self) -> bool {
        self.strokes.with_untracked(Vec::is_empty)
    }

    fn redraw(self) {
        if let Some(canvas) = self.canvas.get_untracked() {
            self.strokes.with_untracked(|strokes| paint(&canvas, strokes, self.host.dark.get_untracked()));
        }
        self.classify();
    }

    fn clear(self) {
        self.strokes.set(vec![]);
        self.shares.set(vec![]);
        self.seen.set(None);
        self.redraw();
    }

    fn undo(self) {
        self.strokes.update(|strokes| drop(strokes.pop()));
        if self.is_empty() { self.clear() } else { self.redraw() }
    }

    fn add(self, stroke: Vec<[f64; 2]>) {
        self.strokes.update(|strokes| strokes.push(stroke));
        self.redraw();
    }
}

/// The pad beside its answers.
#[component]
pub fn Pad() -> impl IntoView {
    let view = View::get();
    let state = State {
        view,
        host: PageHost::get(),
        canvas: NodeRef::new(),
        strokes: RwSignal::default(),
        seen: RwSignal::default(),
        shares: RwSignal::default(),
        busy: StoredValue::new(false),
        asked: StoredValue::new(0.0),
    };
    Effect::new(move |_| {
        state.host.dark.track();
        state.redraw();
    });
    // Another network answers the same drawing anew.
    let network = Memo::new(move |_| (view.shown(), view.is_off(), view.run.outcomes.with(|all| all.len())));
    Effect::new(move |_| {
        network.track();
        state.classify();
    });
    let fits = Memo::new(move |_| state.fits());
    let is_empty = Memo::new(move |_| state.strokes.with(Vec::is_empty));
    let drawing = Memo::new(move |_| {
        // What is not read yet is not offered.
        let is_read = state.shares.with(|shares| !shares.is_empty());
        let image = state.seen.get().filter(|_| is_read)?;
        Some(Drawing { task: view.run.task_of(&view.shown()), image })
    });
    let acts = LABS.iter().filter_map(|lab| lab.for_drawing).map(|draw| draw(drawing.into())).collect_view();
    let spoken = move || {
        state.shares.with(|shares| {
            let top = shares.iter().max_by(|a, b| a.share.total_cmp(&b.share));
            let words = |top: &Chip| {
                let task = view.run.task_of(&view.shown());
                view.run.view(|view| view.spoken_answer(&task, &top.name, top.share))
            };
            top.map_or_else(String::new, words)
        })
    };
    view! {
        <section class="draw" aria-label="Try your own" hidden=move || !fits.get()>
            <Surface state is_empty />
            <div>
                <h3>"Try your own"</h3>
                <p class="sub">"It answers while you draw."</p>
                <Chips shares=state.shares wrong=Signal::derive(|| false) />
                <p class="reader">{spoken}</p>
                <p class="actions">
                    <Button class="link" disabled=is_empty press=move || state.clear()>
                        "Clear"
                    </Button>
                    <Button class="link" disabled=is_empty press=move || state.undo()>
                        "Undo stroke"
                    </Button>
                    {acts}
                </p>
            </div>
        </section>
    }
}

/// What is drawn on, by pointer or by keys.
#[component]
fn Surface(
    /// The drawing.
    state: State,
    /// Whether nothing is drawn.
    is_empty: Memo<bool>,
) -> impl IntoView {
    let drawing = StoredValue::new(false);
    let cursor = RwSignal::new(None::<(usize, usize)>);
    let down = move |event: ev::PointerEvent| {
        event.prevent_default();
        if let Some(canvas) = state.canvas.get_untracked() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        drawing.set_value(true);
        state.add(point(&event).into_iter().collect());
    };
    let moved = move |event: ev::PointerEvent| {
        let (true, Some(point)) = (drawing.get_value(), point(&event)) else { return };
        state.strokes.update(|strokes| strokes.last_mut().into_iter().for_each(|stroke| stroke.push(point)));
        state.redraw();
    };
    let up = move |_| {
        drawing.set_value(false);
        state.classify();
    };
    let hint = move || {
        let run = state.view.run;
        let task = run.task_of(&state.view.shown());
        run.view(|view| format!("Draw {} here", one(view.bare_thing(&task))))
    };
    let mark = move || match cursor.get() {
        None => "display:none".to_owned(),
        Some((x, y)) => format!("left:{}%;top:{}%", 12.5 * x as f64, 12.5 * y as f64),
    };
    view! {
        <div class="pad">
            <canvas
                id="pad"
                node_ref=state.canvas
                width=SIDE.to_string()
                height=SIDE.to_string()
                tabindex="0"
                role="application"
                aria-label="Drawing pad: arrows move, Space draws, Backspace clears"
                on:pointerdown=down
                on:pointermove=moved
                on:pointerup=up
                on:pointercancel=up
                on:keydown=move |event| keys(state, cursor, &event)
                on:blur=move |_| cursor.set(None)
            ></canvas>
            <span class="hint" hidden=move || !is_empty.get()>
                {hint}
            </span>
            <i class="cursor" style=mark></i>
            <span
                class="seen"
                hidden=is_empty
                title="What the network sees: scaled to its input as the data set was, averaged to 8 × 8"
            >
                <Pixels image=state.seen />
            </span>
        </div>
    }
}

/// Where the pointer is, in the surface's own pixels.
fn point(event: &ev::PointerEvent) -> Option<[f64; 2]> {
    let canvas: web_sys::Element = event.current_target()?.dyn_into().ok()?;
    let scale = SIDE / f64::from(canvas.client_width().max(1));
    Some([f64::from(event.offset_x()) * scale, f64::from(event.offset_y()) * scale])
}

/// Without a pointer: arrows move over the cells, Space inks one.
fn keys(state: State, cursor: RwSignal<Option<(usize, usize)>>, event: &ev::KeyboardEvent) {
    let last = CELLS - 1;
    let (x, y) = cursor.get_untracked().unwrap_or((3, 3));
    let to = match event.key().as_str() {
        "ArrowLeft" => (x.saturating_sub(1), y),
        "ArrowRight" => ((x + 1).min(last), y),
        "ArrowUp" => (x, y.saturating_sub(1)),
        "ArrowDown" => (x, (y + 1).min(last)),
        " " | "Enter" => {
            let middle = |cell: usize| (cell as f64 + 0.5) * SIDE / CELLS as f64;
            state.add(vec![[middle(x), middle(y)]]);
            (x, y)
        }
        "Backspace" | "Delete" => {
            state.clear();
            (x, y)
        }
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    cursor.set(Some(to));
}
