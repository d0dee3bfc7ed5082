use crate::read::{variants, words};
use crate::{Pick, RunSpec};
use serde::Serialize;

/// From page to worker. Pixels and weights travel beside a message, as transferable buffers.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Starts a run. `first` is the index of the first stage to play, `last` of the last; the stages before `first`
    /// must have left their models in the worker (played or imported under their names), and are not played again.
    Run {
        run: u32,
        spec: RunSpec,
        first: usize,
        last: Option<usize>,
        /// Start paused, before the first step (the page's Step button on an idle layer).
        paused: bool,
    },
    Pause {
        run: u32,
    },
    /// One training or attack step, then pause again.
    Step {
        run: u32,
    },
    Resume {
        run: u32,
    },
    Cancel {
        run: u32,
    },
    /// Answered between two steps, from the model last published under this stage's name
    /// (`"start"` is the source network; absent: the latest).
    Ask {
        ask: u32,
        stage: Option<String>,
        /// Ask the base alone, with the model's adapters off.
        base: bool,
        question: Question,
    },
    /// Builds a run's data and source network, so that questions can be asked of it before anything is played.
    /// Checks the whole run. Says `Prepared`; then, when nothing else is to be done, `Estimate`.
    Prepare {
        run: u32,
        spec: RunSpec,
    },
    /// Bytes beside the message. Weights: the model of a stage of that name, as `Saved` gave it.
    Import {
        name: String,
        what: Import,
    },
    /// The worker chooses its device: `auto`, `cpu` or `webgpu`; `plain`: burn's own operations alone. Sent once,
    /// first.
    Open {
        device: crate::DeviceChoice,
        plain: bool,
    },
}

variants!(Command by "command" {
    "run" => Run { run, spec, first, last, paused },
    "pause" => Pause { run },
    "step" => Step { run },
    "resume" => Resume { run },
    "cancel" => Cancel { run },
    "ask" => Ask { ask, stage, base, question },
    "prepare" => Prepare { run, spec },
    "import" => Import { name, what },
    "open" => Open { device, plain },
});

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Import {
    /// A finished stage's weights (safetensors); the name is the stage's.
    Weights,
    /// A source network in `static/weights` or dropped by the visitor; the name is that of `model.weights`.
    Source,
    /// An IDX file, plain or gzip; the name is the one that the task's `images` or `labels` gives.
    Data,
}

words!(Import {
    "weights" => Weights,
    "source" => Source,
    "data" => Data,
});

/// Answers arrive as `Event::Answer`; every list is in the order of the question.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Question {
    /// Pixels beside the message: f32, `[n, channels, height, width]`, 0 to 1. Answer: `{ "probabilities": [[p;
    /// classes]; n] }`.
    Predict,
    /// Attacks these samples of a task. Answer: `{ "labels", "clean": [[p]], "attacked": [[p]], "walk": [[p of the
    /// label after each step]], "queries" }`; beside it two buffers of f32 pixels: clean, attacked.
    Attack { method: Pick, task: String, samples: Vec<u32> },
    /// Accuracy of the first `n` test samples under the attack at each budget. Answer: `{ "accuracy": [..], "n" }`.
    Curve { method: Pick, task: String, epsilons: Vec<f64>, n: usize },
    /// Two-dimensional sets. Answer: `{ "low": [x, y], "high": [x, y], "size" }`, beside it u8 classes, row after row
    /// from the top left, and u8 confidences (255 is 1).
    Boundary { size: u32 },
    /// The last hidden layer's features of the test split by principal components. Answer: `{ "ids", "labels", "xy":
    /// [[x, y]] }`.
    Embed { task: String },
    /// Answer: `{ "ids", "labels", "shape": [n, channels, height, width] }`, beside it f32 pixels.
    Samples { task: String, ids: Vec<u32> },
    /// The `n` training images of a task whose pixels lie nearest to a sample's, nearest first. Answer: as `Samples`.
    Nearest { task: String, id: u32, n: usize },
    /// Answers of the model on a task's test split. Answer: `{ "ids", "labels", "classes", "confidences",
    /// "runners_up" }`.
    Test { task: String },
    /// Merges the adapters into the weights and compares the two on a task's test split. Answer: `{ "largest",
    /// "changed", "n" }`: the largest change of any logit, and how many of `n` answers are others.
    Merge { task: String },
    /// The model with its adapters merged, as PyTorch loads it. Answer: `{ "name", "parameters" }`, beside it the
    /// safetensors file.
    Export,
    /// The adapters alone, as PEFT loads them. Answer: `adapter_config.json`, beside it `adapter_model.safetensors`;
    /// `null` of a model without adapters.
    Adapter,
}

variants!(Question by "type" {
    "predict" => Predict,
    "attack" => Attack { method, task, samples },
    "curve" => Curve { method, task, epsilons, n },
    "boundary" => Boundary { size },
    "embed" => Embed { task },
    "samples" => Samples { task, ids },
    "nearest" => Nearest { task, id, n },
    "test" => Test { task },
    "merge" => Merge { task },
    "export" => Export,
    "adapter" => Adapter,
});
