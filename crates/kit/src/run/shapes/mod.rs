//! The shapes of a method: trait, job and harness of each.

pub mod attack;
pub mod measure;
pub mod peft;
pub mod tune;
pub mod unlearn;
