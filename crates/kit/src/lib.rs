//! What every method is made of: context, data, layers, networks, the training loop, the door to a victim, the shapes.
#![allow(async_fn_in_trait)]

pub mod apgd;
pub mod ball;
pub mod control;
pub mod cx;
pub mod data;
pub mod entry;
pub mod error;
pub mod grad;
pub mod lab;
pub mod metrics;
pub mod nets;
pub mod pgd;
pub mod relabel;
pub mod seed;
pub mod shapes;
pub mod train;
pub mod victim;
pub mod weights;

pub use ball::Ball;
pub use control::Config;
pub use cx::{Boxed, Cx};
pub use entry::{Entry, Method};
pub use error::{Error, Result};
