//! Signals that end a run: Ctrl-C, a scheduler's SIGTERM, a terminal that closes.

use crate::out;
use crate::stop::Stop;
use std::sync::atomic::{AtomicI32, Ordering};

/// The first signal that came; 0 for none.
static FIRST: AtomicI32 = AtomicI32::new(0);

/// From here on the first signal cancels the run within a step, and what was finished is kept. A second one ends the
/// process at once, and what it was writing goes.
pub fn heed() -> Result<(), Stop> {
    listen().map_err(|error| Stop::Failed(format!("Ctrl-C cannot be heard ({error})")))
}

/// The signal that came, if one did.
pub fn came() -> Option<i32> {
    Some(FIRST.load(Ordering::Relaxed)).filter(|signal| *signal != 0)
}

fn take(signal: i32) {
    if FIRST.swap(signal, Ordering::Relaxed) != 0 {
        out::discard();
        std::process::exit(128 + signal);
    }
}

/// A handler of our own is also called in a process with number 1, as in a container, where the system ignores these
/// signals otherwise.
#[cfg(unix)]
fn listen() -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut wanted = vec![SIGINT, SIGTERM];
    // `nohup` starts a program with this signal ignored, and that has to stay so.
    if !is_ignored(SIGHUP) {
        wanted.push(SIGHUP);
    }
    let mut signals = signal_hook::iterator::Signals::new(wanted)?;
    std::thread::spawn(move || signals.forever().for_each(take));
    Ok(())
}

#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let mut now = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only writes the present one; all zeros are a valid one if it fails.
    let now = unsafe {
        libc::sigaction(signal, std::ptr::null(), now.as_mut_ptr());
        now.assume_init()
    };
    now.sa_sigaction == libc::SIG_IGN
}

#[cfg(not(unix))]
fn listen() -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(|| take(2))
}
