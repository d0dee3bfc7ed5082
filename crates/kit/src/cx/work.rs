//! What a context makes for the store.

use serde::{Deserialize, Serialize};
use spec::{Answers, Event, Exhibit};
use std::collections::BTreeMap;

/// More than this is not kept of what a stage says: some bytes a step would grow for ever.
const MOST: usize = 1 << 12;

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
    /// [`Event::Exhibit`]. Pixels beside it are a file of the work.
    Exhibit(Exhibit, #[serde(skip)] Vec<u8>),
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
            Event::Exhibit(exhibit) => Self::Exhibit(exhibit, buffers.concat()),
            Event::Note { message } => Self::Note(message),
            Event::Warning { message } => Self::Warning(message),
            _ => return None,
        })
    }

    /// Adds this to what was said. Of answers, classes and exhibits only the last of each series counts, and there may
    /// be as many as looks at the network. A curve may have a point for each step: where there are too many, every
    /// second one goes.
    pub(super) fn keep(self, said: &mut Vec<Self>) {
        match &self {
            Self::Answers(series, _) => said.retain(|old| !matches!(old, Self::Answers(of, _) if of == series)),
            Self::Classes(series, _) => said.retain(|old| !matches!(old, Self::Classes(of, _) if of == series)),
            Self::Exhibit(exhibit, _) => {
                said.retain(|old| !matches!(old, Self::Exhibit(old, _) if old.series() == exhibit.series()));
            }
            _ => {}
        }
        said.push(self);
        if said.len() > MOST {
            let mut stays = BTreeMap::new();
            said.retain(|old| match old {
                Self::Scalar(series, ..) => {
                    let stays = stays.entry(series.clone()).or_insert(false);
                    *stays = !*stays;
                    *stays
                }
                _ => true,
            });
        }
    }

    /// Whether it is a point of a curve of accuracy.
    pub const fn is_of_a_look(&self) -> bool {
        matches!(self, Self::Scalar(_, _, _, Some(_)))
    }

    /// The pixels beside it, if it has such.
    pub fn pixels(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Self::Exhibit(Exhibit::Images { .. }, pixels) => Some(pixels),
            _ => None,
        }
    }

    /// What is said again, with the buffers beside it.
    pub fn again(self) -> (Event, Vec<Vec<u8>>) {
        let event = match self {
            Self::Scalar(series, step, value, n) => Event::Scalar { series, step, value, n },
            Self::Answers(series, answers) => Event::Answers { series, answers },
            Self::Classes(series, values) => Event::Classes { series, values },
            Self::Exhibit(exhibit @ Exhibit::Images { .. }, pixels) => return (Event::Exhibit(exhibit), vec![pixels]),
            Self::Exhibit(exhibit, _) => Event::Exhibit(exhibit),
            Self::Note(message) => Event::Note { message },
            Self::Warning(message) => Event::Warning { message },
        };
        (event, Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_does_not_grow_with_the_steps() {
        let mut said = Vec::new();
        for step in 0..50_000 {
            for series in ["loss", "attack"] {
                Lasting::Scalar(series.into(), step, 0.5, None).keep(&mut said);
            }
            Lasting::Classes("test".into(), vec![Some(step as f32)]).keep(&mut said);
        }
        assert!(said.len() <= MOST);
        let steps = |wanted: &str| -> Vec<usize> {
            let step = |said: &Lasting| match said {
                Lasting::Scalar(series, step, ..) => (series == wanted).then_some(*step),
                _ => None,
            };
            said.iter().filter_map(step).collect()
        };
        for series in ["loss", "attack"] {
            let steps = steps(series);
            assert!(steps.len() > MOST / 8 && steps.is_sorted(), "{series}: {}", steps.len());
            assert_eq!((steps[0], steps.last()), (0, Some(&49_999)), "{series}");
        }
        let classes: Vec<&Lasting> = said.iter().filter(|said| matches!(said, Lasting::Classes(..))).collect();
        assert!(matches!(classes[..], [Lasting::Classes(_, values)] if values[..] == [Some(49_999.0)]));
    }
}
