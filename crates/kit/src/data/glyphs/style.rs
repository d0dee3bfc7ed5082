//! The styles of a stroke.

use super::ground::square_wave;
use super::pose::{Polyline, distance};
use crate::seed::Rng;
use std::f32::consts::FRAC_1_SQRT_2;

/// A way to draw a stroke.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Style {
    /// Dashes with round ends.
    Dashed,
    /// Dots.
    Dotted,
    /// An outline around a thinner stroke.
    Double,
    /// Hatched at 45°.
    Hatched,
    /// A stroke of medium width.
    Medium,
    /// A broad pen held at 45°.
    Nib,
    /// The outline of a stroke.
    Outlined,
    /// Many short pieces of varying width, each a little out of place.
    Rough,
    /// A wide stroke.
    Thick,
    /// A narrow stroke.
    Thin,
}

/// All styles, in the order of their labels.
pub const STYLES: &[Style] = &[
    Style::Dashed,
    Style::Dotted,
    Style::Double,
    Style::Hatched,
    Style::Medium,
    Style::Nib,
    Style::Outlined,
    Style::Rough,
    Style::Thick,
    Style::Thin,
];

/// A piece of a stroke with round ends.
pub struct Segment {
    from: [f32; 2],
    to: [f32; 2],
    /// Half of its width.
    half: f32,
}

impl Style {
    /// The name of its class.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dashed => "dashed",
            Self::Dotted => "dotted",
            Self::Double => "double",
            Self::Hatched => "hatched",
            Self::Medium => "medium",
            Self::Nib => "nib",
            Self::Outlined => "outlined",
            Self::Rough => "rough",
            Self::Thick => "thick",
            Self::Thin => "thin",
        }
    }

    /// Half the width of a stroke in pixels, at least half a pixel.
    pub fn half(self, size: usize) -> f32 {
        let part: f32 = match self {
            Self::Thin => 0.03,
            Self::Dashed => 0.055,
            Self::Dotted | Self::Rough => 0.065,
            Self::Medium => 0.08,
            Self::Nib => 0.1,
            Self::Thick => 0.11,
            Self::Hatched | Self::Outlined => 0.125,
            Self::Double => 0.14,
        };
        (part * size as f32).max(0.5)
    }

    /// The strokes as segments with a width.
    pub fn ink(self, lines: Vec<Polyline>, half: f32, size: usize, rng: &mut Rng) -> Vec<Segment> {
        let size = size as f32;
        let lines: Vec<Polyline> = match self {
            Self::Dashed => lines.iter().flat_map(|line| dashes(line, 0.12 * size, 2.0 * half + 0.08 * size)).collect(),
            Self::Dotted => lines.iter().flat_map(|line| dashes(line, 0.0, 2.0 * half + 0.07 * size)).collect(),
            // Dashes that touch each other; each one is shifted a little below.
            Self::Rough => lines.iter().flat_map(|line| dashes(line, 0.05 * size, 0.02 * size)).collect(),
            _ => lines,
        };
        let mut segments = Vec::new();
        for pair in lines.iter().flat_map(|line| line.windows(2)) {
            let [mut from, mut to] = [pair[0], pair[1]];
            let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
            let half = match self {
                // A broad pen held at 45°: strokes along it are thin.
                Self::Nib => half * (0.25 + 0.75 * (dx + dy).abs() / (2.0 * (dx * dx + dy * dy)).sqrt().max(1e-6)),
                Self::Rough => {
                    let slip = [0, 1].map(|_| half * rng.uniform(-0.45, 0.45));
                    from = [from[0] + slip[0], from[1] + slip[1]];
                    to = [to[0] + slip[0], to[1] + slip[1]];
                    half * rng.uniform(0.5, 1.3)
                }
                _ => half,
            };
            segments.push(Segment { from, to, half });
        }
        segments
    }

    /// The share of a pixel that is ink. `distance` is the signed distance of its centre from the edge of the stroke,
    /// negative inside; the pixel counts as one pixel wide in every direction.
    pub fn coverage(self, distance: f32, [x, y]: [f32; 2], half: f32, size: usize) -> f32 {
        let inside = |depth: f32| (0.5 - depth - distance).clamp(0.0, 1.0);
        let line = (0.055 * size as f32).max(0.8);
        match self {
            Self::Outlined => inside(0.0) - inside(line),
            Self::Double => inside(0.0) - inside(line) + inside((1.1 * half - line).max(line)),
            Self::Hatched => inside(0.0) * (0.35 + 0.65 * square_wave((x + y) * FRAC_1_SQRT_2, 0.18 * size as f32)),
            _ => inside(0.0),
        }
    }
}

/// A line cut into dashes that are about `gap` apart, from its start to its end. Dashes of length zero are dots.
fn dashes(line: &[[f32; 2]], length: f32, gap: f32) -> Vec<Polyline> {
    let rest = line.windows(2).map(|pair| distance(pair[0], pair[1])).sum::<f32>() - length;
    let count = (rest / (length + gap)).round().max(1.0);
    let starts = (0..=count as usize).map(|dash| (dash as f32 * rest / count).max(0.0));
    starts.map(|start| cut(line, start, start + length)).collect()
}

/// The part of a line between two lengths along it.
fn cut(line: &[[f32; 2]], from: f32, to: f32) -> Polyline {
    let mut out = vec![along(line, from)];
    let mut passed = 0.0;
    for pair in line.windows(2) {
        passed += distance(pair[0], pair[1]);
        if from < passed && passed < to {
            out.push(pair[1]);
        }
    }
    out.push(along(line, to));
    out
}

/// The point at this length along a line.
fn along(line: &[[f32; 2]], length: f32) -> [f32; 2] {
    let mut left = length;
    for pair in line.windows(2) {
        let step = distance(pair[0], pair[1]);
        if left <= step {
            let part = if step > 0.0 { left / step } else { 0.0 };
            return [0, 1].map(|axis| pair[0][axis] + part * (pair[1][axis] - pair[0][axis]));
        }
        left -= step;
    }
    line[line.len() - 1]
}

/// Writes the signed distance of every pixel's centre from the edge of the ink into `field` `[size, size]`: negative
/// inside, at least 1 where no stroke is near.
pub fn distances(segments: &[Segment], field: &mut [f32], size: usize) {
    field.fill(f32::MAX);
    for Segment { from, to, half } in segments {
        let span = |axis: usize| {
            let low = from[axis].min(to[axis]) - half - 1.0;
            let high = from[axis].max(to[axis]) + half + 1.0;
            (low.max(0.0) as usize).min(size)..(high.max(0.0) as usize + 1).min(size)
        };
        let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
        let per_length = 1.0 / (dx * dx + dy * dy).max(1e-12);
        for row in span(1) {
            let y = row as f32 + 0.5 - from[1];
            for column in span(0) {
                let x = column as f32 + 0.5 - from[0];
                let part = ((x * dx + y * dy) * per_length).clamp(0.0, 1.0);
                let [x, y] = [x - part * dx, y - part * dy];
                let at = &mut field[row * size + column];
                *at = at.min((x * x + y * y).sqrt() - half);
            }
        }
    }
}
