//! What the runs of one grid share, in memory: a point is played from the first stage that differs from the point
//! before it.

use engine::{Boxed, Lease, Store};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// Finished work of the last points.
pub struct Shared {
    works: RefCell<HashMap<String, Work>>,
    /// How many runs a point has: one for each seed.
    runs: u32,
    /// The run that is played.
    run: Cell<u32>,
}

struct Work {
    bytes: Vec<u8>,
    /// The run that has made it or taken it last.
    run: u32,
}

impl Shared {
    pub fn new(runs: u32) -> Self {
        Self { works: RefCell::default(), runs, run: Cell::new(0) }
    }

    /// A run begins. What the point before did not use is let go.
    pub fn begin(&self, run: u32) {
        self.run.set(run);
        self.works.borrow_mut().retain(|_, work| work.run + 2 * self.runs > run);
    }
}

impl Store for Shared {
    fn recall<'a>(&'a self, key: &'a str) -> Boxed<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let mut works = self.works.borrow_mut();
            let work = works.get_mut(key)?;
            work.run = self.run.get();
            Some(work.bytes.clone())
        })
    }

    fn keep<'a>(&'a self, key: &'a str, bytes: Vec<u8>) -> Boxed<'a, ()> {
        Box::pin(async move {
            self.works.borrow_mut().insert(key.to_owned(), Work { bytes, run: self.run.get() });
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, bool> {
        Box::pin(async move { self.works.borrow_mut().remove(key).is_some() })
    }

    fn lease<'a>(&'a self, _: &'a str) -> Boxed<'a, Option<Lease>> {
        Box::pin(async { Some(Box::new(()) as Lease) })
    }

    fn checkpoint_every(&self) -> Option<f64> {
        None
    }
}
