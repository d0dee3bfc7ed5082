//! Scatter planes: how close to the retrained network, and what a little more of one costs of the other.

use super::{Axes, Axis, Chart, Margins, label::Placer, listed};
use crate::{
    figure,
    noise::{Distance, Noise},
    scale::{Scale, ScaleKind},
    scene::{Anchor, Fill, Mark, Role, Scene, Stroke, extend, path, text_width},
    table::Table,
    view::RunView,
};

/// A method, network or version; the spreads are one standard deviation over seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanePoint {
    /// The label beside it.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// In the unit of the x axis.
    pub x: f64,
    /// In the unit of the y axis.
    pub y: f64,
    /// In the unit of the x axis; `None` with one seed.
    pub x_spread: Option<f64>,
    /// In the unit of the y axis; `None` with one seed.
    pub y_spread: Option<f64>,
    /// Whether it is drawn larger, and gets its label first.
    pub selected: bool,
    /// Where it lies against the noise of retraining; `None` where that says nothing.
    pub noise: Option<Noise>,
}

impl PlanePoint {
    fn is_finite(&self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }

    fn radius(&self) -> f64 {
        if self.selected { 6.5 } else { 4.5 }
    }

    fn row(&self, x: usize, y: usize) -> Vec<String> {
        vec![self.name.clone(), spread(self.x, self.x_spread, x), spread(self.y, self.y_spread, y)]
    }
}

/// Distances from the retrained network, in points, in square-root scales: near zero is where it matters.
#[derive(Clone, Debug, PartialEq)]
pub struct GapPlane {
    /// x is the retain gap, y the forget gap; point `i` is the mark with the id `i`.
    pub points: Vec<PlanePoint>,
    /// Deviations of retraining in RA and UA, retain and forget; `None` while unknown, which draws no disc.
    /// A point is judged by all four measures: [`PlanePoint::noise`].
    pub noise: Option<[f64; 2]>,
}

impl Chart for GapPlane {
    const HEIGHT: f64 = 292.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let margins = Margins { left: 34.0, right: 14.0, top: 24.0, bottom: 36.0 };
        let reach = |axis: usize| {
            let point =
                |point: &PlanePoint| [point.x + point.x_spread.unwrap_or(0.0), point.y + point.y_spread.unwrap_or(0.0)];
            let all = self.points.iter().map(point).map(|point| point[axis]);
            let most =
                all.filter(|value| value.is_finite()).fold(self.noise.map_or(0.0, |noise| 4.0 * noise[axis]), f64::max);
            [16.0, 36.0, 64.0, 100.0].into_iter().find(|reach| *reach >= most).unwrap_or(100.0)
        };
        let axis = |axis: usize, title| Axis { kind: ScaleKind::Sqrt, domain: [0.0, reach(axis)], title, ticks: 5 };
        let x = axis(0, "Retain gap (RA), points, square-root scales");
        let mut axes = Axes::new(width, height, &margins, &x, &axis(1, "Forget gap (UA), points"));
        let origin = [axes.left(), axes.bottom()];
        let mut placer = Placer::new([axes.left() + 2.0, 14.0, width, axes.bottom() - 2.0]);
        placer.avoid([origin[0] - 6.0, origin[1] - 6.0, origin[0] + 6.0, origin[1] + 6.0]);

        if let Some(noise) = self.noise {
            for times in [4.0, 2.0, 1.0] {
                let d = quarter(&axes, [2.0 * noise[0] * times, 2.0 * noise[1] * times]);
                let (fill, stroke) = if times == 1.0 {
                    (Fill::Faint(Role::Ink, 8), Stroke::new(Role::Edge, 1.0).dashed("4 3"))
                } else {
                    (Fill::None, Stroke::new(Role::Line, 1.0))
                };
                axes.scene.push(Mark::area(d, fill).stroked(stroke));
            }
        }
        axes.corner();
        let dots: Vec<[f64; 2]> = self.points.iter().map(|point| axes.at([point.x, point.y])).collect();
        let retrained = Mark::text(origin[0] + 9.0, origin[1] - 8.0, "Retrained", Role::Ink).label(true);
        let right = origin[0] + 9.0 + text_width("Retrained", 12.0, true);
        placer.avoid_text([origin[0], origin[1] - 19.0, right, origin[1]]);
        let words = self.noise.map(|noise| {
            let (text, y) =
                ("noise of retraining in RA and UA", axes.y.at((2.0 * noise[1]).min(axes.y.domain[1])) - 6.0);
            let y = y.min(origin[1] - 26.0);
            placer.avoid_text([origin[0] + 7.0, y - 10.0, origin[0] + 7.0 + text_width(text, 11.0, false), y + 3.0]);
            Mark::text(origin[0] + 7.0, y, text, Role::Ink3).label(false).sized(11)
        });
        axes.scene.marks.extend(words);
        points(&mut axes, &mut placer, &self.points, &dots);
        axes.scene.push(Mark::circle(origin[0], origin[1], 5.5, Role::Ink));
        axes.scene.push(retrained);
        let said: Vec<String> = loudest_first(&self.points)
            .map(|index| {
                let point = &self.points[index];
                let gaps = [figure::fixed(point.x, 1), figure::fixed(point.y, 1)];
                let verdict = point.noise.map_or_else(String::new, |noise| [", ", &noise.words()].concat());
                [&point.name, ": retain gap ", &gaps[0], ", forget gap ", &gaps[1], &verdict].concat()
            })
            .collect();
        let title =
            if said.is_empty() { "Distance from the retrained network, nothing yet".into() } else { said.join("; ") };
        axes.finish(title, Vec::new())
    }

    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Method", "Retain gap, points", "Forget gap, points", "Noise of retraining"]);
        for point in &self.points {
            let mut row = point.row(1, 1);
            row.push(point.noise.map_or_else(String::new, Noise::words));
            table.rows.push(row);
        }
        table
    }
}

impl GapPlane {
    /// The finished ones of these stages that were held against a retrained network, the stage named `selected` in
    /// colour. Retraining itself is the origin, and no point beside it.
    pub fn of(view: &RunView, stages: &[String], selected: Option<&str>) -> Self {
        let mut plane = Self { points: Vec::new(), noise: None };
        // The colour of series 2 is the red that means forgotten on this page, so the points begin with series 3.
        let mut series = 3;
        for name in stages.iter().filter(|name| !view.is_reference(name)) {
            let Some(outcome) = view.outcome(name).filter(|outcome| outcome.is_done()) else { continue };
            let distance = |key: &str| Distance::of(&outcome.rows, key, false);
            let (Some(retain), Some(forget)) = (distance("ra"), distance("ua")) else { continue };
            if retain.is_known() && forget.is_known() {
                plane.noise = plane.noise.or(Some([retain.deviation, forget.deviation]));
            }
            let spread = |key: &str| outcome.row(key).and_then(figure::spread);
            let selected = selected == Some(name.as_str());
            plane.points.push(PlanePoint {
                name: view.method_title(name),
                role: if selected { Role::Keep } else { Role::Series(series) },
                x: retain.gap,
                y: forget.gap,
                x_spread: spread("ra"),
                y_spread: spread("ua"),
                selected,
                noise: Noise::of(view, name),
            });
            series += u8::from(!selected && series < 7);
        }
        plane
    }
}

/// Where the axes of an ellipse around the origin are `radii`, as far as the plot reaches.
fn quarter(axes: &Axes, radii: [f64; 2]) -> String {
    const PIECES: u32 = 32;
    let mut d = path(&[[axes.left(), axes.bottom()]]);
    for piece in 0..=PIECES {
        let (sin, cos) = (std::f64::consts::FRAC_PI_2 * f64::from(piece) / f64::from(PIECES)).sin_cos();
        // The last cosine is not quite zero, and a square root makes it visible.
        let cos = if piece == PIECES { 0.0 } else { cos };
        let [x, y] = axes.at([radii[0] * cos, radii[1] * sin]);
        extend(&mut d, 'L', [x.min(axes.right()), y.max(axes.top())]);
    }
    d.push('Z');
    d
}

/// Quality against cost: accuracy by trained weights.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeOff {
    /// With its direction in words: "Weights trained →".
    pub x_title: String,
    /// Title of the y axis, which is in percent: "Accuracy on digits, %".
    pub y_title: String,
    /// Less is better along the x axis, which is logarithmic, and up on the y axis.
    pub points: Vec<PlanePoint>,
    /// What costs nothing: "no adapter", drawn dotted.
    pub baseline: Option<(String, f64)>,
}

impl Chart for TradeOff {
    const HEIGHT: f64 = 292.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let margins = Margins { left: 34.0, right: 22.0, top: 24.0, bottom: 36.0 };
        let x = Axis { kind: ScaleKind::Log, domain: self.x_domain(), title: &self.x_title, ticks: 4 };
        let y = Axis { kind: ScaleKind::Linear, domain: self.y_domain(), title: &self.y_title, ticks: 5 };
        let mut axes = Axes::new(width, height, &margins, &x, &y);
        axes.grid(5);
        let mut placer = Placer::new([axes.left() + 2.0, 14.0, width, axes.bottom() - 2.0]);
        if let Some((name, value)) = &self.baseline {
            axes.horizontal(*value, Stroke::new(Role::Edge, 1.0).dashed("1 4"));
            let (x, y) = (axes.right(), axes.y.at(*value) - 5.0);
            let text = [name.as_str(), ": ", &figure::percent(*value, 0)].concat();
            placer.avoid_text([x - text_width(&text, 11.0, false), y - 10.0, x, y + 6.0]);
            axes.scene.push(Mark::text(x, y, text, Role::Ink3).label(false).sized(11).anchored(Anchor::End));
        }
        // What costs nothing has no place on a log axis: it stands at the left edge.
        let least = axes.x.domain[0];
        let dots: Vec<[f64; 2]> = self.points.iter().map(|point| axes.at([point.x.max(least), point.y])).collect();
        let frontier: Vec<[f64; 2]> = self.frontier().into_iter().map(|index| dots[index]).collect();
        axes.scene.push(Mark::path(path(&frontier), Stroke::new(Role::Line, 6.0)));
        points(&mut axes, &mut placer, &self.points, &dots);
        let best: Vec<String> = self
            .frontier()
            .into_iter()
            .map(|index| [self.points[index].name.as_str(), " ", &figure::fixed(self.points[index].y, 1)].concat())
            .collect();
        let title = if best.is_empty() {
            [&self.y_title, ", nothing yet"].concat()
        } else {
            [&self.y_title, ", the best for their cost: ", &listed(&best)].concat()
        };
        axes.finish(title, Vec::new())
    }

    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Name", self.x_title.trim_end_matches([' ', '→']), &self.y_title]);
        table.rows = self.points.iter().map(|point| point.row(0, 1)).collect();
        table
    }
}

impl TradeOff {
    /// Points that no other beats in both directions, from left to right.
    fn frontier(&self) -> Vec<usize> {
        let beats = |a: &PlanePoint, b: &PlanePoint| a.x <= b.x && a.y >= b.y && (a.x != b.x || a.y != b.y);
        let points = || self.points.iter().filter(|point| point.is_finite());
        let mut best: Vec<usize> = (0..self.points.len())
            .filter(|index| {
                self.points[*index].is_finite() && !points().any(|other| beats(other, &self.points[*index]))
            })
            .collect();
        best.sort_by(|a, b| self.points[*a].x.total_cmp(&self.points[*b].x));
        best
    }

    fn x_domain(&self) -> [f64; 2] {
        let (low, high) = extent(self.points.iter().map(|point| point.x).filter(|x| *x > 0.0));
        [10f64.powf(low.log10().floor()), 10f64.powf(high.log10().ceil())]
    }

    fn y_domain(&self) -> [f64; 2] {
        let ends = |point: &PlanePoint| {
            let spread = point.y_spread.unwrap_or(0.0);
            [point.y - spread, point.y + spread]
        };
        let baseline = self.baseline.as_ref().map(|(_, value)| *value);
        let (low, high) = extent(self.points.iter().flat_map(ends).chain(baseline));
        // Whole tens of percent, at least one percent beyond the points.
        [((low - 1.0) / 10.0).floor().max(0.0) * 10.0, ((high + 1.0) / 10.0).ceil().min(10.0) * 10.0]
    }
}

fn extent(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let finite = || values.clone().filter(|value| value.is_finite());
    (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max))
}

/// Crosses of one standard deviation, dots, and labels; the selected one first.
fn points(axes: &mut Axes, placer: &mut Placer, points: &[PlanePoint], dots: &[[f64; 2]]) {
    // Left, top, right and bottom end of each cross, or of its dot.
    let around: Vec<[f64; 4]> = points
        .iter()
        .zip(dots)
        .map(|(point, [x, y])| {
            let [low, high] = ends(&axes.x, point.x, point.x_spread);
            let [below, above] = ends(&axes.y, point.y, point.y_spread);
            let radius = point.radius();
            [low.min(x - radius), above.min(y - radius), high.max(x + radius), below.max(y + radius)]
        })
        .collect();
    for index in loudest_first(points) {
        let ([x, y], [left, top, right, bottom], radius) = (dots[index], around[index], points[index].radius());
        placer.avoid([left, y - 1.0, right, y + 1.0]);
        placer.avoid([x - 1.0, top, x + 1.0, bottom]);
        placer.avoid([x - radius, y - radius, x + radius, y + radius]);
    }
    let mut labels = Vec::new();
    for index in loudest_first(points) {
        let point = &points[index];
        labels.extend(placer.put(around[index], &point.name, point.role, point.selected));
    }
    for index in loudest_first(points).rev() {
        let (point, [x, y]) = (&points[index], dots[index]);
        let mut d = String::new();
        if point.x_spread.is_some() {
            let [from, to] = ends(&axes.x, point.x, point.x_spread);
            d.push_str(&path(&[[from, y], [to, y]]));
        }
        if point.y_spread.is_some() {
            let [from, to] = ends(&axes.y, point.y, point.y_spread);
            d.push_str(&path(&[[x, from], [x, to]]));
        }
        if !d.is_empty() {
            axes.scene.push(Mark::path(d, Stroke::new(point.role, 1.2)));
        }
        let dot = Mark::circle(x, y, point.radius(), point.role).numbered(index);
        axes.scene.push(if point.selected { dot.stroked(Stroke::new(Role::Bg, 2.0)) } else { dot });
    }
    axes.scene.marks.extend(labels);
}

/// The ends of a cross in pixels, inside the plot.
fn ends(scale: &Scale, value: f64, spread: Option<f64>) -> [f64; 2] {
    let spread = spread.unwrap_or(0.0);
    [value - spread, value + spread].map(|end| scale.at(end.clamp(scale.domain[0], scale.domain[1])))
}

fn loudest_first(points: &[PlanePoint]) -> impl DoubleEndedIterator<Item = usize> {
    let selected = (0..points.len()).filter(|index| points[*index].selected && points[*index].is_finite());
    let others = (0..points.len()).filter(|index| !points[*index].selected && points[*index].is_finite());
    selected.chain(others)
}

fn spread(value: f64, spread: Option<f64>, decimals: usize) -> String {
    match spread {
        Some(spread) => [figure::fixed(value, decimals), figure::fixed(spread, decimals)].join(" ± "),
        None => figure::fixed(value, decimals),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Geometry;

    fn point(name: &str, x: f64, y: f64) -> PlanePoint {
        PlanePoint {
            name: name.into(),
            role: Role::Keep,
            x,
            y,
            x_spread: Some(0.5),
            y_spread: None,
            selected: name == "SalUn",
            noise: None,
        }
    }

    #[test]
    fn points_come_with_their_verdicts() {
        let judged = |name, x, y, noise| PlanePoint { noise: Some(noise), ..point(name, x, y) };
        let tuned = judged("Fine-tune", 0.5, 87.0, Noise::Beyond);
        let points = vec![tuned, judged("SalUn", 0.9, 2.6, Noise::Inside), point("SSD", 3.0, 0.0)];
        let plane = GapPlane { points, noise: Some([0.95, 3.25]) };
        let scene = plane.scene(320.0, GapPlane::HEIGHT);
        let start = "SalUn: retain gap 0.9, forget gap 2.6, inside the noise of retraining; Fine-tune";
        assert!(scene.title.starts_with(start) && scene.title.ends_with("forget gap 0.0"), "{}", scene.title);
        assert_eq!(plane.table().rows[0], ["Fine-tune", "0.5 ± 0.5", "87.0", "beyond the noise of retraining"]);
        let svg = scene.svg();
        assert!(svg.contains(">SalUn</text>") && svg.contains(">Retrained</text>"));
        let unknown = GapPlane { noise: None, ..plane };
        assert!(!unknown.scene(320.0, 292.0).svg().contains(">noise of retraining"));
    }

    #[test]
    fn a_report_gives_its_points() {
        let (report, catalogue) = (crate::sentence::tests::sample(), crate::sentence::tests::catalogue());
        let view = RunView::of(&report, &catalogue);
        let plane = GapPlane::of(&view, &view.names(), Some("salun"));
        assert_eq!(plane.noise, Some([0.9 * 1.5_f64.sqrt(), 50.0 / 36.0]));
        assert_eq!(plane.points.len(), 1);
        assert!(plane.points[0].x == 0.0 && plane.points[0].selected);
        assert!(plane.scene(320.0, 292.0).title.ends_with("forget gap 2.8, inside the noise of retraining"));
    }

    /// The plane shows two of the measures, but judges by all four and in three grades, as the sentence does.
    #[test]
    fn plane_and_sentence_judge_alike() {
        let cases = [
            ("ta", 80.0, Noise::Beyond),
            ("ra", 97.2, Noise::Edge),
            ("ra", 98.9, Noise::Inside),
            ("mia", 50.0, Noise::Beyond),
        ];
        for (key, value, noise) in cases {
            let (mut report, catalogue) = (crate::sentence::tests::sample(), crate::sentence::tests::catalogue());
            report
                .rows
                .iter_mut()
                .filter(|row| row.stage == "salun" && row.key == key)
                .for_each(|row| row.value = value);
            let view = RunView::of(&report, &catalogue);
            let plane = GapPlane::of(&view, &view.names(), Some("salun"));
            let said = view.finished("salun").unwrap().pill;
            assert_eq!((plane.points[0].noise, said), (Some(noise), noise.pill()), "{key} {value}");
            assert_eq!(plane.table().rows[0][3], noise.words());
            assert!(plane.scene(320.0, 292.0).title.ends_with(&noise.words()));
        }
    }

    #[test]
    fn the_frontier_is_what_nothing_beats() {
        let names = [("BitFit", 226.0, 69.0), ("LoRA", 1440.0, 93.6), ("Head", 650.0, 60.0), ("Full", 62410.0, 94.9)];
        let chart = TradeOff {
            x_title: "Weights trained →".into(),
            y_title: "Accuracy on tilted digits, %".into(),
            points: names.map(|(name, x, y)| point(name, x, y)).into(),
            baseline: Some(("no adapter".into(), 56.0)),
        };
        assert_eq!(chart.frontier(), [0, 1, 3]);
        let scene = chart.scene(320.0, TradeOff::HEIGHT);
        assert!(scene.title.ends_with("BitFit 69.0, LoRA 93.6 and Full 94.9"), "{}", scene.title);
        assert_eq!(scene.plot.unwrap().x.domain, [100.0, 100_000.0]);
        assert_eq!(chart.table().head[1], "Weights trained");
    }

    #[test]
    fn nothing_is_drawn_of_what_is_not_finite() {
        let plane = GapPlane { points: vec![point("x", f64::NAN, 1.0)], noise: None };
        let scene = plane.scene(320.0, 292.0);
        let dots = scene.marks.iter().filter(|mark| matches!(mark.shape, Geometry::Circle { .. }));
        assert_eq!(dots.count(), 1);
    }
}
