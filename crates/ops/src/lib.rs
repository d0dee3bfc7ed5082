//! The operations that networks, losses and attacks are made of, one file each: the seam for fused bodies.
//!
//! Every body here is written in burn's own operations, so it runs on any device and is differentiable by burn. A fast
//! body for one device is a second body behind the same function, and is tested against the one here.

mod conv2d;
mod cross_entropy;
mod gather_batch;
mod linear;
mod low_rank;
mod max_pool2d;
mod norm2d;
mod project;

pub use conv2d::conv2d;
pub use cross_entropy::cross_entropy;
pub use gather_batch::gather_batch;
pub use linear::linear;
pub use low_rank::low_rank;
pub use max_pool2d::max_pool2d;
pub use norm2d::{batch_statistics, norm2d};
pub use project::{project_box, project_l2, project_linf, unit_l2};
