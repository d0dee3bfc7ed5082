//! The engine's ports to the outside: messages, clock, event loop, files, and the user's pause and cancel.

use crate::error::Result;
use spec::Said;
use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

/// A boxed future that stays on its thread.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What the engine needs from outside. Worker, command line and tests each bring an implementation.
pub trait Host {
    /// Sends a message. Large payloads (pixels, weights) are in `buffers`, beside the message.
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>);
    /// Seconds since some fixed moment.
    fn now(&self) -> f64;
    /// Lets the event loop turn once, so that a cancel can arrive.
    fn turn(&self) -> Boxed<'_, ()>;
    /// Waits a few milliseconds; called repeatedly while a run is paused.
    fn rest(&self) -> Boxed<'_, ()>;
    /// The bytes of a file that the run file names: source weights or IDX data.
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>>;
    /// Where finished work is kept; `None` if it is not.
    fn store(&self) -> Option<&dyn Store> {
        None
    }
    /// Whether a few test samples are drawn with their answers while a network is trained.
    fn draws_samples(&self) -> bool {
        false
    }
}

/// Keeps finished work, and checkpoints of trainings, as bytes under keys. A store that takes no more says so itself:
/// the run goes on.
pub trait Store {
    /// What was kept under a key; `None` if there is nothing, or if it cannot be had.
    fn recall<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Vec<u8>>>;
    /// Keeps bytes under a key, whole or not at all, in place of what was there.
    fn keep<'a>(&'a self, key: &'a str, work: Vec<u8>) -> Boxed<'a, ()>;
    /// Deletes what was kept under a key. Returns whether there was anything.
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool>;
    /// Asks to be the one that makes the work under a key; `None` while somebody else makes it.
    fn lease<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Lease>>;
    /// Seconds between two checkpoints of a training; `None`: none are made.
    fn checkpoint_every(&self) -> Option<f64>;
}

/// Says that a work is being made, until it is dropped.
pub type Lease = Box<dyn Any>;

/// Pause, single step and cancel. The user sets them while a run is in progress.
#[derive(Default)]
pub struct Gate {
    /// The run ends at its next step.
    pub cancel: Cell<bool>,
    /// The run waits before its next step.
    pub paused: Cell<bool>,
    /// Steps that a paused run may still take.
    pub allowed: Cell<u32>,
}

impl Gate {
    /// Whether the run has to wait: it is paused, has no single step left and is not cancelled.
    pub(crate) fn holds(&self) -> bool {
        self.paused.get() && self.allowed.get() == 0 && !self.cancel.get()
    }

    /// An error once the run is cancelled.
    pub(crate) fn check(&self) -> Result {
        if self.cancel.get() { Err(crate::error::Error::Cancelled) } else { Ok(()) }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::rc::Rc;

    /// Hears nothing and has nothing. Its clock goes on by a second whenever it is asked, and by 100 in a pause, after
    /// which its user lets the run go on.
    #[derive(Default)]
    pub(crate) struct Patient {
        pub gate: Rc<Gate>,
        clock: Cell<f64>,
    }

    impl Host for Patient {
        fn say(&self, _: Said, _: Vec<Vec<u8>>) {}
        fn now(&self) -> f64 {
            self.clock.set(self.clock.get() + 1.0);
            self.clock.get()
        }
        fn turn(&self) -> Boxed<'_, ()> {
            Box::pin(async {})
        }
        fn rest(&self) -> Boxed<'_, ()> {
            self.clock.set(self.clock.get() + 100.0);
            self.gate.paused.set(false);
            Box::pin(async {})
        }
        fn asset<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
            Box::pin(async { Ok(Vec::new()) })
        }
    }
}
