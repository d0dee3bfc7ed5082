use crate::{Question, RunSpec};
use serde::{Deserialize, Serialize};

/// From page to worker. Pixels and weights travel beside a message, as transferable buffers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Starts a run. The stages before `first` must have left their models in the worker (played or imported under
    /// their names), and are not played again.
    Run {
        /// Number of the run, as the page chose it. Its events carry it.
        run: u32,
        /// The whole run, also where only some of its stages are played.
        spec: RunSpec,
        /// Index of the first stage to play, from 0.
        first: usize,
        /// Index of the last stage to play; absent: the run's last.
        last: Option<usize>,
        /// Pause after the first step (the page's Step button on an idle layer).
        paused: bool,
    },
    /// Pauses a run after the step in hand.
    Pause {
        /// Number of the run, as the page chose it.
        run: u32,
    },
    /// One training or attack step, then pause again.
    Step {
        /// Number of the run, as the page chose it.
        run: u32,
    },
    /// Lets a paused run go on.
    Resume {
        /// Number of the run, as the page chose it.
        run: u32,
    },
    /// Stops a run after the step in hand, or before its first stage where it has not begun. The stages before are
    /// kept.
    Cancel {
        /// Number of the run, as the page chose it.
        run: u32,
    },
    /// Answered between two steps, from the model last published under this stage's name
    /// (`"start"` is the source network; absent: the latest).
    Ask {
        /// Number of the question, which its answer repeats.
        ask: u32,
        /// Name of the stage whose model is asked.
        stage: Option<String>,
        /// Ask the base alone, with the model's adapters off.
        base: bool,
        /// What to find out about the model.
        question: Question,
    },
    /// Builds a run's data and source network, so that questions can be asked of it before anything is played.
    /// Checks the whole run. Says `Prepared`; then, when nothing else is to be done, `Estimate`.
    Prepare {
        /// Number of the preparation, as the page chose it. Its events carry it.
        run: u32,
        /// The whole run.
        spec: RunSpec,
    },
    /// Says again what is kept of stages from earlier visits, as if they were played in this run. Nothing is played,
    /// and nothing is said of a stage of which nothing is kept.
    Recall {
        /// Number of the run, as the page chose it. Its events carry it.
        run: u32,
        /// The whole run.
        spec: RunSpec,
        /// Indices of the stages that the page knows nothing of, in the order of the run file.
        stages: Vec<usize>,
    },
    /// Deletes what is kept of a stage: its result shall not come back.
    Forget {
        /// The whole run.
        spec: RunSpec,
        /// Index of the stage.
        stage: usize,
    },
    /// Deletes all finished work that is kept.
    Clear,
    /// Bytes beside the message. Weights: the model of a stage of that name, as `Saved` gave it.
    Import {
        /// The name under which the worker keeps the file; [`Import`] says which.
        name: String,
        /// Whether it is weights, a source network or data.
        what: Import,
    },
    /// Opens the worker's device: `auto`, `cpu` or `webgpu`. Sent once, first.
    Open {
        /// The device that was asked for. A worker that was built for WebGPU measures for `auto` whether the CPU is
        /// faster, and else opens WebGPU; one that was built for the CPU always opens the CPU.
        device: crate::DeviceChoice,
        /// Compute with burn's own operations alone, to compare results and speed.
        plain: bool,
    },
}

/// What kind of file is handed to the worker.
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
