//! What is known of a stage, wherever it is kept: its events folded into figures, curves and answers, or the rows of a
//! report.

use crate::{
    chart::{Curve, Line, Rank},
    figure::{capital, fixed},
    scene::Role,
};
use serde_json::Value;
pub use spec::Answers;
use spec::{Cause, Event, Exhibit, Report, Row, metric};
use std::{collections::BTreeMap, sync::Arc};

/// The series of accuracy on the samples that a network learned from.
const SEEN: &str = "train_accuracy";

/// The series of accuracy on the validation samples.
const VALIDATION: &str = "validation_accuracy";

/// The series of accuracy on the test split, which earlier builds have written.
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
    /// It was not played: it stands on this stage, which failed.
    Skipped(String),
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

/// The accuracy of a stage that has not been tested yet.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoFar {
    /// In percent.
    pub value: f64,
    /// Over how many samples, where it was said.
    pub n: Option<usize>,
    /// Whether they are validation samples; else the network learns from them.
    pub is_validation: bool,
}

impl SoFar {
    /// What it is made on, as it stands beside the figure: "validation, n = 144".
    pub fn label(&self) -> String {
        of_samples(if self.is_validation { "validation" } else { "seen" }, self.n)
    }
}

/// "validation, n = 144"
fn of_samples(what: &str, n: Option<usize>) -> String {
    n.map_or_else(|| what.into(), |n| format!("{what}, n = {}", fixed(n as f64, 0)))
}

/// Steps of a series with their values; steps ascend.
pub type Points = Vec<(usize, f32)>;

/// One stage's result, or as much of it as there is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// How far the stage has come.
    pub status: Status,
    /// Names of the classes of its task, in the order of the labels, once it has begun.
    pub class_names: Vec<String>,
    /// What it is at, as the page says before the steps; empty before the first phase.
    pub phase: String,
    /// Whether that comes before its own work: retraining the reference.
    pub before: bool,
    /// Steps of the phase that are done; after a pause or stop those that the event gave.
    pub step: usize,
    /// Steps that the phase will take; 0 while that is not known.
    pub of: usize,
    /// Scalars by step: `loss`, `validation_accuracy`, `train_accuracy`.
    pub series: BTreeMap<String, Points>,
    /// Over how many samples each value of a series is, where it was said.
    pub counts: BTreeMap<String, usize>,
    /// Series that were begun anew since, oldest first.
    pub earlier: Vec<(String, Points)>,
    /// By series: `test` is the whole test split, `attacked` the attacked one, `valid` the validation samples, and
    /// `shown` the few test samples that are drawn while the stage runs.
    pub answers: BTreeMap<String, Arc<Answers>>,
    /// Accuracy of every class in percent, by series: `test`, `valid`, `original`, `retrained`.
    pub classes: BTreeMap<String, Arc<Vec<Option<f32>>>>,
    /// Results that are no single figures, one of each series, in the order in which they were shown first.
    pub exhibits: Vec<Arc<Exhibit>>,
    /// The images of those that are images, by series: [`spec::ATTACKED`] are the first attacked images of each class.
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
        let exhibits = report.exhibits.iter().filter(|shown| shown.stage == stage);
        let exhibits = exhibits.map(|shown| Arc::new(shown.exhibit.clone())).collect();
        Some(Self { status: Status::Done, rows, exhibits, ..Self::default() })
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

    /// Whether there are answers of the stage's own network, on whatever samples.
    pub fn has_answered(&self) -> bool {
        ["test", "shown", "valid"].into_iter().any(|series| self.answers.contains_key(series))
    }

    /// The last value of a series of scalars.
    pub fn last(&self, series: &str) -> Option<f32> {
        self.series.get(series)?.last().map(|(_, value)| *value)
    }

    /// Accuracy by step, with the name of its series: on the validation samples; of earlier builds on the test split;
    /// where all are trained on, on the seen.
    pub fn accuracy_curve(&self) -> Option<(&'static str, &Points)> {
        [VALIDATION, UNSEEN, SEEN].into_iter().find_map(|series| Some((series, self.series.get(series)?)))
    }

    /// Whether the stage has ended well.
    pub fn is_done(&self) -> bool {
        self.status == Status::Done
    }

    /// Whether the stage is running or paused.
    pub fn is_live(&self) -> bool {
        matches!(self.status, Status::Running | Status::Paused)
    }

    /// The last accuracy on validation samples, else, where there are none, on samples that are learned from. `None`
    /// once the network was tested, and before the first look.
    pub fn so_far(&self) -> Option<SoFar> {
        let series = [(VALIDATION, true), (SEEN, false)].into_iter().find(|(key, _)| self.series.contains_key(*key));
        let (key, is_validation) = series.filter(|_| !self.answers.contains_key("test"))?;
        let n = self.counts.get(key).copied();
        Some(SoFar { value: self.last(key)?.into(), n, is_validation })
    }

    /// Accuracy of every class in percent: on the test split once the network was tested, before it on the validation
    /// samples.
    pub fn by_class(&self) -> Option<&[Option<f32>]> {
        self.classes.get("test").or_else(|| self.classes.get("valid")).map(|values| &values[..])
    }

    /// What [`Self::by_class`] is made on, if it is not the test split: "validation, n = 144".
    pub fn made_on(&self) -> Option<String> {
        let is_tested = self.classes.contains_key("test");
        let valid = self.answers.get("valid").filter(|_| !is_tested)?;
        Some(of_samples("validation", Some(valid.len())))
    }

    /// Accuracy of the whole test split in percent, from the answers themselves.
    pub fn accuracy(&self) -> Option<f64> {
        self.answers.get("test").and_then(|answers| answers.accuracy(&[])).or_else(|| self.figure("accuracy"))
    }

    /// Accuracy by step on the samples that the network learned from and on those for validation; `things` is what
    /// they are called. The curves of earlier builds are on the test split, and are called as they were.
    pub fn accuracy_lines(&self, things: &str) -> Vec<Line> {
        // A long name would not fit beside the plot.
        let named = |word: &str| if things.len() <= 6 { format!("{word} {things}") } else { word.to_owned() };
        let line = |series: &str, name: String, rank| {
            Some(Line { name, role: Role::Keep, rank, points: coordinates(self.series.get(series)?) })
        };
        let validation = match self.counts.get(VALIDATION) {
            Some(n) => format!("Validation (n = {})", fixed(*n as f64, 0)),
            None => "Validation".into(),
        };
        let unseen =
            line(VALIDATION, validation, Rank::Selected).or_else(|| line(UNSEEN, named("Unseen"), Rank::Selected));
        let rank = if unseen.is_some() { Rank::Seen } else { Rank::Selected };
        line(SEEN, named("Seen"), rank).into_iter().chain(unseen).collect()
    }

    /// The curves of the stage, one for each quantity; accuracies share one. If a series was begun anew, the last one
    /// is in colour. `things` is what the samples are called.
    pub fn curves(&self, things: &str) -> Vec<Curve> {
        let accuracy = self.accuracy_curve().map(|(series, _)| series);
        let others = self.series.keys().map(String::as_str).filter(|key| ![VALIDATION, UNSEEN, SEEN].contains(key));
        accuracy.into_iter().chain(others).map(|series| self.curve(series, things)).collect()
    }

    fn curve(&self, series: &str, things: &str) -> Curve {
        let is_accuracy = [VALIDATION, UNSEEN, SEEN].contains(&series);
        let known = metric(if is_accuracy { UNSEEN } else { series });
        let subject = known.map_or_else(|| capital(&series.replace('_', " ")), |metric| metric.label.into());
        let line = |name: &str, rank, points: &Points| {
            let points = coordinates(points);
            Line { name: name.into(), role: Role::Keep, rank, points }
        };
        let earlier = self.earlier.iter().filter(|(other, _)| other == series);
        let mut lines: Vec<Line> = earlier.map(|(_, points)| line("Earlier", Rank::Earlier, points)).collect();
        match is_accuracy {
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
            Event::Stage { classes, .. } => {
                *self = Self { status: Status::Running, class_names: classes, ..Self::default() };
            }
            Event::Phase { name, before } => (self.phase, self.before, self.step, self.of) = (name, before, 0, 0),
            Event::Step { done, of } => (self.step, self.of) = (done, of),
            Event::Scalar { series, step, value, n } => {
                self.counts.extend(n.map(|n| (series.clone(), n)));
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
            Event::Exhibit(exhibit) if exhibit.is_whole() => self.show(exhibit, pixels),
            Event::Saved { step } => self.saved = Some(step),
            Event::Warning { message } => self.warnings.push(message),
            Event::Paused { step } => (self.status, self.step) = (Status::Paused, step),
            Event::Resumed => self.status = Status::Running,
            Event::Failed { cause, message, step, kept, cure } => {
                self.status = Status::Failed(Failure { cause, message, step, kept, cure });
            }
            Event::Skipped { on } => self.status = Status::Skipped(on),
            Event::Cancelled { step } => (self.status, self.step) = (Status::Cancelled, step),
            Event::StageDone { rows, seconds } => {
                (self.status, self.rows, self.seconds) = (Status::Done, rows, seconds);
            }
            _ => {}
        }
    }
}

impl Outcome {
    fn show(&mut self, exhibit: Exhibit, pixels: Option<Vec<f32>>) {
        if let Exhibit::Images { series, shape, ids, .. } = &exhibit {
            let Some(images) = pixels.and_then(|pixels| Images::new(ids.clone(), *shape, pixels)) else { return };
            self.images.insert(series.clone(), Arc::new(images));
        }
        match self.exhibits.iter_mut().find(|old| old.series() == exhibit.series()) {
            Some(old) => *old = Arc::new(exhibit),
            None => self.exhibits.push(Arc::new(exhibit)),
        }
    }
}

fn coordinates(points: &Points) -> Vec<[f64; 2]> {
    points.iter().map(|(step, value)| [*step as f64, f64::from(*value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seen_and_unseen_share_a_chart() {
        let mut outcome = Outcome::default();
        for (series, n) in [("train_accuracy", Some(128)), ("validation_accuracy", Some(144)), ("loss", None)] {
            outcome.take(Event::Scalar { series: series.into(), step: 0, value: 10.0, n }, None);
        }
        let lines = |outcome: &Outcome| {
            let curves = outcome.curves("digits");
            assert!(curves[1..].iter().all(|curve| curve.subject == "Loss"));
            let lines = curves[0].lines.iter().map(|line| (line.name.clone(), line.rank));
            (curves[0].subject.clone(), lines.collect::<Vec<_>>())
        };
        let seen = |rank| ("Seen digits".to_owned(), rank);
        let validation = ("Validation (n = 144)".to_owned(), Rank::Selected);
        assert_eq!(lines(&outcome), ("Accuracy".to_owned(), vec![seen(Rank::Seen), validation]));
        // Where all are trained on, there are only those.
        let alone = outcome.series.remove("validation_accuracy").unwrap();
        assert_eq!(lines(&outcome), ("Accuracy".to_owned(), vec![seen(Rank::Selected)]));
        // An earlier build has drawn the test split.
        outcome.series.insert("accuracy".into(), alone);
        let unseen = ("Unseen digits".to_owned(), Rank::Selected);
        assert_eq!(lines(&outcome), ("Accuracy".to_owned(), vec![seen(Rank::Seen), unseen]));
    }

    /// Until a network was tested its figures are those of validation, and say so.
    #[test]
    fn figures_say_what_they_are_made_on() {
        let mut outcome = Outcome::default();
        assert_eq!((outcome.so_far(), outcome.by_class(), outcome.made_on()), (None, None, None));
        let mut scalar = |series: &str, value, n| {
            outcome.take(Event::Scalar { series: series.into(), step: 5, value, n }, None);
            outcome.so_far().map(|now| (now.value, now.label()))
        };
        assert_eq!(scalar("train_accuracy", 25.0, Some(128)), Some((25.0, "seen, n = 128".into())));
        assert_eq!(scalar("validation_accuracy", 50.0, Some(1440)), Some((50.0, "validation, n = 1,440".into())));
        outcome.take(Event::Answers { series: "valid".into(), answers: answers() }, None);
        outcome.take(Event::Classes { series: "valid".into(), values: vec![Some(50.0)] }, None);
        let by_class = |outcome: &Outcome| (outcome.by_class().unwrap()[0], outcome.made_on());
        assert_eq!(by_class(&outcome), (Some(50.0), Some("validation, n = 4".into())));
        outcome.take(Event::Answers { series: "test".into(), answers: answers() }, None);
        outcome.take(Event::Classes { series: "test".into(), values: vec![Some(75.0)] }, None);
        assert_eq!((outcome.so_far(), by_class(&outcome)), (None, (Some(75.0), None)));
    }

    #[test]
    fn a_step_back_begins_anew() {
        let mut outcome = Outcome::default();
        for (series, step, value) in
            [("accuracy", 0, 10.0), ("loss", 0, 2.3), ("accuracy", 10, 50.0), ("accuracy", 5, 20.0)]
        {
            outcome.take(Event::Scalar { series: series.into(), step, value, n: None }, None);
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
        assert_eq!(answers.accuracy(&[]), Some(50.0));
        assert_eq!(answers.accuracy(&[3]), Some(100.0 * 2.0 / 3.0));
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
        outcome.take(Event::Stage { index: 0, of: 1, id: "train.scratch".into(), classes: vec![] }, None);
        outcome.take(Event::Step { done: 3, of: 10 }, None);
        for step in [1, 2, 2] {
            outcome.take(Event::Scalar { series: "loss".into(), step, value: 0.5, n: None }, None);
        }
        assert_eq!((outcome.step, outcome.of, outcome.series["loss"].len()), (3, 10, 2));
        outcome.take(Event::Paused { step: 4 }, None);
        assert!(outcome.is_live() && outcome.step == 4);
        outcome.take(Event::StageDone { rows: vec![Row::new("base", "accuracy", 91.0)], seconds: 2.0 }, None);
        assert!(outcome.is_done());
        assert_eq!(outcome.accuracy(), Some(91.0));
    }
}
