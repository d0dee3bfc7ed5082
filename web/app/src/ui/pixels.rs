//! One small image, never smoothed: ink on paper, colours, or a difference around zero.

use super::host::PageHost;
use leptos::{html, prelude::*};
use std::sync::Arc;
use wasm_bindgen::{Clamped, JsCast};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, ImageData};

/// An image `[channels, height, width]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    pub shape: [usize; 3],
    /// 0 to 1; of a difference −1 to 1.
    pub values: Arc<[f32]>,
    /// Whether it is a difference around zero.
    pub signed: bool,
}

/// Red, green and blue of a theme: ink, values below zero, values above zero.
struct Inks {
    ink: [u8; 3],
    below: [u8; 3],
    above: [u8; 3],
}

const LIGHT: Inks = Inks { ink: [18, 26, 31], below: [29, 67, 196], above: [191, 53, 18] };
const DARK: Inks = Inks { ink: [238, 242, 244], below: [143, 173, 255], above: [255, 138, 105] };

/// An image as a canvas that fills its place; one that is not square keeps its shape.
#[component]
pub fn Pixels(
    /// What is drawn; while it is `None`, what was drawn before stays.
    #[prop(into)]
    image: Signal<Option<Image>>,
    /// Its name for screen readers; without one they pass over it.
    #[prop(optional, into)]
    name: MaybeProp<String>,
) -> impl IntoView {
    let host = PageHost::get();
    let canvas = NodeRef::<html::Canvas>::new();
    let image = Memo::new(move |_| image.get());
    Effect::new(move |_| {
        let (Some(canvas), dark) = (canvas.get(), host.dark.get()) else { return };
        image.with(|image| {
            if let Some(image) = image {
                draw(&canvas, image, if dark { &DARK } else { &LIGHT });
            }
        });
    });
    let is_long = move || image.with(|image| image.as_ref().is_some_and(|image| image.shape[1] != image.shape[2]));
    let is_named = move || name.with(Option::is_some);
    view! {
        <canvas
            class="pixels"
            width="8"
            height="8"
            node_ref=canvas
            role=move || is_named().then_some("img")
            aria-label=name
            aria-hidden=move || (!is_named()).then_some("true")
            style:object-fit=move || is_long().then_some("contain")
        ></canvas>
    }
}

fn draw(canvas: &HtmlCanvasElement, image: &Image, inks: &Inks) {
    let [_, height, width] = image.shape.map(|length| u32::try_from(length).unwrap_or(0));
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").ok().flatten().and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
    let bytes = colours(image, inks);
    let data = ImageData::new_with_u8_clamped_array_and_sh(Clamped(&bytes), width, height);
    if let (Some(context), Ok(data)) = (context, data) {
        let _ = context.put_image_data(&data, 0.0, 0.0);
    }
}

/// Red, green, blue and alpha of each pixel. Grey is the ink's alpha, so that a digit is ink on paper in the light
/// theme and glows in the dark one.
fn colours(image: &Image, inks: &Inks) -> Vec<u8> {
    let [channels, height, width] = image.shape;
    let size = height * width;
    let value = |channel: usize, at: usize| image.values.get(channel * size + at).copied().unwrap_or(0.0);
    let pixel = |at: usize| {
        let colour = || [value(0, at), value(1, at), value(2, at)];
        match (channels, image.signed) {
            (3, false) => {
                let [r, g, b] = colour().map(byte);
                [r, g, b, 255]
            }
            (3, true) => change(colour()),
            (_, signed) => {
                let value = value(0, at);
                let [r, g, b] = match signed {
                    true if value < 0.0 => inks.below,
                    true => inks.above,
                    false => inks.ink,
                };
                [r, g, b, byte(value.abs())]
            }
        }
    };
    (0..size).flat_map(pixel).collect()
}

/// The change of a colour: channels that grew are bright and those that shrank are dark, and the largest change of the
/// three is the alpha, so that a pixel without change is not there.
fn change(by: [f32; 3]) -> [u8; 4] {
    let most = by.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    let [r, g, b] = by.map(|value| byte(0.5 + 0.5 * value / most.max(f32::MIN_POSITIVE)));
    [r, g, b, byte(most)]
}

fn byte(share: f32) -> u8 {
    (255.0 * share.clamp(0.0, 1.0)).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(shape: [usize; 3], values: &[f32], signed: bool) -> Vec<u8> {
        colours(&Image { shape, values: values.into(), signed }, &LIGHT)
    }

    #[test]
    fn grey_is_the_alpha_of_ink() {
        assert_eq!(image([1, 1, 2], &[0.0, 1.0], false), [18, 26, 31, 0, 18, 26, 31, 255]);
        assert_eq!(image([1, 1, 2], &[-1.0, 0.2], true), [29, 67, 196, 255, 191, 53, 18, 51]);
    }

    #[test]
    fn a_change_shows_all_three_channels() {
        assert_eq!(image([3, 1, 1], &[1.0, 0.0, 0.2], false), [255, 0, 51, 255]);
        assert_eq!(image([3, 1, 1], &[0.2, 0.0, -0.2], true), [255, 128, 0, 51]);
        assert_eq!(image([3, 1, 1], &[0.0; 3], true)[3], 0);
        let [one, two, three] =
            [[0.5, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.5]].map(|by| image([3, 1, 1], &by, true));
        assert!(one != two && two != three && one != three);
    }
}
