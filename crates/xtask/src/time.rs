//! What a part of a build took.

use anyhow::Result;
use std::time::{Duration, Instant};

/// Does a part and, if `shown`, prints its time by the clock, and the time that processors worked for it.
#[allow(clippy::disallowed_methods, reason = "natively there is a clock")]
pub fn part<T>(shown: bool, name: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
    let (began, worked) = (Instant::now(), processors());
    let result = act();
    if shown {
        let worked = processors().zip(worked).map(|(now, before)| now.saturating_sub(before));
        let worked =
            worked.map_or_else(String::new, |worked| format!(", user and system {:.1} s", worked.as_secs_f64()));
        println!("-- {name}: {:.1} s{worked}", began.elapsed().as_secs_f64());
    }
    result
}

/// User and system time of this program and of those it has started and waited for.
#[cfg(unix)]
fn processors() -> Option<Duration> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let all = [UsageWho::RUSAGE_SELF, UsageWho::RUSAGE_CHILDREN].map(getrusage);
    all.into_iter().try_fold(Duration::ZERO, |sum, usage| {
        let usage = usage.ok()?;
        let worked = usage.user_time() + usage.system_time();
        Some(sum + Duration::from_micros(u64::try_from(worked.num_microseconds()).ok()?))
    })
}

/// Windows says it of one program at a time only.
#[cfg(not(unix))]
fn processors() -> Option<Duration> {
    None
}
