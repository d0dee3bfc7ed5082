//! Words of the lab.

use crate::labs::lab::{Words, words};

/// The lab's path.
pub const ID: &str = "transfer";

pub const TITLE: &str = "Transfer";

pub const WORDS: Words = words("Add a layer of this kind, and Transfer shows what it does to the network.");
