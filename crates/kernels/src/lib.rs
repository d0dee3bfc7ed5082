//! Loops of the CPU bodies of `ops`, on plain slices and without burn: quick to build, to test and to measure.
//!
//! Images are channels-last, `[n, h, w, c]`. Every loop is written once over [`lanes::Lanes`] and compiled for the
//! vectors that a machine may have; [`lanes::dispatch`] picks at run time. Work is shared among threads by [`threads`],
//! in parts that do not depend on how many threads there are, so a sum is the same bits on one core and on sixteen.

pub mod block;
pub mod conv;
pub mod lanes;
mod scratch;
pub mod threads;
