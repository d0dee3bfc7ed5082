//! Charts as scenes and figures as tables and sentences, from reports and events; page and command line draw the same.
//!
//! Nothing here reads, writes or computes with tensors. A chart is plain data with public fields; [`chart::Chart`]
//! turns it into a [`Scene`] of marks that carry roles instead of colours, or into a [`Table`] of the same figures.
#![deny(missing_docs)]

pub mod captions;
pub mod card;
pub mod chart;
pub mod difference;
pub mod figure;
#[cfg(feature = "html")]
pub mod html;
pub mod keys;
pub mod noise;
pub mod outcome;
pub mod scale;
pub mod scene;
pub mod sentence;
pub mod table;
pub mod view;

pub use chart::Chart;
pub use difference::{Difference, differences};
#[cfg(feature = "html")]
pub use html::html;
pub use noise::Noise;
pub use outcome::{Answers, Failure, Images, Outcome, Status};
pub use scene::{Role, Scene};
pub use sentence::Sentence;
pub use table::{Results, Table};
pub use view::{Known, RunView};
