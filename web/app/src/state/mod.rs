//! What the page knows, without a browser: everything here is tested natively.

pub mod choice;
pub mod controls;
pub mod link;
pub mod runs;
pub mod strip;
