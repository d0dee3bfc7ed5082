//! Statistics on the host: plain functions of plain numbers, without tensors.

mod classified;
mod mean;
mod membership;
mod principal;
mod svm;

pub use classified::{Tested, softmax};
pub use mean::{Mean, mean, median};
pub use membership::mia_confidence;
pub use principal::principal_components;
