//! A drawing pad that the network answers while one draws.

use super::{
    chips::{Chip, chips},
    pixels::{Image, pixels},
};
use crate::{
    browser, client,
    dom::*,
    store::{Page, page},
};
use spec::{Answer, Question};
use std::{cell::Cell, rc::Rc, sync::Arc};
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, PointerEvent};

/// Side of the drawing surface in its own pixels, and the width of a stroke there.
const SIDE: f64 = 264.0;
const STROKE: f64 = 30.0;
/// Milliseconds between two questions.
const PACE: f64 = 66.0;

type Strokes = Vec<Vec<[f64; 2]>>;

pub fn pad() -> AnyView {
    let page = page();
    let canvas = NodeRef::<web_sys::HtmlCanvasElement>::new();
    let strokes = RwSignal::<Strokes>::new(Vec::new());
    let drawing = RwSignal::new(false);
    let seen = RwSignal::new(None::<Image>);
    let shares = RwSignal::new(Vec::<Chip>::new());
    let cursor = RwSignal::new(None::<(usize, usize)>);
    let busy = Rc::new(Cell::new(false));
    let last = Rc::new(Cell::new(0.0_f64));

    // Drawing follows the pointer; the question follows at its own pace, the newest wins.
    let classify = {
        let (busy, last) = (busy.clone(), last.clone());
        move || {
            let (Some(element), false) = (canvas.get_untracked(), strokes.with_untracked(Vec::is_empty)) else {
                return;
            };
            let Some(values) = reduced(&element) else { return };
            let image = Image { shape: [1, 8, 8], values: values.clone(), signed: false };
            seen.set(Some(image));
            let now = browser::now();
            if busy.get() || now - last.get() < PACE {
                return;
            }
            busy.set(true);
            last.set(now);
            let busy = busy.clone();
            let shown = untrack(|| page.shown());
            // The reply may never come, if the engine dies in between.
            let release = busy.clone();
            set_timeout(move || release.set(false), std::time::Duration::from_millis(500));
            client::ask(
                page,
                &shown,
                untrack(|| page.is_off()),
                Question::Predict,
                &[client::floats(&values)],
                move |reply| {
                    busy.set(false);
                    let Ok((Answer::Predict { probabilities }, _)) = reply else { return };
                    let row = probabilities.into_iter().next().unwrap_or_default();
                    let names = untrack(|| page.class_names(&page.task_of(&page.shown())));
                    let answer = row.into_iter().enumerate().map(|(class, share)| Chip {
                        name: names.get(class).cloned().unwrap_or_else(|| class.to_string()),
                        share: share.into(),
                    });
                    if !strokes.with_untracked(Vec::is_empty) {
                        shares.set(answer.collect());
                    }
                },
            );
        }
    };
    let redraw = {
        let classify = classify.clone();
        move || {
            if let Some(element) = canvas.get_untracked() {
                paint(&page, &element, &strokes.get_untracked());
            }
            classify();
        }
    };
    {
        let redraw = redraw.clone();
        effect(move || {
            page.dark.get();
            redraw();
        });
    }
    {
        // Another network answers the same drawing anew.
        let classify = classify.clone();
        let shown = memo(move || (page.shown(), page.is_off(), page.outcomes.with(|all| all.len())));
        effect(move || {
            shown.get();
            classify();
        });
    }
    let clear = {
        let redraw = redraw.clone();
        move || {
            strokes.set(vec![]);
            shares.set(vec![]);
            seen.set(None);
            redraw();
        }
    };
    let undo = {
        let (redraw, clear) = (redraw.clone(), clear.clone());
        move || {
            strokes.update(|strokes| {
                strokes.pop();
            });
            if strokes.with_untracked(Vec::is_empty) { clear() } else { redraw() }
        }
    };
    let at = move |event: &PointerEvent| {
        let element: web_sys::Element = event.current_target().expect("an event has a target").unchecked_into();
        let scale = SIDE / f64::from(element.client_width().max(1));
        [f64::from(event.offset_x()) * scale, f64::from(event.offset_y()) * scale]
    };
    let (start, go, end) = (redraw.clone(), redraw.clone(), classify);
    let down = move |event: PointerEvent| {
        event.prevent_default();
        if let Some(element) = canvas.get_untracked() {
            let _ = element.set_pointer_capture(event.pointer_id());
        }
        drawing.set(true);
        strokes.update(|strokes| strokes.push(vec![at(&event)]));
        start();
    };
    let moved = move |event: PointerEvent| {
        if drawing.get_untracked() {
            strokes.update(|strokes| {
                if let Some(stroke) = strokes.last_mut() {
                    stroke.push(at(&event));
                }
            });
            go();
        }
    };
    let up = move |_| {
        drawing.set(false);
        end();
    };
    // Without a pointer: arrows move over the 8 × 8 grid, Space inks.
    let keys = {
        let (redraw, clear) = (redraw, clear.clone());
        move |event: web_sys::KeyboardEvent| {
            let (x, y) = cursor.get_untracked().unwrap_or((3, 3));
            let to = match event.key().as_str() {
                "ArrowLeft" => (x.saturating_sub(1), y),
                "ArrowRight" => ((x + 1).min(7), y),
                "ArrowUp" => (x, y.saturating_sub(1)),
                "ArrowDown" => (x, (y + 1).min(7)),
                " " | "Enter" => {
                    let point = [(x as f64 + 0.5) * SIDE / 8.0, (y as f64 + 0.5) * SIDE / 8.0];
                    strokes.update(|strokes| strokes.push(vec![point]));
                    redraw();
                    (x, y)
                }
                "Backspace" | "Delete" => {
                    clear();
                    (x, y)
                }
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            cursor.set(Some(to));
        }
    };
    let mark = move || {
        cursor.get().map_or_else(
            || "display:none".to_owned(),
            |(x, y)| format!("left:{}%;top:{}%", 12.5 * x as f64, 12.5 * y as f64),
        )
    };
    let empty = move || strokes.with(Vec::is_empty);
    let spoken = move || {
        shares.with(|shares| {
            let top = shares.iter().max_by(|a, b| a.share.total_cmp(&b.share));
            top.map_or_else(String::new, |top| format!("Reads {}, {} per cent", top.name, (100.0 * top.share).round()))
        })
    };
    el("section")
        .attr("class", "draw")
        .attr("aria-label", "Try your own")
        .child(
            el("div")
                .attr("class", "pad")
                .child(
                    el("canvas")
                        .attr("id", "pad")
                        .node(canvas)
                        .attr("width", "264")
                        .attr("height", "264")
                        .attr("tabindex", "0")
                        .attr("role", "application")
                        .attr("aria-label", "Drawing pad: arrows move, Space draws, Backspace clears")
                        .on(POINTERDOWN, down)
                        .on(POINTERMOVE, moved)
                        .on(POINTERUP, up.clone())
                        .on(POINTERCANCEL, up)
                        .on(KEYDOWN, keys)
                        .on(BLUR, move |_| cursor.set(None)),
                )
                .child(el("span").attr("class", "hint").attr("hidden", move || !empty()).child("Draw a digit here"))
                .child(el("i").attr("class", "cursor").attr("style", mark))
                .child(
                    el("span")
                        .attr("class", "seen")
                        .attr("hidden", empty)
                        .attr(
                            "title",
                            "What the network sees: scaled to its input as the data set was, averaged to 8 × 8",
                        )
                        .child(pixels(move || seen.get(), "")),
                ),
        )
        .child(
            el("div")
                .child(el("h3").child("Try your own"))
                .child(el("p").attr("class", "sub").child("It answers while you draw."))
                .child(chips(move || shares.get(), || false))
                .child(el("p").attr("class", "reader").child(spoken))
                .child(
                    el("p")
                        .attr("class", "actions")
                        .child(
                            el("button")
                                .attr("class", "link")
                                .attr("type", "button")
                                .attr("disabled", empty)
                                .on(CLICK, move |_| clear())
                                .child("Clear"),
                        )
                        .child(
                            el("button")
                                .attr("class", "link")
                                .attr("type", "button")
                                .attr("disabled", empty)
                                .on(CLICK, move |_| undo())
                                .child("Undo stroke"),
                        ),
                ),
        )
        .into_any()
}

fn context(canvas: &web_sys::HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

fn paint(page: &Page, canvas: &web_sys::HtmlCanvasElement, strokes: &Strokes) {
    let Some(context) = context(canvas) else { return };
    context.clear_rect(0.0, 0.0, SIDE, SIDE);
    context.set_stroke_style_str(if page.dark.get_untracked() { "#eef2f4" } else { "#121a1f" });
    context.set_line_width(STROKE);
    context.set_line_cap("round");
    context.set_line_join("round");
    for stroke in strokes {
        context.begin_path();
        for (index, [x, y]) in stroke.iter().enumerate() {
            if index == 0 { context.move_to(*x, *y) } else { context.line_to(*x, *y) }
        }
        if let [[x, y]] = stroke[..] {
            context.line_to(x + 0.1, y);
        }
        context.stroke();
    }
}

/// The drawing as the network sees it: its box scaled to the full height, as the data set's digits were, then averaged
/// to 8 × 8.
fn reduced(canvas: &web_sys::HtmlCanvasElement) -> Option<Arc<[f32]>> {
    let side = SIDE as usize;
    let data = context(canvas)?.get_image_data(0.0, 0.0, SIDE, SIDE).ok()?.data();
    let ink = |x: usize, y: usize| f32::from(data[4 * (y * side + x) + 3]) / 255.0;
    let inked: Vec<(usize, usize)> =
        (0..side * side).map(|at| (at % side, at / side)).filter(|&(x, y)| ink(x, y) > 0.5).collect();
    let (left, right) = (inked.iter().map(|p| p.0).min()?, inked.iter().map(|p| p.0).max()?);
    let (top, bottom) = (inked.iter().map(|p| p.1).min()?, inked.iter().map(|p| p.1).max()?);
    let size = (bottom - top + 1).max(right - left + 1) as f64;
    let (x0, y0) = ((left + right + 1) as f64 / 2.0 - size / 2.0, (top + bottom + 1) as f64 / 2.0 - size / 2.0);
    // Four samples in each direction, as the set's 32 × 32 bitmaps had.
    let sample = |cell: usize, part: usize, from: f64| from + size * (cell as f64 + (part as f64 + 0.5) / 4.0) / 8.0;
    let value = |row: usize, column: usize| {
        let sum: f32 = (0..16)
            .map(|part| {
                let (x, y) = (sample(column, part % 4, x0), sample(row, part / 4, y0));
                let inside = (0.0..SIDE).contains(&x) && (0.0..SIDE).contains(&y);
                if inside { ink(x as usize, y as usize) } else { 0.0 }
            })
            .sum();
        sum / 16.0
    };
    Some((0..64).map(|at| value(at / 8, at % 8)).collect())
}
