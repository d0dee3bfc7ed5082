use crate::{Answer, Answers, RunSpec, Wrong};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Every event travels in this envelope, so that a late event of a cancelled run is dropped and a curve finds its
/// stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    pub run: u32,
    /// The stage's `as`, else its index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    pub event: Event,
}

/// What a run says; ten ticks a second at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The worker's code runs and listens; nothing was opened yet.
    Alive {
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
        answers: Answers,
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
    /// To the question `ask`, or why it cannot be answered.
    Answer {
        ask: u32,
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

impl Row {
    pub fn new(stage: &str, key: &str, value: f64) -> Self {
        Self { stage: stage.into(), key: key.into(), value, n: None, interval: None, spread: None, seeds: None }
    }

    /// A share of `n` samples in percent.
    pub fn share(stage: &str, key: &str, percent: f64, n: usize) -> Self {
        Self { n: Some(n), interval: Some(crate::half_width(percent, n)), ..Self::new(stage, key, percent) }
    }
}

/// The form of reports, events and stored runs that this build writes. Format 1 had no number in it, and told a
/// variant by a key of its own (`"event": "step"`) where format 2 names it (`"step": {}`).
pub const FORMAT: u32 = 2;

/// What a finished run leaves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`]; reports of format 1 do not say it.
    #[serde(default = "first_format")]
    pub format: u32,
    pub spec: RunSpec,
    pub engine: String,
    pub device: String,
    pub seed: u32,
    pub seconds: f64,
    /// Hashes of start weights, split and batch order: equal on every device for one run file.
    pub hashes: indexmap::IndexMap<String, String>,
    pub rows: Vec<Row>,
}

impl Report {
    /// Reads a `report.json` of this format or an earlier one.
    pub fn read(text: &str) -> Result<Self, Wrong> {
        let wrong = |why: String| Wrong::new("report", why);
        let report: Self = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        match report.format {
            1..=FORMAT => Ok(report),
            other => Err(wrong(format!("its format is {other}; this Palimpsest knows 1 to {FORMAT}"))),
        }
    }

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
    fn a_report_of_another_format_is_refused() {
        let Some(Event::Finished { report }) = samples::said().into_iter().map(|said| said.event).find(finished) else {
            panic!("an engine says it");
        };
        let mut json = json!(report);
        for (format, reads) in [(json!(1), true), (json!(2), true), (json!(3), false), (json!(0), false)] {
            json["format"] = format;
            assert_eq!(Report::read(&json.to_string()).is_ok(), reads, "{}", json["format"]);
        }
    }

    fn finished(event: &Event) -> bool {
        matches!(event, Event::Finished { .. })
    }
}
