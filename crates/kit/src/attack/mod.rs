//! What attacks are made of: the victim, the balls that they stay within, losses, and gradient ascent.

mod apgd;
mod ball;
mod eight_bits;
mod loss;
mod pgd;
mod victim;

pub use apgd::Apgd;
pub use ball::{Ball, L2, Linf, Start};
pub use eight_bits::eight_bits;
pub use loss::{AttackLoss, attack_loss, fooled, replaced};
pub use pgd::{Keep, Pgd};
pub use victim::{Queries, Response, SampleLoss, Victim};
