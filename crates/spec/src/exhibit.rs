use serde::{Deserialize, Serialize};

/// The series of the images that every attack shows: the first of each class, changed.
pub const ATTACKED: &str = "attacked";

/// A result that is no single figure and no curve over steps. A method describes it once; page, report and command line
/// draw and print it. A value that is not finite is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exhibit {
    /// Curves over a quantity that is no step: a budget, a confidence, a fraction.
    Points {
        /// What it shows, in a few words, by which it is told from the others of its stage.
        series: String,
        /// What stands at the axes, with its unit: "confidence, %".
        axes: [String; 2],
        /// At least one.
        lines: Vec<PointLine>,
    },
    /// A figure for each pair of things.
    Matrix {
        /// As of [`Self::Points`].
        series: String,
        /// Name of each row.
        rows: Vec<String>,
        /// Name of each column.
        columns: Vec<String>,
        /// `[rows, columns]`.
        values: Vec<Vec<Option<f64>>>,
        /// `%`, or empty for a bare number.
        unit: String,
        /// Whether values lie on both sides of zero, which is then the middle of the scale.
        diverging: bool,
    },
    /// A figure for each sample.
    Scores {
        /// As of [`Self::Points`].
        series: String,
        /// Number of each sample in its data set.
        ids: Vec<u32>,
        /// One for each sample.
        values: Vec<Option<f64>>,
    },
    /// Images; f32 pixels follow beside the message, `shape` is `[n, channels, height, width]`.
    Images {
        /// As of [`Self::Points`].
        series: String,
        /// Shape of the pixels.
        shape: [usize; 4],
        /// Number of each image in its data set.
        ids: Vec<u32>,
        /// What stands under each; empty where nothing does.
        captions: Vec<String>,
        /// Whether pixels are differences, −1 to 1, and not brightness, 0 to 1.
        signed: bool,
    },
    /// A point in the plane for each sample.
    Cloud {
        /// As of [`Self::Points`].
        series: String,
        /// Number of each sample in its data set.
        ids: Vec<u32>,
        /// Index of the group that each sample is of.
        labels: Vec<u16>,
        /// Name of each group.
        groups: Vec<String>,
        /// Where each sample lies.
        xy: Vec<[f32; 2]>,
    },
    /// Samples that were to be forgotten, and which of them the network still knows.
    Forgotten {
        /// As of [`Self::Points`].
        series: String,
        /// Name of their task in the run file.
        task: String,
        /// Number of each sample in its data set.
        ids: Vec<u32>,
        /// Whether the network still knows it.
        kept: Vec<bool>,
    },
}

/// A curve of [`Exhibit::Points`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PointLine {
    /// What stands at its end.
    pub name: String,
    /// Ascending.
    pub x: Vec<f64>,
    /// One for each x.
    pub y: Vec<Option<f64>>,
    /// Half of the width of a band around each y; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub band: Vec<Option<f64>>,
}

impl PointLine {
    /// A line through these points, without a band. What is not finite is left open.
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let (x, y) = points.into_iter().map(|[x, y]| (x, finite(y))).unzip();
        Self { name: name.into(), x, y, band: Vec::new() }
    }
}

/// The value if it is finite.
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

impl Exhibit {
    /// What it shows, by which it is told from the others of its stage.
    pub fn series(&self) -> &str {
        match self {
            Self::Points { series, .. }
            | Self::Matrix { series, .. }
            | Self::Scores { series, .. }
            | Self::Images { series, .. }
            | Self::Cloud { series, .. }
            | Self::Forgotten { series, .. } => series,
        }
    }

    /// Whether all lists have the lengths that belong together. What comes over a wire is checked once, so that drawing
    /// cannot fail later.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Points { lines, .. } => lines.iter().all(|line| {
                line.x.len() == line.y.len()
                    && (line.band.is_empty() || line.band.len() == line.x.len())
                    && line.x.iter().all(|x| x.is_finite())
                    && line.x.is_sorted()
            }),
            Self::Matrix { rows, columns, values, .. } => {
                values.len() == rows.len() && values.iter().all(|row| row.len() == columns.len())
            }
            Self::Scores { ids, values, .. } => ids.len() == values.len(),
            Self::Images { shape, ids, captions, .. } => {
                shape[0] == ids.len()
                    && (captions.is_empty() || captions.len() == ids.len())
                    && (1..=3).contains(&shape[1])
            }
            Self::Cloud { ids, labels, groups, xy, .. } => {
                let of_groups = labels.iter().all(|label| usize::from(*label) < groups.len());
                ids.len() == labels.len() && ids.len() == xy.len() && of_groups
            }
            Self::Forgotten { ids, kept, .. } => ids.len() == kept.len(),
        }
    }

    /// One exhibit of the same one of several runs, at least one: mean values, and around the points of a line their
    /// standard deviation. `None` where they do not fit each other, and of what has no mean.
    pub fn mean(all: &[&Self]) -> Option<Self> {
        let (first, n) = (*all.first()?, all.len() as f64);
        if n == 1.0 {
            return Some(first.clone());
        }
        let over = |of: &dyn Fn(&Self) -> Option<f64>| -> (Option<f64>, Option<f64>) {
            let Some(values) = all.iter().map(|one| of(one)).collect::<Option<Vec<f64>>>() else { return (None, None) };
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            (finite(mean), finite((squares / (n - 1.0)).sqrt()))
        };
        match first {
            Self::Points { series, axes, lines } => {
                let lines_of =
                    |one: &Self| if let Self::Points { lines, .. } = one { lines.clone() } else { Vec::new() };
                let alike = |one: &Self| {
                    let same = |(a, b): (&PointLine, &PointLine)| a.name == b.name && a.x == b.x;
                    let other = lines_of(one);
                    other.len() == lines.len() && other.iter().zip(lines).all(same)
                };
                all.iter().all(|one| alike(one)).then(|| {
                    let line = |(at, line): (usize, &PointLine)| {
                        let of = |x: usize| move |one: &Self| lines_of(one)[at].y[x];
                        let (y, band) = (0..line.x.len()).map(|x| over(&of(x))).unzip();
                        PointLine { y, band, ..line.clone() }
                    };
                    let lines = lines.iter().enumerate().map(line).collect();
                    Self::Points { series: series.clone(), axes: axes.clone(), lines }
                })
            }
            Self::Matrix { series, rows, columns, unit, diverging, .. } => {
                let alike =
                    |one: &&Self| matches!(one, Self::Matrix { rows: r, columns: c, .. } if (r, c) == (rows, columns));
                all.iter().all(alike).then(|| {
                    let value = |row: usize, column: usize| {
                        over(&|one| if let Self::Matrix { values, .. } = one { values[row][column] } else { None }).0
                    };
                    let row = |row: usize| (0..columns.len()).map(|column| value(row, column)).collect();
                    Self::Matrix {
                        series: series.clone(),
                        rows: rows.clone(),
                        columns: columns.clone(),
                        values: (0..rows.len()).map(row).collect(),
                        unit: unit.clone(),
                        diverging: *diverging,
                    }
                })
            }
            Self::Scores { series, ids, .. } => {
                let alike = |one: &&Self| matches!(one, Self::Scores { ids: other, .. } if other == ids);
                all.iter().all(alike).then(|| {
                    let value = |at: usize| {
                        over(&|one| if let Self::Scores { values, .. } = one { values[at] } else { None }).0
                    };
                    let values = (0..ids.len()).map(value).collect();
                    Self::Scores { series: series.clone(), ids: ids.clone(), values }
                })
            }
            Self::Images { .. } | Self::Cloud { .. } | Self::Forgotten { .. } => None,
        }
    }
}

/// An exhibit in a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exhibited {
    /// The stage that it is of.
    pub stage: String,
    /// What it is.
    pub exhibit: Exhibit,
    /// Over how many seeds; one where several do not fit each other, and of what has no mean.
    pub seeds: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: [f64; 2]) -> Exhibit {
        let line = PointLine::new("a", [[0.0, values[0]], [0.5, values[1]]]);
        Exhibit::Points { series: "S".into(), axes: ["x".into(), "y".into()], lines: vec![line] }
    }

    #[test]
    fn several_runs_have_a_mean_and_a_band() {
        let all = [points([1.0, 4.0]), points([3.0, f64::NAN])];
        let mean = Exhibit::mean(&all.iter().collect::<Vec<_>>()).unwrap();
        let Exhibit::Points { lines, .. } = &mean else { panic!("{mean:?}") };
        assert_eq!((lines[0].y[0], lines[0].band[0].map(|band| band * band)), (Some(2.0), Some(2.0000000000000004)));
        // A value that one of them lacks is none.
        assert_eq!((lines[0].y[1], lines[0].band[1]), (None, None));
        let matrix = |value| Exhibit::Matrix {
            series: "M".into(),
            rows: vec!["r".into()],
            columns: vec!["c".into()],
            values: vec![vec![finite(value)]],
            unit: "%".into(),
            diverging: false,
        };
        let mean = Exhibit::mean(&[&matrix(10.0), &matrix(20.0)]).unwrap();
        assert_eq!(mean, matrix(15.0));
        // What does not fit has none.
        assert_eq!(Exhibit::mean(&[&matrix(10.0), &all[0]]), None);
        let wider = Exhibit::Scores { series: "S".into(), ids: vec![1], values: vec![Some(1.0)] };
        let other = Exhibit::Scores { series: "S".into(), ids: vec![2], values: vec![Some(1.0)] };
        assert_eq!(Exhibit::mean(&[&wider, &other]), None);
        assert_eq!(Exhibit::mean(&[&wider, &wider]), Some(wider.clone()));
    }

    #[test]
    fn what_is_not_whole_is_told() {
        assert!(points([1.0, 2.0]).is_whole());
        let scores =
            |ids: &[u32]| Exhibit::Scores { series: "S".into(), ids: ids.into(), values: vec![None, Some(1.0)] };
        assert_eq!([scores(&[1, 2]).is_whole(), scores(&[1]).is_whole()], [true, false]);
        let cloud = |label| Exhibit::Cloud {
            series: "C".into(),
            ids: vec![1],
            labels: vec![label],
            groups: vec!["a".into()],
            xy: vec![[0.0; 2]],
        };
        assert_eq!([cloud(0).is_whole(), cloud(1).is_whole()], [true, false]);
    }

    #[test]
    fn json_has_null_for_what_is_not_finite() {
        let json = serde_json::to_string(&points([f64::INFINITY, 2.0])).unwrap();
        assert!(json.contains(r#""y":[null,2.0]"#), "{json}");
        assert_eq!(serde_json::from_str::<Exhibit>(&json).unwrap(), points([f64::NAN, 2.0]));
    }
}
