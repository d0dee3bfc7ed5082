use crate::signals;
use spec::Wrong;
use std::io::{self, ErrorKind};

/// Why a command did not come to its end.
#[derive(Debug)]
pub enum Stop {
    /// What was asked for cannot be.
    Bad(String),
    /// A run or the machine failed.
    Failed(String),
    /// By a signal, whose number this is: the user's, or a scheduler's.
    Signal(i32),
    /// Nobody reads the output any more.
    Closed,
}

impl Stop {
    /// The command's exit code.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Bad(_) => 2,
            Self::Failed(_) => 1,
            // As a shell says it of a program that a signal ended; 13 is that of a closed pipe.
            Self::Signal(signal) => (128 + *signal) as u8,
            Self::Closed => 128 + 13,
        }
    }

    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Bad(message) | Self::Failed(message) => Some(message),
            Self::Signal(_) | Self::Closed => None,
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
            engine::Error::Cancelled => Self::Signal(signals::came().unwrap_or(2)),
            engine::Error::Input(wrong) => wrong.into(),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::Failed(format!("standard output takes no more ({error})")),
        }
    }
}
