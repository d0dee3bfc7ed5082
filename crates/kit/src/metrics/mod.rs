//! Figures of a model, computed on the host from one read of its answers.

mod membership;
mod tested;

pub use membership::mia_confidence;
pub use tested::{Tested, logits, logits_of, softmax, test};
