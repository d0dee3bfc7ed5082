//! The operations that networks, losses and attacks are made of, one file each: the seam for fused bodies.
//!
//! Every operation has a default body in burn's own operations, which runs on any device, is differentiable by burn and
//! is the oracle of its tests. The fused bodies behind the same function, one for the CPU and one for graphics devices,
//! have a gradient of their own, and compute no gradient that nobody wants. Between them images lie channels-last in
//! memory under the shape `[n, c, h, w]`, so nothing is turned around from layer to layer. What a fused body does not
//! cover (another precision, an even kernel) takes the default one.

mod absorb;
mod attention;
mod batch_norm2d;
mod conv2d;
mod conv_pool;
mod cross_entropy;
#[cfg(feature = "gpu")]
mod cube;
mod fused;
mod gather_batch;
mod gelu;
mod graph;
mod group_norm2d;
mod layer_norm;
mod linear;
mod low_rank;
mod max_pool2d;
mod norm2d;
mod optimizer;
mod project;
mod tick;

pub use absorb::absorb;
pub use attention::attention;
pub use batch_norm2d::batch_norm2d;
pub use conv_pool::conv_pool;
pub use conv2d::conv2d;
pub use cross_entropy::{cross_entropy, mean_cross_entropy};
pub use fused::plain;
pub use gather_batch::gather_batch;
pub use gelu::gelu;
pub use graph::{Graph, Recording, renewed};
pub use group_norm2d::group_norm2d;
#[cfg(not(target_arch = "wasm32"))]
pub use kernels::threads::limit as threads;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use low_rank::low_rank;
pub use max_pool2d::max_pool2d;
pub use norm2d::{Tail, norm2d};
pub use optimizer::{Optimizer, Rule};
pub use project::{project_box, project_l2, project_linf, step_linf, unit_l2};
pub use tick::tick;
