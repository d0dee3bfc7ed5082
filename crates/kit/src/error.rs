use spec::{Cause, Wrong};

pub type Result<T = ()> = std::result::Result<T, Error>;

/// Why a stage ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cancelled")]
    Cancelled,
    /// What was wrong, and what would be right.
    #[error("{0}")]
    Input(#[from] Wrong),
    #[error("the loss is not finite at step {step}")]
    Diverged { step: usize },
    #[error("the device stopped answering: {0}")]
    DeviceLost(String),
    /// No graphics device can be opened.
    #[error("{0}")]
    Adapter(String),
    /// The graphics device computes something else than the CPU.
    #[error("{0}")]
    SelfTest(String),
}

impl Error {
    pub fn input(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Input(Wrong::new(what, why))
    }

    /// None of what was cancelled: that is no failure.
    pub const fn cause(&self) -> Option<Cause> {
        Some(match self {
            Self::Cancelled => return None,
            Self::Input(_) => Cause::Input,
            Self::Diverged { .. } => Cause::Diverged,
            Self::DeviceLost(_) => Cause::Lost,
            Self::Adapter(_) => Cause::Adapter,
            Self::SelfTest(_) => Cause::SelfTest,
        })
    }
}
