//! The clock of this machine, which the engine does without.
#![allow(clippy::disallowed_methods, reason = "the command line has a clock")]

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// This moment, to measure from.
pub fn instant() -> Instant {
    Instant::now()
}

/// This moment, in UTC: "2026-01-31T12:00:00.000Z".
pub fn utc() -> String {
    humantime::format_rfc3339_millis(SystemTime::now()).to_string()
}

/// Since 1970.
pub fn nanoseconds() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos())
}

/// How long ago a file was written last; `None` if that is not known.
pub fn age(path: &Path) -> Option<Duration> {
    path.metadata().ok()?.modified().ok()?.elapsed().ok()
}
