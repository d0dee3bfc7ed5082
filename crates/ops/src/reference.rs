//! The switch between the fused implementations and the reference implementations in burn's own operations.

use burn::backend::DispatchDevice;
use burn::tensor::{DType, Tensor};
use std::sync::atomic::{AtomicBool, Ordering};

static REFERENCE: AtomicBool = AtomicBool::new(false);

/// From now on every operation uses its reference implementation (`on`) or its fused one. The switch is global to the
/// process; it exists to show that results do not depend on the fused implementations.
pub fn use_reference(on: bool) {
    REFERENCE.store(on, Ordering::Relaxed);
}

/// Whether the switch is on.
pub(crate) fn uses_reference() -> bool {
    REFERENCE.load(Ordering::Relaxed)
}

/// Whether the fused implementation applies: they exist for single precision only.
pub(crate) fn fused<const D: usize>(x: &Tensor<D>) -> bool {
    !uses_reference() && x.dtype() == DType::F32
}

/// As [`fused`], for an operation whose fused implementation exists on the CPU only.
pub(crate) fn fused_on_cpu<const D: usize>(x: &Tensor<D>) -> bool {
    fused(x) && matches!(x.device().inner().as_dispatch(), DispatchDevice::Flex(_))
}
