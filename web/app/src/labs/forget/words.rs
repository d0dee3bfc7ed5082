//! Words of the lab.

/// The lab's path.
pub const ID: &str = "forget";

pub const TITLE: &str = "Forget";

/// "1 seed", "3 seeds"
pub fn seeds(n: usize) -> String {
    format!("{n} {}", if n == 1 { "seed" } else { "seeds" })
}
