use spec::Wrong;
use std::io::{self, ErrorKind};

/// Why a command did not come to its end.
#[derive(Debug)]
pub enum Stop {
    /// What was asked for cannot be.
    Bad(String),
    /// A run or the machine failed.
    Failed(String),
    /// By the user, or because nobody reads the output any more.
    Interrupted,
}

impl Stop {
    /// The command's exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Bad(_) => 2,
            Self::Failed(_) => 1,
            Self::Interrupted => 130,
        }
    }

    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Bad(message) | Self::Failed(message) => Some(message),
            Self::Interrupted => None,
        }
    }
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Bad(wrong.to_string())
    }
}

impl From<engine::Error> for Stop {
    fn from(error: engine::Error) -> Self {
        match error {
            engine::Error::Cancelled => Self::Interrupted,
            engine::Error::Input(wrong) => wrong.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Interrupted,
            _ => Self::Failed(error.to_string()),
        }
    }
}
