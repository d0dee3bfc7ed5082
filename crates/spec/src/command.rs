use crate::{Question, RunSpec};
use serde::{Deserialize, Serialize};

/// From page to worker. Pixels and weights travel beside a message, as transferable buffers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Import {
    /// A finished stage's weights (safetensors); the name is the stage's.
    Weights,
    /// A source network in `static/weights` or dropped by the visitor; the name is that of `model.weights`.
    Source,
    /// An IDX file, plain or gzip; the name is the one that the task's `images` or `labels` gives.
    Data,
}
