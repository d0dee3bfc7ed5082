//! Which device runs, and why: the only place that names a backend.

use burn::tensor::Device;
use kit::{Error, Result};
use spec::DeviceChoice;

/// An open device.
#[derive(Clone, Debug)]
pub struct Opened {
    pub device: Device,
    /// `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
    pub name: &'static str,
    /// The adapter's own name; empty on CPU.
    pub adapter: String,
    /// An adapter that is emulated on the CPU.
    pub software: bool,
    /// One sentence for the user.
    pub why: String,
}

impl Opened {
    pub fn cpu(why: impl Into<String>) -> Self {
        Self { device: Device::flex(), name: "cpu", adapter: String::new(), software: false, why: why.into() }
    }
}

/// Opens what was asked for. `auto` is the CPU unless this build has a graphics backend.
pub async fn open(choice: DeviceChoice) -> Result<Opened> {
    match choice {
        DeviceChoice::Cpu => Ok(Opened::cpu("You chose the CPU.")),
        DeviceChoice::Auto => Ok(match native().await {
            Some(opened) => opened,
            None => Opened::cpu("This build runs on the CPU."),
        }),
        wanted => match native().await {
            Some(opened) if opened.name == name(wanted) => Ok(opened),
            _ => {
                let name = name(wanted);
                let why =
                    format!("this build has no device \"{name}\"; build with `--features {name}`, or use \"cpu\"");
                Err(Error::input("device", why))
            }
        },
    }
}

fn name(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "auto",
        DeviceChoice::Cpu => "cpu",
        DeviceChoice::Webgpu => "webgpu",
        DeviceChoice::Vulkan => "vulkan",
        DeviceChoice::Metal => "metal",
        DeviceChoice::Cuda => "cuda",
    }
}

/// The graphics backend of this native build, if it has one.
#[cfg(feature = "cuda")]
async fn native() -> Option<Opened> {
    let device = Device::cuda(0);
    let why = "This build has the CUDA backend.".into();
    Some(Opened { device, name: "cuda", adapter: String::new(), software: false, why })
}

#[cfg(all(any(feature = "vulkan", feature = "metal"), not(feature = "cuda")))]
async fn native() -> Option<Opened> {
    let device = Device::wgpu_options().init_async().await.ok()?;
    let name = if cfg!(feature = "vulkan") { "vulkan" } else { "metal" };
    let why = format!("This build has the {name} backend.");
    Some(Opened { device, name, adapter: String::new(), software: false, why })
}

#[cfg(not(any(feature = "cuda", feature = "vulkan", feature = "metal")))]
async fn native() -> Option<Opened> {
    None
}
