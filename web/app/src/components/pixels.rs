//! One small image, never smoothed: ink on paper, or a difference around zero.

use crate::{dom::*, store::page};
use std::sync::Arc;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, ImageData};

/// Channels, height, width; values 0 to 1, or a difference that fills the scale at 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub shape: [usize; 3],
    pub values: Arc<[f32]>,
    pub signed: bool,
}

/// The two inks of each theme, and lapis and minium.
const INK: [[u8; 3]; 2] = [[18, 26, 31], [238, 242, 244]];
const KEEP: [[u8; 3]; 2] = [[29, 67, 196], [143, 173, 255]];
const LOSE: [[u8; 3]; 2] = [[191, 53, 18], [255, 138, 105]];

pub fn pixels(image: impl Fn() -> Option<Image> + Send + Sync + 'static, name: &'static str) -> AnyView {
    let page = page();
    let canvas = NodeRef::<web_sys::HtmlCanvasElement>::new();
    let image = memo(image);
    effect(move || {
        let (Some(canvas), dark) = (canvas.get(), page.dark.get()) else { return };
        image.with(|image| {
            let Some(image) = image else { return };
            let [_, height, width] = image.shape;
            canvas.set_width(width as u32);
            canvas.set_height(height as u32);
            let bytes = colours(image, usize::from(dark));
            let context =
                canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
            let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&bytes), width as u32, height as u32);
            if let (Some(context), Ok(data)) = (context, data) {
                let _ = context.put_image_data(&data, 0.0, 0.0);
            }
        });
    });
    let hidden = name.is_empty();
    el("canvas")
        .attr("class", "pixels")
        .attr("width", "8")
        .attr("height", "8")
        .node(canvas)
        .attr("role", (!hidden).then_some("img"))
        .attr("aria-label", (!hidden).then_some(name))
        .attr("aria-hidden", hidden.then_some("true"))
        .into_any()
}

/// RGBA. Grey is the ink's alpha, so that a digit is ink on paper in the light and glows in the dark.
fn colours(image: &Image, theme: usize) -> Vec<u8> {
    let [channels, height, width] = image.shape;
    let size = height * width;
    (0..size)
        .flat_map(|at| {
            let value = image.values.get(at).copied().unwrap_or(0.0);
            let alpha = |value: f32| (255.0 * value.abs().clamp(0.0, 1.0)).round() as u8;
            if image.signed {
                let [r, g, b] = if value < 0.0 { KEEP[theme] } else { LOSE[theme] };
                return [r, g, b, alpha(value)];
            }
            if channels == 3 {
                let channel = |channel: usize| alpha(image.values.get(channel * size + at).copied().unwrap_or(0.0));
                return [channel(0), channel(1), channel(2), 255];
            }
            let [r, g, b] = INK[theme];
            [r, g, b, alpha(value)]
        })
        .collect()
}
