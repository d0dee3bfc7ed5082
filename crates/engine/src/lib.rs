//! Runs a run file: opens a device, loads data and models, plays the stages, answers questions. The only façade of the
//! engine.
#![deny(missing_docs)]

mod answer;
mod attacks;
mod begun;
mod catalogue;
pub mod device;
mod ended;
mod estimate;
mod foresee;
mod recall;
mod registry;
mod session;
mod summary;

pub use answer::Asker;
pub use attacks::Adversarials;
pub use catalogue::recipe;
pub use device::{Opened, open};
pub use ended::Ended;
pub use kit::foreign::foreign;
pub use kit::host::{Boxed, Gate, Host, Lease, Store};
pub use kit::{Error, Result};
pub use methods::cards;
pub use recall::twin_warning;
pub use registry::Registry;
pub use session::{Exported, Fits, Logits, Session};
pub use summary::summary;

use kit::Entry;
use spec::{Catalogue, Recipe, RunSpec, Wrong};

/// Name and version, as reports and the worker's first message carry them.
pub const ENGINE: &str = concat!("palimpsest ", env!("CARGO_PKG_VERSION"));

/// All shipped methods, sorted by id.
pub fn entries() -> impl Iterator<Item = &'static Entry> + Clone {
    Registry::shipped().methods.iter().copied()
}

/// A shipped method by its id; see [`Registry::entry`].
pub fn entry(id: &str) -> std::result::Result<&'static Entry, Wrong> {
    Registry::shipped().entry(id)
}

/// Whether stages with the id of a shipped method leave a new model.
pub fn is_layer(id: &str) -> bool {
    Registry::shipped().is_layer(id)
}

/// The catalogue of what is shipped; see [`Registry::catalogue`].
pub fn catalogue(recipes: Vec<Recipe>, mathml: impl Fn(&str) -> String) -> Catalogue {
    Registry::shipped().catalogue(cards(), recipes, mathml)
}

/// Checks a run file against what is shipped; see [`Registry::check`].
pub fn check(spec: &RunSpec) -> std::result::Result<(), Wrong> {
    Registry::shipped().check(spec)
}
