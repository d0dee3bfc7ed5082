//! Statistics on the host: functions of slices of `f32` and `f64`, without tensors and without a device.

mod calibration;
mod classified;
mod detection;
mod gaussian;
mod mean;
mod membership;
mod principal;
mod similarity;
mod svm;
mod temperature;

pub use calibration::{Bin, Bins, Calibration};
pub use classified::{Tested, percent, softmax};
pub use detection::{auroc, energy, fpr_at_95, tpr_at, unsureness};
pub use gaussian::Gaussians;
pub use mean::{Mean, mean, mean_of, median};
pub use membership::{Members, Membership, MembershipAttack};
pub use principal::principal_components;
pub use similarity::{jensen_shannon, jensen_shannon_of_code, linear_cka};
pub use temperature::{Temperature, temperature};
