//! What a context makes for the store.

use serde::{Deserialize, Serialize};
use spec::{Answers, Event};

/// A work that is being made: a stage or a retrained reference.
pub struct Work {
    /// Its key in the store.
    pub key: String,
    /// How many trainings were begun for it. A retrained reference may have several.
    trainings: usize,
}

impl Work {
    /// The work under a key, before its first training.
    pub const fn new(key: String) -> Self {
        Self { key, trainings: 0 }
    }

    /// Counts a training that begins. Returns its number, from 0.
    pub(crate) const fn begin_training(&mut self) -> usize {
        self.trainings += 1;
        self.trainings - 1
    }
}

/// What a stage has said that is worth saying again when it is taken from the store. Progress is not; pictures and
/// weights lie in buffers beside the event. It is a type of its own because reading every event from a file would add
/// 77 KB of code to the CPU engine.
#[derive(Clone, Serialize, Deserialize)]
pub enum Lasting {
    /// [`Event::Scalar`]: series, step, value and number of samples.
    Scalar(String, usize, f32, Option<usize>),
    /// [`Event::Answers`]: series and answers.
    Answers(String, Answers),
    /// [`Event::Classes`]: series and values.
    Classes(String, Vec<Option<f32>>),
    /// [`Event::Note`].
    Note(String),
    /// [`Event::Warning`].
    Warning(String),
}

impl Lasting {
    /// `None` of an event that does not last.
    pub(super) fn of(event: &Event) -> Option<Self> {
        Some(match event.clone() {
            Event::Scalar { series, step, value, n } => Self::Scalar(series, step, value, n),
            Event::Answers { series, answers } => Self::Answers(series, answers),
            Event::Classes { series, values } => Self::Classes(series, values),
            Event::Note { message } => Self::Note(message),
            Event::Warning { message } => Self::Warning(message),
            _ => return None,
        })
    }
}

impl From<Lasting> for Event {
    fn from(said: Lasting) -> Self {
        match said {
            Lasting::Scalar(series, step, value, n) => Self::Scalar { series, step, value, n },
            Lasting::Answers(series, answers) => Self::Answers { series, answers },
            Lasting::Classes(series, values) => Self::Classes { series, values },
            Lasting::Note(message) => Self::Note { message },
            Lasting::Warning(message) => Self::Warning { message },
        }
    }
}
