//! Direct labels: at the ends of lines, pushed apart; beside points, where there is room.

use crate::scene::{Anchor, Mark, Role, Stroke, path, text_width};

/// Between the baselines of two labels.
const GAP: f64 = 15.0;

/// Moves heights apart to at least `gap`, as little as needed, inside `low..=high`; the order stays. More labels than
/// fit go on below `high`.
fn push_apart(heights: &mut [f64], gap: f64, low: f64, high: f64) {
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

/// A name as far as there is room for it; at least its first character.
pub(super) fn fitted(name: &str, room: f64) -> String {
    let fits = |text: &str| text_width(text, 12.0, false) <= room;
    if fits(name) {
        return name.into();
    }
    let cuts = name.char_indices().skip(1).map(|(end, _)| [name[..end].trim_end(), "…"].concat());
    let cut = cuts.take_while(|cut| fits(cut)).last();
    cut.unwrap_or_else(|| name.chars().take(1).collect())
}

/// The label of a line, which is to stand at its end; positions in pixels.
pub(super) struct End {
    pub at: [f64; 2],
    pub text: String,
    pub role: Role,
    /// Under the name, in second ink.
    pub second: Option<String>,
}

/// Labels at line ends: to the right where there is room, else below the end of the line, inside the picture.
pub(super) fn ends(ends: Vec<End>, width: f64, low: f64, high: f64) -> Vec<Mark> {
    let rows = if ends.iter().any(|end| end.second.is_some()) { 2.0 } else { 1.0 };
    // Where a label starts, how high, whether it reaches to the left instead, and from where to where.
    let mut places: Vec<(End, f64, f64, Anchor, [f64; 2])> = ends
        .into_iter()
        .map(|end| {
            let wide = text_width(&end.text, 12.0, end.role.of_label() == end.role);
            let [x, y] = end.at;
            if x + 9.0 + wide <= width {
                (end, x + 9.0, y + 4.0, Anchor::Start, [x + 9.0, x + 9.0 + wide])
            } else {
                (end, x - 4.0, y + 17.0, Anchor::End, [x - 4.0 - wide, x - 4.0])
            }
        })
        .collect();
    // Only labels over one another are pushed: those of a line that ended earlier stay with it.
    places.sort_by(|a, b| a.4[0].total_cmp(&b.4[0]));
    for column in places.chunk_by_mut(|a, b| b.4[0] < a.4[1]) {
        let mut heights: Vec<f64> = column.iter().map(|place| place.2).collect();
        push_apart(&mut heights, GAP * rows, low + 4.0, high - 2.0 - GAP * (rows - 1.0));
        column.iter_mut().zip(heights).for_each(|(place, height)| place.2 = height);
    }
    let mut marks = Vec::new();
    for (end, x, y, anchor, _) in places {
        let bold = end.role.of_label() == end.role;
        marks.push(Mark::text(x, y, end.text, end.role.of_label()).label(bold).anchored(anchor));
        marks.extend(end.second.map(|text| Mark::text(x, y + GAP, text, Role::Ink2).label(false).anchored(anchor)));
    }
    marks
}

/// How far from its point a label may stand that has no room beside it, in pixels.
const DISTANCES: [f64; 7] = [22.0, 34.0, 48.0, 64.0, 84.0, 110.0, 140.0];

/// Where it is looked for, upwards first: points crowd at the lower left of a plane.
const DIRECTIONS: [[f64; 2]; 9] = [
    [0.8, -0.6],
    [0.6, -0.8],
    [0.95, -0.3],
    [0.3, -0.95],
    [0.0, -1.0],
    [-0.8, -0.6],
    [0.8, 0.6],
    [-0.8, 0.6],
    [-1.0, 0.0],
];

/// Places the labels of points where they cover neither each other nor the areas that were reserved.
pub(super) struct Placer {
    shapes: Vec<[f64; 4]>,
    texts: Vec<[f64; 4]>,
    bounds: [f64; 4],
}

impl Placer {
    /// Left, top, right, bottom.
    pub fn new(bounds: [f64; 4]) -> Self {
        Self { shapes: Vec::new(), texts: Vec::new(), bounds }
    }

    /// Reserves left, top, right, bottom.
    pub fn avoid(&mut self, bounds: [f64; 4]) {
        self.shapes.push(bounds);
    }

    /// Reserves what is never written over.
    pub fn avoid_text(&mut self, bounds: [f64; 4]) {
        self.texts.push(bounds);
    }

    /// A label beside what fills `around` (left, top, right, bottom), at the first of eight positions that is free. If
    /// all are taken it stands further away, at the end of a thin line; none if there is no room at all, but a bold one
    /// rather covers shapes.
    pub fn put(&mut self, around: [f64; 4], text: &str, role: Role, bold: bool) -> Vec<Mark> {
        let width = text_width(text, 12.0, bold);
        let [left, top, right, bottom] = around;
        let (x, y) = ((left + right) / 2.0, (top + bottom) / 2.0);
        let places = [
            (right + 4.0, y + 4.0, Anchor::Start),
            (left - 4.0, y + 4.0, Anchor::End),
            (x, top - 6.0, Anchor::Middle),
            (x, bottom + 13.0, Anchor::Middle),
            (x + 8.0, y - 8.0, Anchor::Start),
            (x + 8.0, y + 16.0, Anchor::Start),
            (x - 8.0, y - 8.0, Anchor::End),
            (x - 8.0, y + 16.0, Anchor::End),
        ];
        let far = DISTANCES.iter().flat_map(|reach| {
            DIRECTIONS.map(|[dx, dy]| {
                let anchor = if dx < 0.0 { Anchor::End } else { Anchor::Start };
                (x + dx * reach, y + 4.0 + dy * reach, anchor)
            })
        });
        let filled = |(x, y, anchor)| {
            let left = match anchor {
                Anchor::Start => x,
                Anchor::Middle => x - width / 2.0,
                Anchor::End => x - width,
            };
            [left - 1.0, y - 10.0, left + width + 1.0, y + 3.0]
        };
        let is_free = |place| {
            let (wanted, [l, t, r, b]) = (filled(place), self.bounds);
            let inside = wanted[0] >= l && wanted[1] >= t && wanted[2] <= r && wanted[3] <= b;
            inside && !self.texts.iter().any(|text| overlap(text, &wanted))
        };
        let is_clear = |place: &(f64, f64, Anchor)| {
            is_free(*place) && !self.shapes.iter().any(|shape| overlap(shape, &filled(*place)))
        };
        let beside = places.into_iter().find(is_clear).map(|place| (place, None));
        let away = || {
            let place = far.into_iter().find(is_clear)?;
            let end = [place.0 - if place.2 == Anchor::End { -2.0 } else { 2.0 }, place.1 - 4.0];
            Some((place, Some(Mark::path(path(&[[x, y], end]), Stroke::new(role, 0.8)))))
        };
        let covering = || Some((places.into_iter().find(|place| bold && is_free(*place))?, None));
        let Some((place, line)) = beside.or_else(away).or_else(covering) else { return Vec::new() };
        self.texts.push(filled(place));
        let (x, y, anchor) = place;
        line.into_iter().chain([Mark::text(x, y, text, role.of_label()).label(bold).anchored(anchor)]).collect()
    }
}

fn overlap(a: &[f64; 4], b: &[f64; 4]) -> bool {
    a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Geometry;

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
    fn only_labels_of_one_column_are_pushed() {
        let end = |x, y| End { at: [x, y], text: "name".into(), role: Role::Keep, second: None };
        let marks = ends(vec![end(100.0, 50.0), end(300.0, 52.0), end(300.0, 51.0)], 400.0, 0.0, 200.0);
        let heights: Vec<f64> = marks
            .iter()
            .map(|mark| match &mark.shape {
                Geometry::Text { y, .. } => *y,
                _ => f64::NAN,
            })
            .collect();
        assert_eq!(heights, [54.0, 70.0, 55.0]);
    }

    #[test]
    fn a_label_without_room_is_dropped() {
        let (mut placer, around) = (Placer::new([0.0, 0.0, 200.0, 40.0]), [96.0, 16.0, 104.0, 24.0]);
        let first = placer.put(around, "first", Role::Keep, true);
        let second = placer.put(around, "second", Role::Keep, true);
        assert!(first.len() == 1 && second.len() == 1 && first != second);
        placer.avoid([0.0, 0.0, 200.0, 40.0]);
        assert_eq!(placer.put(around, "third", Role::Keep, false), []);
        assert_eq!(placer.put(around, "bold", Role::Keep, true).len(), 1);
        placer.avoid_text([0.0, 0.0, 200.0, 40.0]);
        assert_eq!(placer.put(around, "bold", Role::Keep, true), []);
    }

    #[test]
    fn marks_on_one_place_all_have_their_names() {
        let (mut placer, around) = (Placer::new([0.0, 0.0, 400.0, 200.0]), [2.0, 190.0, 10.0, 198.0]);
        placer.avoid(around);
        for name in ["Retrain", "Random label", "SalUn", "Fine-tune", "NegGrad"] {
            let marks = placer.put(around, name, Role::Keep, false);
            assert!(matches!(&marks.last().unwrap().shape, Geometry::Text { text, .. } if text == name), "{marks:?}");
        }
    }

    #[test]
    fn long_names_are_cut() {
        assert_eq!(fitted("car", 40.0), "car");
        assert_eq!(fitted("aeroplane", 40.0), "aero…");
        assert_eq!(fitted("m", 4.0), "m");
        assert_eq!(fitted("mountain", 4.0), "m");
        assert_eq!(fitted("", 4.0), "");
    }
}
