//! Accuracy class by class, and the ribbon of a layer card.

use super::{Axes, Axis, Chart, Margins, label::fitted, listed};
use crate::{
    figure,
    scale::ScaleKind,
    scene::{Anchor, Fill, Mark, Role, Scene, Stroke},
    table::Table,
};

/// Accuracy of each class in percent, against the retrained network.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassBars {
    /// Name of each class, under its bar. The other lists are in this order.
    pub names: Vec<String>,
    /// `None` where the split has none of a class.
    pub values: Vec<Option<f64>>,
    /// Before the edit: the dashed outline of forgotten classes.
    pub before: Vec<Option<f64>>,
    /// Indices of the classes to forget.
    pub forgotten: Vec<usize>,
    /// The retrained network, as a line across each bar.
    pub reference: Option<ReferenceLine>,
}

/// What the bars are compared with: a line across each of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceLine {
    /// "Retrained without 3".
    pub name: String,
    /// Accuracy of each class in percent; `None` where it is not known.
    pub values: Vec<Option<f64>>,
}

impl Chart for ClassBars {
    const HEIGHT: f64 = 292.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let margins = Margins { left: 34.0, right: 6.0, top: 24.0, bottom: 36.0 };
        let classes = self.names.len().max(1) as f64;
        let x = Axis { kind: ScaleKind::Linear, domain: [0.0, classes], title: "", ticks: 0 };
        let y = Axis { kind: ScaleKind::Linear, domain: [0.0, 100.0], title: "Accuracy, %", ticks: 4 };
        let mut axes = Axes::new(width, height, &margins, &x, &y);
        axes.grid(4);
        let pitch = axes.x.at(1.0) - axes.x.at(0.0);
        let bar = (pitch - 8.0).clamp(2.0, 12.0);
        let zero = axes.bottom();
        for (class, name) in self.names.iter().enumerate() {
            let middle = axes.x.at(class as f64 + 0.5);
            let (left, forgotten) = (middle - bar / 2.0, self.forgotten.contains(&class));
            let reference = self.reference.as_ref().and_then(|reference| get(&reference.values, class));
            let top = get(&self.values, class).map(|value| axes.y.at(value.clamp(0.0, 100.0)));
            if let (true, Some(before)) = (forgotten, get(&self.before, class)) {
                let (high, low) = (axes.y.at(before.clamp(0.0, 100.0)), top.unwrap_or(zero));
                let outline = Mark::rect(left + 0.5, high, bar - 1.0, low - high, Fill::None);
                axes.scene.push(outline.stroked(Stroke::new(Role::Lose, 1.0).dashed("3 3")));
            }
            let role = if forgotten { Role::Lose } else { Role::Keep };
            if let Some(top) = top {
                axes.scene.push(Mark::rect(left, top, bar, zero - top, Fill::Solid(role)).numbered(class));
            }
            if let Some(value) = reference {
                let y = axes.y.at(value.clamp(0.0, 100.0));
                let stroke = Stroke::new(Role::Ink, 2.0);
                axes.scene.push(Mark::line([left - 4.0, y], [left + bar + 4.0, y], stroke));
            }
            let ink = if forgotten { Role::Lose } else { Role::Ink2 };
            let name = fitted(name, pitch);
            let label = Mark::text(middle, zero + 18.0, name, ink).anchored(Anchor::Middle).sized(12);
            axes.scene.push(if forgotten { label.struck() } else { label });
        }
        if let Some(reference) = &self.reference {
            let right = axes.right();
            let words = crate::scene::text_width(&reference.name, 12.0, false);
            let text = Mark::text(right, 11.0, reference.name.as_str(), Role::Ink2).label(false).anchored(Anchor::End);
            axes.scene.push(text);
            let stroke = Stroke::new(Role::Ink, 2.0);
            axes.scene.push(Mark::line([right - words - 24.0, 7.0], [right - words - 8.0, 7.0], stroke));
        }
        axes.finish(self.title(), Vec::new())
    }

    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Class", "Accuracy, %", "Before, %"]);
        table.head.extend(self.reference.as_ref().map(|reference| [reference.name.as_str(), ", %"].concat()));
        for (class, name) in self.names.iter().enumerate() {
            let name = if self.forgotten.contains(&class) { [name, " (to forget)"].concat() } else { name.clone() };
            let mut row = vec![name, text(get(&self.values, class)), text(get(&self.before, class))];
            row.extend(self.reference.as_ref().map(|reference| text(get(&reference.values, class))));
            table.rows.push(row);
        }
        table
    }
}

impl ClassBars {
    fn title(&self) -> String {
        let named = |class: usize| Some((self.names.get(class)?, get(&self.values, class)?));
        let kept = (0..self.names.len()).filter(|class| !self.forgotten.contains(class)).filter_map(named);
        let mut said: Vec<String> = self
            .forgotten
            .iter()
            .filter_map(|class| named(*class))
            .map(|(name, value)| [name, " (to forget) ", &figure::percent(value, 0)].concat())
            .collect();
        if let Some((name, value)) = kept.min_by(|a, b| a.1.total_cmp(&b.1)) {
            let what = if said.is_empty() { "lowest " } else { "lowest of the kept " };
            said.push([what, name, " ", &figure::percent(value, 0)].concat());
        }
        if said.is_empty() {
            return "Accuracy by class, nothing yet".into();
        }
        ["Accuracy by class: ", &listed(&said)].concat()
    }
}

/// One bar a class, as high as its accuracy: small enough for a layer's card.
#[derive(Clone, Debug, PartialEq)]
pub struct Ribbon {
    /// In percent; empty for a layer that is only planned.
    pub values: Vec<Option<f64>>,
    /// Of the layer before: a class that is lost shows what was there.
    pub before: Vec<Option<f64>>,
    /// Number of classes: a class without a value has a bar of the least height.
    pub classes: usize,
    /// Keep for the selected layer, pencil for others.
    pub role: Role,
}

impl Ribbon {
    /// The width that the page gives it, in CSS pixels.
    pub const WIDTH: f64 = 130.0;

    /// A class below 30 % that was above 60 %.
    fn lost(&self, class: usize) -> bool {
        let (now, before) = (get(&self.values, class), get(&self.before, class));
        now.is_some_and(|now| now < 30.0) && before.is_some_and(|before| before > 60.0)
    }
}

impl Chart for Ribbon {
    const HEIGHT: f64 = 20.0;

    fn scene(&self, width: f64, height: f64) -> Scene {
        let mut scene = Scene::new(width, height);
        let pitch = width / self.classes.max(1) as f64;
        let bar = (pitch * 0.77).min(10.0);
        let tall = |percent: f64| (percent.clamp(0.0, 100.0) / 100.0 * height).max(1.5);
        for class in 0..self.classes {
            let left = pitch * class as f64 + (pitch - bar) / 2.0;
            let lost = self.lost(class);
            if let (true, Some(before)) = (lost, get(&self.before, class)) {
                let outline =
                    Mark::rect(left + 0.5, height - tall(before) + 0.5, bar - 1.0, tall(before) - 1.0, Fill::None);
                scene.push(outline.stroked(Stroke::new(Role::Lose, 1.0).dashed("2 2")));
            }
            let tall = get(&self.values, class).map_or(1.5, tall);
            let role = if lost { Role::Lose } else { self.role };
            scene.push(Mark::rect(left, height - tall, bar, tall, Fill::Solid(role)).numbered(class));
        }
        let known: Vec<f64> = (0..self.classes).filter_map(|class| get(&self.values, class)).collect();
        let lost: Vec<String> =
            (0..self.classes).filter(|class| self.lost(*class)).map(|class| class.to_string()).collect();
        scene.title = if known.is_empty() {
            "Nothing known yet".into()
        } else {
            let mean = figure::percent(known.iter().sum::<f64>() / known.len() as f64, 0);
            let what = if lost.is_empty() { String::new() } else { [", lost: ", &listed(&lost)].concat() };
            ["Classes right on average: ", &mean, &what].concat()
        };
        scene
    }

    fn table(&self) -> Table {
        let mut table = Table::new(1, ["Class", "Accuracy, %", "Before, %"]);
        table.rows = (0..self.classes)
            .map(|class| vec![class.to_string(), text(get(&self.values, class)), text(get(&self.before, class))])
            .collect();
        table
    }
}

fn get(values: &[Option<f64>], at: usize) -> Option<f64> {
    values.get(at).copied().flatten().filter(|value| value.is_finite())
}

fn text(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| figure::fixed(value, 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::Geometry;

    fn bars() -> ClassBars {
        ClassBars {
            names: ["0", "1", "2", "3"].map(String::from).into(),
            values: vec![Some(97.0), Some(90.0), None, Some(2.8)],
            before: vec![Some(97.0), Some(91.0), Some(90.0), Some(92.0)],
            forgotten: vec![3],
            reference: Some(ReferenceLine {
                name: "Retrained without 3".into(),
                values: vec![Some(98.0), Some(91.0), Some(95.0), Some(0.0)],
            }),
        }
    }

    #[test]
    fn the_forgotten_class_is_struck_through_and_outlined() {
        let scene = bars().scene(320.0, ClassBars::HEIGHT);
        assert_eq!(scene.title, "Accuracy by class: 3 (to forget) 3\u{202f}% and lowest of the kept 1 90\u{202f}%");
        let struck = scene.marks.iter().filter(|mark| matches!(mark.shape, Geometry::Text { strike: true, .. }));
        assert_eq!(struck.count(), 1);
        assert_eq!(scene.marks.iter().filter(|mark| mark.id.is_some()).count(), 3);
        assert_eq!(bars().table().rows[3], ["3 (to forget)", "2.8", "92.0", "0.0"]);
    }

    #[test]
    fn a_ribbon_marks_what_is_lost() {
        let ribbon = Ribbon { values: bars().values, before: bars().before, classes: 4, role: Role::Pencil };
        assert_eq!(ribbon.scene(Ribbon::WIDTH, Ribbon::HEIGHT).title, "Classes right on average: 63\u{202f}%, lost: 3");
        let planned = Ribbon { values: vec![], before: vec![], classes: 10, role: Role::Pencil };
        assert_eq!(planned.scene(Ribbon::WIDTH, Ribbon::HEIGHT).marks.len(), 10);
        assert_eq!(planned.table().rows.len(), 10);
    }
}
