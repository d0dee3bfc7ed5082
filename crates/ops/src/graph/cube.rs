//! Recording and replaying on graphics devices.

use crate::reference::uses_reference;
use burn::backend::{Backend, BackendTypes, Dispatch, DispatchDevice};
use burn::tensor::Device;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of copies that [`crate::cube::owned`] has made so far: tensors that could not be written in place.
pub(crate) static COPIES: AtomicUsize = AtomicUsize::new(0);

/// A recorded step, ready to be replayed.
pub struct Graph {
    device: DispatchDevice,
    kernels: <Dispatch as BackendTypes>::GraphPrimitive,
}

/// A recording in progress. Before it begins, one step is run normally, which allocates the memory that the recorded
/// step will use.
pub struct Recording {
    device: DispatchDevice,
    copies: Option<usize>,
}

impl Recording {
    /// Prepares `device` for recording. `None` if the device cannot record, or if the reference implementations are in
    /// use.
    pub fn prepare(device: &Device) -> Option<Self> {
        let device = device.as_dispatch().clone();
        if uses_reference() || matches!(device, DispatchDevice::Flex(_)) {
            return None;
        }
        Dispatch::graph_prepare(&device).ok()?;
        Some(Self { device, copies: None })
    }

    /// From here on kernels are recorded and not run, so their results do not exist.
    pub fn begin(&mut self) {
        if Dispatch::graph_start_capture(&self.device).is_ok() {
            self.copies = Some(COPIES.load(Ordering::Relaxed));
        }
    }

    /// Ends the recording. `None` if the step did anything but launch kernels, or if a tensor was not written in place;
    /// the outputs of the recorded kernels then hold no meaningful values.
    pub fn end(mut self) -> Option<Graph> {
        let copies = self.copies.take()?;
        let kernels = Dispatch::graph_stop_capture(&self.device).ok()?;
        let in_place = copies == COPIES.load(Ordering::Relaxed);
        in_place.then(|| Graph { device: self.device.clone(), kernels })
    }
}

impl Drop for Recording {
    /// An abandoned recording leaves the device as it was.
    fn drop(&mut self) {
        let _ = Dispatch::graph_stop_capture(&self.device);
    }
}

impl Graph {
    /// Runs the recorded step.
    ///
    /// # Safety
    ///
    /// Every tensor that the recorded step read or wrote, and that was made outside of it, must still be alive.
    ///
    /// # Errors
    ///
    /// The device's message, if the replay fails.
    pub unsafe fn replay(&self) -> Result<(), String> {
        // SAFETY: the caller keeps the tensors alive, and there is only one stream.
        unsafe { Dispatch::graph_replay(&self.device, &self.kernels) }.map_err(|error| error.to_string())
    }
}
