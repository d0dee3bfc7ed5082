//! `palimpsest run`: every point of the grid with every seed, one after the other.

use crate::catalogue::catalogue;
use crate::host::Machine;
use crate::out::{Out, file_name};
use crate::speaker::{Listener, Speaker};
use crate::stop::Stop;
use crate::{file, signals, text};
use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use engine::{Ended, Exported, Gate, Logits, Registry, Session};
use report::{Results, view::Outcomes, view::Played};
use safetensors::{Dtype, tensor::TensorView};
use serde_json::{Value, json};
use spec::{Catalogue, Report, Row, RunSpec, Said, Wrong, metric};
use std::path::PathBuf;
use std::rc::Rc;

/// The file of what was said, in the folder of results.
const EVENTS: &str = "events.jsonl";

/// Plays of one command: a week of small runs.
const MOST_RUNS: usize = 10_000;

#[derive(Args)]
pub struct Options {
    /// A run file, TOML or JSON; `-` reads standard input
    file: PathBuf,
    /// Where to compute
    #[arg(long, value_parser = PossibleValuesParser::new(["auto", "cpu", "webgpu", "vulkan", "metal", "cuda"]))]
    device: Option<String>,
    /// Print events as JSON lines
    #[arg(long, conflicts_with = "quiet")]
    json: bool,
    /// Write report.json, report.html and events.jsonl into this folder, whole or not at all
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
    /// Also write these into the folder of results, as safetensors and JSON
    ///
    /// Of several runs, those of run N stand under run-N.
    #[arg(long, value_name = "WHAT", value_delimiter = ',', requires = "out")]
    save: Vec<Save>,
    /// Change a value of the run file: `stage.1.epsilon=8/255`, `stage.base.train.epochs=5`, `forget.class=7`
    ///
    /// A stage goes by its `as` or its index from 0. The value is JSON, else a text.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Threads of the CPU that compute; as many as it has, if not given. Results do not depend on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Save {
    /// Attacked inputs with labels and ids; images also in 8 bits, with the figure of these
    Adversarials,
    /// Rows of the splits and of the forget set
    Indices,
    /// Logits of networks on their test split, with labels and ids
    Logits,
    /// Networks as PyTorch loads them, adapters as PEFT does
    Weights,
}

/// A point of the grid: what was set there, and the run for its first seed.
pub struct Point {
    label: String,
    pub spec: RunSpec,
}

pub fn run(options: &Options) -> Result<(), Stop> {
    let spec = options.spec()?;
    let points = points(&spec)?;
    signals::heed()?;
    engine::device::plain(options.plain);
    engine::device::threads(options.threads.map(Into::into));
    let out = options.out.as_deref().map(Out::new).transpose()?;
    let opened = pollster::block_on(engine::open(spec.device))?;
    let ready = opened.ready();
    let events = out.as_ref().map(|out| out.create(EVENTS)).transpose()?;
    let speaker = Speaker::new(options.listener(), catalogue(), &spec, events);
    let gate = Rc::new(Gate::default());
    let machine = Rc::new(Machine::new(file::folder(&options.file), gate.clone(), speaker));
    machine.speaker.borrow_mut().hear(&Said { run: 0, stage: None, event: ready });
    let session = Session::new(opened, machine.clone(), gate, Registry::shipped());
    let repeats = spec.repeats.unwrap_or(1);
    let runs = points.len() * repeats as usize;
    let mut played = Plays { session, machine, out, save: &options.save, runs, number: 0, failed: 0, done: Vec::new() };
    let ended = played.all(points, repeats, spec.repeats);
    played.close(options, ended)
}

/// The runs of one command.
struct Plays<'a> {
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
        if self.runs > 1 {
            for point in &points {
                pollster::block_on(self.session.fits(point.spec.clone()))?;
                signals::came().map_or(Ok(()), |signal| Err(Stop::Signal(signal)))?;
            }
        }
        for point in &points {
            let (mut reports, mut outcomes) = (Vec::new(), Outcomes::new());
            let first = point.spec.seed;
            let ended = (first..=first + (repeats - 1)).try_for_each(|seed| {
                let spec = RunSpec { seed, ..point.spec.clone() };
                let ended = self.one(point, &spec, &mut reports);
                if seed == first {
                    outcomes = std::mem::take(&mut self.machine.speaker.borrow_mut().outcomes);
                }
                ended
            });
            if reports.iter().any(|report| !report.rows.is_empty()) {
                let mut report = engine::summary(&reports).expect("there is at least one seed");
                report.spec.repeats = said;
                if ended.is_err() && (self.number as usize) < self.runs {
                    let left = self.runs - self.number as usize;
                    report.unfinished.push(format!("{left} of {} runs were not played", self.runs));
                }
                self.done.push(Played::new(report, outcomes));
            }
            ended?;
        }
        Ok(())
    }

    /// Plays one run, and saves what it leaves. An error ends them all.
    fn one(&mut self, point: &Point, spec: &RunSpec, reports: &mut Vec<Report>) -> Result<(), Stop> {
        self.number += 1;
        let many = self.runs > 1;
        let heading = many.then(|| heading(self.number, self.runs, point, spec.seed));
        self.machine.speaker.borrow_mut().begin(spec, heading);
        let ended = pollster::block_on(self.session.play(self.number, spec.clone(), 0, None))?;
        let folder = if many { format!("run-{}/", self.number) } else { String::new() };
        let saved = self.save(spec, &folder)?;
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
        report.rows.extend(saved);
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
            let written = events
                .map_err(|error| out.cannot_write(EVENTS, &error))
                .and_then(|()| out.write("report.json", reports_as_json(&self.done).as_bytes()))
                .and_then(|()| out.write("report.html", report::html(&self.done, &catalogue).as_bytes()));
            let is_whole = ended.is_ok() && written.is_ok();
            let place = out.publish(is_whole)?;
            let what = if is_whole { "the results lie" } else { "what was finished lies" };
            if !(is_whole && options.quiet) {
                self.machine.speaker.borrow().aside("note", &format!("{what} in {}", place.display()));
            }
            written
        });
        let closed = self.machine.speaker.borrow_mut().closed.take().map_or(Ok(()), |error| Err(error.into()));
        ended.and(kept).and(closed)
    }
}

impl Options {
    /// The run file with everything that was set on the command line.
    fn spec(&self) -> Result<RunSpec, Stop> {
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
        if let Some(repeats) = self.repeats {
            spec = spec.set("repeats", repeats.into())?;
        }
        if let Some(device) = &self.device {
            spec = spec.set("device", device.as_str().into())?;
        }
        Ok(spec)
    }

    const fn listener(&self) -> Listener {
        match (self.json, self.quiet) {
            (true, _) => Listener::Program,
            (false, true) => Listener::Patient,
            (false, false) => Listener::Person,
        }
    }
}

/// Every point of the grid, its words and values checked.
pub fn points(spec: &RunSpec) -> Result<Vec<Point>, Stop> {
    let repeats = spec.repeats.unwrap_or(1) as usize;
    let runs = spec.grid.values().try_fold(repeats, |runs, axis| runs.checked_mul(axis.len()));
    if runs.is_none_or(|runs| runs > MOST_RUNS) {
        return Err(Wrong::new("grid", format!("these are more than {MOST_RUNS} runs; give fewer values")).into());
    }
    let point = |(label, run): (String, RunSpec)| {
        engine::check(&run)?;
        let name = match (run.name.is_empty(), label.is_empty()) {
            (_, true) => run.name.clone(),
            (true, false) => label.clone(),
            (false, false) => format!("{}, {label}", run.name),
        };
        Ok(Point { label, spec: RunSpec { name, repeats: None, ..run } })
    };
    spec.grid_runs()?.into_iter().map(point).collect()
}

fn heading(number: u32, of: usize, point: &Point, seed: u32) -> String {
    let comma = if point.label.is_empty() { "" } else { ", " };
    text::plain(&format!("Run {number} of {of}: {}{comma}seed {seed}", point.label))
}

impl Plays<'_> {
    /// Writes what the finished stages of a run have left under `folder`, which is empty or ends with a slash. Returns
    /// the figures of attacked images as they are written.
    fn save(&self, spec: &RunSpec, folder: &str) -> Result<Vec<Row>, Stop> {
        let mut rows = Vec::new();
        let Some(out) = &self.out else { return Ok(rows) };
        if self.save.contains(&Save::Indices) {
            out.write(&format!("{folder}indices.json"), self.session.indices(spec)?.to_string().as_bytes())?;
        }
        for (index, stage) in spec.stages.iter().enumerate() {
            let name = spec.stage_name(index);
            let is_done = self.machine.speaker.borrow().outcomes.get(&name).is_some_and(|outcome| outcome.is_done());
            let file = file_name(&name, index);
            if is_done && self.save.contains(&Save::Weights) && engine::is_layer(&stage.id) {
                let Exported { weights, adapter } = pollster::block_on(self.session.export(&name))?;
                out.write(&format!("{folder}weights/{file}.safetensors"), &weights)?;
                if let Some(adapter) = adapter {
                    let folder = format!("{folder}weights/adapter_{file}");
                    out.write(&format!("{folder}/adapter_config.json"), format!("{:#}\n", adapter.config).as_bytes())?;
                    out.write(&format!("{folder}/adapter_model.safetensors"), &adapter.weights)?;
                }
            }
            if is_done && self.save.contains(&Save::Logits) && engine::is_layer(&stage.id) {
                let Logits { ids, labels, classes, values } = pollster::block_on(self.session.logits(spec, index))?;
                let values = ("logits", Dtype::F32, vec![ids.len(), classes], bytes(&values));
                let bytes = samples_file(vec![values], &labels, &ids)?;
                out.write(&format!("{folder}logits/{file}.safetensors"), &bytes)?;
            }
            if let Some(left) = self.session.adversarials.get(&name).filter(|_| self.save.contains(&Save::Adversarials))
            {
                let mut tensors = vec![("x", Dtype::F32, left.shape.to_vec(), bytes(&left.pixels))];
                match pollster::block_on(self.session.eight_bits(spec, index))? {
                    Some((levels, row)) => {
                        tensors.push(("x8", Dtype::U8, left.shape.to_vec(), levels));
                        rows.extend(row);
                    }
                    None if left.are_images() => {
                        let why = format!("stage.{name}: a ball holds no image of 8 bits, so that `x8` is left out");
                        self.machine.speaker.borrow().aside("note", &why);
                    }
                    None => {}
                }
                let bytes = samples_file(tensors, &left.labels, &left.ids)?;
                out.write(&format!("{folder}adversarials/{file}.safetensors"), &bytes)?;
            }
        }
        Ok(rows)
    }
}

/// Tensors `[n, …]` by name, with `labels` and `ids` `[n]` of the samples that they belong to.
fn samples_file(
    mut tensors: Vec<(&str, Dtype, Vec<usize>, Vec<u8>)>,
    labels: &[u16],
    ids: &[u32],
) -> Result<Vec<u8>, Stop> {
    let labels = labels.iter().flat_map(|label| i64::from(*label).to_le_bytes()).collect();
    let bytes = ids.iter().flat_map(|id| i64::from(*id).to_le_bytes()).collect();
    tensors.extend([("labels", Dtype::I64, vec![ids.len()], labels), ("ids", Dtype::I64, vec![ids.len()], bytes)]);
    let failed = |error| Stop::Failed(format!("samples cannot be written ({error})"));
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, bytes)| Ok((*name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, _>>();
    safetensors::serialize(views.map_err(failed)?, None).map_err(failed)
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// One report, or a list where there is a grid; every figure with its unit.
fn reports_as_json(done: &[Played]) -> String {
    let mut reports: Vec<Value> = done.iter().map(|played| json!(played.report)).collect();
    for row in reports.iter_mut().filter_map(|report| report["rows"].as_array_mut()).flatten() {
        let known = row["key"].as_str().and_then(metric);
        row["unit"] = known.map_or(Value::Null, |metric| metric.unit.into());
    }
    let value = if reports.len() == 1 { reports.remove(0) } else { Value::Array(reports) };
    format!("{value:#}\n")
}

/// The tables of all runs, and under them what to know before trusting them.
fn table(done: &[Played], catalogue: &Catalogue, quiet: bool) -> String {
    let reports: Vec<Report> = done.iter().map(|played| played.report.clone()).collect();
    let mut out = String::new();
    for (family, table) in Results::new(&reports, catalogue).tables() {
        let gap = if out.is_empty() && quiet { "" } else { "\n" };
        out.push_str(&format!("{gap}{family}\n{}", text::table(&table)));
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
