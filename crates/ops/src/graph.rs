//! A step's kernels, recorded once and begun again: what a launch looks up, binds and uploads is then done, and a step
//! costs the host next to nothing.
//!
//! A replay runs the same kernels on the same memory. So what a step leaves for the next has to be written in place,
//! what is different from step to step has to lie on the device, and nothing may be uploaded or read within it.

use crate::fused::is_plain;
use burn::backend::{Backend, BackendTypes, Dispatch, DispatchDevice};
use burn::tensor::kind::Basic;
use burn::tensor::{Device, Tensor};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Copies of what was to be written in place, so far.
pub(crate) static COPIES: AtomicUsize = AtomicUsize::new(0);

/// One step, to be begun again.
pub struct Graph {
    device: DispatchDevice,
    kernels: <Dispatch as BackendTypes>::GraphPrimitive,
}

/// `new` in the memory of `old`, where replayed steps read it; where nothing is replayed, simply `new`.
pub fn renewed<K: Basic>(old: Tensor<1, K>, new: Tensor<1, K>) -> Tensor<1, K> {
    match cfg!(feature = "gpu") {
        true => old.slice_assign([0..new.dims()[0]], new),
        false => new,
    }
}

/// A recording in the making. First a step is run as ever, which takes the memory that the recorded one will use.
pub struct Recording {
    device: DispatchDevice,
    copies: Option<usize>,
}

impl Recording {
    /// None where the device has no such thing.
    pub fn prepare(device: &Device) -> Option<Self> {
        let device = device.as_dispatch().clone();
        if cfg!(not(feature = "gpu")) || is_plain() || matches!(device, DispatchDevice::Flex(_)) {
            return None;
        }
        Dispatch::graph_prepare(&device).ok()?;
        Some(Self { device, copies: None })
    }

    /// From here on kernels are recorded and not run: what they would have computed is not there.
    pub fn begin(&mut self) {
        if Dispatch::graph_start_capture(&self.device).is_ok() {
            self.copies = Some(COPIES.load(Ordering::Relaxed));
        }
    }

    /// None where something else than kernels was asked for, or something was not in place. What the recorded kernels
    /// were to write cannot be read then.
    pub fn end(mut self) -> Option<Graph> {
        let copies = self.copies.take()?;
        let kernels = Dispatch::graph_stop_capture(&self.device).ok()?;
        let in_place = copies == COPIES.load(Ordering::Relaxed);
        in_place.then(|| Graph { device: self.device.clone(), kernels })
    }
}

impl Drop for Recording {
    /// One that was given up leaves the device as it was.
    fn drop(&mut self) {
        let _ = Dispatch::graph_stop_capture(&self.device);
    }
}

impl Graph {
    /// Runs the recorded step.
    ///
    /// # Safety
    ///
    /// Every tensor that the recorded step read or wrote and that was made outside of it is still held.
    pub unsafe fn replay(&self) -> Result<(), String> {
        // SAFETY: the tensors are held, as the caller says, and there is one stream.
        unsafe { Dispatch::graph_replay(&self.device, &self.kernels) }.map_err(|error| error.to_string())
    }
}
