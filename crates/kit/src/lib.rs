//! What every method is made of. The modules stand in the order in which they build on each other: each one imports
//! only those above it.
#![allow(async_fn_in_trait)]
#![deny(missing_docs)]

pub mod error;
pub mod foreign;
pub mod seed;

pub mod host;
pub mod settings;

pub mod stats;

pub mod data;

pub mod nets;

pub mod cx;

pub mod store;

pub mod learn;

pub mod attack;

pub mod run;

pub use attack::Ball;
pub use cx::Cx;
pub use error::{Error, Result};
pub use host::{Boxed, Host, Lease, Store};
pub use run::{Entry, Method};
pub use settings::Config;
