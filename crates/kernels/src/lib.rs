//! The CPU kernels of the crate `ops`, on slices and without burn, so that they are quick to build, test and benchmark.
//!
//! They are written by hand because they decide the time of a training step: in the measurements of
//! `tests/bench/README.md` a native step takes 0.41 (conv), 0.13 (mlp) and 0.30 (pgd) of PyTorch's time on the same two
//! cores, and with burn's own CPU operations it took about 5.2, 0.24 and 3.8.
//!
//! Images are channels-last, `[n, h, w, c]`. Every kernel is written once over [`lanes::Lanes`] and compiled for each
//! instruction set; [`lanes::dispatch`] selects one at run time. [`threads`] shares the work in parts that do not
//! depend on the number of threads, so a sum has the same bits on one core and on sixteen.

#![deny(missing_docs)]
#![allow(clippy::extra_unused_type_parameters, reason = "`dispatch` also compiles loops that use no `Lanes`")]

pub mod attention;
pub mod column_sums;
pub mod conv;
pub mod conv_pool;
pub mod cross_entropy;
pub mod gelu;
pub mod group_norm2d;
pub mod lanes;
pub mod layer_norm;
pub mod linear;
mod math;
pub mod matmul;
pub mod norm2d;
pub mod optimizer;
pub mod pool;
pub mod project;
pub mod relu;
mod scratch;
#[cfg(test)]
mod tests;
pub mod threads;
mod uninit;

/// Names the instruction set of the kernels: results of two of them may differ in their last bits.
pub fn instruction_set() -> String {
    format!("{:?}", isa())
}

/// The instruction set of the kernels: the machine's best, or the one that a test asks for.
fn isa() -> lanes::Isa {
    #[cfg(test)]
    if let Some(isa) = tests::ISA.get() {
        return isa;
    }
    lanes::isa()
}
