//! A class as a run file names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A class as a run file names it: by its number in its set or file of labels, or by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Class {
    /// The number that its set or file has for it, whichever classes a task keeps.
    Number(u16),
    /// Its name, such as `"B"`.
    Name(String),
}

impl Default for Class {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Name(name) => write!(f, "\"{name}\""),
        }
    }
}

/// "0 to 9" of numbers without a gap, else "1, 9, 26".
pub(super) fn listed(numbers: &[u16]) -> String {
    match numbers {
        [first, .., last] if numbers.windows(2).all(|pair| pair[1] == pair[0] + 1) => format!("{first} to {last}"),
        _ => numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(", "),
    }
}
