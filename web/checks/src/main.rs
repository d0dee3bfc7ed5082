//! Every operation on WebGPU, for a browser test: the page that loads this finds in `checked`, a list, what does not
//! agree.

#[path = "../../../crates/ops/tests/cases/mod.rs"]
mod cases;

unsafe extern "C" {
    fn __wasm_call_ctors();
}

fn main() {
    // As worker_gpu does.
    unsafe { __wasm_call_ctors() };
    console_error_panic_hook::set_once();
    wasm_bindgen_futures::spawn_local(async {
        let opened = engine::device::webgpu(String::new(), true).await.expect("there is an adapter");
        let mut checked = js_sys::Array::new();
        for (name, case) in cases::CASES {
            let wrong = case(opened.device.clone()).await.into_iter().map(|wrong| format!("{name}: {wrong}"));
            checked.extend(wrong.map(wasm_bindgen::JsValue::from));
        }
        js_sys::Reflect::set(&js_sys::global(), &"checked".into(), &checked).expect("a window takes it");
    });
}
