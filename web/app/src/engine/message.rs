//! What page and worker say to each other, and the form of it: one array of a `spec` type and then buffers.

use js_sys::{Array, ArrayBuffer};
use serde::Serialize;
use spec::{Answer, Command, Said};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Worker;

/// All that the engine tells the page.
#[derive(Debug)]
pub enum FromEngine {
    /// Of a run, a stage or a preparation, with the buffers that came beside it. At most once a frame, in order.
    Said(Said, Vec<ArrayBuffer>),
    /// A device is open. The page answers with `Engine::begin`.
    Opened,
    /// The worker is gone, and another one is about to start.
    Crashed(Crash),
    /// The worker is replaced; a run in hand is lost with it.
    Restarting,
}

/// Why a worker is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The graphics device stopped answering.
    Lost,
    /// It did so twice within a minute; the CPU takes over.
    LostTwice,
    /// The engine panicked with this message, which may be empty. `again`: for the second time within a minute, so
    /// that the stage in hand would fail once more.
    Panicked { message: String, again: bool },
}

/// What a worker answers, with the buffers beside it, or one sentence why not.
pub type Reply = Result<(Answer, Vec<ArrayBuffer>), String>;

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
