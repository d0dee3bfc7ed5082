//! What a context makes for the store.

use serde::{Deserialize, Serialize};
use spec::{Answers, Event};
use std::collections::BTreeSet;

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

/// What a stage has said that is worth saying again when it is taken from the store. Progress is not, and weights are a
/// file of the work. It is a type of its own because reading every event from a file would add 77 KB of code to the CPU
/// engine.
#[derive(Clone, Serialize, Deserialize)]
pub enum Lasting {
    /// [`Event::Scalar`]: series, step, value and number of samples.
    Scalar(String, usize, f32, Option<usize>),
    /// [`Event::Answers`]: series and answers.
    Answers(String, Answers),
    /// [`Event::Classes`]: series and values.
    Classes(String, Vec<Option<f32>>),
    /// [`Event::Images`]: series, shape and ids. The pixels beside it are a file of the work.
    Images(String, [usize; 4], Vec<u32>, #[serde(skip)] Vec<u8>),
    /// [`Event::Note`].
    Note(String),
    /// [`Event::Warning`].
    Warning(String),
}

impl Lasting {
    /// What was said, with the buffers beside it; `None` if it does not last.
    pub(super) fn of(event: &Event, buffers: &[Vec<u8>]) -> Option<Self> {
        Some(match event.clone() {
            Event::Scalar { series, step, value, n } => Self::Scalar(series, step, value, n),
            Event::Answers { series, answers } => Self::Answers(series, answers),
            Event::Classes { series, values } => Self::Classes(series, values),
            Event::Images { series, shape, ids } => Self::Images(series, shape, ids, buffers.concat()),
            Event::Note { message } => Self::Note(message),
            Event::Warning { message } => Self::Warning(message),
            _ => return None,
        })
    }

    /// What is left of this once the stage is done: of answers and classes only the last of each series counts, and
    /// there were as many as looks at the network.
    pub fn settled(mut said: Vec<Self>) -> Vec<Self> {
        let mut seen = BTreeSet::new();
        said.reverse();
        said.retain(|said| match said {
            Self::Answers(series, _) => seen.insert((false, series.clone())),
            Self::Classes(series, _) => seen.insert((true, series.clone())),
            _ => true,
        });
        said.reverse();
        said
    }

    /// Whether it is a point of a curve of accuracy.
    pub const fn is_of_a_look(&self) -> bool {
        matches!(self, Self::Scalar(_, _, _, Some(_)))
    }

    /// The pixels beside it, if it has such.
    pub fn pixels(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Images(.., pixels) => Some(pixels),
            _ => None,
        }
    }

    /// What is said again, with the buffers beside it.
    pub fn again(self) -> (Event, Vec<Vec<u8>>) {
        let event = match self {
            Self::Scalar(series, step, value, n) => Event::Scalar { series, step, value, n },
            Self::Answers(series, answers) => Event::Answers { series, answers },
            Self::Classes(series, values) => Event::Classes { series, values },
            Self::Images(series, shape, ids, pixels) => return (Event::Images { series, shape, ids }, vec![pixels]),
            Self::Note(message) => Event::Note { message },
            Self::Warning(message) => Event::Warning { message },
        };
        (event, Vec::new())
    }
}
