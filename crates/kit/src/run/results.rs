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
    /// Name of the model that it was measured on.
    pub on: String,
    /// Names of the models that it was crafted on: that one where the stage names no others.
    pub crafted_on: Vec<String>,
    /// Name of its task.
    pub task: String,
    /// The place of the class that it aims at, where it aims at one.
    pub target: Option<u16>,
    /// The set around each image that the attack had to stay within.
    pub ball: Ball,
    /// The samples that it attacked.
    pub view: View,
    /// The result on these samples.
    pub done: Attacked,
}

/// What is compared of a network that has forgotten, of the one before, and of retrained ones.
pub struct Judged {
    /// One for each of [`Self::KEYS`], a figure of no sample is none.
    pub figures: [Option<f64>; Self::KEYS.len()],
    /// Accuracy on each class of the test split, in percent; `None` for a class without samples.
    pub classes: Vec<Option<f32>>,
}

impl Judged {
    /// The figures: shares in percent, of which the first four make the gap; the spread is in points.
    pub const KEYS: [&str; 7] = ["ua", "ra", "ta", "mia", "mia_spread", "mia_accuracy", "mia_chance"];
    /// How many of them make the gap.
    pub const COMPARED: usize = 4;
    /// Place of MIA among them.
    pub const MIA: usize = 3;
    /// Places of how often its attack is right, and of how often a coin is.
    pub const SIGNAL: [usize; 2] = [5, 6];
}

/// A network retrained without the forget set: of one lineage, one forget set and one seed.
pub struct Reference {
    /// The network.
    pub net: Net,
    /// Seconds that its training took.
    pub seconds: f64,
    /// What its training asked of networks, see [`Cost`](crate::nets::Cost).
    pub cost: u64,
}
