//! Runs a run file: opens a device, builds the lab, walks the stages, answers questions. The only façade of the engine.

mod answer;
mod catalogue;
mod check;
pub mod device;
mod estimate;
mod session;
mod summary;

pub use answer::Asker;
pub use catalogue::{catalogue, preset};
pub use check::check;
pub use device::{Opened, open};
pub use kit::cx::{Boxed, Gate, Host};
pub use kit::{Error, Result};
pub use methods::cards;
pub use session::{Adversarials, Ended, Session};
pub use summary::summary;

use kit::Entry;
use spec::{Shape, Wrong};

/// Name and version, as reports and the worker's first word carry it.
pub const ENGINE: &str = concat!("palimpsest ", env!("CARGO_PKG_VERSION"));

/// Every method, sorted by id.
pub fn entries() -> impl Iterator<Item = &'static Entry> + Clone {
    methods::CATALOGUE.iter().copied()
}

/// A method by its id; the nearest known one in the error.
pub fn entry(id: &str) -> std::result::Result<&'static Entry, Wrong> {
    let known = entries().map(|entry| entry.id);
    entries().find(|entry| entry.id == id).ok_or_else(|| Wrong::unknown("method", "stage", id, known))
}

/// Whether stages of this id leave a new model.
pub fn is_layer(id: &str) -> bool {
    entry(id).is_ok_and(|entry| Shape::is_layer(entry.shape))
}
