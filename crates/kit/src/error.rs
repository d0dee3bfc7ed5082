use spec::Wrong;

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
}

impl Error {
    pub fn input(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Input(Wrong::new(what, why))
    }
}
