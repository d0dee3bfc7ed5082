//! Where and how a sign stands in its image.

use super::config::Config;
use crate::seed::Rng;
use std::f32::consts::TAU;

/// The points of a stroke, joined by straight lines.
pub type Polyline = Vec<[f32; 2]>;

/// The nuisances of one image, drawn at random: all in [-1, 1], except `shrink` in [0, 1) and `phases` in turns.
pub struct Pose {
    bends: [f32; 2],
    lean: f32,
    phases: [f32; 2],
    shift: [f32; 2],
    shrink: f32,
    stretch: f32,
    turn: f32,
    /// How much thicker or thinner the strokes are.
    pub weight: f32,
}

impl Pose {
    /// Draws a pose.
    pub fn draw(rng: &mut Rng) -> Self {
        let mut signed = || rng.uniform(-1.0, 1.0);
        let bends = [signed(), signed()];
        let shift = [signed(), signed()];
        let [lean, stretch, turn, weight] = [signed(), signed(), signed(), signed()];
        Self { bends, lean, phases: [rng.unit(), rng.unit()], shift, shrink: rng.unit(), stretch, turn, weight }
    }

    /// Rotation in degrees counter-clockwise, size as a share of the full one, and the shift of the centre in image
    /// widths.
    pub fn numbers(&self, config: &Config) -> [(&'static str, f32); 4] {
        [
            ("rotation", self.turn * config.rotation as f32),
            ("scale", 1.0 - config.scale as f32 * self.shrink),
            ("shift_x", self.shift[0] * config.shift as f32),
            ("shift_y", self.shift[1] * config.shift as f32),
        ]
    }

    /// A sign in pixels: warped, rotated, and then as large as the image allows for strokes of this half width.
    pub fn place(&self, outline: &[Polyline], config: &Config, half: f32) -> Vec<Polyline> {
        let warp = config.warp as f32;
        let (sin, cos) = libm::sincosf((self.turn * config.rotation as f32).to_radians());
        let wave = |at: usize, place: f32| 0.09 * self.bends[at] * libm::sinf(TAU * (0.8 * place + self.phases[at]));
        let mut lines = outline.to_vec();
        let [mut low, mut high] = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
        for point in lines.iter_mut().flatten() {
            let [x, y] = *point;
            let leant = x * (1.0 + warp * (0.25 * self.stretch - 0.15)) + warp * (0.25 * self.lean * y + wave(0, y));
            let bent = y + warp * wave(1, x);
            *point = [leant * cos + bent * sin, bent * cos - leant * sin];
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let size = config.size as f32;
        let extent = (high[0] - low[0]).max(high[1] - low[1]);
        let scale = (size - 2.0 * half) * (1.0 - config.scale as f32 * self.shrink) / extent;
        for point in lines.iter_mut().flatten() {
            for axis in 0..2 {
                let middle = size * (0.5 + config.shift as f32 * self.shift[axis]);
                point[axis] = middle + scale * (point[axis] - (low[axis] + high[axis]) / 2.0);
            }
        }
        lines
    }
}

/// Euclidean distance of two points.
pub fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    let [dx, dy] = [b[0] - a[0], b[1] - a[1]];
    (dx * dx + dy * dy).sqrt()
}
