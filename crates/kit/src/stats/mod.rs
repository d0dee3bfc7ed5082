//! Statistics on the host: functions of slices of `f32` and `f64`, without tensors and without a device.

mod classified;
mod mean;
mod membership;
mod principal;
mod svm;

pub use classified::{Tested, percent, softmax};
pub use mean::{Mean, mean, median};
pub use membership::{Members, Membership, MembershipAttack};
pub use principal::principal_components;
