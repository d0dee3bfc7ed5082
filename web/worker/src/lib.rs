//! The engine behind `postMessage`. Every message in both directions is one array: a `spec` type, then buffers.
#![deny(missing_docs)]

mod host;
mod opfs;
pub mod preflight;

use engine::{Ended, Error, Gate, Host as _, Opened, Registry, Session};
use host::{Page, buffers};
use js_sys::Array;
use spec::{Cause, Command, DeviceChoice, Event, Import, Question, RunSpec, Said};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

/// How often an estimate of time is repeated. The browser first compiles WebAssembly quickly, without optimising, and
/// replaces the code while it runs: the first estimate of an engine is two to three times too long.
const GUESSES: u32 = 3;

/// What a browser's engines run on.
const DEVICES: [&str; 2] = ["cpu", "webgpu"];

/// Work that is done one item after the other; pause, cancel and questions are answered at once.
enum Work {
    Open {
        device: DeviceChoice,
        plain: bool,
    },
    Prepare {
        run: u32,
        spec: RunSpec,
    },
    /// How long a prepared run will take; estimated when nothing else is waiting.
    Estimate {
        run: u32,
        spec: RunSpec,
    },
    Run {
        run: u32,
        spec: RunSpec,
        first: usize,
        last: Option<usize>,
        paused: bool,
    },
    Recall {
        run: u32,
        spec: RunSpec,
        stages: Vec<usize>,
    },
    Forget {
        spec: RunSpec,
        stage: usize,
    },
    Clear,
    Import {
        name: String,
        what: Import,
        bytes: Vec<u8>,
    },
}

struct Worker {
    page: Rc<Page>,
    gate: Rc<Gate>,
    /// Cancels the estimate in hand.
    guess: Rc<Gate>,
    /// How many estimates were repeated so far, at most [`GUESSES`].
    guesses: Cell<u32>,
    /// The run in hand; 0 when none is.
    run: Cell<u32>,
    line: RefCell<VecDeque<Work>>,
    busy: Cell<bool>,
    session: RefCell<Option<Session>>,
    asker: RefCell<Option<engine::Asker>>,
    open: fn(DeviceChoice) -> engine::Boxed<'static, engine::Result<Opened>>,
}

/// Listens for commands. `open` brings the device that this worker was built for.
pub fn serve(open: fn(DeviceChoice) -> engine::Boxed<'static, engine::Result<Opened>>) {
    let page = Rc::new(Page::new());
    let panicked = page.clone_scope();
    std::panic::set_hook(Box::new(move |info| {
        // The instance is lost after this; the page starts another.
        console_error_panic_hook::hook(info);
        host::post(&panicked.get(), &said(0, failed(Cause::Panic, info.to_string())), Vec::new());
    }));
    let worker = Rc::new(Worker {
        page: page.clone(),
        gate: Rc::default(),
        guess: Rc::default(),
        guesses: Cell::new(0),
        run: Cell::new(0),
        line: RefCell::default(),
        busy: Cell::new(false),
        session: RefCell::default(),
        asker: RefCell::default(),
        open,
    });
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let parts: Array = event.data().unchecked_into();
        match serde_wasm_bindgen::from_value::<Command>(parts.get(0)) {
            Ok(command) => worker.hear(command, buffers(&parts)),
            Err(error) => {
                let message = format!("a command could not be read: {error}");
                worker.page.say(said(0, failed(Cause::Input, message)), Vec::new());
            }
        }
    });
    scope.set_onmessage(Some(heard.as_ref().unchecked_ref()));
    heard.forget();
    // Messages that were sent before this line are lost, so this is the first word.
    page.say(said(0, Event::Alive { engine: engine::ENGINE.into() }), Vec::new());
}

impl Worker {
    fn hear(self: &Rc<Self>, command: Command, mut buffers: Vec<Vec<u8>>) {
        let mine = |run: u32| run == self.run.get();
        match command {
            Command::Pause { run } if mine(run) => self.gate.paused.set(true),
            Command::Step { run } if mine(run) => {
                self.gate.paused.set(true);
                self.gate.allowed.set(1);
            }
            Command::Resume { run } if mine(run) => self.gate.paused.set(false),
            Command::Cancel { run } if mine(run) => self.gate.cancel.set(true),
            Command::Cancel { run } => self.cancel_waiting(run),
            Command::Pause { .. } | Command::Step { .. } | Command::Resume { .. } => {}
            Command::Ask { ask, stage, base, question } => {
                let worker = self.clone();
                spawn_local(async move { worker.answer(ask, stage.as_deref(), base, &question, &buffers).await });
            }
            Command::Open { device, plain } => {
                engine::device::plain(plain);
                self.queue(Work::Open { device, plain });
            }
            Command::Prepare { run, spec } => self.queue(Work::Prepare { run, spec }),
            Command::Run { run, spec, first, last, paused } => {
                self.queue(Work::Run { run, spec, first, last, paused });
            }
            Command::Recall { run, spec, stages } => {
                // The page listens to the newest alone.
                self.line.borrow_mut().retain(|work| !matches!(work, Work::Recall { .. }));
                self.queue(Work::Recall { run, spec, stages });
            }
            Command::Forget { spec, stage } => self.queue(Work::Forget { spec, stage }),
            Command::Clear => self.queue(Work::Clear),
            Command::Import { name, what } => {
                let bytes = if buffers.is_empty() { Vec::new() } else { buffers.swap_remove(0) };
                self.queue(Work::Import { name, what, bytes });
            }
        }
    }

    /// Takes a run out of the line before its turn has come.
    fn cancel_waiting(&self, run: u32) {
        let mut line = self.line.borrow_mut();
        let waiting = line.len();
        line.retain(|work| !matches!(work, Work::Run { run: other, .. } if *other == run));
        if line.len() < waiting {
            self.page.say(said(run, Event::Cancelled { step: 0 }), Vec::new());
        }
    }

    fn queue(self: &Rc<Self>, work: Work) {
        self.guess.cancel.set(true);
        self.line.borrow_mut().push_back(work);
        if !self.busy.replace(true) {
            let worker = self.clone();
            spawn_local(async move {
                loop {
                    let Some(work) = worker.line.borrow_mut().pop_front() else { break };
                    worker.work(work).await;
                }
                worker.busy.set(false);
            });
        }
    }

    async fn work(&self, work: Work) {
        if let Work::Open { device, plain } = work {
            match (self.open)(device).await {
                Ok(opened) => {
                    let ready = opened.ready();
                    let session = Session::new(opened, self.page.clone(), self.gate.clone(), Registry::shipped());
                    *self.asker.borrow_mut() = Some(session.asker());
                    *self.session.borrow_mut() = Some(session);
                    self.page.say(said(0, ready), Vec::new());
                    self.page.open_store(plain).await;
                }
                Err(error) => self.report(0, Some(error)),
            }
            return;
        }
        // Taken out while it works, so that nothing else can borrow it.
        let Some(mut session) = self.session.borrow_mut().take() else { return };
        match work {
            Work::Open { .. } => unreachable!("done above"),
            Work::Recall { run, spec, stages } => {
                let result = session.restore_kept(run, spec, &stages).await;
                self.report(run, result.err());
            }
            // Of a run that is refused nothing is kept, and a lost device is heard of soon enough.
            Work::Forget { spec, stage } => drop(session.forget_kept(spec, stage, &DEVICES).await),
            Work::Clear => self.page.clear_store().await,
            Work::Import { name, what, bytes } => {
                if let Err(error) = session.import(&name, what, bytes) {
                    self.page.say(said(0, Event::Warning { message: error.to_string() }), Vec::new());
                }
            }
            Work::Prepare { run, spec } => {
                let result = session.prepare(run, spec.clone()).await;
                self.line.borrow_mut().retain(|work| !matches!(work, Work::Estimate { .. }));
                if result.is_ok() {
                    self.line.borrow_mut().push_back(Work::Estimate { run, spec });
                }
                self.report(run, result.err());
            }
            Work::Estimate { run, spec } => {
                let waits = !self.line.borrow().is_empty();
                self.guess.cancel.set(waits);
                let guessed = match waits {
                    true => Err(Error::Cancelled),
                    false => session.estimate(run, spec.clone(), self.guess.clone()).await,
                };
                match guessed {
                    Err(Error::Cancelled) => self.line.borrow_mut().push_back(Work::Estimate { run, spec }),
                    Ok(()) if self.guesses.get() < GUESSES => {
                        self.guesses.set(self.guesses.get() + 1);
                        self.line.borrow_mut().push_back(Work::Estimate { run, spec });
                    }
                    result => self.report(run, result.err()),
                }
            }
            Work::Run { run, spec, first, last, paused } => {
                self.run.set(run);
                self.gate.cancel.set(false);
                // The gate stands behind a step: a run that starts paused halts there after its first.
                self.gate.paused.set(paused);
                self.gate.allowed.set(0);
                let result = session.play(run, spec, first, last).await;
                self.run.set(0);
                self.gate.paused.set(false);
                let error = match result {
                    Ok(Ended::Failed(_, lost @ Error::DeviceLost(_))) => Some(lost),
                    result => result.err(),
                };
                self.report(run, error);
            }
        }
        *self.session.borrow_mut() = Some(session);
    }

    /// What came out wrong before or outside a stage.
    fn report(&self, run: u32, error: Option<Error>) {
        let Some((error, cause)) = error.and_then(|error| error.cause().map(|cause| (error, cause))) else { return };
        // The page takes a failure of run 0 for the end of this worker, and starts another.
        let run = if cause == Cause::Lost { 0 } else { run };
        self.page.say(said(run, failed(cause, error.to_string())), Vec::new());
    }

    async fn answer(&self, ask: u32, stage: Option<&str>, base: bool, question: &Question, buffers: &[Vec<u8>]) {
        let Some(asker) = self.asker.borrow().clone() else {
            let answer = Err("the engine is not ready".into());
            return self.page.say(said(0, Event::Answer { ask, answer }), Vec::new());
        };
        let (answer, beside) = match asker.answer(stage, base, question, buffers).await {
            Ok((answer, beside)) => (Ok(answer), beside),
            Err(error @ Error::DeviceLost(_)) => return self.report(0, Some(error)),
            Err(error) => (Err(error.to_string()), Vec::new()),
        };
        self.page.say(said(0, Event::Answer { ask, answer }), beside);
    }
}

/// Seconds of this worker's clock.
pub fn now() -> f64 {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    scope.performance().map_or(0.0, |clock| clock.now() / 1000.0)
}

fn said(run: u32, event: Event) -> Said {
    Said { run, stage: None, event }
}

fn failed(cause: Cause, message: String) -> Event {
    Event::Failed { cause, message, step: None, kept: None, cure: None }
}
