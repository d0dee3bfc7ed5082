//! The errors of kit, methods and engine.

use spec::{Cause, Wrong};

/// A result whose error is [`Error`].
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a stage ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The user stopped the run.
    #[error("cancelled")]
    Cancelled,
    /// The input is wrong: what is wrong with it, and what would be right.
    #[error("{0}")]
    Input(#[from] Wrong),
    /// The training loss became infinite or NaN, at a step after the first one.
    #[error("the loss is not finite at step {step}")]
    Diverged {
        /// The step whose loss it was, counted from zero.
        step: usize,
    },
    /// The loss of the first step is infinite or NaN, before any weight was changed.
    #[error(
        "the loss is not finite before anything is learned: the network that it starts from has weights that are no \
         numbers, or too large"
    )]
    BadStart,
    /// A network answers samples with no number.
    #[error(
        "the network's answers to {samples} of {of} samples are no numbers: its weights are too large, or its file is \
         damaged"
    )]
    NoNumbers {
        /// How many samples it answers so.
        samples: usize,
        /// How many it was asked about.
        of: usize,
    },
    /// A transfer from the device failed. The payload is the backend's own message.
    #[error("the device stopped answering: {0}")]
    DeviceLost(String),
    /// No graphics device can be opened.
    #[error("{0}")]
    Adapter(String),
    /// The graphics device computes other values than the CPU.
    #[error("{0}")]
    SelfTest(String),
}

impl Error {
    /// Wrong input: `what` names the place (a key path, a file), `why` is the rest of the sentence.
    pub fn input(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Input(Wrong::new(what, why))
    }

    /// The same error at a key of `at`, if its place is a bare key such as `loss`.
    pub fn under(self, at: &str) -> Self {
        match self {
            Self::Input(wrong) if wrong.what.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                Self::Input(Wrong { what: format!("{at}.{}", wrong.what), ..wrong })
            }
            other => other,
        }
    }

    /// The same error of the stage with this name: a method names its settings by its own `id`, the run file by the
    /// stage.
    pub fn of_stage(self, id: &str, name: &str) -> Self {
        match self {
            Self::Input(wrong) => Self::Input(match wrong.what.strip_prefix(id) {
                Some(key) => Wrong { what: format!("stage.{name}{key}"), ..wrong },
                None => wrong,
            }),
            other => other,
        }
    }

    /// A failed transfer from the device.
    pub fn lost(error: impl std::fmt::Debug) -> Self {
        Self::DeviceLost(format!("{error:?}"))
    }

    /// The kind of failure that is reported; `None` for a cancelled run, which is not a failure.
    pub const fn cause(&self) -> Option<Cause> {
        Some(match self {
            Self::Cancelled => return None,
            Self::Input(_) | Self::NoNumbers { .. } | Self::BadStart => Cause::Input,
            Self::Diverged { .. } => Cause::Diverged,
            Self::DeviceLost(_) => Cause::Lost,
            Self::Adapter(_) => Cause::Adapter,
            Self::SelfTest(_) => Cause::SelfTest,
        })
    }
}
