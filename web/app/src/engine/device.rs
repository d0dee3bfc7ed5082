//! The device that the engine computes on.

use super::browser;
use spec::Why;

/// What is known of the device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// `cpu` or `webgpu`; empty until the engine has said it.
    pub name: String,
    /// The graphics adapter's own name; empty on the CPU.
    pub adapter: String,
    /// Such as `palimpsest 0.1.0`, as the worker and reports give it; empty until the engine has said it.
    pub engine: String,
    pub state: DeviceState,
    /// How many times faster it was than the other one in the probe, where there was a probe.
    pub times: Option<f64>,
}

/// Which device is used, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceState {
    /// The CPU engine is ready or loads; the graphics device is being tried.
    #[default]
    Checking,
    /// A graphics device that agreed with the CPU.
    Gpu,
    /// A graphics device that is emulated on the CPU.
    Software,
    /// The browser has no WebGPU that the engine can use.
    NoGpu,
    /// The engine for graphics devices is not beside the page.
    CpuAlone,
    /// The CPU won the probe.
    CpuFaster,
    /// The graphics device computed something wrong, or nothing.
    GpuFailed,
    /// The graphics device is ready and takes over when the run in hand has ended.
    GpuWaits,
    /// The visitor chose the CPU.
    CpuChosen,
    /// The graphics device was lost; another is looked for.
    Lost,
}

impl DeviceState {
    /// From what an engine says when its device is open.
    pub fn of(device: &str, software: bool, why: Why) -> Self {
        match (device, why) {
            ("cpu", Why::Chosen) => Self::CpuChosen,
            ("cpu", Why::Faster) => Self::CpuFaster,
            ("cpu", Why::Default) if browser::has_webgpu() => Self::Checking,
            ("cpu", Why::Default) => Self::NoGpu,
            _ if software => Self::Software,
            _ => Self::Gpu,
        }
    }
}
