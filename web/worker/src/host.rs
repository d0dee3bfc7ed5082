//! The page as the engine sees it: messages, a clock, and turns of the event loop.
//!
//! With web-sys alone, where the page uses gloo: there are two listeners and one timer here. `gloo-events` listens by
//! `addEventListener`, which leaves a message port closed until it is started, and a future of `gloo-timers` brings the
//! channels of `futures-channel` for what is one promise.

use crate::opfs::Opfs;
use engine::{Boxed, Error, Host, Result, Store};
use js_sys::{Array, Function, Promise, Uint8Array};
use serde::Serialize;
use spec::Said;
use std::cell::{OnceCell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DedicatedWorkerGlobalScope, MessageChannel};

/// The page, seen from its worker.
pub struct Page {
    scope: DedicatedWorkerGlobalScope,
    performance: web_sys::Performance,
    /// Lets the event loop turn: the worker posts an empty message to itself and goes on when that arrives, which is
    /// after all that the page has sent before. `scheduler.yield()` would go on first, so that a question or a cancel
    /// waited for the end of the run; the browser holds a timer back for milliseconds.
    channel: MessageChannel,
    /// Promises to be resolved by these messages, one each: a run and the questions beside it wait for their own.
    turns: Rc<RefCell<VecDeque<Function>>>,
    /// Where finished work is kept, once it is open; empty where the browser keeps none.
    store: OnceCell<Opfs>,
}

/// The scope for the panic hook, which must be `Send`. That is safe, because a worker has one thread.
pub struct Scope(DedicatedWorkerGlobalScope);
unsafe impl Send for Scope {}
unsafe impl Sync for Scope {}

impl Scope {
    pub fn get(&self) -> DedicatedWorkerGlobalScope {
        self.0.clone()
    }
}

impl Page {
    pub fn new() -> Self {
        let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
        let performance = scope.performance().expect("a worker has a clock");
        let channel = MessageChannel::new().expect("a worker has channels");
        let turns = Rc::<RefCell<VecDeque<Function>>>::default();
        let waiting = turns.clone();
        let turned = Closure::<dyn FnMut()>::new(move || {
            let first = waiting.borrow_mut().pop_front();
            first.map(|resolve| resolve.call0(&JsValue::NULL));
        });
        channel.port1().set_onmessage(Some(turned.as_ref().unchecked_ref()));
        turned.forget();
        Self { scope, performance, channel, turns, store: OnceCell::new() }
    }

    /// Opens the store of finished work, which the browser may refuse.
    pub async fn open_store(self: &Rc<Self>, plain: bool) {
        let Some(store) = Opfs::open(self.scope.clone(), plain).await else { return };
        if self.store.set(store).is_ok() {
            let page = self.clone();
            spawn_local(async move {
                if let Some(store) = page.store.get() {
                    store.tidy().await;
                }
            });
        }
    }

    /// Deletes all finished work.
    pub async fn clear_store(&self) {
        if let Some(store) = self.store.get() {
            store.clear().await;
        }
    }

    pub fn clone_scope(&self) -> Scope {
        Scope(self.scope.clone())
    }
}

impl Host for Page {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        post(&self.scope, &said, buffers);
    }

    fn now(&self) -> f64 {
        self.performance.now() / 1000.0
    }

    fn turn(&self) -> Boxed<'_, ()> {
        Box::pin(async {
            let turn = Promise::new(&mut |resolve, _| {
                self.turns.borrow_mut().push_back(resolve);
                let _ = self.channel.port2().post_message(&JsValue::NULL);
            });
            let _ = JsFuture::from(turn).await;
        })
    }

    fn rest(&self) -> Boxed<'_, ()> {
        Box::pin(async {
            let rest = Promise::new(&mut |resolve, _| {
                let _ = self.scope.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 20);
            });
            let _ = JsFuture::from(rest).await;
        })
    }

    fn store(&self) -> Option<&dyn Store> {
        self.store.get().map(|store| store as &dyn Store)
    }

    fn draws_samples(&self) -> bool {
        true
    }

    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        // The page hands every file over before a run that needs it.
        Box::pin(async move { Err(Error::input(name, "this file is not here; drop it on the page")) })
    }
}

/// Body and buffers in one array; the buffers change hands and are not copied again.
pub fn post(scope: &DedicatedWorkerGlobalScope, said: &Said, buffers: Vec<Vec<u8>>) {
    let Ok(body) = said.serialize(&serde_wasm_bindgen::Serializer::json_compatible()) else { return };
    let (message, transfer) = (Array::of1(&body), Array::new());
    for bytes in buffers {
        let buffer = Uint8Array::from(bytes.as_slice()).buffer();
        message.push(&buffer);
        transfer.push(&buffer);
    }
    let _ = scope.post_message_with_transfer(&message, &transfer);
}

/// What lies beside the body of a message.
pub fn buffers(parts: &Array) -> Vec<Vec<u8>> {
    parts.iter().skip(1).map(|part| Uint8Array::new(&part).to_vec()).collect()
}
