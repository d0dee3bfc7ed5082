//! The settings of the glyphs.

use crate::data::points::within;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::Wrong;

/// The defaults make letters that look like the 8 × 8 digits, so that a network that knows them can learn digits; with
/// `rgb = true, size = 16, shapes = "all", styles = "all", texture = true` every factor varies.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Number of images.
    #[schemars(range(min = 100, max = 50_000))]
    pub n: u32,
    /// Width and height in pixels.
    #[schemars(range(min = 8, max = 32))]
    pub size: u32,
    /// What the network has to name.
    pub label: Label,
    /// Which signs there are.
    pub shapes: Shapes,
    /// Ten ways to draw a stroke, or only a plain one.
    pub styles: Styles,
    /// Colours: bright ink on dark ground. Without them the ink is 1 and the ground 0.
    pub rgb: bool,
    /// Stripes, checks, dots and gradients on the ground.
    pub texture: bool,
    /// Largest rotation, to either side.
    #[schemars(range(min = 0.0, max = 180.0), extend("x-advanced" = true, "x-unit" = "°"))]
    pub rotation: f64,
    /// Largest shrinking, as a part of the full size.
    #[schemars(range(min = 0.0, max = 0.6), extend("x-advanced" = true))]
    pub scale: f64,
    /// Largest shift in both directions, as a part of the image's width.
    #[schemars(range(min = 0.0, max = 0.3), extend("x-advanced" = true))]
    pub shift: f64,
    /// How much strokes bend and lean, as in handwriting.
    #[schemars(range(min = 0.0, max = 1.0), extend("x-advanced" = true))]
    pub warp: f64,
    /// Standard deviation of the noise on every value.
    #[schemars(range(min = 0.0, max = 0.5), extend("x-advanced" = true))]
    pub noise: f64,
    /// Another number draws another set; the seed of a run does not change data.
    #[schemars(extend("x-advanced" = true))]
    pub draw: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            n: 4000,
            size: 8,
            label: Label::Shape,
            shapes: Shapes::Letters,
            styles: Styles::Plain,
            rgb: false,
            texture: false,
            rotation: 8.0,
            scale: 0.0,
            shift: 0.0,
            warp: 1.0,
            noise: 0.03,
            draw: 0,
        }
    }
}

/// The factor that is the label; the others vary independently of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Colour of the ground.
    Background,
    /// Colour of the ink.
    Foreground,
    /// Which sign it is.
    Shape,
    /// How the strokes are drawn.
    Style,
    /// Pattern of the ground.
    Texture,
}

/// Which signs are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shapes {
    /// All 46.
    All,
    /// The ten digits.
    Digits,
    /// The 26 capital letters.
    Letters,
    /// Ten simple figures.
    Simple,
}

/// Which styles are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Styles {
    /// All ten.
    All,
    /// Strokes of medium width only.
    Plain,
}

impl Config {
    /// An error if a setting is out of bounds, or if the settings do not fit together.
    pub(super) fn check(&self) -> std::result::Result<(), Wrong> {
        /// Values of all images together: 256 MB.
        const LIMIT: u32 = 1 << 26;
        within("n", self.n, 100..=50_000)?;
        within("size", self.size, 8..=32)?;
        within("rotation", self.rotation, 0.0..=180.0)?;
        within("scale", self.scale, 0.0..=0.6)?;
        within("shift", self.shift, 0.0..=0.3)?;
        within("warp", self.warp, 0.0..=1.0)?;
        within("noise", self.noise, 0.0..=0.5)?;
        let values = self.size * self.size * if self.rgb { 3 } else { 1 };
        if self.n * values > LIMIT {
            let why = format!("that many images of this size do not fit; at most {} do", LIMIT / values);
            return Err(Wrong::new("n", why));
        }
        let needs = match self.label {
            Label::Background | Label::Foreground if !self.rgb => "rgb = true",
            Label::Style if self.styles == Styles::Plain => "styles = \"all\"",
            Label::Texture if !self.texture => "texture = true",
            _ => return Ok(()),
        };
        Err(Wrong::new("label", format!("\"{}\" is the same in all images; it needs `{needs}`", self.label.key())))
    }
}

impl Label {
    /// The name of the factor.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Foreground => "foreground",
            Self::Shape => "shape",
            Self::Style => "style",
            Self::Texture => "texture",
        }
    }
}
