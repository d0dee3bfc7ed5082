//! How workers come and go. The engine for the CPU is small and starts first; the one for graphics devices is tried
//! beside it and takes its place.

use super::{
    browser,
    context::{Engine, EngineState},
    device::DeviceState,
    message::{Crash, FromEngine},
    port::Port,
};
use gloo_timers::callback::Timeout;
use js_sys::ArrayBuffer;
use leptos::prelude::*;
use spec::{Cause, Command, DeviceChoice, Event, Said};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;

/// The `<meta>` elements that name the scripts of the two engines.
const CPU: &str = "cpu";
const GPU: &str = "gpu";

/// Two workers lost within so many milliseconds are one fault and not two.
const TWICE: f64 = 60_000.0;

/// So many workers in a row may be gone before they have opened a device.
const TRIES: u32 = 2;

/// Milliseconds until the next look for an engine that is still being built, or for the end of a run, and until the
/// next try of an engine that did not start.
const AGAIN: u32 = 3000;

impl Engine {
    /// Starts the first worker. `hear` is called with everything the engine tells, for as long as the page lives.
    pub fn start(self, hear: impl Fn(FromEngine) + 'static) {
        self.change(|connection| connection.hear = Some(Rc::new(hear)));
        self.start_worker();
    }

    /// A new worker in place of the one in use. Finished models and files are kept.
    pub fn restart(self) {
        self.tell(FromEngine::Restarting);
        // Ports end their workers when they are dropped, after the connection is free again.
        let _ended = self.change(|connection| {
            connection.later = None;
            connection.inbox.clear();
            connection.running = None;
            connection.forget_worker();
            (connection.worker.take(), connection.candidate.take())
        });
        self.state.set(EngineState::Restarting);
        self.start_worker();
    }

    /// What a new worker needs before anything is played: the shipped networks of these names, then all files. The
    /// engine is ready afterwards.
    pub async fn begin(self, sources: Vec<String>) {
        self.fetch_sources(sources).await;
        self.change(|connection| {
            connection.files.iter().for_each(|file| connection.send_file(file));
            for command in std::mem::take(&mut connection.waiting) {
                connection.send(&command, &[]);
            }
        });
        self.state.set(EngineState::Ready);
    }

    fn start_worker(self) {
        self.check_graphics();
        match self.spawn(CPU) {
            Some(port) => self.change(|connection| {
                (connection.worker, connection.gpu, connection.opened) = (Some(port), false, false);
            }),
            None => self.state.set(EngineState::Absent),
        }
    }

    /// After a lost device the page says so until there is another.
    fn check_graphics(self) {
        self.device.update(|device| {
            if device.state != DeviceState::Lost {
                device.state = DeviceState::Checking;
            }
        });
    }

    fn spawn(self, engine: &'static str) -> Option<Port> {
        let gpu = engine == GPU;
        let fail = move || {
            if self.read(|connection| connection.gpu) == gpu {
                self.crashed(String::new());
            } else {
                self.give_up_gpu(DeviceState::GpuFailed);
            }
        };
        Port::open(&browser::meta(engine)?, move |said, buffers| self.heard(gpu, said, buffers), fail)
    }

    /// What a worker says of itself is answered at once; the rest waits for the next frame.
    fn heard(self, gpu: bool, said: Said, buffers: Vec<ArrayBuffer>) {
        if said.run == 0 && said.stage.is_none() && !matches!(said.event, Event::Answer { .. }) {
            self.opening(gpu, said.event);
            return;
        }
        let drains = self.change(|connection| {
            connection.inbox.push((said, buffers));
            std::mem::replace(&mut connection.drains, true)
        });
        if !drains {
            request_animation_frame(move || self.drain());
        }
    }

    fn drain(self) {
        let inbox = self.change(|connection| {
            connection.drains = false;
            std::mem::take(&mut connection.inbox)
        });
        for (said, buffers) in inbox {
            match said.event {
                Event::Answer { ask, answer } => self.answered(ask, answer, buffers),
                event => {
                    let is_over = match &event {
                        Event::Cancelled { .. } | Event::Finished { .. } => true,
                        // A run goes on behind a stage that failed.
                        Event::Failed { .. } => said.stage.is_none(),
                        _ => false,
                    };
                    if is_over {
                        self.change(|connection| connection.running.take_if(|run| *run == said.run));
                    }
                    self.tell(FromEngine::Said(Said { event, ..said }, buffers));
                }
            }
        }
    }

    fn opening(self, gpu: bool, event: Event) {
        match event {
            Event::Alive { engine } => {
                self.device.update(|device| device.engine = engine);
                let open = Command::Open { device: self.choice.get_untracked(), plain: self.plain.get_untracked() };
                self.read(|connection| {
                    let port = if gpu { &connection.candidate } else { &connection.worker };
                    if let Some(port) = port {
                        port.post(&open, &[]);
                    }
                });
            }
            Event::Ready { device, software, why, times, .. } if gpu && device == "cpu" => {
                self.give_up_gpu(DeviceState::of(&device, software, why));
                self.device.update(|device| device.times = times);
            }
            Event::Ready { .. } if gpu && self.read(|connection| connection.running.is_some()) => {
                // A run in hand is not moved.
                self.device.update(|device| device.state = DeviceState::GpuWaits);
                self.later(move || self.opening(gpu, event));
            }
            Event::Ready { device, adapter, software, why, times, .. } => {
                if gpu {
                    self.change_over();
                }
                self.change(|connection| (connection.opened, connection.failures) = (true, 0));
                let state = self.state_after(DeviceState::of(&device, software, why));
                self.device
                    .update(|now| (now.name, now.adapter, now.state, now.times) = (device, adapter, state, times));
                if matches!(state, DeviceState::Checking | DeviceState::Lost) {
                    self.try_gpu();
                }
                // A stage that has lost its graphics device waits for a new one.
                if state != DeviceState::Lost {
                    self.tell(FromEngine::Opened);
                }
            }
            Event::Failed { cause, .. } if gpu && !self.read(|connection| connection.gpu) => match cause {
                Cause::Adapter => self.give_up_gpu(DeviceState::NoGpu),
                _ => self.give_up_gpu(DeviceState::GpuFailed),
            },
            Event::Failed { message, .. } => self.crashed(message),
            // A file that the engine could not take, and what it keeps.
            Event::Warning { .. } | Event::Store { .. } => {
                self.tell(FromEngine::Said(Said { run: 0, stage: None, event }, vec![]))
            }
            _ => {}
        }
    }

    fn state_after(self, state: DeviceState) -> DeviceState {
        let lost = self.device.with_untracked(|device| device.state == DeviceState::Lost);
        if lost && state == DeviceState::Checking { DeviceState::Lost } else { state }
    }

    /// The candidate takes the place of the worker in use.
    fn change_over(self) {
        let _ended = self.change(|connection| {
            connection.gpu = true;
            connection.forget_worker();
            std::mem::replace(&mut connection.worker, connection.candidate.take())
        });
    }

    fn try_gpu(self) {
        spawn_local(async move {
            if browser::has_script(&browser::meta(GPU).unwrap_or_default()).await {
                self.check_graphics();
                let port = self.spawn(GPU);
                self.change(|connection| connection.candidate = port);
                return;
            }
            self.give_up_gpu(DeviceState::CpuAlone);
            // `cargo xtask play` serves the page before this engine is built; a deployed page has all it will have.
            if browser::is_local() {
                self.later(move || self.try_gpu());
            }
        });
    }

    fn later(self, act: impl FnOnce() + 'static) {
        let later = Timeout::new(AGAIN, act);
        self.change(|connection| connection.later = Some(later));
    }

    fn give_up_gpu(self, state: DeviceState) {
        let _ended = self.change(|connection| connection.candidate.take());
        let lost = self.device.with_untracked(|device| device.state == DeviceState::Lost);
        self.device.update(|device| device.state = state);
        // What waited for a new graphics device goes on without one.
        if lost {
            self.tell(FromEngine::Opened);
        }
    }

    /// The worker is gone: a panic, or a lost device. Another starts.
    fn crashed(self, message: String) {
        if !self.read(|connection| connection.opened) {
            return self.did_not_start(message);
        }
        let now = browser::now();
        let (gpu, before) = self.change(|connection| (connection.gpu, connection.lost.replace(now)));
        let again = before.is_some_and(|before| now - before < TWICE);
        self.tell(FromEngine::Crashed(match (gpu, again) {
            (true, false) => Crash::Lost,
            (true, true) => Crash::LostTwice,
            (false, again) => Crash::Panicked { message, again },
        }));
        if gpu {
            if again {
                self.choice.set(DeviceChoice::Cpu);
            }
            self.device.update(|device| device.state = DeviceState::Lost);
        }
        self.restart();
    }

    /// A worker was gone before it had opened a device. Another one is tried after a while, but not for ever. `message`
    /// is empty where the worker had no word, as without its script.
    fn did_not_start(self, message: String) {
        let (failures, _ended) = self.change(|connection| {
            connection.failures += 1;
            (connection.failures, connection.worker.take())
        });
        if !message.is_empty() {
            self.tell(FromEngine::Crashed(Crash::Panicked { message, again: failures > 1 }));
        }
        if failures < TRIES {
            self.later(move || self.start_worker());
        } else {
            self.state.set(EngineState::NotStarted);
        }
    }
}
