//! Words of the lab.

use crate::{labs::lab::Words, run::Run};
use spec::Family;

/// The lab's path.
pub const ID: &str = "attack";

pub const TITLE: &str = "Attack & defend";

pub const WORDS: Words = Words {
    heading: "What it reads under attack",
    sides: ["Clean", "Attacked"],
    legends: ["read instead", "read instead"],
};

/// A network under attack: "2 LoRA", "4 Hardened", or the source network's own title.
pub fn victim(run: Run, name: &str) -> String {
    let place = run.number(name);
    match run.family(name) {
        None => run.title(name),
        Some(Family::Defend) => format!("{place} Hardened"),
        Some(_) => format!("{place} {}", run.method_title(name)),
    }
}
