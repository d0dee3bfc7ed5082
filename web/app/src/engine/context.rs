//! The context through which the page reaches the engine.

use super::{connection::Connection, device::Device, message::FromEngine};
use leptos::prelude::*;
use spec::DeviceChoice;

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
    /// No worker came to open a device: its script cannot be fetched, or it stops at once.
    NotStarted,
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
        self.state.get() == EngineState::Ready
    }

    pub(super) fn read<T>(self, read: impl FnOnce(&Connection) -> T) -> T {
        self.connection.with_value(read)
    }

    pub(super) fn change<T>(self, change: impl FnOnce(&mut Connection) -> T) -> T {
        self.connection.try_update_value(change).expect("the connection lives as long as the page")
    }

    /// Passes a message on to the callback. The connection must not be borrowed meanwhile, because the callback may
    /// send a message itself.
    pub(super) fn tell(self, said: FromEngine) {
        if let Some(hear) = self.read(|connection| connection.hear.clone()) {
            hear(said);
        }
    }
}
