//! A host that collects what a run says.

use engine::{Boxed, Ended, Gate, Host, Opened, Result, Session};
use spec::{Event, Report, RunSpec, Said};
use std::cell::RefCell;
use std::rc::Rc;

#[derive(Default)]
pub struct Collect {
    pub said: RefCell<Vec<(Said, Vec<Vec<u8>>)>>,
}

impl Host for Collect {
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        self.said.borrow_mut().push((said, buffers));
    }
    fn now(&self) -> f64 {
        static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
        #[allow(clippy::disallowed_methods, reason = "a test's clock")]
        START.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
    }
    fn turn(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn rest(&self) -> Boxed<'_, ()> {
        Box::pin(async {})
    }
    fn asset<'a>(&'a self, name: &'a str) -> Boxed<'a, Result<Vec<u8>>> {
        let path = format!("{}/static/weights/{name}.safetensors", env!("CARGO_MANIFEST_DIR"));
        Box::pin(async move { std::fs::read(&path).map_err(|error| engine::Error::input(name, error.to_string())) })
    }
}

pub fn session() -> (Session, Rc<Collect>) {
    let host = Rc::new(Collect::default());
    (Session::new(Opened::cpu("a test"), host.clone(), Rc::new(Gate::default())), host)
}

/// Plays a whole run on the CPU.
pub fn play(spec: &str) -> (std::result::Result<Report, String>, Vec<(Said, Vec<Vec<u8>>)>) {
    let (mut session, host) = session();
    let spec = match RunSpec::read(spec) {
        Ok(spec) => spec,
        Err(wrong) => return (Err(wrong.to_string()), Vec::new()),
    };
    let ended = pollster::block_on(session.play(1, spec, 0, None));
    let said = host.said.take();
    let report = match ended {
        Ok(Ended::Finished(report)) => Ok(*report),
        Ok(Ended::Cancelled) => Err("cancelled".into()),
        Ok(Ended::Failed(message)) => Err(message),
        Err(error) => Err(error.to_string()),
    };
    (report, said)
}

/// Values of one series in order.
pub fn series(said: &[(Said, Vec<Vec<u8>>)], wanted: &str) -> Vec<f32> {
    let values = said.iter().filter_map(|(said, _)| match &said.event {
        Event::Scalar { series, value, .. } if series == wanted => Some(*value),
        _ => None,
    });
    values.collect()
}
