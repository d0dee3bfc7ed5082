//! One worker and the listeners on it.

use super::message;
use gloo_events::EventListener;
use gloo_file::{Blob, ObjectUrl};
use js_sys::ArrayBuffer;
use leptos::prelude::document;
use spec::{Command, Said};
use wasm_bindgen::JsCast;
use web_sys::{MessageEvent, Url, Worker, WorkerOptions, WorkerType};

/// A running worker. Dropping it removes the listeners and ends the worker, so that nothing of it is heard afterwards:
/// a panic is reported twice, by a last message and as an error event.
pub struct Port {
    worker: Worker,
    _script: ObjectUrl,
    _message: EventListener,
    _error: EventListener,
}

impl Port {
    /// Starts the script at this address; `None` where the browser has no module workers.
    ///
    /// It starts from a blob that imports the script. Such a worker has the page's policy, so that nothing of what a
    /// visitor gives it can leave the browser; one that starts from an address has that of the server's response, and a
    /// static host sends none.
    pub fn open(
        script: &str,
        hear: impl Fn(Said, Vec<ArrayBuffer>) + 'static,
        fail: impl Fn() + 'static,
    ) -> Option<Self> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let base = document().base_uri().ok()??;
        let address = Url::new_with_base(script, &base).ok()?.href();
        let import = format!("import {};", serde_json::json!(address));
        let script = ObjectUrl::from(Blob::new_with_options(import.as_str(), Some("text/javascript")));
        let worker = Worker::new_with_options(&script, &options).ok()?;
        let message = EventListener::new(&worker, "message", move |event| {
            let data = event.unchecked_ref::<MessageEvent>().data();
            if let Some((said, buffers)) = message::read(data) {
                hear(said, buffers);
            }
        });
        let error = EventListener::new(&worker, "error", move |_| fail());
        Some(Self { worker, _script: script, _message: message, _error: error })
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
