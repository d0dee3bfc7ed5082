//! Words of the lab.

use crate::labs::lab::{Words, words};

/// The lab's path.
pub const ID: &str = "forget";

pub const TITLE: &str = "Forget";

pub const WORDS: Words = words("Add a layer of this kind, and Forget shows what it does to the network.");

/// "1 seed", "3 seeds"
pub fn seeds(n: usize) -> String {
    format!("{n} {}", if n == 1 { "seed" } else { "seeds" })
}
