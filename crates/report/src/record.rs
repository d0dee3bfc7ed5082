//! The scalars of a run, collected while it speaks.

use crate::{
    chart::{Curve, Line, Rank},
    scene::Role,
};
use spec::{Event, Said, metric};

/// One series of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// The stage's `as`, else its index.
    pub stage: String,
    /// `loss`, `accuracy`.
    pub series: String,
    /// Step and value; steps ascend.
    pub points: Vec<[f64; 2]>,
}

impl Recorded {
    /// Adds a scalar to its series; other events are not recorded. A step that lies behind the last one begins the
    /// series anew: a stage trains its retrained reference several times over.
    pub fn hear(all: &mut Vec<Self>, said: &Said) {
        let (Event::Scalar { series, step, value }, Some(stage)) = (&said.event, &said.stage) else { return };
        let point = [*step as f64, f64::from(*value)];
        let known = all.iter_mut().rev().find(|known| known.stage == *stage && known.series == *series);
        match known {
            Some(known) if known.points.last().is_none_or(|last| last[0] <= point[0]) => known.points.push(point),
            _ => all.push(Self { stage: stage.clone(), series: series.clone(), points: vec![point] }),
        }
    }

    /// The curves of a stage, one for each quantity; of what was trained several times the last is in colour.
    pub fn curves(all: &[Self], stage: &str) -> Vec<Curve> {
        let mut curves: Vec<Curve> = Vec::new();
        for recorded in all.iter().filter(|recorded| recorded.stage == stage) {
            let known = metric(&recorded.series);
            let unit = known.map_or("", |metric| metric.unit);
            let subject = known.map_or_else(|| sentence_case(&recorded.series), |metric| metric.label.into());
            let line =
                Line { name: subject.clone(), role: Role::Keep, rank: Rank::Selected, points: recorded.points.clone() };
            let steps = recorded.points.last().map_or(1.0, |last| last[0]);
            match curves.iter_mut().find(|curve| curve.subject == subject) {
                Some(curve) => {
                    for earlier in &mut curve.lines {
                        earlier.rank = Rank::Earlier;
                        earlier.name = "Earlier".into();
                    }
                    curve.lines.push(line);
                    curve.steps = curve.steps.max(steps);
                }
                None => curves.push(Curve {
                    subject,
                    unit: unit.into(),
                    steps,
                    log: false,
                    lines: vec![line],
                    goal: None,
                    now: None,
                    kept: None,
                    failed: None,
                }),
            }
        }
        curves
    }
}

/// `train_loss` as "Train loss".
fn sentence_case(series: &str) -> String {
    let mut characters = series.chars().map(|character| if character == '_' { ' ' } else { character });
    characters.next().into_iter().flat_map(char::to_uppercase).chain(characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_back_begins_anew() {
        let mut all = Vec::new();
        for (series, step, value) in
            [("accuracy", 0, 10.0), ("loss", 0, 2.3), ("accuracy", 10, 50.0), ("accuracy", 5, 20.0)]
        {
            let event = Event::Scalar { series: series.into(), step, value };
            Recorded::hear(&mut all, &Said { run: 1, stage: Some("a".into()), event });
        }
        Recorded::hear(&mut all, &Said { run: 1, stage: Some("a".into()), event: Event::Resumed });
        assert_eq!(all.len(), 3);
        let curves = Recorded::curves(&all, "a");
        assert_eq!(curves.len(), 2);
        assert_eq!((curves[0].unit.as_str(), curves[0].lines.len(), curves[0].steps), ("%", 2, 10.0));
        assert_eq!(curves[0].lines[0].rank, Rank::Earlier);
        assert_eq!((curves[1].subject.as_str(), curves[1].unit.as_str()), ("Loss", ""));
    }
}
