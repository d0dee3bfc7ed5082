//! The operations of networks, losses and attacks, one file each. Most have a reference implementation and a fused one.
//!
//! The reference implementation is written in burn's own operations. It runs on any device, burn differentiates it, and
//! the tests compare the fused implementations with it. The fused implementations, one for the CPU and one for graphics
//! devices, have hand-written gradients and skip those that no parent needs. They are written by hand because burn
//! launches one kernel per primitive operation: `tests/bench/README.md` has the measured ratios. Cases that a fused
//! implementation does not cover (another precision, an even kernel) use the reference.
//!
//! Images have the shape `[n, c, h, w]`. On the CPU they are channels-last in memory, so that no layer transposes; on
//! graphics devices they are row-major.

#![deny(missing_docs)]

mod attention;
mod batch_norm2d;
mod conv2d;
mod conv_pool;
mod cross_entropy;
#[cfg(feature = "gpu")]
mod cube;
mod finish_step;
mod flex;
mod gather_batch;
mod gelu;
mod gradients;
mod graph;
mod group_norm2d;
mod layer_norm;
mod linear;
mod low_rank;
mod max_pool2d;
mod norm2d;
mod optimizer;
mod project;
mod reference;
mod running_stats;

pub use attention::attention;
pub use batch_norm2d::batch_norm2d;
pub use conv_pool::conv_pool;
pub use conv2d::conv2d;
pub use cross_entropy::{cross_entropy, mean_cross_entropy, wrong_log_odds};
pub use finish_step::finish_step;
pub use gather_batch::gather_batch;
pub use gelu::gelu;
pub use graph::{Graph, Recording, renewed};
pub use group_norm2d::group_norm2d;
pub use kernels::instruction_set;
#[cfg(not(target_arch = "wasm32"))]
pub use kernels::threads::limit as threads;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use low_rank::low_rank;
pub use max_pool2d::max_pool2d;
pub use norm2d::{Tail, norm2d};
pub use optimizer::{Optimizer, Rule};
pub use project::{project_box, project_l2, project_linf, step_linf, unit_l2};
pub use reference::use_reference;
pub use running_stats::update_running_stats;
