//! The charts: plain data in, a [`Scene`] or a [`Table`] out.

mod bars;
mod curve;
mod embedding;
mod exhibit;
mod label;
mod matrix;
mod plane;

pub use bars::{ClassBars, ReferenceLine, Ribbon};
pub use curve::{Curve, Epsilon, Line, Rank, Sparkline, Walk};
pub use embedding::Embedding;
pub use exhibit::{ExhibitChart, table as exhibit_table};
pub use matrix::Confusion;
pub use plane::{GapPlane, PlanePoint, TradeOff};

use curve::by_x;

use crate::{
    figure,
    scale::{Scale, ScaleKind},
    scene::{Anchor, Mark, Plot, Role, Scene, Stroke, text_width},
    table::Table,
};

/// A chart: drawn as a picture, and the same figures as a table for those who do not see it.
pub trait Chart {
    /// The height that the page reserves for it.
    const HEIGHT: f64;

    /// The picture in a frame of `width` × `height` CSS pixels.
    fn scene(&self, width: f64, height: f64) -> Scene;

    /// The same figures as a table.
    fn table(&self) -> Table;
}

/// Below this width direct labels stand inside the plot.
const NARROW: f64 = 460.0;

/// Distances of the plot from the edges of the picture.
struct Margins {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

/// A scene with axes.
struct Axes {
    scene: Scene,
    x: Scale,
    y: Scale,
}

/// One axis before it has pixels.
struct Axis<'a> {
    kind: ScaleKind,
    domain: [f64; 2],
    title: &'a str,
    /// How many pieces its ticks should make; none without ticks.
    ticks: usize,
}

impl Axes {
    fn new(width: f64, height: f64, margins: &Margins, x: &Axis, y: &Axis) -> Self {
        let Margins { left, right, top, bottom } = margins;
        let y_scale = Scale::new(y.kind, y.domain, [(height - bottom).max(top + 1.0), *top]);
        let y_ticks = if y.ticks > 0 { y_scale.ticks(y.ticks) } else { Vec::new() };
        let wide = |label: &str| text_width(label, 11.0, false);
        // Long figures push the plot to the right.
        let left = y_ticks.iter().map(|tick| wide(&tick.label) + 9.0).fold(*left, f64::max);
        let x_scale = Scale::new(x.kind, x.domain, [left, (width - right).max(left + 1.0)]);
        let mut axes = Self { scene: Scene::new(width, height), x: x_scale, y: y_scale };
        if x.ticks > 0 {
            for tick in x_scale.ticks(x.ticks) {
                // The last figure may be wider than the margin.
                let at = x_scale.at(tick.value).min(width - wide(&tick.label) / 2.0);
                let mark = Mark::text(at, axes.bottom() + 16.0, tick.label, Role::Ink3);
                axes.scene.push(mark.anchored(Anchor::Middle));
            }
        }
        for tick in y_ticks {
            let mark = Mark::text(left - 7.0, y_scale.at(tick.value) + 4.0, tick.label, Role::Ink3);
            axes.scene.push(mark.anchored(Anchor::End));
        }
        if !y.title.is_empty() {
            axes.scene.push(Mark::text(0.0, 11.0, y.title, Role::Ink2).label(false));
        }
        if !x.title.is_empty() {
            let mark = Mark::text(axes.right(), height - 3.0, x.title, Role::Ink2).label(false);
            axes.scene.push(mark.anchored(Anchor::End));
        }
        axes
    }

    fn left(&self) -> f64 {
        self.x.range[0]
    }

    fn right(&self) -> f64 {
        self.x.range[1]
    }

    fn top(&self) -> f64 {
        self.y.range[1]
    }

    fn bottom(&self) -> f64 {
        self.y.range[0]
    }

    fn at(&self, point: [f64; 2]) -> [f64; 2] {
        [self.x.at(point[0]), self.y.at(point[1])]
    }

    /// Hairlines at the y ticks; the lowest is the axis.
    fn grid(&mut self, ticks: usize) {
        for tick in self.y.ticks(ticks) {
            self.horizontal(tick.value, Stroke::new(Role::Line, 1.0));
        }
    }

    /// Two axis lines instead of a grid: the planes.
    fn corner(&mut self) {
        let d = [[self.left(), self.top()], [self.left(), self.bottom()], [self.right(), self.bottom()]];
        self.scene.push(Mark::path(crate::scene::path(&d), Stroke::new(Role::Edge, 1.0)));
    }

    fn horizontal(&mut self, value: f64, stroke: Stroke) {
        let y = self.y.at(value);
        self.scene.push(Mark::line([self.left(), y], [self.right(), y], stroke));
    }

    fn vertical(&mut self, value: f64, stroke: Stroke) {
        let x = self.x.at(value);
        self.scene.push(Mark::line([x, self.top()], [x, self.bottom()], stroke));
    }

    fn finish(self, title: String, traces: Vec<crate::scene::Trace>) -> Scene {
        Scene { title, plot: Some(Plot { x: self.x, y: self.y, traces }), ..self.scene }
    }
}

/// A value with its unit, which may be empty: one digit after the point of shares and from ten on, else three.
fn with_unit(value: f64, unit: &str) -> String {
    let decimals = if value.abs() >= 10.0 || unit == "%" { 1 } else { 3 };
    figure::with_unit(figure::fixed(value, decimals), unit)
}

/// `a, b and c`.
pub(crate) fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
