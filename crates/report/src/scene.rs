//! A picture as marks that carry roles instead of colours: the page draws them, the command line writes them as SVG.
//!
//! Charts are drawn by hand, as such marks: plotting crates bring renderers and colours of their own, and know neither
//! the themes of the page nor its direct labels.

use crate::scale::Scale;

/// A finished picture; every length is in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    /// Width of the picture.
    pub width: f64,
    /// Height of the picture.
    pub height: f64,
    /// What the picture says, in one sentence: the name of `role="img"`.
    pub title: String,
    /// Seed, date and engine of a picture that leaves the page; stands in `<desc>`.
    pub about: String,
    /// From back to front.
    pub marks: Vec<Mark>,
    /// For the read-out under the pointer; pictures without axes have none.
    pub plot: Option<Plot>,
}

/// The axes of a picture, and what its lines are made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Plot {
    /// The range is the plot's left and right edge.
    pub x: Scale,
    /// The range is the plot's lower and upper edge.
    pub y: Scale,
    /// The lines as values, for the read-out; empty where the picture has none.
    pub traces: Vec<Trace>,
}

/// A line of a picture, as values instead of pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its name in the read-out.
    pub name: String,
    /// The colour of its line.
    pub role: Role,
    /// Values, not pixels; sorted by x.
    pub points: Vec<[f64; 2]>,
}

/// What stands under the pointer: the values of all traces at the nearest x.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The x that is nearest, as a value.
    pub x: f64,
    /// In pixels.
    pub at: f64,
    /// Trace, value and pixel, the highest value first.
    pub values: Vec<(usize, f64, f64)>,
}

/// One shape of a picture, with its colours.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// What is drawn, and where.
    pub shape: Geometry,
    /// The colour inside.
    pub fill: Fill,
    /// The line around it or along it, where there is one.
    pub stroke: Option<Stroke>,
    /// The datum that it shows: the index of a series, point or class; of a cell `row * columns + column`.
    pub id: Option<u32>,
}

/// What a mark draws; all lengths are in CSS pixels, from the upper left corner of the picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Geometry {
    /// Lines, open or closed.
    Path {
        /// As SVG's attribute `d`, with absolute commands.
        d: String,
    },
    /// A rectangle.
    Rect {
        /// The left edge.
        x: f64,
        /// The upper edge.
        y: f64,
        /// From the left edge to the right; not negative.
        width: f64,
        /// From the upper edge to the lower; not negative.
        height: f64,
        /// Radius of the rounded corners; 0 for sharp ones.
        radius: f64,
    },
    /// A dot of a scatter plot, or the last point of a line.
    Circle {
        /// x of the centre.
        x: f64,
        /// y of the centre.
        y: f64,
        /// From the centre to the edge.
        radius: f64,
    },
    /// One line of text.
    Text {
        /// x of the point that `anchor` puts the text at.
        x: f64,
        /// The baseline.
        y: f64,
        /// What is written; it is escaped when the scene becomes SVG.
        text: String,
        /// Which part of the text stands at `x`.
        anchor: Anchor,
        /// Size of the font in pixels.
        size: u8,
        /// Weight of the font as in CSS: 400 is regular, 600 and 700 are bold.
        weight: u16,
        /// Three pixels of the page's colour behind the letters.
        halo: bool,
        /// Struck through.
        strike: bool,
    },
}

/// The inside of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Transparent: what lies behind shows through.
    None,
    /// The role's colour.
    Solid(Role),
    /// So many percent of the role's colour over nothing.
    Faint(Role, u8),
    /// So many percent of the role's colour over the surface: the cells of matrices.
    Mix(Role, u8),
}

/// A line along a path or around a shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// Its colour.
    pub role: Role,
    /// Its width in pixels.
    pub width: f64,
    /// As `stroke-dasharray`; empty is solid.
    pub dash: &'static str,
}

/// Which part of a text stands at its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The left end.
    Start,
    /// Halfway between its ends.
    Middle,
    /// The right end.
    End,
}

/// What a colour means; the page's style defines its value, and a file brings its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The page's background.
    Bg,
    /// Axes, and outlines that must be seen.
    Edge,
    /// Hardened, certified, a check that passed.
    Hard,
    /// Text, and what matters most.
    Ink,
    /// Labels and other text of less weight.
    Ink2,
    /// Ticks and notes: the palest text.
    Ink3,
    /// Kept, clean, right, selected.
    Keep,
    /// Hairlines of grids.
    Line,
    /// To forget, forgotten, attacked, wrong.
    Lose,
    /// Figures on [`Fill::Mix`] cells of high values: light in the light theme, dark in the dark one.
    OnCellHigh,
    /// Figures on cells of low values: dark in the light theme, light in the dark one.
    OnCellLow,
    /// Figures on cells of middling values: black in both themes.
    OnCellMid,
    /// Earlier or not selected.
    Pencil,
    /// 1 to 6; a seventh is pencil.
    Series(u8),
}

impl Role {
    /// The colour as a value of CSS.
    pub const fn css(self) -> &'static str {
        match self {
            Self::Bg => "var(--bg)",
            Self::Edge => "var(--edge)",
            Self::Hard => "var(--hard)",
            Self::Ink => "var(--ink)",
            Self::Ink2 => "var(--ink2)",
            Self::Ink3 => "var(--ink3)",
            Self::Keep => "var(--keep)",
            Self::Line => "var(--line)",
            Self::Lose => "var(--lose)",
            Self::OnCellHigh => "light-dark(#fff,#000)",
            Self::OnCellLow => "light-dark(#000,#fff)",
            Self::OnCellMid => "#000",
            Self::Series(1) => "var(--s1)",
            Self::Series(2) => "var(--s2)",
            Self::Series(3) => "var(--s3)",
            Self::Series(4) => "var(--s4)",
            Self::Series(5) => "var(--s5)",
            Self::Series(6) => "var(--s6)",
            Self::Pencil | Self::Series(_) => "var(--pencil)",
        }
    }

    /// The second cue of a series, beside its colour.
    pub(crate) const fn dash(self) -> &'static str {
        match self {
            Self::Series(3) => "8 3",
            Self::Series(4) => "5 4",
            Self::Series(5) => "2 3",
            Self::Series(6) => "8 3 2 3",
            _ => "",
        }
    }

    /// Pencil is too pale for words: they stand in second ink.
    pub(crate) const fn of_label(self) -> Self {
        match self {
            Self::Pencil | Self::Series(0 | 7..) => Self::Ink2,
            role => role,
        }
    }
}

/// Fill and ink of a cell whose value is `share` (0 to 1) of the scale: text keeps 4.5 : 1 in both themes.
pub(crate) fn on_cell(role: Role, share: f64) -> (Fill, Role) {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    // Where black and white change places, computed with the colours of `TOKENS`: in the dark, then in the light.
    let (dark, light) = if role == Role::Lose { (0.72, 1.0) } else { (0.70, 0.85) };
    let ink = match share {
        _ if share <= dark => Role::OnCellLow,
        _ if share <= light => Role::OnCellMid,
        _ => Role::OnCellHigh,
    };
    (Fill::Mix(role, (4.0 + 86.0 * share).round() as u8), ink)
}

impl Fill {
    /// As a value of `fill` or `background`.
    pub fn css(self) -> String {
        match self {
            Self::None => "none".into(),
            Self::Solid(role) => role.css().into(),
            Self::Faint(role, percent) => mix(role, percent, "transparent"),
            Self::Mix(role, percent) => mix(role, percent, "var(--surface)"),
        }
    }
}

fn mix(role: Role, percent: u8, with: &str) -> String {
    ["color-mix(in oklab,", role.css(), " ", &percent.to_string(), "%,", with, ")"].concat()
}

impl Stroke {
    pub(crate) const fn new(role: Role, width: f64) -> Self {
        Self { role, width, dash: "" }
    }

    pub(crate) const fn dashed(self, dash: &'static str) -> Self {
        Self { dash, ..self }
    }
}

impl Mark {
    pub(crate) fn path(d: String, stroke: Stroke) -> Self {
        Self { shape: Geometry::Path { d }, fill: Fill::None, stroke: Some(stroke), id: None }
    }

    pub(crate) fn line(from: [f64; 2], to: [f64; 2], stroke: Stroke) -> Self {
        Self::path(path(&[from, to]), stroke)
    }

    pub(crate) fn area(d: String, fill: Fill) -> Self {
        Self { shape: Geometry::Path { d }, fill, stroke: None, id: None }
    }

    /// Never with a negative extent, which SVG forbids.
    pub(crate) fn rect(x: f64, y: f64, width: f64, height: f64, fill: Fill) -> Self {
        let shape = Geometry::Rect { x, y, width: width.max(0.0), height: height.max(0.0), radius: 0.0 };
        Self { shape, fill, stroke: None, id: None }
    }

    pub(crate) fn circle(x: f64, y: f64, radius: f64, role: Role) -> Self {
        Self { shape: Geometry::Circle { x, y, radius }, fill: Fill::Solid(role), stroke: None, id: None }
    }

    /// The size of ticks, at the start of its point, without a halo.
    pub(crate) fn text(x: f64, y: f64, text: impl Into<String>, role: Role) -> Self {
        let (anchor, size, weight) = (Anchor::Start, 11, 400);
        let shape = Geometry::Text { x, y, text: text.into(), anchor, size, weight, halo: false, strike: false };
        Self { shape, fill: Fill::Solid(role), stroke: None, id: None }
    }

    pub(crate) fn anchored(mut self, to: Anchor) -> Self {
        if let Geometry::Text { anchor, .. } = &mut self.shape {
            *anchor = to;
        }
        self
    }

    /// As a direct label: 12 px with a halo.
    pub(crate) fn label(mut self, bold: bool) -> Self {
        if let Geometry::Text { size, weight, halo, .. } = &mut self.shape {
            (*size, *weight, *halo) = (12, if bold { 600 } else { 400 }, true);
        }
        self
    }

    pub(crate) fn sized(mut self, to: u8) -> Self {
        if let Geometry::Text { size, .. } = &mut self.shape {
            *size = to;
        }
        self
    }

    pub(crate) fn struck(mut self) -> Self {
        if let Geometry::Text { strike, weight, .. } = &mut self.shape {
            (*strike, *weight) = (true, 700);
        }
        self
    }

    pub(crate) fn stroked(self, stroke: Stroke) -> Self {
        Self { stroke: Some(stroke), ..self }
    }

    pub(crate) fn numbered(self, id: usize) -> Self {
        Self { id: Some(id as u32), ..self }
    }

    /// The SVG element of this mark.
    pub(crate) const fn tag(&self) -> &'static str {
        match self.shape {
            Geometry::Path { .. } => "path",
            Geometry::Rect { .. } => "rect",
            Geometry::Circle { .. } => "circle",
            Geometry::Text { .. } => "text",
        }
    }

    /// All its attributes, as they are set on the element; the text of a text is its content.
    pub(crate) fn attributes(&self) -> Vec<(&'static str, String)> {
        let mut out = Vec::with_capacity(9);
        match &self.shape {
            Geometry::Path { d } => out.push(("d", d.clone())),
            Geometry::Rect { x, y, width, height, radius } => {
                out.extend([("x", px(*x)), ("y", px(*y)), ("width", px(*width)), ("height", px(*height))]);
                if *radius > 0.0 {
                    out.push(("rx", px(*radius)));
                }
            }
            Geometry::Circle { x, y, radius } => {
                out.extend([("cx", px(*x)), ("cy", px(*y)), ("r", px(*radius))]);
            }
            Geometry::Text { x, y, anchor, size, weight, halo, strike, .. } => {
                out.extend([("x", px(*x)), ("y", px(*y)), ("font-size", size.to_string())]);
                match anchor {
                    Anchor::Start => {}
                    Anchor::Middle => out.push(("text-anchor", "middle".into())),
                    Anchor::End => out.push(("text-anchor", "end".into())),
                }
                if *weight != 400 {
                    out.push(("font-weight", weight.to_string()));
                }
                if *strike {
                    out.push(("text-decoration", "line-through".into()));
                }
                if *halo {
                    out.extend([
                        ("paint-order", "stroke".into()),
                        ("stroke", Role::Bg.css().into()),
                        ("stroke-width", "3".into()),
                        ("stroke-linejoin", "round".into()),
                    ]);
                }
            }
        }
        out.push(("fill", self.fill.css()));
        if let Some(stroke) = self.stroke {
            out.extend([("stroke", stroke.role.css().into()), ("stroke-width", px(stroke.width))]);
            if !stroke.dash.is_empty() {
                out.push(("stroke-dasharray", stroke.dash.into()));
            }
            if matches!(self.shape, Geometry::Path { .. }) {
                out.push(("stroke-linejoin", "round".into()));
            }
        }
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.tag());
        for (name, value) in self.attributes() {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape(out, &value);
            out.push('"');
        }
        match &self.shape {
            Geometry::Text { text, .. } => {
                out.push('>');
                escape(out, text);
                out.push_str("</text>");
            }
            _ => out.push_str("/>"),
        }
    }
}

impl Scene {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Self { width, height, title: String::new(), about: String::new(), marks: Vec::new(), plot: None }
    }

    pub(crate) fn push(&mut self, mark: Mark) {
        self.marks.push(mark);
    }

    /// All marks as SVG, without the element around them.
    pub fn body(&self) -> String {
        let mut out = String::with_capacity(96 * self.marks.len());
        for mark in &self.marks {
            mark.write(&mut out);
        }
        out
    }

    /// An `<svg>` for a page that defines the colours.
    pub fn svg(&self) -> String {
        self.element("")
    }

    /// A file of its own: the colours of both themes inside.
    pub fn file(&self) -> String {
        self.element(&["<style>svg", TOKENS, "svg{background:var(--bg)}text{font-family:", SANS, "}</style>"].concat())
    }

    fn element(&self, style: &str) -> String {
        let (width, height) = (px(self.width), px(self.height));
        let mut out =
            ["<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"", &width, "\" height=\"", &height]
                .concat();
        out.push_str(&["\" viewBox=\"0 0 ", &width, " ", &height, "\" aria-label=\""].concat());
        escape(&mut out, &self.title);
        out.push_str("\">");
        if !self.about.is_empty() {
            out.push_str("<desc>");
            escape(&mut out, &self.about);
            out.push_str("</desc>");
        }
        out.push_str(style);
        out.push_str(&self.body());
        out.push_str("</svg>");
        out
    }
}

impl Plot {
    /// What to read out at a pixel: the nearest x of any trace, and of every trace its value there.
    pub fn read(&self, pixel: f64) -> Option<Reading> {
        let near = |points: &[[f64; 2]]| {
            let distance = |point: &&[f64; 2]| (self.x.at(point[0]) - pixel).abs();
            let points = points.iter().filter(|point| point[1].is_finite());
            points.min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
        };
        let all = self.traces.iter().filter_map(|trace| near(&trace.points));
        let x = all.min_by(|a, b| (self.x.at(a[0]) - pixel).abs().total_cmp(&(self.x.at(b[0]) - pixel).abs()))?[0];
        let values = self.traces.iter().enumerate();
        let mut values: Vec<_> = values
            .filter_map(|(index, trace)| {
                let value = value_at(&trace.points, x)?;
                Some((index, value, self.y.at(value)))
            })
            .collect();
        values.sort_by(|a, b| b.1.total_cmp(&a.1));
        Some(Reading { x, at: self.x.at(x), values })
    }
}

/// The value of a line at `x`, linear in between; `None` beyond its ends and beside a hole.
pub(crate) fn value_at(points: &[[f64; 2]], x: f64) -> Option<f64> {
    let after = points.partition_point(|point| point[0] < x);
    let [right, value] = *points.get(after)?;
    let value = if right == x {
        value
    } else {
        let [left, before] = *points.get(after.checked_sub(1)?)?;
        before + (value - before) * (x - left) / (right - left)
    };
    value.is_finite().then_some(value)
}

/// A line through points in pixels, with a hole where a point is not finite.
pub(crate) fn path(points: &[[f64; 2]]) -> String {
    let mut d = String::with_capacity(12 * points.len());
    let mut command = 'M';
    for point in points {
        if point.iter().all(|end| end.is_finite()) {
            extend(&mut d, command, *point);
            command = 'L';
        } else {
            command = 'M';
        }
    }
    d
}

/// Appends `L12.3 45.6`.
pub(crate) fn extend(d: &mut String, command: char, [x, y]: [f64; 2]) {
    d.push(command);
    coordinate(d, x);
    d.push(' ');
    coordinate(d, y);
}

/// One digit after the point; beyond a million pixels nothing is visible, and what is not finite is drawn at zero.
fn coordinate(out: &mut String, value: f64) {
    let tenths = (value * 10.0).round().clamp(-1e7, 1e7) as i64;
    if tenths < 0 {
        out.push('-');
    }
    let tenths = tenths.unsigned_abs();
    out.push_str(&(tenths / 10).to_string());
    if !tenths.is_multiple_of(10) {
        out.push('.');
        out.push((b'0' + (tenths % 10) as u8) as char);
    }
}

fn px(value: f64) -> String {
    let mut out = String::new();
    coordinate(&mut out, value);
    out
}

/// Appends a text so that it is only text in HTML and SVG, inside and outside of attributes.
pub(crate) fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML allows no other control characters, not even escaped.
            '\t' | '\n' | '\r' => out.push(character),
            _ if character.is_control() => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
}

/// The width of a text in the interface's sans, give or take a tenth: enough to keep labels apart.
pub(crate) fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let ems: f64 = text
        .chars()
        .map(|character| match character {
            'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '|' | '!' | '\'' | ' ' | '\u{202f}' => 0.27,
            'f' | 't' | 'r' | 'I' | '(' | ')' | '-' | '/' => 0.34,
            'm' | 'w' | 'M' | 'W' | '%' | '@' | '…' => 0.86,
            'A'..='Z' | '±' => 0.68,
            _ => 0.56,
        })
        .sum();
    ems * size * if bold { 1.06 } else { 1.0 }
}

/// The interface's typeface.
pub(crate) const SANS: &str = "Helvetica Neue,Helvetica,Segoe UI,system-ui,-apple-system,Roboto,Arial,sans-serif";

/// The colours of both themes as one CSS block without its selector, for files that stand alone.
pub(crate) const TOKENS: &str = "{color-scheme:light dark;\
--bg:light-dark(#f3f5f4,#0c1014);--surface:light-dark(#fff,#141a20);--sunk:light-dark(#e9edeb,#090c10);\
--line:light-dark(#d5dbd8,#28313a);--edge:light-dark(#7c8783,#6c7883);--ink:light-dark(#121a1f,#eef2f4);\
--ink2:light-dark(#414c52,#b6c0c8);--ink3:light-dark(#5c676d,#8e9aa4);--keep:light-dark(#1d43c4,#8fadff);\
--lose:light-dark(#bf3512,#ff8a69);\
--hard:light-dark(#0a7565,#45cbb0);--pencil:light-dark(#828c89,#66727d);\
--s1:var(--keep);--s2:var(--lose);--s3:light-dark(#0a7565,#2fae95);--s4:light-dark(#b27d00,#f2cf6b);\
--s5:light-dark(#86277a,#c77bc6);--s6:light-dark(#2b8fca,#8fd8ff)}";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::ScaleKind;

    #[test]
    fn every_text_is_escaped() {
        let mut scene = Scene::new(100.0, 20.0);
        scene.title = "\"><script>".into();
        scene.about = "seed <1>".into();
        scene.push(Mark::text(1.0, 2.0, "a & b </text>'\u{0}", Role::Ink));
        let svg = scene.svg();
        assert!(!svg.contains("<script>") && svg.contains("aria-label=\"&quot;&gt;&lt;script&gt;\""), "{svg}");
        assert!(svg.contains(">a &amp; b &lt;/text&gt;&#39;\u{fffd}</text>"), "{svg}");
        assert!(svg.contains("<desc>seed &lt;1&gt;</desc>"), "{svg}");
    }

    #[test]
    fn coordinates() {
        assert_eq!(path(&[[1.0, 2.25], [-0.04, -7.25], [2e9, 0.0]]), "M1 2.3L0 -7.3L1000000 0");
        let holes = [[f64::NAN, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, f64::INFINITY], [4.0, 4.0], [5.0, 5.0]];
        assert_eq!(path(&holes), "M1 1L2 2M4 4L5 5");
    }

    #[test]
    fn the_read_out_takes_the_nearest_step() {
        let scale = |range| Scale::new(ScaleKind::Linear, [0.0, 100.0], range);
        let trace = |name: &str, points| Trace { name: name.into(), role: Role::Keep, points };
        let plot = Plot {
            x: scale([0.0, 100.0]),
            y: scale([100.0, 0.0]),
            traces: vec![
                trace("a", vec![[0.0, 10.0], [40.0, 30.0], [50.0, f64::NAN]]),
                trace("b", vec![[0.0, 0.0], [100.0, 100.0]]),
            ],
        };
        let reading = plot.read(35.0).unwrap();
        assert_eq!((reading.x, reading.at), (40.0, 40.0));
        assert_eq!(reading.values, vec![(1, 40.0, 60.0), (0, 30.0, 70.0)]);
        assert_eq!(plot.read(300.0).unwrap().values, vec![(1, 100.0, 0.0)]);
    }

    #[test]
    fn cell_inks() {
        assert_eq!(on_cell(Role::Keep, 0.0), (Fill::Mix(Role::Keep, 4), Role::OnCellLow));
        assert_eq!(on_cell(Role::Lose, 0.8).1, Role::OnCellMid);
        assert_eq!(on_cell(Role::Keep, 2.0), (Fill::Mix(Role::Keep, 90), Role::OnCellHigh));
        assert_eq!(Fill::Mix(Role::Keep, 4).css(), "color-mix(in oklab,var(--keep) 4%,var(--surface))");
    }
}
