use crate::read::{by_json, variants, words};
use crate::{RunSpec, fields};
use serde::Serialize;
use serde_json::Value;

/// Every event travels in this envelope, so that a late event of a cancelled run is dropped and a curve finds its
/// stage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Said {
    pub run: u32,
    /// The stage's `as`, else its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    pub event: Event,
}

fields!(Said { run, stage, event });
by_json!(Said);

/// What a run says; ten ticks a second at most.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The worker's code runs and listens; nothing was opened yet.
    Alive {
        engine: String,
    },
    /// The device is open and, for a graphics device, checked.
    Ready {
        /// `cpu`, `webgpu`, `vulkan`, `metal` or `cuda`.
        device: String,
        /// The adapter's name, empty on CPU.
        adapter: String,
        /// An adapter that is emulated on the CPU.
        software: bool,
        why: Why,
        /// By how much it won the probe, where there was one.
        times: Option<f64>,
        /// `why` as a sentence.
        message: String,
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
        seconds: Vec<Option<f64>>,
    },
    Stage {
        index: usize,
        of: usize,
        id: String,
    },
    /// What the stage is at: its own training, or "retrained 2 of 3".
    Phase {
        name: String,
    },
    Step {
        done: usize,
        of: usize,
    },
    Scalar {
        series: String,
        step: usize,
        value: f32,
    },
    /// The network's answers. Series `test` is the whole test split, `attacked` the attacked one.
    Answers {
        series: String,
        ids: Vec<u32>,
        labels: Vec<u16>,
        classes: Vec<u16>,
        /// Of the answer, 0 to 1.
        confidences: Vec<f32>,
        /// Of the second guess: "unsure" is a difference below 0.1.
        runners_up: Vec<f32>,
    },
    /// Accuracy of every class in percent; `null` where the split has none of it.
    Classes {
        series: String,
        values: Vec<Option<f32>>,
    },
    /// f32 pixels follow beside the message, `shape` is `[n, channels, height, width]`.
    Images {
        series: String,
        shape: [usize; 4],
        ids: Vec<u32>,
    },
    /// This stage's weights follow beside the message (safetensors): the page keeps them.
    Saved {
        step: usize,
    },
    /// A fact that is no trouble: a new last layer.
    Note {
        message: String,
    },
    Warning {
        message: String,
    },
    Paused {
        step: usize,
    },
    Resumed,
    /// What happened, as a word and as a sentence, the step at which, which step's weights are kept, and a setting that
    /// may cure it.
    Failed {
        cause: Cause,
        message: String,
        step: Option<usize>,
        kept: Option<usize>,
        cure: Option<(String, Value)>,
    },
    Cancelled {
        step: usize,
    },
    StageDone {
        rows: Vec<Row>,
        seconds: f64,
    },
    Finished {
        report: Box<Report>,
    },
    /// To a question. `error` instead of a body when it cannot be answered.
    Answer {
        ask: u32,
        body: Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
}

variants!(Event by "event" {
    "alive" => Alive { engine },
    "ready" => Ready { device, adapter, software, why, times, message },
    "prepared" => Prepared { parameters, layers, classes },
    "estimate" => Estimate { seconds },
    "stage" => Stage { index, of, id },
    "phase" => Phase { name },
    "step" => Step { done, of },
    "scalar" => Scalar { series, step, value },
    "answers" => Answers { series, ids, labels, classes, confidences, runners_up },
    "classes" => Classes { series, values },
    "images" => Images { series, shape, ids },
    "saved" => Saved { step },
    "note" => Note { message },
    "warning" => Warning { message },
    "paused" => Paused { step },
    "resumed" => Resumed,
    "failed" => Failed { cause, message, step, kept, cure },
    "cancelled" => Cancelled { step },
    "stage_done" => StageDone { rows, seconds },
    "finished" => Finished { report },
    "answer" => Answer { ask, body, error },
});

/// Why a device runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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

words!(Why { "chosen" => Chosen, "default" => Default, "faster" => Faster, });

/// What ended a stage, a run or an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

words!(Cause {
    "adapter" => Adapter,
    "diverged" => Diverged,
    "input" => Input,
    "lost" => Lost,
    "panic" => Panic,
    "self_test" => SelfTest,
});

/// One figure. Units, directions and plain names of all keys stand in [`crate::METRICS`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The stage that the figure is of.
    pub stage: String,
    pub key: String,
    pub value: f64,
    /// Over how many samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<usize>,
    /// Half-width of the 95 % interval (Wilson) of a share of `n` samples, in the unit of the value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<f64>,
    /// Standard deviation over seeds, and how many seeds; absent with one seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<usize>,
}

fields!(Row { stage, key, value, n, interval, spread, seeds });

impl Row {
    pub fn new(stage: &str, key: &str, value: f64) -> Self {
        Self { stage: stage.into(), key: key.into(), value, n: None, interval: None, spread: None, seeds: None }
    }

    /// A share of `n` samples in percent.
    pub fn share(stage: &str, key: &str, percent: f64, n: usize) -> Self {
        Self { n: Some(n), interval: Some(crate::half_width(percent, n)), ..Self::new(stage, key, percent) }
    }
}

/// What a finished run leaves.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub spec: RunSpec,
    pub engine: String,
    pub device: String,
    pub seed: u32,
    pub seconds: f64,
    /// Hashes of start weights, split and batch order: equal on every device for one run file.
    pub hashes: indexmap::IndexMap<String, String>,
    pub rows: Vec<Row>,
}

fields!(Report { spec, engine, device, seed, seconds, hashes, rows });
by_json!(Report);

impl Report {
    pub fn value(&self, stage: &str, key: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.stage == stage && row.key == key).map(|row| row.value)
    }
}
