//! The form of a message between page and worker, in both directions: one array of a `spec` type and then buffers.

use js_sys::{Array, ArrayBuffer};
use serde::Serialize;
use spec::{Command, Said};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Worker;

/// What a worker said; `None` of anything that is not such a message.
pub fn read(data: JsValue) -> Option<(Said, Vec<ArrayBuffer>)> {
    let parts: Array = data.dyn_into().ok()?;
    let said = serde_wasm_bindgen::from_value(parts.get(0)).ok()?;
    let buffers = parts.iter().skip(1).filter_map(|part| part.dyn_into().ok()).collect();
    Some((said, buffers))
}

/// Sends a command. The buffers change hands: the page cannot read them afterwards.
pub fn post(worker: &Worker, command: &Command, buffers: &[ArrayBuffer]) {
    let Ok(body) = command.serialize(&serde_wasm_bindgen::Serializer::json_compatible()) else { return };
    let message = Array::of1(&body);
    let transfer = Array::new();
    for buffer in buffers {
        message.push(buffer);
        transfer.push(buffer);
    }
    let _ = worker.post_message_with_transfer(&message, &transfer);
}
