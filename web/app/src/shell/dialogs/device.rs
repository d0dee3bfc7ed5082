//! Where the engine computes.

use crate::{
    engine::{Engine, browser::has_webgpu},
    run::Run,
    shell::words,
    ui::{Segment, Segments},
};
use leptos::prelude::*;
use spec::{DeviceChoice, device_name};

/// The device, why it is used, and other choices.
#[component]
pub fn WhereItRuns() -> impl IntoView {
    let (engine, run) = (Engine::get(), Run::get());
    let device = move || engine.device.get();
    let webgpu = Segment::new(DeviceChoice::Webgpu, device_name("webgpu"));
    let webgpu = match has_webgpu() {
        true => webgpu,
        false => webgpu.titled("This browser has no WebGPU").disabled(true),
    };
    let cpu = Segment::new(DeviceChoice::Cpu, device_name("cpu"));
    let devices = vec![Segment::new(DeviceChoice::Auto, "Automatic"), webgpu, cpu];
    let operations = vec![Segment::new(false, "Fused"), Segment::new(true, "Plain")];
    view! {
        <p>{move || words::device_help(&device())}</p>
        <dl class="facts">
            {move || fact("Device", device_name(&device().name).into())}
            {move || fact("Adapter", device().adapter)}
            {move || fact("Engine", device().engine)}
        </dl>
        <Segments
            label="Device"
            options=devices
            chosen=engine.choice
            choose=move |choice| run.choose_device(choice)
        />
        <p class="sub">{words::PLAIN_HELP}</p>
        <Segments
            label="Operations"
            options=operations
            chosen=engine.plain
            choose=move |plain| run.choose_plain(plain)
        />
    }
}

fn fact(name: &'static str, value: String) -> Option<impl IntoView> {
    (!value.is_empty()).then(|| {
        view! {
            <dt>{name}</dt>
            <dd>{value}</dd>
        }
    })
}
