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
    /// For each sample, whether its gradient was exactly zero wherever the attack began; empty for an attack without
    /// gradients.
    pub stuck: Vec<bool>,
    /// What the attack asked of the network, counted in samples.
    pub queries: Queries,
}

impl Attacked {
    /// Whether the attack has fooled the network on the sample at this place: into another class than its own, or into
    /// the target.
    pub fn fooled(&self, at: usize, target: Option<u16>) -> bool {
        match target {
            Some(class) => self.attacked.answer(at) == class,
            None => !self.attacked.right(at),
        }
    }
}

/// An attack stage's ball, samples and result.
pub struct AttackStage {
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
