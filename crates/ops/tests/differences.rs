//! The cases of every operation, natively; with the feature `webgpu` on a graphics device, if there is one.

mod cases;

use burn::tensor::Device;

/// The device of the fused implementations.
fn device() -> Device {
    #[cfg(feature = "webgpu")]
    match Device::wgpu_options().init() {
        Ok(device) => return device,
        Err(error) => eprintln!("no graphics device ({error:?})"),
    }
    Device::flex()
}

#[test]
fn every_operation_agrees_with_double_precision() {
    let device = device();
    for (name, case) in cases::CASES {
        let wrong = pollster::block_on(case(device.clone()));
        assert!(wrong.is_empty(), "{name}: {}", wrong.join("\n"));
    }
}
