//! One worker and the listeners on it.

use super::message;
use gloo_events::EventListener;
use js_sys::ArrayBuffer;
use spec::{Command, Said};
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

/// A running worker. Dropping it removes the listeners and ends the worker, so that nothing of it is heard afterwards:
/// a panic is reported twice, by a last message and as an error event.
pub struct Port {
    worker: Worker,
    _message: EventListener,
    _error: EventListener,
}

impl Port {
    /// Starts the script at this address; `None` where the browser has no module workers.
    pub fn open(
        script: &str,
        hear: impl Fn(Said, Vec<ArrayBuffer>) + 'static,
        fail: impl Fn() + 'static,
    ) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(script, &options).ok()?;
        let message = EventListener::new(&worker, "message", move |event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            if let Some((said, buffers)) = message::read(data) {
                hear(said, buffers);
            }
        });
        let error = EventListener::new(&worker, "error", move |_| fail());
        Some(Self { worker, _message: message, _error: error })
    }

    pub fn post(&self, command: &Command, buffers: &[ArrayBuffer]) {
        message::post(&self.worker, command, buffers);
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}
