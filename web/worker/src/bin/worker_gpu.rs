//! The engine on WebGPU, with the CPU beside it for the self-test and the probe.

use engine::{Error, Opened};
use spec::DeviceChoice;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

fn main() {
    // Without a reference to this symbol the linker wraps every export in a call of all static constructors, and each
    // JavaScript handle runs thousands of them again: thirty times the step time. So: once, first.
    unsafe { __wasm_call_ctors() };
    worker::serve(|choice| Box::pin(open(choice)));
}

async fn open(choice: DeviceChoice) -> engine::Result<Opened> {
    let adapter = worker::preflight::adapter().await.map_err(Error::Adapter)?;
    let opened = engine::device::webgpu(adapter.name, adapter.software).await?;
    engine::device::self_test(&opened).await?;
    match choice {
        DeviceChoice::Auto => engine::device::faster(opened, worker::now).await,
        _ => Ok(opened),
    }
}
