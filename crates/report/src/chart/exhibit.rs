//! Whatever a method shows beside its figures: each kind of exhibit as a picture and as a table.

use super::{Axes, Axis, Chart, Embedding, Line, Margins, NARROW, Rank, by_x, label, matrix::Grid};
use crate::{
    figure,
    scale::ScaleKind,
    scene::{Fill, Mark, Role, Scene, Stroke, on_cell, path, text_width},
    table::Table,
};
use spec::{Exhibit, PointLine};
use std::sync::Arc;

/// Bars of a histogram.
const BINS: usize = 20;

/// Rows of a table of samples: the lowest and the highest values.
const SAMPLES: usize = 20;

/// An exhibit that is drawn as a picture; images are not, as their pixels lie elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct ExhibitChart(Arc<Exhibit>);

impl ExhibitChart {
    /// `None` of images.
    pub fn of(exhibit: &Arc<Exhibit>) -> Option<Self> {
        (!matches!(**exhibit, Exhibit::Images { .. })).then(|| Self(exhibit.clone()))
    }
}

impl Chart for ExhibitChart {
    const HEIGHT: f64 = 250.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let mut scene = match &*self.0 {
            Exhibit::Points { axes, lines, .. } => points(axes, lines, width, height),
            Exhibit::Matrix { rows, columns, values, unit, diverging, .. } => {
                matrix(rows, columns, values, unit, *diverging, width, height)
            }
            Exhibit::Scores { values, .. } => histogram(values, width, height),
            Exhibit::Cloud { labels, groups, xy, .. } => {
                let (xy, labels, names) = (xy.clone(), labels.clone(), groups.clone());
                Embedding { xy, labels, names }.scene(width, height)
            }
            Exhibit::Forgotten { kept, .. } => forgotten(kept, width, height),
            Exhibit::Images { .. } => Scene::new(width, height),
        };
        scene.title = [&figure::capital(self.0.series()), ": ", &summary(&self.0)].concat();
        scene
    }

    fn table(&self) -> Table {
        table(&self.0)
    }
}

/// Unit of an axis by its title: `%` of "accuracy, %".
fn unit(title: &str) -> &str {
    if title.ends_with('%') { "%" } else { "" }
}

/// The lines with the colours of series, the first one selected.
fn coloured(lines: &[PointLine]) -> Vec<Line> {
    let line = |(at, line): (usize, &PointLine)| Line {
        name: line.name.clone(),
        role: if lines.len() == 1 { Role::Keep } else { Role::Series(at as u8 + 1) },
        rank: Rank::Other,
        points: line.x.iter().zip(&line.y).filter_map(|(x, y)| Some([*x, (*y)?])).collect(),
    };
    lines.iter().enumerate().map(line).collect()
}

/// Lowest and highest of these values; of percents all of the scale.
fn domain(values: impl Iterator<Item = f64>, unit: &str) -> [f64; 2] {
    if unit == "%" {
        return [0.0, 100.0];
    }
    let ends = |[low, high]: [f64; 2], value: f64| [low.min(value), high.max(value)];
    values.fold([f64::INFINITY, f64::NEG_INFINITY], ends)
}

fn points(titles: &[String; 2], lines: &[PointLine], width: f64, height: f64) -> Scene {
    let drawn = coloured(lines);
    let names = drawn.iter().map(|line| text_width(&line.name, 12.0, true) + 10.0);
    let right = if width < NARROW { 10.0 } else { names.fold(0.0, f64::max).clamp(60.0, 136.0) };
    let margins = Margins { left: 34.0, right, top: 22.0, bottom: 40.0 };
    let of = |at: usize| drawn.iter().flat_map(|line| &line.points).map(move |point| point[at]);
    let axis = |at: usize| Axis {
        kind: ScaleKind::Linear,
        domain: domain(of(at), unit(&titles[at])),
        title: &titles[at],
        ticks: 4,
    };
    let mut axes = Axes::new(width, height, &margins, &axis(0), &axis(1));
    axes.grid(4);
    let mut ends = Vec::new();
    for (index, (line, given)) in drawn.iter().zip(lines).enumerate() {
        let band: Vec<([f64; 2], f64)> = given
            .x
            .iter()
            .zip(&given.y)
            .zip(&given.band)
            .filter_map(|((x, y), half)| Some(([*x, (*y)?], (*half)?)))
            .collect();
        if band.len() > 1 {
            let side = |sign: f64| band.iter().map(move |([x, y], half)| [*x, y + sign * half]);
            let outline: Vec<[f64; 2]> = side(1.0).chain(side(-1.0).rev()).map(|point| axes.at(point)).collect();
            axes.scene.push(Mark::area(path(&outline), Fill::Faint(line.role, 18)));
        }
        let on: Vec<[f64; 2]> = line.points.iter().map(|point| axes.at(*point)).collect();
        axes.scene.push(Mark::path(path(&on), Stroke::new(line.role, 2.0).dashed(line.role.dash())).numbered(index));
        axes.scene.marks.extend(on.iter().map(|[x, y]| Mark::circle(*x, *y, 2.5, line.role).numbered(index)));
        let end = on.last().map(|at| label::End { at: *at, text: line.name.clone(), role: line.role, second: None });
        ends.extend(end.filter(|_| lines.len() > 1));
    }
    let (low, high) = (axes.top(), axes.bottom());
    axes.scene.marks.extend(label::ends(ends, width, low, high));
    axes.finish(String::new(), drawn.iter().map(Line::trace).collect())
}

fn matrix(
    rows: &[String],
    columns: &[String],
    values: &[Vec<Option<f64>>],
    unit: &str,
    diverging: bool,
    width: f64,
    height: f64,
) -> Scene {
    let known = || values.iter().flatten().flatten().copied();
    let most = match (unit, diverging) {
        ("%", false) => 100.0,
        _ => known().fold(0.0, |most: f64, value| most.max(value.abs())).max(f64::MIN_POSITIVE),
    };
    let mut grid = Grid::new(width, height, rows, columns);
    for (row, line) in values.iter().enumerate() {
        for (column, value) in line.iter().enumerate() {
            let Some(value) = value else {
                grid.cell(row, column, Fill::Faint(Role::Line, 40), None);
                continue;
            };
            let role = if *value < 0.0 { Role::Lose } else { Role::Keep };
            let (fill, ink) = on_cell(role, value.abs() / most);
            grid.cell(row, column, fill, Some((number(*value, unit), ink)));
        }
    }
    grid.scene
}

/// A value as it stands in a cell.
fn number(value: f64, unit: &str) -> String {
    if unit == "%" { figure::fixed(value, 1) } else { figure::short(value) }
}

fn histogram(values: &[Option<f64>], width: f64, height: f64) -> Scene {
    let known = || values.iter().flatten().copied();
    let [low, high] = domain(known(), "");
    let span = (high - low).max(f64::MIN_POSITIVE);
    let mut counts = [0_usize; BINS];
    known().for_each(|value| counts[(((value - low) / span * BINS as f64) as usize).min(BINS - 1)] += 1);
    let most = counts.iter().copied().max().unwrap_or(0) as f64;
    let margins = Margins { left: 34.0, right: 10.0, top: 22.0, bottom: 26.0 };
    let x = Axis { kind: ScaleKind::Linear, domain: [low, high], title: "", ticks: 4 };
    let y = Axis { kind: ScaleKind::Linear, domain: [0.0, most.max(1.0)], title: "samples", ticks: 4 };
    let mut axes = Axes::new(width, height, &margins, &x, &y);
    axes.grid(4);
    let pitch = (axes.right() - axes.left()) / BINS as f64;
    for (bin, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
        let (left, top) = (axes.left() + pitch * bin as f64, axes.y.at(count as f64));
        let bar = Mark::rect(left + 1.0, top, pitch - 2.0, axes.bottom() - top, Fill::Solid(Role::Keep));
        axes.scene.push(bar.numbered(bin));
    }
    axes.finish(String::new(), Vec::new())
}

/// One square for each sample, filled where the network still knows it.
fn forgotten(kept: &[bool], width: f64, height: f64) -> Scene {
    let mut scene = Scene::new(width, height);
    let pitch = (width * height / kept.len().max(1) as f64).sqrt().clamp(3.0, 18.0);
    let columns = ((width / pitch) as usize).max(1);
    for (at, kept) in kept.iter().enumerate() {
        let (x, y) = ((at % columns) as f64 * pitch, (at / columns) as f64 * pitch);
        let fill = if *kept { Fill::Solid(Role::Lose) } else { Fill::Faint(Role::Line, 60) };
        scene.push(Mark::rect(x, y, pitch - 1.0, pitch - 1.0, fill).numbered(at));
    }
    scene
}

/// What a picture says, in one sentence without its subject.
fn summary(exhibit: &Exhibit) -> String {
    match exhibit {
        Exhibit::Points { axes, lines, .. } => {
            let end = |line: &PointLine| {
                let (x, y) = line.x.iter().zip(&line.y).filter_map(|(x, y)| Some((*x, (*y)?))).next_back()?;
                let of = |value: f64, title: &str| figure::with_unit(number(value, unit(title)), unit(title));
                Some([line.name.as_str(), " ", &of(y, &axes[1]), " at ", &of(x, &axes[0])].concat())
            };
            let ends: Vec<String> = lines.iter().filter_map(end).collect();
            if ends.is_empty() { "nothing yet".into() } else { super::listed(&ends) }
        }
        Exhibit::Matrix { rows, columns, .. } => format!("{} by {}", rows.len(), columns.len()),
        Exhibit::Scores { values, .. } => {
            let [low, high] = domain(values.iter().flatten().copied(), "");
            match values.len() {
                0 => "nothing yet".into(),
                n => format!("{n} samples, from {} to {}", figure::short(low), figure::short(high)),
            }
        }
        Exhibit::Images { ids, .. } => format!("{} images", ids.len()),
        Exhibit::Cloud { ids, groups, .. } => format!("{} samples of {} groups", ids.len(), groups.len()),
        Exhibit::Forgotten { kept, .. } => {
            format!("{} of {} still known", kept.iter().filter(|kept| **kept).count(), kept.len())
        }
    }
}

/// The figures of an exhibit as a table: all of a curve or matrix, of samples those with the lowest and the highest
/// values.
pub fn table(exhibit: &Exhibit) -> Table {
    match exhibit {
        Exhibit::Points { axes, lines, .. } => {
            let mut table = by_x(&figure::capital(&axes[0]), 3, &coloured(lines), unit(&axes[1]));
            if let [_, only] = &mut table.head[..] {
                *only = figure::capital(&axes[1]);
            }
            table
        }
        Exhibit::Matrix { rows, columns, values, unit, .. } => {
            let mut table = Table::new(1, [""]);
            let suffix = if unit.is_empty() { String::new() } else { format!(", {unit}") };
            table.head.extend(columns.iter().map(|column| format!("{column}{suffix}")));
            let cell = |value: &Option<f64>| value.map_or_else(String::new, |value| number(value, unit));
            let row = |(name, line): (&String, &Vec<Option<f64>>)| {
                std::iter::once(name.clone()).chain(line.iter().map(cell)).collect()
            };
            table.rows = rows.iter().zip(values).map(row).collect();
            table
        }
        Exhibit::Scores { ids, values, .. } => {
            let mut table = Table::new(0, ["Sample", "Value"]);
            let mut known: Vec<(u32, f64)> =
                ids.iter().zip(values).filter_map(|(id, value)| Some((*id, (*value)?))).collect();
            known.sort_by(|a, b| a.1.total_cmp(&b.1));
            let inner = SAMPLES / 2..known.len().saturating_sub(SAMPLES / 2).max(SAMPLES / 2);
            let shown = known.iter().enumerate().filter(|(at, _)| !inner.contains(at));
            table.rows = shown.map(|(_, (id, value))| vec![id.to_string(), figure::short(*value)]).collect();
            table
        }
        Exhibit::Images { ids, captions, .. } => {
            let mut table = Table::new(1, ["Image", ""]);
            let caption = |at: usize| captions.get(at).cloned().unwrap_or_default();
            table.rows = ids.iter().enumerate().map(|(at, id)| vec![id.to_string(), caption(at)]).collect();
            table
        }
        Exhibit::Cloud { labels, groups, .. } => {
            let mut table = Table::new(1, ["Group", "Samples"]);
            let count = |group: usize| labels.iter().filter(|label| usize::from(**label) == group).count();
            let row = |(at, name): (usize, &String)| vec![name.clone(), count(at).to_string()];
            table.rows = groups.iter().enumerate().map(row).collect();
            table
        }
        Exhibit::Forgotten { ids, kept, .. } => {
            let mut table = Table::new(0, ["Sample", "Still known"]);
            let row = |(id, kept): (&u32, &bool)| vec![id.to_string(), if *kept { "yes" } else { "no" }.into()];
            table.rows = ids.iter().zip(kept).map(row).collect();
            table
        }
    }
}
