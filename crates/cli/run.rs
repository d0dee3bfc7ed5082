//! `palimpsest run`: every point of the grid with every seed, one after the other.

use crate::catalogue::catalogue;
use crate::host::Machine;
use crate::out::Out;
use crate::save::{self, Save, SaveTo, Saved};
use crate::shared::Shared;
use crate::speaker::{Listener, Speaker};
use crate::stop::Stop;
use crate::store::{self, Store};
use crate::{VERSION, file, signals, text};
use clap::Args;
use engine::{Ended, Fits, Gate, Registry, Session};
use report::{Results, view::Outcomes, view::Played};
use serde_json::{Value, json};
use spec::{Catalogue, DeviceChoice, FORMAT, GridRun, Report, Reports, RunSpec, Said, Wrong};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// The file of what was said, in the folder of results.
const EVENTS: &str = "events.jsonl";

/// Plays of one command: a week of small runs.
const MOST_RUNS: usize = 10_000;

/// A run file and what is changed in it.
#[derive(Args)]
pub struct RunFile {
    /// A run file, TOML or JSON, or a report.json, whose run is played again; `-` reads standard input
    pub file: PathBuf,
    /// Change a value of the run file: `stage.1.epsilon=8/255`, `stage.base.train.epochs=5`, `forget.class=7`
    ///
    /// A stage goes by its `as` or its index from 0. The value is JSON, else a text.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    of: RunFile,
    /// Keep finished stages and retrained references in this folder, and take from it what was played before
    ///
    /// A run that was stopped or killed goes on behind its last finished stage. Runs that are played at once wait for
    /// each other's work. `palimpsest store DIR` lists the folder.
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Also keep a training that is not finished every so often: `30s`, `5m`, `1h`; needs `--cache` or `--resume`
    ///
    /// A run that was killed goes on from there, with the same figures. Attacks and audits begin again, for they have
    /// nothing to keep.
    #[arg(long, value_name = "TIME", value_parser = time)]
    checkpoint: Option<Duration>,
    #[arg(long, help = format!("Where to compute: {}", engine::device::built()), value_parser = device)]
    device: Option<DeviceChoice>,
    /// Print events as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Write report.json, report.html, events.jsonl and files.json, their list, into this folder, whole or not at all
    ///
    /// The folder is made. Earlier results in it are replaced; files that this program did not write stay. What is
    /// finished of a run that does not come to its end is kept too, beside earlier results in DIR-unfinished.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Compute with burn's own operations alone: slower, and how to see that results do not depend on ours
    #[arg(long)]
    plain: bool,
    /// Print the final table only
    #[arg(long)]
    quiet: bool,
    /// Play with this many seeds, counted from the run file's
    #[arg(long, value_name = "N")]
    repeats: Option<u32>,
    /// As `--cache`, with a folder of your own that `palimpsest store` lists
    ///
    /// It lies in your cache folder, or in the one that PALIMPSEST_CACHE names.
    #[arg(long, conflicts_with = "cache")]
    resume: bool,
    /// Also write these into the folder of results, as safetensors and JSON
    ///
    /// They stand in weights/STAGE.safetensors (and weights/adapter_STAGE/ for PEFT), adversarials/STAGE.safetensors,
    /// logits/STAGE.safetensors and indices.json; of several runs, those of run N under run-N.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "out")]
    save: Vec<Save>,
    /// Threads of the CPU that compute; as many as it has, if not given. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// A device by its name, for clap; the engine says which of them this program has none of.
fn device(name: &str) -> Result<DeviceChoice, String> {
    serde_json::from_value(name.into())
        .map_err(|_| format!("there is no such device; this build has {}", engine::device::built()))
}

/// A point of the grid: what was set there, and the run for its first seed.
pub struct Point {
    values: spec::Point,
    pub spec: RunSpec,
}

impl Point {
    fn name(&self) -> String {
        spec::point_name(&self.values)
    }
}

pub fn run(options: &Options) -> Result<(), Stop> {
    let spec = options.spec()?;
    let points = points(&spec)?;
    signals::heed()?;
    engine::device::plain(options.plain);
    engine::device::threads(options.threads.map(Into::into));
    let store = options.store()?;
    let out = options.out.as_deref().map(Out::new).transpose()?;
    let opened = pollster::block_on(engine::open(spec.device))?;
    let ready = opened.ready();
    let events = out.as_ref().map(|out| out.create(EVENTS)).transpose()?;
    let speaker = Speaker::new(options.listener(), catalogue(), &spec, events);
    let gate = Rc::new(Gate::default());
    let repeats = spec.repeats.unwrap_or(1);
    let shared = (points.len() > 1).then(|| Shared::new(repeats));
    let machine = Machine::new(file::folder(&options.of.file), gate.clone(), speaker).with_store(store, shared);
    let machine = Rc::new(machine);
    machine.speaker.borrow_mut().hear(&Said { run: 0, stage: None, event: ready }, &[]);
    let mut session = Session::new(opened, machine.clone(), gate, Registry::shipped());
    session.needs_inputs = options.save.contains(&Save::Adversarials);
    let runs = points.len() * repeats as usize;
    let (save, done) = (&options.save[..], Vec::new());
    // Plain operations differ in the last digits of a figure.
    let engine = format!("palimpsest {VERSION}{}", if options.plain { ", plain operations" } else { "" });
    let mut played = Plays { spec: &spec, engine, session, machine, out, save, runs, number: 0, failed: 0, done };
    let ended = played.all(points, repeats, spec.repeats);
    played.close(options, ended)
}

/// What every point is found to be, in their order. An error if one of them cannot be played, or if two are one run.
pub fn fit(session: &mut Session, points: &[Point]) -> Result<Vec<Fits>, Stop> {
    let (mut all, mut names) = (Vec::new(), HashMap::new());
    for point in points {
        let fits = pollster::block_on(session.fits(point.spec.clone()))?;
        signals::came().map_or(Ok(()), |signal| Err(Stop::Signal(signal)))?;
        if let Some(same) = names.insert(fits.identity.clone(), point.name()) {
            let why = format!("\"{same}\" and \"{}\" are the same run: no stage depends on what differs", point.name());
            return Err(Wrong::new("grid", why).into());
        }
        all.push(fits);
    }
    Ok(all)
}

/// The runs of one command.
struct Plays<'a> {
    /// The run file, with what was set on the command line.
    spec: &'a RunSpec,
    /// What plays them, for the reports.
    engine: String,
    session: Session,
    machine: Rc<Machine>,
    out: Option<Out>,
    save: &'a [Save],
    /// How many there are to play.
    runs: usize,
    /// How many were begun.
    number: u32,
    /// How many did not come to their end.
    failed: usize,
    /// The points of the grid with something to show.
    done: Vec<Played>,
}

impl Plays<'_> {
    /// Plays every point with every seed. One that fails does not keep the others from being played.
    fn all(&mut self, points: Vec<Point>, repeats: u32, said: Option<u32>) -> Result<(), Stop> {
        fit(&mut self.session, &points)?;
        for point in &points {
            let (mut reports, mut outcomes) = (Vec::new(), Outcomes::new());
            let first = point.spec.seed;
            let ended = (first..=first + (repeats - 1)).try_for_each(|seed| {
                let spec = RunSpec { seed, ..point.spec.clone() };
                let ended = self.one(point, &spec, &mut reports);
                // Of the first seed that left figures, as the report is.
                if outcomes.is_empty() && reports.last().is_some_and(|report| !report.rows.is_empty()) {
                    outcomes = std::mem::take(&mut self.machine.speaker.borrow_mut().outcomes);
                }
                ended
            });
            if reports.iter().any(|report| !report.rows.is_empty()) {
                let mut report = engine::summary(&reports).expect("there is at least one seed");
                report.spec.repeats = said;
                report.point.clone_from(&point.values);
                if ended.is_err() && (self.number as usize) < self.runs {
                    let left = self.runs - self.number as usize;
                    report.unfinished.push(format!("{left} of {} runs were not played", self.runs));
                }
                self.done.push(Played::new(report, outcomes));
            } else {
                // These have no table to stand under.
                let speaker = self.machine.speaker.borrow();
                reports.iter().flat_map(|report| &report.warnings).for_each(|why| speaker.aside("warning", why));
            }
            ended?;
        }
        Ok(())
    }

    /// Plays one run, and saves what it leaves. An error ends them all.
    fn one(&mut self, point: &Point, spec: &RunSpec, reports: &mut Vec<Report>) -> Result<(), Stop> {
        self.number += 1;
        if let Some(shared) = &self.machine.shared {
            shared.begin(self.number);
        }
        let many = self.runs > 1;
        let heading = many.then(|| heading(self.number, self.runs, point, spec.seed));
        self.machine.speaker.borrow_mut().begin(spec, heading);
        let ended = pollster::block_on(self.session.play(self.number, spec.clone(), 0, None))?;
        let folder = if many { format!("run-{}/", self.number) } else { String::new() };
        let mut saved = Saved::default();
        let unsaved = self.out.as_ref().and_then(|out| {
            let to = SaveTo { out, folder: &folder };
            save::save(self.save, &self.session, &self.machine, spec, &to, &mut saved).err()
        });
        let (mut report, ended) = match ended {
            Ended::Finished(report) => (report, Ok(())),
            Ended::Cancelled(report) => (report, Err(signals::came().map_or(Stop::Closed, Stop::Signal))),
            Ended::Failed(report, error) => {
                self.failed += 1;
                let why = report.unfinished.join("; ");
                let why = match &self.machine.speaker.borrow().cure {
                    Some((path, value)) => format!("{why}; `--set {path}={value}` may help"),
                    None => why,
                };
                if many {
                    self.machine.speaker.borrow().aside("error", &why);
                }
                let ends = !many || matches!(error, engine::Error::DeviceLost(_));
                (report, if ends { Err(Stop::Failed(why)) } else { Ok(()) })
            }
        };
        report.files = saved.files;
        report.engine.clone_from(&self.engine);
        report.rows.extend(saved.rows);
        // The figures are there, whatever became of the files.
        let ended = match unsaved {
            None => ended,
            Some(stop) => {
                let why = stop.message().unwrap_or_default().to_owned();
                report.unfinished.push(format!("not all was saved: {why}"));
                self.failed += 1;
                if many {
                    self.machine.speaker.borrow().aside("error", &why);
                }
                ended.and(if many { Ok(()) } else { Err(stop) })
            }
        };
        reports.push(*report);
        ended
    }

    /// Prints the tables, then writes the results and puts them in their place.
    fn close(mut self, options: &Options, ended: Result<(), Stop>) -> Result<(), Stop> {
        let ended = ended.and_then(|()| match self.failed {
            0 => Ok(()),
            failed => Err(Stop::Failed(format!("{failed} of {} runs did not come to their end", self.runs))),
        });
        let events = self.machine.speaker.borrow_mut().finish();
        if self.done.is_empty() {
            return ended;
        }
        let catalogue = catalogue();
        if !options.json {
            self.machine.speaker.borrow_mut().print(&table(&self.done, &catalogue, options.quiet));
        }
        let kept = self.out.take().map_or(Ok(()), |out| {
            // Each is tried, whatever became of the others.
            let written = [
                events.map_err(|error| out.cannot_write(EVENTS, &error)),
                out.write("report.json", reports_as_json(self.spec, &self.done, &catalogue).as_bytes()),
                out.write("report.html", report::html(&self.done, &catalogue).as_bytes()),
            ];
            let written = written.into_iter().find(Result::is_err).unwrap_or(Ok(()));
            let is_whole = ended.is_ok() && written.is_ok();
            let place = out.publish(is_whole)?;
            let what = if is_whole { "the results lie" } else { "what was finished lies" };
            if !(is_whole && options.quiet) {
                self.machine.speaker.borrow().aside("note", &format!("{what} in {}", place.display()));
            }
            written
        });
        let closed = self.machine.speaker.borrow_mut().closed.take().map_or(Ok(()), |error| Err(error.into()));
        // That nobody reads any more is told of last; a disk that is full is why.
        match ended {
            Err(Stop::Closed) => closed.and(kept).and(Err(Stop::Closed)),
            Err(stop) => {
                // Where what is finished lies is worth knowing too.
                if let Some(message) = kept.as_ref().err().and_then(Stop::message) {
                    self.machine.speaker.borrow().aside("error", message);
                }
                Err(stop)
            }
            Ok(()) => kept.and(closed),
        }
    }
}

impl RunFile {
    /// The run file with its changes.
    pub fn spec(&self) -> Result<RunSpec, Stop> {
        let mut spec = file::run_file(&self.file)?;
        for set in &self.set {
            let (path, value) = set
                .split_once('=')
                .ok_or_else(|| Wrong::new(set, "there is no \"=\"; `--set stage.1.epsilon=0.2` would be right"))?;
            let (path, text) = (path.trim(), Value::from(value));
            spec = match serde_json::from_str(value) {
                // A name may look like a number.
                Ok(value) => spec.set(path, value).or_else(|wrong| spec.set(path, text).map_err(|_| wrong))?,
                Err(_) => spec.set(path, text)?,
            };
        }
        let paths = self.set.iter().filter_map(|set| Some(set.split_once('=')?.0.trim()));
        if let Some(path) = paths.into_iter().find(|path| spec.grid.keys().any(|key| spec.overlap(path, key))) {
            let why = "the grid sets it in every run; `--set grid={}` takes the grid away";
            return Err(Wrong::new(path, why).into());
        }
        Ok(spec)
    }
}

impl Options {
    /// The run file with everything that was set on the command line.
    fn spec(&self) -> Result<RunSpec, Stop> {
        let mut spec = self.of.spec()?;
        if let Some(repeats) = self.repeats {
            spec = spec.set("repeats", repeats.into())?;
        }
        if let Some(device) = self.device {
            spec.device = device;
        }
        Ok(spec)
    }

    /// The folder of finished work, if one is wanted.
    fn store(&self) -> Result<Option<Store>, Stop> {
        let own = self.resume.then(store::own).transpose()?;
        if let Some((store, out)) = self.cache.as_ref().or(own.as_ref()).zip(self.out.as_ref())
            && file::is_inside(store, out)
        {
            let [store, out] = [store, out].map(|path| path.display());
            let why = "which is replaced as a whole; name a folder outside it for finished work";
            return Err(Stop::Bad(format!("{store}: it lies in the folder of results {out}, {why}")));
        }
        match self.cache.as_deref().or(own.as_deref()) {
            Some(folder) => Store::open(folder, self.plain, self.checkpoint).map(Some),
            None if self.checkpoint.is_some() => {
                let why = "`--checkpoint` has no place to keep anything; add `--resume`, or `--cache DIR`";
                Err(Stop::Bad(why.into()))
            }
            None => Ok(None),
        }
    }

    const fn listener(&self) -> Listener {
        match (self.json, self.quiet) {
            (true, _) => Listener::Program,
            (false, true) => Listener::Patient,
            (false, false) => Listener::Person,
        }
    }
}

/// A time such as 5m, for clap.
fn time(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "a number and its unit are right: 30s, 5m, 1h")
}

/// Every point of the grid, its words and values checked.
pub fn points(spec: &RunSpec) -> Result<Vec<Point>, Stop> {
    let repeats = spec.repeats.unwrap_or(1) as usize;
    let runs = spec.grid.values().try_fold(repeats, |runs, axis| runs.checked_mul(axis.len()));
    if runs.is_none_or(|runs| runs > MOST_RUNS) {
        return Err(Wrong::new("grid", format!("these are more than {MOST_RUNS} runs; give fewer values")).into());
    }
    let point = |GridRun { point, run }: GridRun| {
        engine::check(&run)?;
        let label = spec::point_name(&point);
        let name = match (run.name.is_empty(), label.is_empty()) {
            (_, true) => run.name.clone(),
            (true, false) => label,
            (false, false) => format!("{}, {label}", run.name),
        };
        Ok(Point { values: point, spec: RunSpec { name, repeats: None, ..run } })
    };
    spec.grid_runs()?.into_iter().map(point).collect()
}

fn heading(number: u32, of: usize, point: &Point, seed: u32) -> String {
    let name = point.name();
    let comma = if name.is_empty() { "" } else { ", " };
    text::plain(&format!("Run {number} of {of}: {name}{comma}seed {seed}"))
}

/// `report.json`: a [`Reports`], with the unit of every figure.
fn reports_as_json(run: &RunSpec, done: &[Played], catalogue: &Catalogue) -> String {
    let reports = done.iter().map(|played| played.report.clone()).collect();
    let mut value = json!(Reports { format: FORMAT, run: run.clone(), reports });
    let reports = value["reports"].as_array_mut().into_iter().flatten();
    for row in reports.filter_map(|report| report["rows"].as_array_mut()).flatten() {
        let known = row["key"].as_str().and_then(|key| catalogue.metric(key));
        row["unit"] = known.map_or(Value::Null, |metric| metric.unit.into());
        // Every row has the same keys, whatever was played.
        for key in ["n", "interval", "spread", "seeds"] {
            let value = row[key].take();
            row[key] = value;
        }
    }
    format!("{value:#}\n")
}

/// The tables of all runs, and under them what to know before trusting them.
fn table(done: &[Played], catalogue: &Catalogue, quiet: bool) -> String {
    let reports: Vec<Report> = done.iter().map(|played| played.report.clone()).collect();
    let mut out = String::new();
    let results = Results::new(&reports, catalogue);
    for (family, table) in results.tables() {
        let gap = if out.is_empty() && quiet { "" } else { "\n" };
        out.push_str(&format!("{gap}{family}\n{}", text::table(&table)));
    }
    for (report, shown) in reports.iter().flat_map(|report| report.exhibits.iter().map(move |shown| (report, shown))) {
        let run = if reports.len() > 1 { format!("{}: ", report.spec.name) } else { String::new() };
        let alone = report.played_seeds.len() > 1 && shown.seeds == 1;
        let seed = if alone { format!(" (seed {})", report.seed) } else { String::new() };
        let heading = format!("{run}{}: {}{seed}", shown.stage, report::figure::capital(shown.exhibit.series()));
        let figures = text::table(&report::chart::exhibit_table(&shown.exhibit));
        out.push_str(&format!("\n{}\n{figures}", text::plain(&heading)));
    }
    if let Some(silence) = results.silence() {
        out.push_str(&format!("\n{}", text::wrapped(silence, 0)));
    }
    if !quiet {
        out.push_str("\n`palimpsest metrics` says what the columns mean.\n");
    }
    let samples = reports.iter().flat_map(|report| &report.samples);
    let lines = samples.map(|(task, of)| format!("Samples of {task}: {}.", report::table::samples(of)));
    let mut told: Vec<String> = Vec::new();
    for line in lines.filter(|_| !quiet) {
        // Points of a grid mostly share their tasks.
        if !told.contains(&line) {
            out.push_str(&(text::plain(&line) + "\n"));
            told.push(line);
        }
    }
    for report in &reports {
        let name = &report.spec.name;
        for warning in report.warnings.iter().chain(&report.unfinished) {
            let run = if reports.len() > 1 && !name.is_empty() { format!("{name}: ") } else { String::new() };
            out.push_str(&format!("\nwarning: {}\n", text::plain(&format!("{run}{warning}"))));
        }
    }
    out
}
