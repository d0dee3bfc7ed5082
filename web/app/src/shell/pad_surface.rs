//! The canvas of the drawing pad: strokes onto it, and what a network sees of them.

use std::sync::Arc;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// Side of the surface in its own pixels.
pub const SIDE: f64 = 264.0;
/// Width of a stroke, in the same.
const STROKE: f64 = 30.0;

/// Points of every stroke.
pub type Strokes = Vec<Vec<[f64; 2]>>;

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok().flatten()?.dyn_into().ok()
}

/// Draws all strokes anew.
pub fn paint(canvas: &HtmlCanvasElement, strokes: &Strokes, dark: bool) {
    let Some(context) = context(canvas) else { return };
    context.clear_rect(0.0, 0.0, SIDE, SIDE);
    context.set_stroke_style_str(if dark { "#eef2f4" } else { "#121a1f" });
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

/// The drawing as the network sees it, 8 × 8: its box scaled to the full height, as the data set's digits were, then
/// averaged. `None` of an empty surface.
pub fn reduced(canvas: &HtmlCanvasElement) -> Option<Arc<[f32]>> {
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
