//! Training and evaluation.

mod batches;
mod checkpoints;
mod gradients;
mod look;
mod membership;
mod objective;
mod random_labels;
mod test;
mod train;
mod training;

pub use gradients::{largest, mask_gradients, restore, sum_gradients};
pub use look::{every, look};
pub use membership::membership;
pub use objective::{CrossEntropy, Loss, Objective, mean_loss};
pub use random_labels::{Mix, relabel};
pub use test::{features, logits, logits_of, test};
pub use train::{Mode, descend};
pub use training::{Rule, Schedule, Training};
