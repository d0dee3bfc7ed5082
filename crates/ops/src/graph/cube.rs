use crate::fused::is_plain;
use burn::backend::{Backend, BackendTypes, Dispatch, DispatchDevice};
use burn::tensor::Device;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Copies of what was to be written in place, so far.
pub(crate) static COPIES: AtomicUsize = AtomicUsize::new(0);

/// One step, to be begun again.
pub struct Graph {
    device: DispatchDevice,
    kernels: <Dispatch as BackendTypes>::GraphPrimitive,
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
        if is_plain() || matches!(device, DispatchDevice::Flex(_)) {
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
