use crate::Point;
use crate::outline::{self, Outline};
use crate::strict::{self, Room};
use crate::{Answer, Answers, Exhibit, Exhibited, RunSpec, Wrong};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// Every event travels in this envelope, so that a late event of a cancelled run is dropped and a curve finds its
/// stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Number of the run, as the command gave it; 0 for what concerns the engine itself.
    pub run: u32,
    /// The stage's `as`, else its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What happened, with its figures.
    pub event: Event,
}

/// What a run says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The worker's code runs and listens; nothing was opened yet.
    Alive {
        /// Version of the engine.
        engine: String,
    },
    /// The device is open and, for a graphics device, checked.
    Ready {
        /// The [`FORMAT`] of what follows: every stream of events begins with this one.
        format: u32,
        /// `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
        device: String,
        /// The adapter's name, empty on CPU.
        adapter: String,
        /// An adapter that is emulated on the CPU.
        software: bool,
        /// Why this device runs.
        why: Why,
        /// By how much it won the probe, where there was one.
        times: Option<f64>,
    },
    /// Data and source network of a run are in place.
    Prepared {
        /// Parameters of the network.
        parameters: usize,
        /// Layers that a method may reach into, by name, with their numbers of weights.
        layers: Vec<(String, usize)>,
        /// Class names of each task, by name.
        classes: Vec<(String, Vec<String>)>,
    },
    /// Seconds that each stage will take, by a few of its steps on this machine; absent where unknown.
    Estimate {
        /// One entry for each stage, in the order of the run file.
        seconds: Vec<Option<f64>>,
    },
    /// A stage begins: what was known of it before no longer holds.
    Stage {
        /// Place of the stage in the run file, from 0.
        index: usize,
        /// Number of stages in the run file.
        of: usize,
        /// Id of its method.
        id: String,
        /// Names of the classes of the task that it works on, in the order of the labels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        classes: Vec<String>,
    },
    /// What the stage is at: its own training, or "retrained 2 of 3".
    Phase {
        /// Name of the phase, which the page shows before the steps.
        name: String,
        /// Whether it comes before the stage's own work: the reference is retrained. Earlier builds did not say it.
        #[serde(default)]
        before: bool,
    },
    /// Progress of the phase in hand.
    Step {
        /// Steps that are done.
        done: usize,
        /// Steps that the phase will take.
        of: usize,
    },
    /// A point of a curve.
    Scalar {
        /// Name of the curve: `loss`, `validation_accuracy`, `train_accuracy`; of earlier builds also `accuracy`, on
        /// the test split.
        series: String,
        /// Step of the stage that the value belongs to.
        step: usize,
        /// The value; accuracies in percent.
        value: f32,
        /// Over how many samples; absent of a loss, and in events of earlier builds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        n: Option<usize>,
    },
    /// The network's answers: on the whole test split at a stage's end (`test`), on the validation samples on the way
    /// (`valid`), on the few test samples that a host draws meanwhile (`shown`), or on what an attack was given, before
    /// (`clean`) and after (`attacked`).
    Answers {
        /// Which samples were answered. No figure is made of `shown`.
        series: String,
        /// One answer for each sample.
        answers: Answers,
    },
    /// Accuracy of every class in percent; `null` where the split has none of it.
    Classes {
        /// Whose accuracy it is: `test` of the stage's model, `original` of the one before, `retrained` of the
        /// reference; `valid` of the stage's model on the validation samples, while it is trained.
        series: String,
        /// One entry for each class of the task.
        values: Vec<Option<f32>>,
    },
    /// A result that is no single figure; one of the same series takes its place. Pixels of images follow beside the
    /// message.
    Exhibit(Exhibit),
    /// This stage's weights follow beside the message (safetensors): the page keeps them.
    Saved {
        /// Steps of the stage after which the weights are as saved.
        step: usize,
    },
    /// A fact that is no trouble: a new last layer.
    Note {
        /// The fact, as a sentence.
        message: String,
    },
    /// Something that the user should know before trusting the result.
    Warning {
        /// The warning, as a sentence.
        message: String,
    },
    /// The run waits for a step, resume or cancel.
    Paused {
        /// Steps of the stage that are done.
        step: usize,
    },
    /// The run goes on after a pause.
    Resumed,
    /// A stage, a run or the engine has failed. A run goes on behind a stage that failed.
    Failed {
        /// What kind of failure it is.
        cause: Cause,
        /// What happened, as a sentence.
        message: String,
        /// The step at which the loss diverged; absent for other failures.
        step: Option<usize>,
        /// The step whose weights are kept; absent where none are.
        kept: Option<usize>,
        /// Path and value of a setting that may help: `train.lr` with a tenth of the learning rate.
        cure: Option<(String, Value)>,
    },
    /// A stage is not played, because it stands on another one that failed.
    Skipped {
        /// Name of that stage.
        on: String,
    },
    /// The run was stopped at the user's wish.
    Cancelled {
        /// The step whose weights are kept, else the last one that was done.
        step: usize,
    },
    /// A stage has ended well.
    StageDone {
        /// Its figures.
        rows: Vec<Row>,
        /// Time that the stage took, evaluation included.
        seconds: f64,
    },
    /// All stages that were asked for have ended.
    Finished {
        /// What the run has come to.
        report: Box<Report>,
    },
    /// What the host keeps of finished work, of run 0: when it was looked up, and when something was kept or deleted.
    Store {
        /// Files that are kept: one for each stage or retrained reference.
        works: usize,
        /// Their size.
        bytes: f64,
        /// Bytes that they may have together.
        room: f64,
        /// How many of the oldest were deleted for the newest one.
        left: usize,
        /// Whether the newest one was not kept because it does not fit, which is said once.
        is_full: bool,
    },
    /// To the question `ask`, or why it cannot be answered.
    Answer {
        /// Number of the question, as the command gave it.
        ask: u32,
        /// The answer, or a sentence that says why there is none.
        answer: Result<Answer, String>,
    },
}

/// Why a device runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// It was asked for.
    Chosen,
    /// What this engine runs on unless told otherwise.
    #[default]
    Default,
    /// It won the probe.
    Faster,
}

/// What ended a stage, a run or an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// There is no graphics adapter that the engine can run on.
    Adapter,
    /// The loss is no finite number any more.
    Diverged,
    /// Something that was asked for cannot be; the sentence says what.
    Input,
    /// The device stopped answering.
    Lost,
    /// An error of the engine's own.
    Panic,
    /// The graphics device computes something else than the CPU.
    SelfTest,
}

/// One figure. Units, directions and plain names of all keys stand in [`crate::METRICS`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The stage that the figure is of.
    pub stage: String,
    /// Which figure it is: a key of [`crate::METRICS`].
    pub key: String,
    /// The figure; over several seeds, their mean.
    pub value: f64,
    /// Over how many samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// Lower and upper end of the 95 % interval (Wilson) of a share of `n` samples, in the unit of the value. Absent
    /// over several seeds: `spread` and `values` say more than the interval of one of them.
    #[serde(default, deserialize_with = "ends", skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Standard deviation over seeds, in the unit of the value; absent with one seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// How many seeds `value` and `spread` are over, of retrained networks how many different ones; absent where
    /// nothing was repeated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<usize>,
    /// In `report.json` only: the figure of each seed in [`Report::played_seeds`], `None` where that run did not come
    /// to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Option<f64>>,
    /// Of a figure of retrained networks: the seed of each, and its own value. Empty for other figures.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<(u64, f64)>,
}

impl Row {
    /// A figure without a number of samples and without a spread.
    pub fn new(stage: &str, key: &str, value: f64) -> Self {
        Self {
            stage: stage.into(),
            key: key.into(),
            value,
            n: None,
            interval: None,
            spread: None,
            seeds: None,
            values: Vec::new(),
            networks: Vec::new(),
        }
    }

    /// A share of `n` samples in percent.
    pub fn share(stage: &str, key: &str, percent: f64, n: usize) -> Self {
        Self { n: Some(n), interval: Some(crate::interval(percent, n)), ..Self::new(stage, key, percent) }
    }
}

/// The ends of an interval. Until format 3 half of its width stood here, which says nothing without its middle.
fn ends<'de, D: Deserializer<'de>>(from: D) -> Result<Option<[f64; 2]>, D::Error> {
    let found = Option::<Value>::deserialize(from)?;
    Ok(found.and_then(|ends| serde_json::from_value(ends).ok()))
}

/// How many samples of a task are for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Samples {
    /// To learn from.
    pub train: usize,
    /// To watch training by and to choose settings.
    pub valid: usize,
    /// For the figures.
    pub test: usize,
}

/// The form of reports, events and stored runs that this build writes. Format 1 had no number in it, and told a
/// variant by a key of its own (`"event": "step"`) where format 2 names it (`"step": {}`). Until format 3 a
/// `report.json` was one [`Report`], or a list of them; it had no value for each seed, and events had no time.
pub const FORMAT: u32 = 3;

/// What a finished run leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`]; reports of format 1 do not say it.
    #[serde(default = "first_format")]
    pub format: u32,
    /// The run file that was played.
    pub spec: RunSpec,
    /// The values that the grid of the run file has set in `spec`, by their keys; empty where there is no grid.
    #[serde(default)]
    pub point: Point,
    /// Version of the engine that played it.
    pub engine: String,
    /// Device that it ran on: `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
    pub device: String,
    /// Seed of the run; of several seeds the first that left a figure. Hashes and curves are its.
    pub seed: u32,
    /// Every seed that left a figure, in playing order.
    #[serde(default)]
    pub played_seeds: Vec<u32>,
    /// Time of the whole run; the sum over several seeds.
    pub seconds: f64,
    /// Hashes of start weights, split and batch order: equal on every device for one run file.
    pub hashes: indexmap::IndexMap<String, String>,
    /// How many samples each task has, by name; empty in reports of earlier builds.
    #[serde(default)]
    pub samples: indexmap::IndexMap<String, Samples>,
    /// The figures of all stages that were played, in playing order.
    pub rows: Vec<Row>,
    /// Results that are no single figures, without the pixels of images; in playing order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exhibits: Vec<Exhibited>,
    /// What to know before trusting the figures, each a sentence with its stage.
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Why runs ended before their last stage, each a sentence; empty where all came to their end.
    #[serde(default)]
    pub unfinished: Vec<String>,
    /// Files that the run left beside its report, by their paths in the folder of results.
    #[serde(default)]
    pub files: Vec<String>,
}

/// What `report.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reports {
    /// [`FORMAT`].
    pub format: u32,
    /// The run file as it was played, with its grid and its repeats, and with what was set on the command line.
    pub run: RunSpec,
    /// One for each point of the grid that left figures.
    pub reports: Vec<Report>,
}

impl Reports {
    /// Reads a `report.json` of this format or an earlier one.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let wrong = |why: String| Wrong::new("report", why);
        let value = strict::json("report", text, &Room::of(usize::MAX))?;
        knows(value.get("format"))?;
        // Run files in it are read as strictly as those of their own.
        let one = |value: Value| {
            let spec = RunSpec::from_value(value["spec"].clone())?;
            let report: Report = serde_json::from_value(value).map_err(|error| wrong(error.to_string()))?;
            Ok::<_, Wrong>(Report { spec, ..report })
        };
        let (run, reports) = match value {
            Value::Array(reports) => (None, reports),
            Value::Object(mut table) if table.contains_key("reports") => {
                let Some(Value::Array(reports)) = table.remove("reports") else {
                    return Err(wrong("`reports` must be a list".into()));
                };
                (Some(RunSpec::from_value(table.remove("run").unwrap_or_default())?), reports)
            }
            value => (None, vec![value]),
        };
        let reports = reports.into_iter().map(one).collect::<Result<Vec<_>, _>>()?;
        let run = run.or_else(|| reports.first().map(|report| report.spec.clone()));
        Ok(Self { format: FORMAT, run: run.ok_or_else(|| wrong("it holds no run".into()))?, reports })
    }

    /// Reads a run file, TOML or JSON, or the one that a `report.json` holds, so that its run can be played again.
    pub fn run_of(text: &str) -> Result<RunSpec, Wrong> {
        if !strict::is_json(text) {
            return RunSpec::read(text);
        }
        let read = strict::json_by("run file", text, outline::Reader(&Room::of(strict::MOST)))?;
        let Outline { mut table, is_report, reports, first } = read;
        if !is_report {
            return RunSpec::from_value(Value::Object(table));
        }
        knows(table.get("format"))?;
        let run = table.shift_remove("run").or(first).or_else(|| table.shift_remove("spec"));
        let run = RunSpec::from_value(run.ok_or_else(|| Wrong::new("report", "it holds no run"))?)?;
        match reports > 1 && run.grid.is_empty() {
            true => Err(Wrong::new("report", "an earlier version wrote it and left the grid out; play its run file")),
            false => Ok(run),
        }
    }
}

/// An error if a report is of a form that this build does not know.
fn knows(format: Option<&Value>) -> Result<(), Wrong> {
    match format.map_or(Some(1), Value::as_u64).filter(|format| (1..=u64::from(FORMAT)).contains(format)) {
        Some(_) => Ok(()),
        None => {
            let why = format!("its format is {}; this Palimpsest knows 1 to {FORMAT}", format.unwrap_or(&Value::Null));
            Err(Wrong::new("report", why))
        }
    }
}

impl Report {
    /// A figure of a stage; `None` where the stage has no such figure.
    pub fn value(&self, stage: &str, key: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.stage == stage && row.key == key).map(|row| row.value)
    }
}

fn first_format() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Widget, samples};
    use serde::de::DeserializeOwned;
    use serde_json::{from_str, from_value, json, to_string, to_value};
    use std::fmt::Debug;

    #[test]
    fn what_is_written_is_read() {
        fn all<T: Serialize + DeserializeOwned + PartialEq + Debug>(values: Vec<T>) {
            for value in values {
                assert_eq!(from_value::<T>(to_value(&value).unwrap()).unwrap(), value);
                assert_eq!(from_str::<T>(&to_string(&value).unwrap()).unwrap(), value);
            }
        }
        all(samples::said());
        all(samples::commands());
        all(samples::controls());
    }

    #[test]
    fn a_variant_is_named_and_one_without_fields_is_a_word() {
        let said = Said { run: 1, stage: Some("a".into()), event: Event::Step { done: 1, of: 2 } };
        assert_eq!(json!(said), json!({ "run": 1, "stage": "a", "event": { "step": { "done": 1, "of": 2 } } }));
        assert_eq!((json!(Event::Resumed), json!(Widget::Toggle)), (json!("resumed"), json!("toggle")));
    }

    #[test]
    fn a_phase_of_an_earlier_build_is_the_stages_own() {
        let read: Event = from_value(json!({ "phase": { "name": "SalUn" } })).unwrap();
        assert_eq!(read, Event::Phase { name: "SalUn".into(), before: false });
    }

    #[test]
    fn a_report_of_another_format_is_refused() {
        let Some(Event::Finished { report }) = samples::said().into_iter().map(|said| said.event).find(finished) else {
            panic!("an engine says it");
        };
        let mut json = json!(report);
        for (format, reads) in [(json!(1), true), (json!(2), true), (json!(4), false), (json!(0), false)] {
            json["format"] = format;
            assert_eq!(Reports::read(&json.to_string()).is_ok(), reads, "{}", json["format"]);
        }
    }

    fn finished(event: &Event) -> bool {
        matches!(event, Event::Finished { .. })
    }
}
