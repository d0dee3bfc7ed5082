//! Features in the plane, each sample as the character of its class.

use super::Chart;
use crate::{
    figure,
    scale::{Scale, ScaleKind},
    scene::{Anchor, Mark, Role, Scene},
    table::Table,
};

/// Two coordinates a sample, as the engine gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// First and second principal component of each sample's features.
    pub xy: Vec<[f32; 2]>,
    /// Index of each sample's class in `names`.
    pub labels: Vec<u16>,
    /// Name of each class; its first character is drawn.
    pub names: Vec<String>,
}

impl Embedding {
    /// Left, lower, right and upper end of all points.
    fn extent(&self) -> [f64; 4] {
        let mut ends = [f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
        for [x, y] in self.xy.iter().map(|point| point.map(f64::from)) {
            if x.is_finite() && y.is_finite() {
                ends = [ends[0].min(x), ends[1].min(y), ends[2].max(x), ends[3].max(y)];
            }
        }
        ends
    }

    /// Mean of each class that occurs.
    fn centres(&self) -> Vec<(usize, [f64; 2], usize)> {
        let mut sums = vec![([0.0; 2], 0); self.names.len()];
        for ([x, y], label) in self.xy.iter().zip(&self.labels) {
            if let Some((sum, count)) = sums.get_mut(usize::from(*label)) {
                *sum = [sum[0] + f64::from(*x), sum[1] + f64::from(*y)];
                *count += 1;
            }
        }
        let classes = sums.into_iter().enumerate().filter(|(_, (_, count))| *count > 0);
        classes.map(|(class, (sum, count))| (class, sum.map(|sum| sum / count as f64), count)).collect()
    }
}

impl Chart for Embedding {
    const HEIGHT: f64 = 236.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let mut scene = Scene::new(width, height);
        let [left, low, right, high] = self.extent();
        let x = Scale::new(ScaleKind::Linear, [left, right], [8.0, width - 8.0]);
        let y = Scale::new(ScaleKind::Linear, [low, high], [height - 8.0, 12.0]);
        for (index, ([px, py], label)) in self.xy.iter().zip(&self.labels).enumerate() {
            let (Some(name), true) = (self.names.get(usize::from(*label)), px.is_finite() && py.is_finite()) else {
                continue;
            };
            let (px, py) =
                (x.at(f64::from(*px)).clamp(4.0, width - 4.0), y.at(f64::from(*py)).clamp(8.0, height - 4.0));
            // A class with a long name is drawn as its first character.
            let character: String = name.chars().take(1).collect();
            let mark = Mark::text(px, py + 4.0, character, Role::Ink2).anchored(Anchor::Middle).numbered(index);
            scene.push(mark);
        }
        let count = figure::fixed(self.xy.len() as f64, 0);
        if self.xy.is_empty() {
            scene.title = "Features, nothing yet".into();
            return scene;
        }
        scene.title = ["Features of ", &count, " samples of ", &self.centres().len().to_string(), " classes"].concat();
        scene
    }

    /// One row a class: a thousand points are no table to read.
    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Class", "Samples", "Mean of the first component", "Mean of the second"]);
        for (class, [x, y], count) in self.centres() {
            let name = self.names[class].clone();
            table.rows.push(vec![name, count.to_string(), figure::fixed(x, 2), figure::fixed(y, 2)]);
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_characters() {
        let chart = Embedding {
            xy: vec![[0.0, 0.0], [2.0, 4.0], [1.0, 1.0], [f32::NAN, 0.0]],
            labels: vec![0, 0, 1, 1],
            names: vec!["cat".into(), "3".into()],
        };
        let scene = chart.scene(216.0, Embedding::HEIGHT);
        assert_eq!(scene.marks.len(), 3);
        assert_eq!(scene.title, "Features of 4 samples of 2 classes");
        assert!(scene.svg().contains(">c</text>"));
        assert_eq!(chart.table().rows[0], ["cat", "2", "1.00", "2.00"]);
        assert_eq!(chart.extent(), [0.0, 0.0, 2.0, 4.0]);
    }
}
