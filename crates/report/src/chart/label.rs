//! Direct labels: at the ends of lines, pushed apart; beside points, where there is room.

use crate::scene::{Anchor, Mark, Role, text_width};

/// Between the baselines of two labels.
const GAP: f64 = 15.0;

/// Moves heights apart to at least `gap`, as little as needed, inside `low..=high`; the order stays. More labels than
/// fit go on below `high`.
pub fn push_apart(heights: &mut [f64], gap: f64, low: f64, high: f64) {
    let mut order: Vec<usize> = (0..heights.len()).collect();
    order.sort_by(|a, b| heights[*a].total_cmp(&heights[*b]));
    let mut floor = low;
    for &index in &order {
        heights[index] = heights[index].max(floor);
        floor = heights[index] + gap;
    }
    let mut ceiling = high.max(low + gap * heights.len().saturating_sub(1) as f64);
    for &index in order.iter().rev() {
        heights[index] = heights[index].min(ceiling);
        ceiling = heights[index] - gap;
    }
}

/// A label that wants to stand at the end of a line, in pixels.
pub(super) struct End {
    pub at: [f64; 2],
    pub text: String,
    pub role: Role,
    /// Under the name, in second ink.
    pub second: Option<String>,
}

/// Labels at line ends, to the right where there is room, else over the line's end.
pub(super) fn ends(ends: Vec<End>, width: f64, low: f64, high: f64) -> impl Iterator<Item = Mark> {
    let rows = if ends.iter().any(|end| end.second.is_some()) { 2.0 } else { 1.0 };
    let mut heights: Vec<f64> = ends.iter().map(|end| end.at[1] + 4.0).collect();
    push_apart(&mut heights, GAP * rows, low + 4.0, high - GAP * (rows - 1.0));
    ends.into_iter().zip(heights).flat_map(move |(end, y)| {
        let bold = end.role.of_label() == end.role;
        let fits = end.at[0] + 9.0 + text_width(&end.text, 12.0, bold) <= width;
        let (x, y, anchor) = if fits {
            (end.at[0] + 9.0, y, Anchor::Start)
        } else {
            (end.at[0] - 4.0, if y > low + 24.0 { y - 11.0 } else { y + 16.0 }, Anchor::End)
        };
        let name = Mark::text(x, y, end.text, end.role.of_label()).label(bold).anchored(anchor);
        let second = end.second.map(|text| Mark::text(x, y + GAP, text, Role::Ink2).label(false).anchored(anchor));
        [Some(name), second].into_iter().flatten()
    })
}

/// Keeps labels of points off each other and off everything that was told to it.
pub(super) struct Placer {
    taken: Vec<[f64; 4]>,
    bounds: [f64; 4],
}

impl Placer {
    /// Left, top, right, bottom.
    pub fn new(bounds: [f64; 4]) -> Self {
        Self { taken: Vec::new(), bounds }
    }

    pub fn avoid(&mut self, [x, y]: [f64; 2], radius: f64) {
        self.taken.push([x - radius, y - radius, x + radius, y + radius]);
    }

    /// Also reserves the room of a text that is drawn anyway.
    pub fn avoid_box(&mut self, bounds: [f64; 4]) {
        self.taken.push(bounds);
    }

    /// The label of a point at the first of eight positions that is free; none if all are taken.
    pub fn put(&mut self, [x, y]: [f64; 2], radius: f64, text: &str, role: Role, bold: bool) -> Option<Mark> {
        let (width, near) = (text_width(text, 12.0, bold), radius + 4.0);
        let places = [
            (x + near, y + 4.0, Anchor::Start),
            (x - near, y + 4.0, Anchor::End),
            (x, y - near - 2.0, Anchor::Middle),
            (x, y + near + 9.0, Anchor::Middle),
            (x + near, y - near, Anchor::Start),
            (x + near, y + near + 8.0, Anchor::Start),
            (x - near, y - near, Anchor::End),
            (x - near, y + near + 8.0, Anchor::End),
        ];
        places.into_iter().find_map(|(x, y, anchor)| {
            let left = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            let wanted = [left - 1.0, y - 10.0, left + width + 1.0, y + 3.0];
            let [l, t, r, b] = self.bounds;
            let inside = wanted[0] >= l && wanted[1] >= t && wanted[2] <= r && wanted[3] <= b;
            if !inside || self.taken.iter().any(|taken| overlap(taken, &wanted)) {
                return None;
            }
            self.taken.push(wanted);
            Some(Mark::text(x, y, text, role.of_label()).label(bold).anchored(anchor))
        })
    }
}

fn overlap(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_pushed_apart_in_order() {
        let mut heights = [50.0, 20.0, 52.0, 51.0];
        push_apart(&mut heights, 15.0, 0.0, 200.0);
        assert_eq!(heights, [50.0, 20.0, 80.0, 65.0]);
        let mut low = [98.0, 97.0, 20.0];
        push_apart(&mut low, 15.0, 0.0, 100.0);
        assert_eq!(low, [100.0, 85.0, 20.0]);
        let mut crowd = [5.0, 5.0, 5.0];
        push_apart(&mut crowd, 15.0, 0.0, 20.0);
        assert_eq!(crowd, [0.0, 15.0, 30.0]);
    }

    #[test]
    fn a_label_without_room_is_dropped() {
        let mut placer = Placer::new([0.0, 0.0, 200.0, 40.0]);
        let first = placer.put([100.0, 20.0], 4.0, "first", Role::Keep, true);
        let second = placer.put([100.0, 20.0], 4.0, "second", Role::Keep, true);
        assert!(first.is_some());
        assert!(second.is_some_and(|mark| mark != first.unwrap()));
        placer.avoid_box([0.0, 0.0, 200.0, 40.0]);
        assert!(placer.put([100.0, 20.0], 4.0, "third", Role::Keep, true).is_none());
    }
}
