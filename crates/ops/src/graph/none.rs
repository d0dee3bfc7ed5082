//! CPU-only builds have no graph recording, so these types are uninhabited.

use burn::tensor::Device;

/// A recorded step; there is none on the CPU.
pub enum Graph {}

/// A recording in progress; there is none on the CPU.
pub enum Recording {}

impl Recording {
    /// Always `None`.
    pub fn prepare(_: &Device) -> Option<Self> {
        None
    }

    /// Cannot be called.
    pub fn begin(&mut self) {
        match *self {}
    }

    /// Cannot be called.
    pub fn end(self) -> Option<Graph> {
        match self {}
    }
}

impl Graph {
    /// Cannot be called.
    ///
    /// # Safety
    ///
    /// There is no value to call it on.
    pub unsafe fn replay(&self) -> Result<(), String> {
        match *self {}
    }
}
