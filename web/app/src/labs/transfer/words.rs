//! Words of the lab.

/// The lab's path.
pub const ID: &str = "transfer";

pub const TITLE: &str = "Transfer";
