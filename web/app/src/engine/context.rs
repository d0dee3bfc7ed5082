//! The context through which the page reaches the engine.

use super::{connection::Connection, device::Device};
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use spec::{DeviceChoice, Said};

/// Whether the engine can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineState {
    #[default]
    Loading,
    Ready,
    /// A worker was lost or replaced; the next one loads.
    Restarting,
    /// The browser has no module workers or no WebAssembly.
    Absent,
}

/// All that the engine tells the page.
#[derive(Debug)]
pub enum FromEngine {
    /// Of a run, a stage or a preparation, with the buffers that came beside it. At most once a frame, in order.
    Said(Said, Vec<ArrayBuffer>),
    /// A device is open. The page answers with [`Engine::begin`].
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

/// The engine. Declared once in `main`, found with [`Engine::get`].
#[derive(Clone, Copy)]
pub struct Engine {
    pub state: RwSignal<EngineState>,
    pub device: RwSignal<Device>,
    /// What the visitor wants to compute on.
    pub choice: RwSignal<DeviceChoice>,
    /// Whether the engine uses burn's own operations instead of its fused ones.
    pub plain: RwSignal<bool>,
    pub(super) connection: StoredValue<Connection, LocalStorage>,
}

impl Engine {
    pub fn new(choice: DeviceChoice) -> Self {
        Self {
            state: RwSignal::default(),
            device: RwSignal::default(),
            choice: RwSignal::new(choice),
            plain: RwSignal::new(false),
            connection: StoredValue::new_local(Connection::default()),
        }
    }

    pub fn get() -> Self {
        expect_context()
    }

    pub fn is_ready(self) -> bool {
        self.state.get_untracked() == EngineState::Ready
    }

    pub(super) fn read<T>(self, read: impl FnOnce(&Connection) -> T) -> T {
        self.connection.with_value(read)
    }

    pub(super) fn change<T>(self, change: impl FnOnce(&mut Connection) -> T) -> T {
        self.connection.try_update_value(change).expect("the connection lives as long as the page")
    }

    /// Nothing of the connection may be borrowed here: who hears may send.
    pub(super) fn tell(self, said: FromEngine) {
        if let Some(hear) = self.read(|connection| connection.hear.clone()) {
            hear(said);
        }
    }
}
