//! How runs and stages end.

use kit::Error;
use spec::{Report, RunSpec};

/// How a run ended.
#[derive(Debug)]
pub enum Ended {
    /// All stages were played.
    Finished(Box<Report>),
    /// The user stopped it; the stages before are kept, and the report is of them.
    Cancelled(Box<Report>),
    /// A stage failed, the first one by this error; those that do not stand on it were played, and the report is of
    /// them. Where the device is lost, nothing more was.
    Failed(Box<Report>, Error),
}

/// A stage that did not come to its end.
pub struct End {
    /// Its place in the run file.
    pub index: usize,
    pub why: Why,
}

/// Why a stage did not come to its end.
pub enum Why {
    /// By this error.
    Failed(Error),
    /// It was skipped: it stands on this stage.
    StandsOn(String),
}

impl End {
    /// Why it did not, with its name.
    pub fn sentence(&self, spec: &RunSpec) -> String {
        let name = spec.stage_name(self.index);
        match &self.why {
            Why::Failed(Error::Cancelled) => format!("stage.{name}: it was stopped"),
            Why::Failed(Error::Input(wrong)) if wrong.what.starts_with("stage.") => wrong.to_string(),
            Why::Failed(error) => format!("stage.{name}: {error}"),
            Why::StandsOn(other) => format!("stage.{name}: it was skipped, as it stands on \"{other}\""),
        }
    }

    /// The error that a run is said to have failed by: that which ended it, else the first one.
    pub fn worst(ends: Vec<Self>) -> Option<Error> {
        let errors = ends.into_iter().filter_map(|end| match end.why {
            Why::Failed(error) => Some(error),
            Why::StandsOn(_) => None,
        });
        errors.reduce(|first, next| if ends_all(&next) { next } else { first })
    }
}

/// Whether nothing more is played behind a stage that failed so.
pub fn ends_all(error: &Error) -> bool {
    matches!(error, Error::Cancelled | Error::DeviceLost(_))
}
