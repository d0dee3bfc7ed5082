//! Colours, and textures of the ground.

use crate::seed::Rng;
use std::f32::consts::TAU;

/// How far the bright parts of a texture go from the ground towards white.
pub const LIT: f32 = 0.18;

/// Colours of the ground in RGB. They are dark, so that every ink has enough contrast on every ground and both can be
/// drawn independently.
pub const BACKGROUND: &[(&str, [u8; 3])] = &[
    ("black", [14, 14, 18]),
    ("brown", [68, 42, 16]),
    ("forest", [10, 58, 32]),
    ("grey", [48, 50, 56]),
    ("navy", [18, 30, 96]),
    ("plum", [70, 20, 72]),
    ("teal", [6, 58, 68]),
    ("wine", [90, 12, 30]),
];

/// Colours of the ink in RGB.
pub const FOREGROUND: &[(&str, [u8; 3])] = &[
    ("coral", [255, 138, 116]),
    ("gold", [255, 204, 64]),
    ("lime", [176, 240, 88]),
    ("mint", [112, 240, 196]),
    ("pink", [255, 156, 210]),
    ("sky", [120, 204, 255]),
    ("violet", [200, 170, 255]),
    ("white", [248, 248, 244]),
];

/// A pattern on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Texture {
    /// A chessboard.
    Checks,
    /// Round dots on a grid.
    Dots,
    /// Brighter from one side to the other.
    Gradient,
    /// The colour of the ground alone.
    None,
    /// Stripes in a random direction.
    Stripes,
}

/// All textures, in the order of their labels.
pub const TEXTURES: &[Texture] = &[Texture::Checks, Texture::Dots, Texture::Gradient, Texture::None, Texture::Stripes];

impl Texture {
    /// The name of its class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Dots => "dots",
            Self::Gradient => "gradient",
            Self::None => "none",
            Self::Stripes => "stripes",
        }
    }
}

/// A texture with its direction and place.
pub struct Ground {
    texture: Texture,
    size: f32,
    direction: [f32; 2],
    origin: [f32; 2],
}

impl Ground {
    /// Draws direction and place; `size` is the image's side in pixels.
    pub fn draw(texture: Texture, size: usize, rng: &mut Rng) -> Self {
        let (sin, cos) = libm::sincosf(TAU * rng.unit());
        let size = size as f32;
        Self { texture, size, direction: [cos, sin], origin: [size * rng.unit(), size * rng.unit()] }
    }

    /// How bright the ground is at a point in pixels, from 0 (its own colour) to 1 (brightened by [`LIT`]).
    pub fn lit(&self, [x, y]: [f32; 2]) -> f32 {
        let [dx, dy] = self.direction;
        let [left, top] = [x - self.origin[0], y - self.origin[1]];
        match self.texture {
            Texture::Checks => {
                let [a, b] = [left, top].map(|place| square_wave(place, 0.5 * self.size));
                a + b - 2.0 * a * b
            }
            Texture::Dots => {
                let period = 0.25 * self.size;
                let [x, y] = [left, top].map(|place| place - period * (place / period).round());
                (0.3 * period + 0.5 - (x * x + y * y).sqrt()).clamp(0.0, 1.0)
            }
            Texture::Gradient => {
                let [x, y] = [x, y].map(|place| place / self.size - 0.5);
                (0.5 + 0.8 * (x * dx + y * dy)).clamp(0.0, 1.0)
            }
            Texture::None => 0.0,
            Texture::Stripes => square_wave(left * dx + top * dy, 0.3 * self.size),
        }
    }
}

/// A square wave between 0 and 1 with this period in pixels; its edges are one pixel wide.
pub fn square_wave(place: f32, period: f32) -> f32 {
    let turn = place / period;
    let turn = turn - turn.floor();
    (period * (0.25 - (turn - 0.5).abs()) + 0.5).clamp(0.0, 1.0)
}
