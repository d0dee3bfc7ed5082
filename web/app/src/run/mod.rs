//! The run file and all that is known of it, where the visitor looks, and what is to be told: the pure parts are tested
//! natively, the contexts are [`Run`], [`View`] and [`Notices`].

mod acts;
pub mod address;
pub mod cards;
pub mod catalogue;
mod context;
pub mod files;
mod hear;
pub mod history;
pub mod link;
mod moves;
mod notices;
pub mod questions;
mod reading;
mod recall;
pub mod sample;
pub mod settings;
pub mod storage;
pub mod strip;
mod view;

pub use catalogue::{catalogue, default_strip};
pub use context::{Kept, Playing, Run};
pub use hear::hear;
pub use notices::{News, Notice, Notices, Taken};
pub use spec::START;
pub use view::{OpenDialog, Side, View};
