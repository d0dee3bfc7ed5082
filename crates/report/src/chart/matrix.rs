//! Cells with figures: which class is taken for which.

use super::{Chart, label::fitted, listed};
use crate::{
    scene::{Anchor, Fill, Geometry, Mark, Role, Scene, on_cell, text_width},
    table::Table,
};
use std::cmp::Reverse;

/// How many images of each class were named what; row = label, column = answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Confusion {
    /// Name of each class, before its row and over its column.
    pub names: Vec<String>,
    /// Numbers of images, `[label, answer]`.
    pub counts: Vec<Vec<u32>>,
}

impl Confusion {
    /// Counts answers; labels and answers beyond the names are left out.
    pub fn count(names: Vec<String>, labels: &[u16], answers: &[u16]) -> Self {
        let mut counts = vec![vec![0; names.len()]; names.len()];
        for (label, answer) in labels.iter().zip(answers) {
            if let Some(cell) = counts.get_mut(usize::from(*label)).and_then(|row| row.get_mut(usize::from(*answer))) {
                *cell += 1;
            }
        }
        Self { names, counts }
    }

    fn get(&self, row: usize, column: usize) -> u32 {
        self.counts.get(row).and_then(|row| row.get(column)).copied().unwrap_or(0)
    }
}

impl Chart for Confusion {
    const HEIGHT: f64 = 300.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let classes = self.names.len();
        let cells = || (0..classes).flat_map(|row| (0..classes).map(move |column| (row, column)));
        let most = |diagonal: bool| {
            let of = cells().filter(|(row, column)| (row == column) == diagonal);
            of.map(|(row, column)| self.get(row, column)).max().unwrap_or(0).max(1)
        };
        // At least three errors reach the end of the scale, so that a single error is not drawn as the strongest.
        let (right, wrong) = (f64::from(most(true)), f64::from(most(false).max(3)));
        let mut grid = Grid::new(width, height, &self.names, &self.names);
        let mut errors: Vec<(u32, usize, usize)> = Vec::new();
        for (row, column) in cells() {
            let count = self.get(row, column);
            if count == 0 {
                grid.cell(row, column, Fill::Faint(Role::Line, 40), None);
                continue;
            }
            let (role, most) = if row == column { (Role::Keep, right) } else { (Role::Lose, wrong) };
            if row != column {
                errors.push((count, row, column));
            }
            let (fill, ink) = on_cell(role, f64::from(count) / most);
            grid.cell(row, column, fill, Some((count.to_string(), ink)));
        }
        errors.sort_by_key(|(count, ..)| Reverse(*count));
        let worst: Vec<String> = errors
            .iter()
            .take(3)
            .map(|(count, row, column)| {
                [self.names[*row].as_str(), " as ", &self.names[*column], " (", &count.to_string(), ")"].concat()
            })
            .collect();
        let title = match worst[..] {
            [] if cells().all(|(row, column)| self.get(row, column) == 0) => "nothing yet".into(),
            [] => "no errors".into(),
            _ => ["most often ", &listed(&worst)].concat(),
        };
        grid.scene.title = ["What is taken for what: ", &title].concat();
        grid.scene
    }

    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Label"]);
        table.head.extend(self.names.iter().map(|name| ["named ", name].concat()));
        for (row, name) in self.names.iter().enumerate() {
            let mut cells = vec![name.clone()];
            cells.extend((0..self.names.len()).map(|column| self.get(row, column).to_string()));
            table.rows.push(cells);
        }
        table
    }
}

/// Cells with a head over each column and before each row.
pub(super) struct Grid {
    pub(super) scene: Scene,
    left: f64,
    pitch: [f64; 2],
    columns: usize,
}

impl Grid {
    const TOP: f64 = 20.0;

    pub(super) fn new(width: f64, height: f64, rows: &[String], columns: &[String]) -> Self {
        let longest = rows.iter().map(|name| text_width(name, 12.0, false)).fold(0.0, f64::max);
        let left = (longest + 10.0).min(width / 3.0);
        let pitch = [(width - left) / columns.len().max(1) as f64, (height - Self::TOP) / rows.len().max(1) as f64];
        let mut scene = Scene::new(width, height);
        for (column, name) in columns.iter().enumerate() {
            let x = left + pitch[0] * (column as f64 + 0.5);
            let name = fitted(name, pitch[0]);
            scene.push(Mark::text(x, Self::TOP - 7.0, name, Role::Ink2).anchored(Anchor::Middle).sized(12));
        }
        for (row, name) in rows.iter().enumerate() {
            let y = Self::TOP + pitch[1] * (row as f64 + 0.5) + 4.0;
            scene.push(Mark::text(0.0, y, fitted(name, left), Role::Ink2).sized(12));
        }
        Self { scene, left, pitch, columns: columns.len() }
    }

    pub(super) fn cell(&mut self, row: usize, column: usize, fill: Fill, text: Option<(String, Role)>) {
        let [wide, high] = self.pitch;
        let (x, y) = (self.left + wide * column as f64, Self::TOP + high * row as f64);
        let mut mark = Mark::rect(x + 1.0, y + 1.0, wide - 2.0, high - 2.0, fill).numbered(row * self.columns + column);
        if let Geometry::Rect { radius, .. } = &mut mark.shape {
            *radius = 3.0;
        }
        self.scene.push(mark);
        if let Some((text, role)) = text {
            let mark = Mark::text(x + wide / 2.0, y + high / 2.0 + 4.0, text, role);
            self.scene.push(mark.anchored(Anchor::Middle).sized(12));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confusion_counts() {
        let names: Vec<String> = ["0", "1", "2"].map(String::from).into();
        let chart = Confusion::count(names, &[0, 0, 1, 1, 2, 2, 9], &[0, 0, 1, 2, 2, 2, 1]);
        assert_eq!(chart.table().rows, [["0", "2", "0", "0"], ["1", "0", "1", "1"], ["2", "0", "0", "2"]]);
        let scene = chart.scene(300.0, Confusion::HEIGHT);
        assert_eq!(scene.title, "What is taken for what: most often 1 as 2 (1)");
        assert_eq!(scene.marks.iter().filter(|mark| mark.id.is_some()).count(), 9);
    }

    #[test]
    fn equal_errors_are_named_in_the_order_of_the_rows() {
        let names: Vec<String> = ["0", "1", "2"].map(String::from).into();
        let counts = vec![vec![9, 0, 1], vec![1, 9, 2], vec![1, 0, 9]];
        let title = Confusion { names, counts }.scene(300.0, Confusion::HEIGHT).title;
        assert_eq!(title, "What is taken for what: most often 1 as 2 (2), 0 as 2 (1) and 1 as 0 (1)");
    }
}
