//! Results that the harnesses keep for later stages and for the session.

use crate::attack::{Ball, Queries};
use crate::data::View;
use crate::nets::Net;
use crate::stats::Tested;

/// The result of an attack on a view.
pub struct Attacked {
    /// The network's answers on the clean samples.
    pub clean: Tested,
    /// Its answers on the changed ones.
    pub attacked: Tested,
    /// The changed inputs, `[n, channels, height, width]` in row-major order.
    pub pixels: Vec<f32>,
    /// What the attack asked of the network, counted in samples.
    pub queries: Queries,
}

/// An attack stage's ball, samples and result.
pub struct Seen {
    /// The set around each image that the attack had to stay within.
    pub ball: Ball,
    /// The samples that it attacked.
    pub view: View,
    /// The result on these samples.
    pub done: Attacked,
}

/// Networks retrained without the forget set, for one lineage and one forget set.
#[derive(Clone)]
pub struct Reference {
    /// One network for each seed.
    pub nets: Vec<Net>,
    /// Seconds that the training of each took.
    pub seconds: Vec<f64>,
}
