//! Answers by the kind of their question.

use serde_json::Value;
use spec::{Question, Read, read};

/// The answer to a question. Lists are in the order of the question; pixels come beside it as buffers.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// `[n, classes]` of shares, 0 to 1.
    Predict {
        probabilities: Vec<Vec<f64>>,
    },
    /// Two buffers of f32 pixels beside it: clean and attacked.
    Attack {
        labels: Vec<u16>,
        /// `[n, classes]` of shares, 0 to 1.
        clean: Vec<Vec<f64>>,
        attacked: Vec<Vec<f64>>,
        /// Confidence in the label after each step, `[n, steps + 1]`.
        walk: Vec<Vec<f64>>,
        queries: u64,
    },
    /// Accuracy in percent at each budget, over `n` samples.
    Curve {
        accuracy: Vec<f64>,
        n: usize,
    },
    /// `size * size` u8 classes beside it, row after row from the top left, then as many u8 confidences.
    Boundary {
        low: [f64; 2],
        high: [f64; 2],
        size: u32,
    },
    Embed {
        ids: Vec<u32>,
        labels: Vec<u16>,
        xy: Vec<[f64; 2]>,
    },
    /// Of `Samples` and `Nearest`. f32 pixels beside it; `shape` is `[n, channels, height, width]`.
    Samples {
        ids: Vec<u32>,
        labels: Vec<u16>,
        shape: [usize; 4],
    },
    Test {
        ids: Vec<u32>,
        labels: Vec<u16>,
        classes: Vec<u16>,
        /// Of the answer, 0 to 1.
        confidences: Vec<f32>,
        /// Of the second guess.
        runners_up: Vec<f32>,
    },
    /// The largest change of a logit, and how many of `n` answers are others.
    Merge {
        largest: f64,
        changed: usize,
        n: usize,
    },
    /// The safetensors file beside it.
    Export {
        name: String,
        parameters: usize,
    },
    /// `adapter_config.json`, and its safetensors file beside it; `None` of a model without adapters.
    Adapter(Option<Value>),
}

impl Answer {
    /// The body of an answer; `None` if it is not of the question's form.
    pub fn read(question: &Question, mut body: Value) -> Option<Self> {
        if matches!(question, Question::Adapter) {
            return Some(Self::Adapter((!body.is_null()).then_some(body)));
        }
        let mut of = Body(body.as_object_mut()?);
        Some(match question {
            Question::Predict => Self::Predict { probabilities: of.take("probabilities")? },
            Question::Attack { .. } => Self::Attack {
                labels: of.take("labels")?,
                clean: of.take("clean")?,
                attacked: of.take("attacked")?,
                walk: of.take("walk")?,
                queries: of.take::<usize>("queries")? as u64,
            },
            Question::Curve { .. } => Self::Curve { accuracy: of.take("accuracy")?, n: of.take("n")? },
            Question::Boundary { .. } => {
                Self::Boundary { low: of.take("low")?, high: of.take("high")?, size: of.take("size")? }
            }
            Question::Embed { .. } => {
                Self::Embed { ids: of.take("ids")?, labels: of.take("labels")?, xy: of.take("xy")? }
            }
            Question::Samples { .. } | Question::Nearest { .. } => {
                Self::Samples { ids: of.take("ids")?, labels: of.take("labels")?, shape: of.take("shape")? }
            }
            Question::Test { .. } => Self::Test {
                ids: of.take("ids")?,
                labels: of.take("labels")?,
                classes: of.take("classes")?,
                confidences: of.take("confidences")?,
                runners_up: of.take("runners_up")?,
            },
            Question::Merge { .. } => {
                Self::Merge { largest: of.take("largest")?, changed: of.take("changed")?, n: of.take("n")? }
            }
            Question::Export => Self::Export { name: of.take("name")?, parameters: of.take("parameters")? },
            Question::Adapter => unreachable!("answered above"),
        })
    }
}

struct Body<'a>(&'a mut serde_json::Map<String, Value>);

impl Body<'_> {
    fn take<T: Read>(&mut self, key: &str) -> Option<T> {
        read(self.0.get_mut(key)?.take()).ok()
    }
}
