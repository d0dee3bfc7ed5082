//! Hears what a run says, and passes it on: to a person, to a program, to the folder of results.

use crate::{clock, text};
use indicatif::{ProgressBar, ProgressStyle};
use report::{RunView, figure, view::Outcomes, view::hear};
use serde_json::{Value, json};
use spec::{Catalogue, Event, RunSpec, Said};
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::time::{Duration, Instant};

/// Between two lines of progress in a log.
const LOG_EVERY: Duration = Duration::from_secs(30);

/// Who listens on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Somebody who only waits for the table.
    Patient,
    Person,
    Program,
}

pub struct Speaker {
    listener: Listener,
    catalogue: Catalogue,
    /// `events.jsonl`, where results are kept.
    events: Option<BufWriter<File>>,
    bar: ProgressBar,
    /// When a log was last told of progress; `None` on a terminal, which has the bar.
    logged: Option<Instant>,
    /// The run that is heard.
    spec: RunSpec,
    /// What its stages have said so far.
    pub outcomes: Outcomes,
    /// A setting of the stage that failed and a value that may cure it.
    pub cure: Option<(String, Value)>,
    /// Why standard output takes no more.
    pub closed: Option<io::Error>,
    /// Why `events.jsonl` takes no more.
    unwritten: Option<io::Error>,
    /// Whether there is a folder of results.
    keeps: bool,
}

impl Speaker {
    pub fn new(listener: Listener, catalogue: Catalogue, spec: &RunSpec, events: Option<File>) -> Self {
        Self {
            listener,
            catalogue,
            keeps: events.is_some(),
            events: events.map(BufWriter::new),
            bar: ProgressBar::hidden(),
            logged: (!io::stderr().is_terminal()).then(clock::instant),
            spec: spec.clone(),
            outcomes: Outcomes::new(),
            cure: None,
            closed: None,
            unwritten: None,
        }
    }

    /// A run begins; `heading` tells it from others.
    pub fn begin(&mut self, spec: &RunSpec, heading: Option<String>) {
        self.spec = spec.clone();
        self.outcomes.clear();
        self.cure = None;
        if let Some(heading) = heading.filter(|_| self.listener == Listener::Person) {
            self.print(&format!("\n{heading}\n"));
        }
    }

    pub fn hear(&mut self, said: &Said, buffers: &[Vec<u8>]) {
        hear(&mut self.outcomes, said, buffers);
        let wanted = self.listener == Listener::Program || self.events.is_some();
        if wanted {
            let mut line = json!(said);
            line["time"] = clock::utc().into();
            let line = format!("{line}\n");
            let written = self.events.as_mut().map_or(Ok(()), |events| events.write_all(line.as_bytes()));
            if let Err(error) = written {
                (self.events, self.unwritten) = (None, Some(error));
            }
            if self.listener == Listener::Program {
                self.print(&line);
            }
        }
        self.tell(said);
    }

    /// Whether nobody hears the run and nothing of it is kept.
    pub const fn is_pointless(&self) -> bool {
        self.closed.is_some() && !self.keeps
    }

    /// Ends `events.jsonl`; an error if not all of it could be written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.bar.finish_and_clear();
        match self.unwritten.take() {
            Some(error) => Err(error),
            None => self.events.as_mut().map_or(Ok(()), Write::flush),
        }
    }

    fn tell(&mut self, said: &Said) {
        match &said.event {
            Event::Stage { index, of, id, .. } => {
                let title = report::table::title(&self.catalogue, id);
                if self.listener == Listener::Person {
                    self.bar = bar(&format!("{}/{of} {}", index + 1, text::plain(&title)));
                }
            }
            Event::Phase { name, .. } => {
                self.bar.reset();
                self.bar.set_message(text::plain(name));
                if self.listener == Listener::Person && self.logged.is_some() && !name.is_empty() {
                    let stage = said.stage.as_deref().unwrap_or_default();
                    self.aside("progress", &format!("{stage}: {name}"));
                }
            }
            Event::Step { done, of } => {
                self.bar.set_length(*of as u64);
                self.bar.set_position(*done as u64);
                self.log(said.stage.as_deref().unwrap_or_default(), *done, *of);
            }
            Event::Note { message } if self.listener == Listener::Person => self.aside("note", message),
            // They stand under the tables, beside the figures that they are about.
            Event::Warning { .. } => {}
            Event::Failed { cure, .. } => {
                self.bar.finish_and_clear();
                let stage = said.stage.as_deref().unwrap_or_default();
                self.cure = cure.as_ref().map(|(key, value)| (format!("stage.{stage}.{key}"), value.clone()));
            }
            Event::Cancelled { .. } => self.bar.finish_and_clear(),
            Event::StageDone { seconds, .. } => {
                self.bar.finish_and_clear();
                if let Some(stage) = said.stage.as_deref().filter(|_| self.listener == Listener::Person) {
                    let line = self.done(stage, *seconds);
                    self.print(&line);
                }
            }
            _ => {}
        }
    }

    /// A line of progress now and then, where no bar is seen: "progress: base: step 40 of 1,200".
    fn log(&mut self, stage: &str, done: usize, of: usize) {
        if self.listener == Listener::Person
            && let Some(logged) = self.logged.as_mut().filter(|logged| logged.elapsed() >= LOG_EVERY)
        {
            *logged += logged.elapsed();
            self.aside("progress", &format!("{stage}: {}", figure::step(done, of)));
        }
    }

    /// "base: It reads 96.1 % of digits it has never seen. (4.2 s)"
    fn done(&self, stage: &str, seconds: f64) -> String {
        let view = RunView { spec: &self.spec, catalogue: &self.catalogue, known: &self.outcomes };
        text::plain(&format!("{stage}: {} ({seconds:.1} s)", view.sentence(stage))) + "\n"
    }

    /// A line on standard error.
    pub fn aside(&self, kind: &str, message: &str) {
        self.bar.suspend(|| text::tell(kind, message));
    }

    pub fn print(&mut self, line: &str) {
        if self.closed.is_none() {
            self.closed = text::print(line).err();
        }
    }
}

/// Drawn on standard error, and only where that is a terminal.
fn bar(name: &str) -> ProgressBar {
    const LOOK: &str = "{prefix} {bar:28} {pos}/{len} {eta} left {wide_msg}";
    let style = ProgressStyle::with_template(LOOK).expect("the template is right");
    ProgressBar::new(0).with_style(style).with_prefix(name.to_owned())
}
