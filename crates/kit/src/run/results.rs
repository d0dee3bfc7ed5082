//! What the harnesses leave behind for later stages and for the session.

use crate::attack::{Ball, Queries};
use crate::data::View;
use crate::nets::Net;
use crate::stats::Tested;

/// What an attack did to a view.
pub struct Attacked {
    /// The network's answers on the clean samples.
    pub clean: Tested,
    /// Its answers on the changed ones.
    pub attacked: Tested,
    /// The changed inputs, `[n, channels, height, width]` in row-major order.
    pub pixels: Vec<f32>,
    /// How often the attack asked the network.
    pub queries: Queries,
}

/// What an attack stage left.
pub struct Seen {
    /// The set that the attack stayed within.
    pub ball: Ball,
    /// The samples that it attacked.
    pub view: View,
    /// What it did to them.
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
