//! The entry that stands for a network in the list of all, and how it is found.

use super::{Body, NETS};
use crate::error::Result;
use crate::seed::Rng;
use burn::tensor::Device;
use spec::{Choice, Pick, Wrong};

/// Makes a network's layers for inputs of this shape and so many classes.
type Make = fn(&Pick, [usize; 3], usize, &mut Rng, &Device) -> Result<Body>;

/// A [`NetKind`](super::NetKind) with its type erased.
pub struct NetEntry {
    /// Its name in a run file.
    pub(super) id: &'static str,
    /// See [`NetKind::choice`](super::NetKind::choice).
    pub choice: fn() -> Choice,
    /// See [`NetKind::new`](super::NetKind::new).
    pub(super) make: Make,
    /// See [`NetKind::size`](super::NetKind::size).
    pub(super) size: fn(&Pick, [usize; 3], usize) -> Result<Option<usize>>,
}

/// Every network with its settings, for page and command line.
pub fn choices() -> Vec<Choice> {
    NETS.iter().map(|net| (net.choice)()).collect()
}

/// The network with this id. `at` is the key path of the network, for the error, which also names the nearest known id.
pub fn find(at: &str, id: &str) -> std::result::Result<&'static NetEntry, Wrong> {
    let known = NETS.iter().map(|net| net.id);
    NETS.iter().find(|net| net.id == id).ok_or_else(|| Wrong::unknown("network", at, id, known))
}
