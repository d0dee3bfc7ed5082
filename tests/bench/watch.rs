//! Plays a run that a benchmark ends.

use engine::{Boxed, Ended, Error, Gate, Host, Opened, Registry, Result, Session};
use spec::{RunSpec, Said, Why};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Instant;

/// Hears what is said, with the seconds since the run began, and says whether the run is to end.
struct Watch<F> {
    begun: Instant,
    gate: Rc<Gate>,
    ends: RefCell<F>,
}

impl<F: FnMut(&Said, f64) -> bool> Host for Watch<F> {
    fn say(&self, said: Said, _buffers: Vec<Vec<u8>>) {
        let ends = (self.ends.borrow_mut())(&said, self.now());
        self.gate.cancel.set(self.gate.cancel.get() || ends);
    }
    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }
    fn turn(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn rest(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        Box::pin(async move { Err(Error::input(name, "a benchmark reads no files")) })
    }
}

/// Plays a run on the CPU until `ends`, which hears everything, is true. Panics if the run comes to its end before.
/// Returns the seconds that it took.
pub fn play(spec: RunSpec, ends: impl FnMut(&Said, f64) -> bool + 'static) -> f64 {
    let gate = Rc::new(Gate::default());
    let watch = Rc::new(Watch { begun: now(), gate: gate.clone(), ends: RefCell::new(ends) });
    let mut session = Session::new(Opened::cpu(Why::Default), watch.clone(), gate, Registry::shipped());
    match pollster::block_on(session.play(1, spec, 0, None)) {
        Ok(Ended::Cancelled(_)) => watch.now(),
        ended => panic!("the run came to an end before it was measured: {ended:?}"),
    }
}

#[allow(clippy::disallowed_methods, reason = "a benchmark's clock")]
fn now() -> Instant {
    Instant::now()
}
