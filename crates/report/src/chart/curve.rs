//! Lines: learning curves, accuracy by ε, the walk of an attack, and the small one in a table.

use super::{Axes, Axis, Chart, Margins, NARROW, label, listed, with_unit};
use crate::{
    figure,
    scale::{Scale, ScaleKind},
    scene::{Anchor, Mark, Role, Scene, Stroke, Trace, extend, path, text_width, value_at},
    table::Table,
};

/// One line of values; x ascends.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What stands at its end, in the read-out and in the table's head.
    pub name: String,
    /// Its colour.
    pub role: Role,
    /// How much it is emphasised among the others.
    pub rank: Rank,
    /// A value that is not finite ends the line with a cross.
    pub points: Vec<[f64; 2]>,
}

/// How much a line is emphasised: its width and dashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// In pencil, whatever its role: an earlier or recorded run.
    Earlier,
    /// With a width of 2 pixels and the dashes of its role.
    Other,
    /// The thinnest, and dotted: accuracy on the training samples.
    Seen,
    /// The widest, and solid.
    Selected,
}

impl Line {
    fn stroke(&self) -> Stroke {
        match self.rank {
            Rank::Earlier => Stroke::new(Role::Pencil, 1.5),
            Rank::Other => Stroke::new(self.role, 2.0).dashed(self.role.dash()),
            Rank::Seen => Stroke::new(self.role, 1.2).dashed("1 3"),
            Rank::Selected => Stroke::new(self.role, 2.6),
        }
    }

    fn role(&self) -> Role {
        if self.rank == Rank::Earlier { Role::Pencil } else { self.role }
    }

    fn end(&self) -> Option<[f64; 2]> {
        self.points.iter().take_while(|point| point[1].is_finite()).last().copied()
    }

    pub(super) fn trace(&self) -> Trace {
        Trace { name: self.name.clone(), role: self.role(), points: self.points.clone() }
    }
}

/// Writes a line's path while its values arrive: at most one first, lowest, highest and last point a pixel column, and
/// a push touches only the end of the text.
#[derive(Clone, Debug, PartialEq)]
struct Pen {
    x: Scale,
    y: Scale,
    d: String,
    /// Bytes of `d` that later values of this column leave as they are.
    kept: usize,
    column: Option<Column>,
    /// The step of the first value that was not finite; the line ends before it.
    broken: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    pixel: f64,
    first: [f64; 2],
    low: [f64; 2],
    high: [f64; 2],
    last: [f64; 2],
}

impl Pen {
    fn new(x: Scale, y: Scale) -> Self {
        Self { x, y, d: String::new(), kept: 0, column: None, broken: None }
    }

    /// The path so far, as the attribute `d`.
    fn d(&self) -> &str {
        &self.d
    }

    /// The last point, in pixels: where the label stands.
    fn end(&self) -> Option<[f64; 2]> {
        self.column.map(|column| column.last)
    }

    /// Of a line with a single point, which a path does not show.
    fn dot(&self, role: Role) -> Option<Mark> {
        let [x, y] = self.end().filter(|_| !self.d.contains('L'))?;
        Some(Mark::circle(x, y, 2.5, role))
    }

    fn push(&mut self, step: f64, value: f64) {
        if self.broken.is_some() {
            return;
        }
        if !value.is_finite() {
            self.broken = Some(step);
            return;
        }
        let point = [self.x.at(step), self.y.at(value)];
        let pixel = point[0].floor();
        let column = match self.column {
            Some(column) if column.pixel == pixel => Column {
                low: if point[1] > column.low[1] { point } else { column.low },
                high: if point[1] < column.high[1] { point } else { column.high },
                last: point,
                ..column
            },
            _ => {
                self.kept = self.d.len();
                Column { pixel, first: point, low: point, high: point, last: point }
            }
        };
        self.column = Some(column);
        self.d.truncate(self.kept);
        let mut middle = [column.low, column.high];
        if middle[0][0] > middle[1][0] {
            middle.swap(0, 1);
        }
        let mut before = None;
        for point in [column.first, middle[0], middle[1], column.last] {
            if before.replace(point) != Some(point) {
                let command = if self.d.is_empty() { 'M' } else { 'L' };
                extend(&mut self.d, command, point);
            }
        }
    }
}

/// Learning curves: a quantity by training step.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// What is drawn, as a heading: "Accuracy".
    pub subject: String,
    /// `%` fixes the axis to 0 to 100.
    pub unit: String,
    /// The planned number of steps, so that nothing rescales while a run goes on.
    pub steps: f64,
    /// From back to front; line `i` is the mark with the id `i`.
    pub lines: Vec<Line>,
    /// A value to be reached, as a dotted line across the plot.
    pub goal: Option<f64>,
    /// The step that a running line has reached.
    pub now: Option<f64>,
    /// The step whose weights were kept when the run failed.
    pub kept: Option<f64>,
    /// In a few words, why the last line ends where it does: "the loss is infinite"; its step stands before them.
    pub failed: Option<(f64, String)>,
}

impl Chart for Curve {
    const HEIGHT: f64 = 250.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let names = self.lines.iter().map(|line| text_width(&line.name, 12.0, true) + 10.0);
        let right = if width < NARROW { 10.0 } else { names.fold(0.0, f64::max).clamp(104.0, 136.0) };
        let margins = Margins { left: 34.0, right, top: 14.0, bottom: 26.0 };
        let x = step_axis(self.steps, 4);
        let y = Axis { kind: ScaleKind::Linear, domain: self.domain(), title: "", ticks: 4 };
        let mut axes = Axes::new(width, height, &margins, &x, &y);
        axes.grid(4);
        if let Some(goal) = self.goal {
            axes.horizontal(goal, Stroke::new(Role::Edge, 1.0).dashed("1 4"));
            let (x, y) = (axes.left() + 6.0, axes.y.at(goal) + 13.0);
            axes.scene.push(Mark::text(x, y, goal_label(goal, &self.unit), Role::Ink3).label(false));
        }
        if let Some(now) = self.now {
            axes.vertical(now, Stroke::new(Role::Line, 1.0));
        }
        if let Some(kept) = self.kept {
            axes.vertical(kept, Stroke::new(Role::Keep, 1.0).dashed("3 3"));
            let text = ["step ", &figure::fixed(kept, 0), ", kept"].concat();
            let (x, y) = (axes.x.at(kept), axes.top() + 16.0);
            axes.scene.push(beside([x, y], 7.0, text, Role::Keep, width));
        }
        let mut labels = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            let mut pen = Pen::new(axes.x, axes.y);
            for point in &line.points {
                pen.push(point[0], point[1]);
            }
            axes.scene.push(Mark::path(pen.d().into(), line.stroke()).numbered(index));
            let Some(at) = pen.end() else { continue };
            axes.scene.marks.extend(pen.dot(line.role()).map(|dot| dot.numbered(index)));
            let failed = self.failed.as_ref().filter(|_| index + 1 == self.lines.len());
            let broken = pen.broken.map(|step| (step, self.broken(line)));
            match failed.map(|(step, words)| (*step, words.as_str())).or(broken) {
                Some((step, words)) => {
                    axes.scene.push(Mark::path(cross(at, 5.0), Stroke::new(Role::Lose, 2.5)));
                    let text = ["step ", &figure::fixed(step, 0), ": ", words].concat();
                    axes.scene.push(beside_end(at, text, width, axes.bottom()));
                }
                None => labels.push(label::End { at, text: line.name.clone(), role: line.role(), second: None }),
            }
        }
        let (low, high) = (axes.top(), axes.bottom());
        axes.scene.marks.extend(label::ends(labels, width, low, high));
        axes.finish(self.title(), self.lines.iter().map(Line::trace).collect())
    }

    fn table(&self) -> Table {
        by_x("Step", 0, &self.lines, &self.unit)
    }
}

impl Curve {
    fn domain(&self) -> [f64; 2] {
        if self.unit == "%" {
            return [0.0, 100.0];
        }
        let values = || self.lines.iter().flat_map(|line| &line.points).map(|point| point[1]).chain(self.goal);
        let values = || values().filter(|value| value.is_finite());
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        if low < 0.0 { [low, high] } else { [0.0, high] }
    }

    fn broken(&self, line: &Line) -> &'static str {
        match line.points.iter().find(|point| !point[1].is_finite()) {
            Some(point) if point[1].is_nan() => "not a number",
            _ => "infinite",
        }
    }

    fn title(&self) -> String {
        let ends: Vec<String> = self
            .lines
            .iter()
            .rev()
            .filter_map(|line| {
                let [step, value] = line.end()?;
                let (value, step) = (with_unit(value, &self.unit), figure::fixed(step, 0));
                Some([line.name.as_str(), " ", &value, " at step ", &step].concat())
            })
            .collect();
        if ends.is_empty() {
            return [&self.subject, " by step, nothing yet"].concat();
        }
        [&self.subject, " by step: ", &listed(&ends)].concat()
    }
}

/// Robust accuracy by ε, in percent, one line a victim.
#[derive(Clone, Debug, PartialEq)]
pub struct Epsilon {
    /// x is the budget, y the accuracy.
    pub lines: Vec<Line>,
    /// Where the slider stands.
    pub epsilon: f64,
    /// The budget at the end of the x axis.
    pub max: f64,
}

impl Chart for Epsilon {
    const HEIGHT: f64 = 236.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let right = if width < 300.0 { 10.0 } else { 92.0 };
        let margins = Margins { left: 34.0, right, top: 14.0, bottom: 26.0 };
        let x = Axis { kind: ScaleKind::Linear, domain: [0.0, self.max], title: "", ticks: 4 };
        let y = Axis { kind: ScaleKind::Linear, domain: [0.0, 100.0], title: "", ticks: 4 };
        let mut axes = Axes::new(width, height, &margins, &x, &y);
        axes.grid(4);
        let epsilon = self.epsilon.clamp(0.0, self.max);
        axes.vertical(epsilon, Stroke::new(Role::Lose, 1.5));
        let (mut labels, mut dots) = (Vec::new(), Vec::new());
        for (index, line) in self.lines.iter().enumerate() {
            let points: Vec<[f64; 2]> = line.points.iter().map(|point| axes.at(*point)).collect();
            axes.scene.push(Mark::path(path(&points), line.stroke()).numbered(index));
            let Some(value) = value_at(&line.points, epsilon) else { continue };
            let [x, y] = axes.at([epsilon, value]);
            dots.push(Mark::circle(x, y, 4.0, line.role()).stroked(Stroke::new(Role::Bg, 1.5)).numbered(index));
            // A line whose accuracy has dropped runs along the x axis: its name is put at 24 % at least, above it.
            let [_, above] = axes.at([epsilon, value.max(24.0)]);
            labels.push(label::End {
                at: [axes.right() - 3.0, above],
                text: line.name.clone(),
                role: line.role(),
                second: Some(figure::percent(value, 0)),
            });
        }
        axes.scene.marks.extend(dots);
        let (low, high) = (axes.top(), axes.bottom());
        axes.scene.marks.extend(label::ends(labels, width, low, high));
        let at = self.lines.iter().filter_map(|line| {
            let value = value_at(&line.points, epsilon)?;
            Some([line.name.as_str(), " ", &figure::percent(value, 0)].concat())
        });
        let said = listed(&at.collect::<Vec<_>>());
        let said = if said.is_empty() { "nothing yet" } else { &said };
        let title = ["Right under attack at ε ", &figure::short(epsilon), ": ", said].concat();
        axes.finish(title, self.lines.iter().map(Line::trace).collect())
    }

    fn table(&self) -> Table {
        by_x("ε", 3, &self.lines, "%")
    }
}

/// The confidence in the right answer after each step of an attack, in percent, from step 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Walk {
    /// One for each step, and before them that of the clean sample.
    pub confidences: Vec<f64>,
    /// The step that is shown beside it.
    pub at: usize,
}

impl Chart for Walk {
    const HEIGHT: f64 = 202.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let margins = Margins { left: 34.0, right: 14.0, top: 12.0, bottom: 24.0 };
        let last = self.confidences.len().saturating_sub(1).max(1) as f64;
        let x = step_axis(last, 5);
        let y = Axis { kind: ScaleKind::Linear, domain: [0.0, 100.0], title: "", ticks: 2 };
        let mut axes = Axes::new(width, height, &margins, &x, &y);
        axes.grid(2);
        let values: Vec<[f64; 2]> =
            self.confidences.iter().enumerate().map(|(step, value)| [step as f64, *value]).collect();
        let points: Vec<[f64; 2]> = values.iter().map(|point| axes.at(*point)).collect();
        axes.scene.push(Mark::path(path(&points), Stroke::new(Role::Lose, 2.0)));
        for (step, [x, y]) in points.into_iter().enumerate().filter(|(_, [_, y])| y.is_finite()) {
            let dot = if step == self.at {
                Mark::circle(x, y, 5.5, Role::Lose)
            } else {
                Mark::circle(x, y, 3.0, Role::Bg).stroked(Stroke::new(Role::Lose, 1.5))
            };
            axes.scene.push(dot.numbered(step));
        }
        let title = match self.confidences[..] {
            [] => "Confidence in the right answer by step, nothing yet".into(),
            [only] => ["Confidence in the right answer before the first step: ", &figure::percent(only, 0)].concat(),
            [first, .., last] => {
                let goes = if last < first { "falls" } else { "goes" };
                let (from, to) = (figure::percent(first, 0), figure::percent(last, 0));
                let (steps, s) = (self.confidences.len() - 1, if self.confidences.len() == 2 { "" } else { "s" });
                format!("Confidence in the right answer {goes} from {from} to {to} in {steps} step{s}")
            }
        };
        axes.finish(title, vec![Trace { name: "Right answer".into(), role: Role::Lose, points: values }])
    }

    fn table(&self) -> Table {
        let mut table = Table::new(0, ["Step", "Confidence, %"]);
        let rows = self.confidences.iter().enumerate();
        table.rows = rows.map(|(step, value)| vec![step.to_string(), figure::fixed(*value, 1)]).collect();
        table
    }
}

/// The shape of a curve in a row of a table, without axes.
#[derive(Clone, Debug, PartialEq)]
pub struct Sparkline {
    /// At equal distances; the line ends before one that is not finite.
    pub values: Vec<f64>,
    /// The colour of the line.
    pub role: Role,
}

impl Sparkline {
    /// The width that the page gives it, in CSS pixels.
    pub const WIDTH: f64 = 60.0;
}

impl Chart for Sparkline {
    const HEIGHT: f64 = 18.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let mut scene = Scene::new(width, height);
        let finite = || self.values.iter().copied().filter(|value| value.is_finite());
        let range = [finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max)];
        let x = Scale::new(ScaleKind::Linear, [0.0, self.values.len().saturating_sub(1) as f64], [1.0, width - 1.0]);
        let y = Scale::new(ScaleKind::Linear, range, [height - 2.0, 2.0]);
        let mut pen = Pen::new(x, y);
        for (step, value) in self.values.iter().enumerate() {
            pen.push(step as f64, *value);
        }
        scene.title = match (self.values.first(), self.values.last()) {
            (Some(first), Some(last)) => ["From ", &figure::short(*first), " to ", &figure::short(*last)].concat(),
            _ => "Nothing yet".into(),
        };
        scene.marks.extend(pen.dot(self.role));
        scene.push(Mark::path(pen.d, Stroke::new(self.role, 1.5)));
        scene
    }

    fn table(&self) -> Table {
        let mut table = Table::new(0, ["Point", "Value"]);
        let rows = self.values.iter().enumerate();
        table.rows = rows.map(|(at, value)| vec![at.to_string(), figure::short(*value)]).collect();
        table
    }
}

/// Whole steps from zero.
fn step_axis<'a>(steps: f64, ticks: usize) -> Axis<'a> {
    let steps = steps.max(1.0);
    Axis { kind: ScaleKind::Linear, domain: [0.0, steps], title: "", ticks: ticks.min(steps as usize) }
}

/// The words of a mark at its right, or at its left where the picture ends.
fn beside([x, y]: [f64; 2], distance: f64, text: String, role: Role, width: f64) -> Mark {
    let fits = fits_beside(x, distance, &text, width);
    let (x, anchor) = if fits { (x + distance, Anchor::Start) } else { (x - distance, Anchor::End) };
    Mark::text(x, y, text, role).label(true).anchored(anchor)
}

/// The words of a line's end; at its left, where the line comes from, they stand under it.
fn beside_end([x, y]: [f64; 2], text: String, width: f64, bottom: f64) -> Mark {
    let distance = 12.0;
    let fits = fits_beside(x, distance, &text, width);
    let y = if fits { y + 4.0 } else { (y + 19.0).min(bottom - 2.0) };
    beside([x, y], distance, text, Role::Lose, width)
}

fn fits_beside(x: f64, distance: f64, text: &str, width: f64) -> bool {
    x + distance + text_width(text, 12.0, true) <= width
}

fn cross([x, y]: [f64; 2], arm: f64) -> String {
    let mut d = path(&[[x - arm, y - arm], [x + arm, y + arm]]);
    d.push_str(&path(&[[x - arm, y + arm], [x + arm, y - arm]]));
    d
}

fn goal_label(goal: f64, unit: &str) -> String {
    figure::with_unit(figure::short(goal), unit)
}

/// At most so many rows: a table is for reading.
const ROWS: usize = 40;

/// One row for each x of any line; of many, evenly chosen ones and the last.
pub(super) fn by_x(name: &str, decimals: usize, lines: &[Line], unit: &str) -> Table {
    let mut table = Table::new(0, [name]);
    let suffix = if unit.is_empty() { String::new() } else { [", ", unit].concat() };
    table.head.extend(lines.iter().map(|line| [line.name.as_str(), &suffix].concat()));
    let mut xs: Vec<f64> = lines.iter().flat_map(|line| &line.points).map(|point| point[0]).collect();
    xs.sort_unstable_by(f64::total_cmp);
    xs.dedup();
    let count = xs.len().min(ROWS);
    for at in 0..count {
        let x = xs[if count == 1 { 0 } else { at * (xs.len() - 1) / (count - 1) }];
        let mut row = vec![figure::fixed(x, decimals)];
        row.extend(lines.iter().map(|line| match value_at(&line.points, x) {
            Some(value) if unit == "%" => figure::fixed(value, 1),
            Some(value) => figure::short(value),
            None => String::new(),
        }));
        table.rows.push(row);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: Vec<[f64; 2]>) -> Line {
        Line { name: "Unseen".into(), role: Role::Keep, rank: Rank::Selected, points }
    }

    fn curve(points: Vec<[f64; 2]>) -> Curve {
        Curve {
            subject: "Accuracy".into(),
            unit: "%".into(),
            steps: 800.0,
            lines: vec![line(points)],
            goal: Some(95.0),
            now: None,
            kept: None,
            failed: None,
        }
    }

    #[test]
    fn a_pen_appends_and_decimates() {
        let scale = |range| Scale::new(ScaleKind::Linear, [0.0, 10.0], range);
        let mut pen = Pen::new(scale([0.0, 10.0]), scale([10.0, 0.0]));
        pen.push(0.0, 0.0);
        assert_eq!(pen.d(), "M0 10");
        for (step, value) in [(1.0, 5.0), (1.1, 9.0), (1.2, 1.0), (1.3, 4.0), (1.4, 4.5)] {
            pen.push(step, value);
        }
        assert_eq!(pen.d(), "M0 10L1 5L1.1 1L1.2 9L1.4 5.5");
        pen.push(2.0, 6.0);
        assert_eq!(pen.d(), "M0 10L1 5L1.1 1L1.2 9L1.4 5.5L2 4");
        pen.push(3.0, f64::NAN);
        pen.push(4.0, 5.0);
        assert_eq!((pen.d().len(), pen.broken), ("M0 10L1 5L1.1 1L1.2 9L1.4 5.5L2 4".len(), Some(3.0)));
    }

    #[test]
    fn a_curve_says_where_it_ended() {
        let chart = curve(vec![[0.0, 10.0], [800.0, 96.12]]);
        let scene = chart.scene(672.0, Curve::HEIGHT);
        assert_eq!(scene.title, "Accuracy by step: Unseen 96.1\u{202f}% at step 800");
        assert!(scene.svg().contains(">Unseen</text>"));
        assert_eq!(chart.table().rows, [["0", "10.0"], ["800", "96.1"]]);
    }

    #[test]
    fn a_broken_line_ends_with_a_cross() {
        let chart = Curve { kept: Some(200.0), ..curve(vec![[0.0, 10.0], [200.0, 70.0], [212.0, f64::INFINITY]]) };
        let svg = chart.scene(672.0, Curve::HEIGHT).svg();
        assert!(svg.contains("step 212: infinite") && svg.contains("step 200, kept"), "{svg}");
        assert!(!svg.contains(">Unseen</text>"));
        let failed = Some((65.0, "the loss is infinite".to_string()));
        let svg = Curve { failed, ..curve(vec![[0.0, 10.0], [60.0, 70.0]]) }.scene(672.0, Curve::HEIGHT).svg();
        assert!(svg.contains("step 65: the loss is infinite"), "{svg}");
    }

    #[test]
    fn tables_of_long_curves_are_short() {
        let table = curve((0..1000).map(|step| [f64::from(step), 50.0]).collect()).table();
        assert_eq!(table.rows.len(), ROWS);
        assert_eq!(table.rows[ROWS - 1][0], "999");
    }

    #[test]
    fn epsilon_reads_at_the_slider() {
        let chart = Epsilon { lines: vec![line(vec![[0.0, 90.0], [0.4, 10.0]])], epsilon: 0.2, max: 0.4 };
        let scene = chart.scene(320.0, Epsilon::HEIGHT);
        assert_eq!(scene.title, "Right under attack at ε 0.2: Unseen 50\u{202f}%");
        assert_eq!(chart.table().rows[1], ["0.400", "10.0"]);
    }

    #[test]
    fn a_walk_falls() {
        let walk = Walk { confidences: vec![96.0, 50.0, 33.0], at: 2 };
        assert!(walk.scene(300.0, Walk::HEIGHT).title.contains("falls from 96\u{202f}% to 33\u{202f}% in 2 steps"));
        assert_eq!(walk.table().rows.len(), 3);
        assert!(Walk { confidences: vec![], at: 0 }.scene(300.0, Walk::HEIGHT).svg().starts_with("<svg"));
    }
}
