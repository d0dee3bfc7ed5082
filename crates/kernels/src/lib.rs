//! Loops of the CPU bodies of `ops`, on plain slices and without burn: quick to build, to test and to measure.
//!
//! Images are channels-last, `[n, h, w, c]`. Every loop is written once over [`lanes::Lanes`] and compiled for the
//! vectors that a machine may have; [`lanes::dispatch`] picks at run time. Work is shared among threads by [`threads`],
//! in parts that do not depend on how many threads there are, so a sum is the same bits on one core and on sixteen.

#![allow(clippy::extra_unused_type_parameters, reason = "`dispatch` also compiles loops without any `Lanes`")]

pub mod attention;
pub mod block;
mod columns;
pub mod conv;
pub mod cross_entropy;
pub mod gelu;
pub mod group_norm2d;
pub mod lanes;
pub mod layer_norm;
pub mod linear;
mod math;
pub mod norm2d;
pub mod optimizer;
mod output;
pub mod pool;
mod product;
pub mod project;
pub mod relu;
mod scratch;
#[cfg(test)]
mod tests;
pub mod threads;

/// The instruction set of the loops: the machine's best, or the one that a test asks for.
fn isa() -> lanes::Isa {
    #[cfg(test)]
    if let Some(isa) = tests::ISA.get() {
        return isa;
    }
    lanes::isa()
}
