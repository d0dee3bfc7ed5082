//! What a context makes for the store.

use spec::Event;

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

/// Whether an event is worth saying again when a work is taken from the store. Progress is not; pictures and weights
/// lie in buffers beside the event.
pub(super) const fn lasts(event: &Event) -> bool {
    matches!(
        event,
        Event::Scalar { .. }
            | Event::Answers { .. }
            | Event::Classes { .. }
            | Event::Note { .. }
            | Event::Warning { .. }
    )
}
