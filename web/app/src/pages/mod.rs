//! The pages that are no lab: past runs, data, and the cards of methods.

pub mod data;
pub mod method;
pub mod runs;
