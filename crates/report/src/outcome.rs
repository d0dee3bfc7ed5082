//! What is known of a stage, wherever it is kept: its events folded into figures, curves and answers, or the rows of a
//! report.

use crate::{
    chart::{Curve, Line, Rank},
    scene::Role,
};
use serde_json::Value;
pub use spec::Answers;
use spec::{Cause, Event, Report, Row, metric};
use std::{collections::BTreeMap, sync::Arc};

/// The series of accuracy on the samples that a network learned from.
const SEEN: &str = "train_accuracy";

/// The series of accuracy on the test split.
const UNSEEN: &str = "accuracy";

/// Images of one shape, 0 to 1, row after row, channel after channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    /// Number of each image in its data set.
    pub ids: Vec<u32>,
    /// Channels, height, width.
    pub shape: [usize; 3],
    /// All images one after the other.
    pub pixels: Vec<f32>,
}

impl Images {
    /// Images from what an event or answer gives. `None` unless there is an id for each image, the pixels fill the
    /// shape `[n, channels, height, width]`, and there are 1 to 3 channels.
    pub fn new(ids: Vec<u32>, [n, c, h, w]: [usize; 4], pixels: Vec<f32>) -> Option<Self> {
        let fill = [n, c, h, w].into_iter().try_fold(1, usize::checked_mul)?;
        let fits = n == ids.len() && fill == pixels.len() && (1..=3).contains(&c);
        fits.then_some(Self { ids, shape: [c, h, w], pixels })
    }

    /// The pixels of the image at a place in the list. Panics if there is none.
    pub fn one(&self, at: usize) -> &[f32] {
        let size: usize = self.shape.iter().product();
        &self.pixels[at * size..(at + 1) * size]
    }

    /// The pixels of the image with this number.
    pub fn of(&self, id: u32) -> Option<&[f32]> {
        self.ids.iter().position(|other| *other == id).map(|at| self.one(at))
    }
}

/// How far a stage has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    /// It has not begun.
    #[default]
    Waiting,
    /// It is being played.
    Running,
    /// It has begun and waits for the user.
    Paused,
    /// It has ended well.
    Done,
    /// The user stopped it.
    Cancelled,
    /// It ended by an error.
    Failed(Failure),
}

/// Why a stage failed, and what is left of it: the content of [`Event::Failed`].
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// What kind of failure it is.
    pub cause: Cause,
    /// The engine's own sentence.
    pub message: String,
    /// The step at which it failed, where that is known.
    pub step: Option<usize>,
    /// The step whose weights are kept; `None` where none are.
    pub kept: Option<usize>,
    /// Path and value of a setting that may help: `train.lr` with a lower learning rate.
    pub cure: Option<(String, Value)>,
}

/// Steps of a series with their values; steps ascend.
pub type Points = Vec<(usize, f32)>;

/// One stage's result, or as much of it as there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// How far the stage has come.
    pub status: Status,
    /// What it is at, as the page says before the steps; empty before the first phase.
    pub phase: String,
    /// Whether that comes before its own work: retraining the reference.
    pub before: bool,
    /// Steps of the phase that are done; after a pause or stop those that the event gave.
    pub step: usize,
    /// Steps that the phase will take; 0 while that is not known.
    pub of: usize,
    /// Scalars by step: `loss`, `accuracy`.
    pub series: BTreeMap<String, Points>,
    /// Series that were begun anew since, oldest first.
    pub earlier: Vec<(String, Points)>,
    /// By series: `test` is the whole test split, `attacked` the attacked one.
    pub answers: BTreeMap<String, Arc<Answers>>,
    /// Accuracy of every class in percent, by series: `test`, `original`, `retrained`.
    pub classes: BTreeMap<String, Arc<Vec<Option<f32>>>>,
    /// By series: `attacked` are the first attacked images of each class.
    pub images: BTreeMap<String, Arc<Images>>,
    /// The stage's figures; empty until it is done.
    pub rows: Vec<Row>,
    /// Time that the stage took; 0 until it is done, and of a report, which does not say it.
    pub seconds: f64,
    /// Warnings, oldest first, each a sentence.
    pub warnings: Vec<String>,
    /// Step of the weights that the page keeps.
    pub saved: Option<usize>,
}

impl Outcome {
    /// What a report says of a stage that was played: its figures.
    pub fn of(report: &Report, stage: &str) -> Option<Self> {
        report.spec.find(stage)?;
        let rows: Vec<Row> = report.rows.iter().filter(|row| row.stage == stage).cloned().collect();
        if rows.is_empty() && !report.unfinished.is_empty() {
            return None;
        }
        Some(Self { status: Status::Done, rows, ..Self::default() })
    }

    /// The figure with this key of [`spec::METRICS`], with its spread; `None` where the stage has none.
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    /// As [`Self::row`], the value alone.
    pub fn figure(&self, key: &str) -> Option<f64> {
        self.row(key).map(|row| row.value)
    }

    /// The answers of a series, `test` or `attacked`.
    pub fn answers(&self, series: &str) -> Option<&Arc<Answers>> {
        self.answers.get(series)
    }

    /// The last value of a series of scalars.
    pub fn last(&self, series: &str) -> Option<f32> {
        self.series.get(series)?.last().map(|(_, value)| *value)
    }

    /// Whether the stage has ended well.
    pub fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    /// Whether the stage is running or paused.
    pub fn is_live(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    /// Accuracy of the whole test split in percent, from the answers themselves.
    pub fn accuracy(&self) -> Option<f64> {
        self.answers.get("test").and_then(|answers| answers.accuracy(None)).or_else(|| self.figure("accuracy"))
    }

    /// Accuracy by step on the samples that the network learned from and on those that it has not seen; `things` is
    /// what they are called.
    pub fn accuracy_lines(&self, things: &str) -> Vec<Line> {
        // A long name would not fit beside the plot.
        let named = |word: &str| if things.len() <= 6 { format!("{word} {things}") } else { word.to_owned() };
        let line = |series: &str, word: &str, rank| {
            let points = self.series.get(series)?;
            Some(Line { name: named(word), role: Role::Keep, rank, points: coordinates(points) })
        };
        let lines = [line(SEEN, "Seen", Rank::Seen), line(UNSEEN, "Unseen", Rank::Selected)];
        lines.into_iter().flatten().collect()
    }

    /// The curves of the stage, one for each quantity; accuracy on seen samples is drawn beside that on unseen ones. If
    /// a series was begun anew, the last one is in colour. `things` is what the samples are called.
    pub fn curves(&self, things: &str) -> Vec<Curve> {
        let is_beside = |series: &str| series == SEEN && self.series.contains_key(UNSEEN);
        self.series.keys().filter(|series| !is_beside(series)).map(|series| self.curve(series, things)).collect()
    }

    fn curve(&self, series: &str, things: &str) -> Curve {
        let known = metric(series);
        let subject = known.map_or_else(|| sentence_case(series), |metric| metric.label.into());
        let line = |name: &str, rank, points: &Points| {
            let points = coordinates(points);
            Line { name: name.into(), role: Role::Keep, rank, points }
        };
        let earlier = self.earlier.iter().filter(|(other, _)| other == series);
        let mut lines: Vec<Line> = earlier.map(|(_, points)| line("Earlier", Rank::Earlier, points)).collect();
        match series == UNSEEN && self.series.contains_key(SEEN) {
            true => lines.extend(self.accuracy_lines(things)),
            false => lines.push(line(&subject, Rank::Selected, &self.series[series])),
        }
        let steps = lines.iter().filter_map(|line| line.points.last()).map(|last| last[0]).fold(0.0, f64::max);
        let unit = known.map_or("", |metric| metric.unit).into();
        Curve { subject, unit, steps, lines, goal: None, now: None, kept: None, failed: None }
    }

    /// Folds one event in. Pixels beside it are `pixels`.
    pub fn take(&mut self, event: Event, pixels: Option<Vec<f32>>) {
        match event {
            Event::Stage { .. } => *self = Self { status: Status::Running, ..Self::default() },
            Event::Phase { name, before } => (self.phase, self.before, self.step, self.of) = (name, before, 0, 0),
            Event::Step { done, of } => (self.step, self.of) = (done, of),
            Event::Scalar { series, step, value } => {
                let curve = self.series.entry(series.clone()).or_default();
                match curve.last() {
                    Some((last, _)) if *last == step => {}
                    // A step back begins the series anew: something is trained once more.
                    Some((last, _)) if *last > step => {
                        self.earlier.push((series, std::mem::replace(curve, vec![(step, value)])));
                    }
                    _ => curve.push((step, value)),
                }
            }
            Event::Answers { series, answers } if answers.is_whole() => {
                self.answers.insert(series, Arc::new(answers));
            }
            Event::Classes { series, values } => {
                self.classes.insert(series, Arc::new(values));
            }
            Event::Images { series, shape, ids } => {
                if let Some(images) = pixels.and_then(|pixels| Images::new(ids, shape, pixels)) {
                    self.images.insert(series, Arc::new(images));
                }
            }
            Event::Saved { step } => self.saved = Some(step),
            Event::Warning { message } => self.warnings.push(message),
            Event::Paused { step } => (self.status, self.step) = (Status::Paused, step),
            Event::Resumed => self.status = Status::Running,
            Event::Failed { cause, message, step, kept, cure } => {
                self.status = Status::Failed(Failure { cause, message, step, kept, cure });
            }
            Event::Cancelled { step } => (self.status, self.step) = (Status::Cancelled, step),
            Event::StageDone { rows, seconds } => {
                (self.status, self.rows, self.seconds) = (Status::Done, rows, seconds);
            }
            _ => {}
        }
    }
}

fn coordinates(points: &Points) -> Vec<[f64; 2]> {
    points.iter().map(|(step, value)| [*step as f64, f64::from(*value)]).collect()
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
    fn seen_and_unseen_share_a_chart() {
        let mut outcome = Outcome::default();
        for series in ["train_accuracy", "accuracy", "loss"] {
            outcome.take(Event::Scalar { series: series.into(), step: 0, value: 10.0 }, None);
        }
        let curves = outcome.curves("digits");
        assert_eq!(curves.iter().map(|curve| curve.subject.as_str()).collect::<Vec<_>>(), ["Accuracy", "Loss"]);
        let names: Vec<&str> = curves[0].lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, ["Seen digits", "Unseen digits"]);
        // Alone it is a curve of its own.
        outcome.series.retain(|series, _| series == "train_accuracy");
        assert_eq!(outcome.curves("digits")[0].subject, "Seen");
    }

    #[test]
    fn a_step_back_begins_anew() {
        let mut outcome = Outcome::default();
        for (series, step, value) in
            [("accuracy", 0, 10.0), ("loss", 0, 2.3), ("accuracy", 10, 50.0), ("accuracy", 5, 20.0)]
        {
            outcome.take(Event::Scalar { series: series.into(), step, value }, None);
        }
        outcome.take(Event::Resumed, None);
        assert_eq!(outcome.series.len() + outcome.earlier.len(), 3);
        let curves = outcome.curves("digits");
        assert_eq!(curves.len(), 2);
        assert_eq!((curves[0].unit.as_str(), curves[0].lines.len(), curves[0].steps), ("%", 2, 10.0));
        assert_eq!(curves[0].lines[0].rank, Rank::Earlier);
        assert_eq!((curves[1].subject.as_str(), curves[1].unit.as_str()), ("Loss", ""));
    }

    fn answers() -> Answers {
        Answers {
            ids: vec![7, 8, 9, 4],
            labels: vec![0, 1, 1, 3],
            classes: vec![0, 1, 0, 1],
            confidences: vec![0.9, 0.8, 0.7, 0.95],
            runners_up: vec![0.0; 4],
        }
    }

    #[test]
    fn answers_count() {
        let answers = answers();
        assert_eq!(answers.accuracy(None), Some(50.0));
        assert_eq!(answers.accuracy(Some(3)), Some(100.0 * 2.0 / 3.0));
        assert_eq!(answers.count(1), (1, 2));
        assert_eq!(answers.per_class(4), [Some(100.0), Some(50.0), None, Some(0.0)]);
        assert_eq!(answers.hardest(5), [3, 2]);
    }

    #[test]
    fn lists_of_two_lengths_are_refused() {
        let mut outcome = Outcome::default();
        let uneven = Answers { labels: vec![], ..answers() };
        outcome.take(Event::Answers { series: "test".into(), answers: uneven }, None);
        assert!(outcome.answers.is_empty());
        outcome.take(Event::Answers { series: "test".into(), answers: answers() }, None);
        assert_eq!(outcome.answers.len(), 1);
        assert!(Images::new(vec![1], [1, 1, 2, 2], vec![0.0; 3]).is_none());
        assert!(Images::new(vec![1], [1, 4, 1, 1], vec![0.0; 4]).is_none());
    }

    #[test]
    fn events_fold() {
        let mut outcome = Outcome::default();
        outcome.take(Event::Stage { index: 0, of: 1, id: "train.scratch".into() }, None);
        outcome.take(Event::Step { done: 3, of: 10 }, None);
        for step in [1, 2, 2] {
            outcome.take(Event::Scalar { series: "loss".into(), step, value: 0.5 }, None);
        }
        assert_eq!((outcome.step, outcome.of, outcome.series["loss"].len()), (3, 10, 2));
        outcome.take(Event::Paused { step: 4 }, None);
        assert!(outcome.is_live() && outcome.step == 4);
        outcome.take(Event::StageDone { rows: vec![Row::new("base", "accuracy", 91.0)], seconds: 2.0 }, None);
        assert!(outcome.is_done());
        assert_eq!(outcome.accuracy(), Some(91.0));
    }
}
