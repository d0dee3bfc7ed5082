//! What a stage has said so far: events folded into figures, curves and answers.

use serde_json::Value;
pub use spec::Answers;
use spec::{Cause, Event, Row};
use std::{collections::HashMap, sync::Arc};

/// Images of one shape, 0 to 1, row after row, channel after channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Images {
    pub ids: Vec<u32>,
    /// Channels, height, width.
    pub shape: [usize; 3],
    pub pixels: Vec<f32>,
}

impl Images {
    pub fn new(ids: Vec<u32>, [n, c, h, w]: [usize; 4], pixels: Vec<f32>) -> Option<Self> {
        let fits = n == ids.len() && n.checked_mul(c * h * w)? == pixels.len() && (1..=3).contains(&c);
        fits.then_some(Self { ids, shape: [c, h, w], pixels })
    }

    pub fn one(&self, at: usize) -> &[f32] {
        let size: usize = self.shape.iter().product();
        &self.pixels[at * size..(at + 1) * size]
    }

    pub fn of(&self, id: u32) -> Option<&[f32]> {
        self.ids.iter().position(|other| *other == id).map(|at| self.one(at))
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub enum Status {
    #[default]
    Waiting,
    Running,
    Paused,
    Done,
    Cancelled,
    Failed(Failure),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub cause: Cause,
    /// The engine's own sentence.
    pub message: String,
    pub step: Option<usize>,
    pub kept: Option<usize>,
    pub cure: Option<(String, Value)>,
}

/// One stage's result, or as much of it as there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    pub status: Status,
    pub phase: String,
    pub step: usize,
    pub of: usize,
    pub series: HashMap<String, Vec<(usize, f32)>>,
    pub answers: HashMap<String, Arc<Answers>>,
    pub classes: HashMap<String, Arc<Vec<Option<f32>>>>,
    pub images: HashMap<String, Arc<Images>>,
    pub rows: Vec<Row>,
    pub seconds: f64,
    pub warnings: Vec<String>,
    /// Step of the weights that the page keeps.
    pub saved: Option<usize>,
}

impl Outcome {
    pub fn row(&self, key: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.key == key)
    }

    pub fn figure(&self, key: &str) -> Option<f64> {
        self.row(key).map(|row| row.value)
    }

    pub fn answers(&self, series: &str) -> Option<&Arc<Answers>> {
        self.answers.get(series)
    }

    pub fn last(&self, series: &str) -> Option<f32> {
        self.series.get(series)?.last().map(|(_, value)| *value)
    }

    pub fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    pub fn is_live(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    /// What it does comes before its own work: retraining the reference.
    pub fn is_before(&self) -> bool {
        self.phase.to_ascii_lowercase().starts_with("retrain")
    }

    /// Accuracy of the whole test split in percent, from the answers themselves.
    pub fn accuracy(&self) -> Option<f64> {
        self.answers.get("test").and_then(|answers| answers.accuracy(None)).or_else(|| self.figure("accuracy"))
    }

    /// Folds one event in. Pixels beside it are `pixels`.
    pub fn take(&mut self, event: Event, pixels: Option<Vec<f32>>) {
        match event {
            Event::Stage { .. } => *self = Self { status: Status::Running, ..Self::default() },
            Event::Phase { name } => (self.phase, self.step, self.of) = (name, 0, 0),
            Event::Step { done, of } => (self.step, self.of) = (done, of),
            Event::Scalar { series, step, value } => {
                let curve = self.series.entry(series).or_default();
                if curve.last().is_none_or(|(last, _)| *last < step) {
                    curve.push((step, value));
                }
            }
            Event::Answers { series, answers } => {
                if answers.is_whole() {
                    self.answers.insert(series, Arc::new(answers));
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_two_lengths_are_refused() {
        let mut outcome = Outcome::default();
        let answers = Answers { ids: vec![1], ..Answers::default() };
        outcome.take(Event::Answers { series: "test".into(), answers }, None);
        assert!(outcome.answers.is_empty());
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
