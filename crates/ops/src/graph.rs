//! A step's kernels, recorded once and begun again: what a launch looks up, binds and uploads is then done, and a step
//! costs the host next to nothing.
//!
//! A replay runs the same kernels on the same memory. So what a step leaves for the next has to be written in place,
//! what is different from step to step has to lie on the device, and nothing may be uploaded or read within it.

#[cfg(feature = "gpu")]
mod cube;
#[cfg(not(feature = "gpu"))]
mod none;

#[cfg(feature = "gpu")]
pub(crate) use cube::COPIES;
#[cfg(feature = "gpu")]
pub use cube::{Graph, Recording};
#[cfg(not(feature = "gpu"))]
pub use none::{Graph, Recording};

use burn::tensor::{Tensor, kind::Basic};

/// `new` in the memory of `old`, where replayed steps read it; where nothing is replayed, simply `new`.
pub fn renewed<K: Basic>(old: Tensor<1, K>, new: Tensor<1, K>) -> Tensor<1, K> {
    match cfg!(feature = "gpu") {
        true => old.slice_assign(0..new.dims()[0], new),
        false => new,
    }
}
