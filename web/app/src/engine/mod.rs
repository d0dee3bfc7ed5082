//! The engine in its worker, as the page sees it: typed questions in, one callback out. Nothing here knows a page type
//! or says a word to a visitor.

mod ask;
pub mod browser;
mod commands;
mod connection;
mod context;
mod device;
mod lifecycle;
mod message;
mod port;

pub use ask::{AskError, Subject};
pub use commands::Order;
pub use context::{Engine, EngineState};
pub use device::{Device, DeviceState};
pub use message::{Crash, FromEngine};
