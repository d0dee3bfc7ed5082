//! The operations that networks, losses and attacks are made of, one file each: the seam for fused bodies.
//!
//! Every body here is written in burn's own operations, so it runs on any device and is differentiable by burn. A fast
//! body for one device is a second body behind the same function, and is tested against the one here.

mod attention;
mod batch_norm2d;
mod conv2d;
mod cross_entropy;
mod gather_batch;
mod gelu;
mod group_norm2d;
mod layer_norm;
mod linear;
mod low_rank;
mod max_pool2d;
mod norm2d;
mod project;

pub use attention::attention;
pub use batch_norm2d::batch_norm2d;
pub use conv2d::conv2d;
pub use cross_entropy::cross_entropy;
pub use gather_batch::gather_batch;
pub use gelu::gelu;
pub use group_norm2d::group_norm2d;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use low_rank::low_rank;
pub use max_pool2d::max_pool2d;
pub use norm2d::{Tail, norm2d};
pub use project::{project_box, project_l2, project_linf, unit_l2};
