//! What the browser says of its graphics device, before the engine asks for one. By names of properties: web-sys has
//! WebGPU's types only under an unstable flag of the compiler.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// An adapter that the engine can run on.
pub struct GpuAdapter {
    /// Vendor and architecture, or what the browser tells.
    pub name: String,
    /// Emulated on the CPU.
    pub software: bool,
}

/// An adapter with what the engine needs, or one sentence why there is none.
pub async fn adapter() -> Result<GpuAdapter, String> {
    let none = || "This browser has no WebGPU.".to_owned();
    let navigator = get(&js_sys::global(), "navigator").ok_or_else(none)?;
    let gpu = get(&navigator, "gpu").ok_or_else(none)?;
    let adapter = call(&gpu, "requestAdapter").await.ok_or("This browser has WebGPU, but no adapter for it.")?;
    let features = get(&adapter, "features").ok_or_else(none)?;
    let has: Function = get(&features, "has").and_then(|f| f.dyn_into().ok()).ok_or_else(none)?;
    let timestamps = has.call1(&features, &"timestamp-query".into()).is_ok_and(|found| found.is_truthy());
    if !timestamps {
        return Err("The graphics adapter lacks timestamp queries, which the engine needs.".into());
    }
    let text = |info: &JsValue, key: &str| get(info, key).and_then(|value| value.as_string()).unwrap_or_default();
    let info = get(&adapter, "info").unwrap_or(JsValue::UNDEFINED);
    let parts = ["vendor", "architecture", "description"].map(|key| text(&info, key));
    let name = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let fallback = [&info, &adapter].into_iter().any(|at| get(at, "isFallbackAdapter").is_some_and(|v| v.is_truthy()));
    let lower = name.to_lowercase();
    let software =
        fallback || ["swiftshader", "llvmpipe", "warp", "basic render"].iter().any(|word| lower.contains(word));
    Ok(GpuAdapter { name, software })
}

pub(crate) fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    if object.is_undefined() || object.is_null() {
        return None;
    }
    Reflect::get(object, &key.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}

async fn call(object: &JsValue, method: &str) -> Option<JsValue> {
    let function: Function = get(object, method)?.dyn_into().ok()?;
    let promise: Promise = function.call0(object).ok()?.dyn_into().ok()?;
    JsFuture::from(promise).await.ok().filter(|value| !value.is_null() && !value.is_undefined())
}
