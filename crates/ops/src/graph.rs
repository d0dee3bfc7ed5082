//! Recording and replaying the kernels of one step. A replay skips the look-ups, bindings and uploads of every launch,
//! so a step costs the host almost nothing.
//!
//! A replay runs the same kernels on the same memory. So whatever a step leaves for the next must be written in place,
//! whatever differs from step to step must lie on the device, and nothing may be uploaded or read back during a step.

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

/// Writes `new` into the memory of `old`, where replayed steps read it. In CPU-only builds nothing is replayed, so it
/// returns `new` itself.
pub fn renewed<K: Basic>(old: Tensor<1, K>, new: Tensor<1, K>) -> Tensor<1, K> {
    match cfg!(feature = "gpu") {
        true => old.slice_assign(0..new.dims()[0], new),
        false => new,
    }
}
