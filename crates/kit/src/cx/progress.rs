//! The progress of a stage: how many steps were done, when to send a message or to yield to the event loop, and how
//! long a step takes.

use crate::host::Gate;
use std::rc::Rc;

/// Seconds after which the loop yields to the event loop: one frame at 60 Hz.
const TURN: f64 = 0.016;

/// Seconds between two progress messages. Losses are read from the device as often.
const MESSAGE: f64 = 0.1;

/// Largest number of steps that are queued on the device before their losses are read.
const MOST_AHEAD: usize = super::losses::CAPACITY;

/// Steps, times and the user's pause.
pub struct Progress {
    /// The user's pause, single step and cancel.
    pub gate: Rc<Gate>,
    /// Training steps that the stage has taken.
    pub steps: usize,
    /// Seconds that the stage has spent in evaluation. They are left out of its reported time, as in papers.
    pub evaluating: f64,
    /// Seconds that an earlier program spent on trainings that were gone on with from a checkpoint.
    pub earlier: f64,
    /// Seconds that the run has waited: for its user, or for another program that is at the same work.
    pub waited: f64,
    /// The part of the stage that the steps are counted in.
    pub part: Part,
    /// Whether the steps of an attack count as steps of the stage. False in adversarial training, where an attack is
    /// part of a training step.
    pub counts_attack_steps: bool,
    /// Measures the time of a step. If it is set, no events are sent, and the loop is stopped after a few steps.
    pub pace: Option<Pace>,
    /// When the loop last yielded to the event loop, in seconds of the host's clock; so are the other times.
    turned: f64,
    /// When the last progress message was sent.
    said: f64,
    /// When losses were read last. A graphics device may not have executed the steps queued since then.
    read: f64,
    /// Steps that were queued since then, and how many may be before losses are read again.
    ahead: usize,
    most_ahead: usize,
}

/// One of several equal parts of a stage, such as a chunk of the images under attack.
#[derive(Clone, Copy)]
pub struct Part {
    /// Its index among the parts.
    pub at: usize,
    /// How many parts there are.
    pub of: usize,
}

impl Part {
    /// The stage as one part.
    pub const WHOLE: Self = Self { at: 0, of: 1 };
}

impl Progress {
    pub(super) fn new(gate: Rc<Gate>, now: f64) -> Self {
        Self {
            gate,
            steps: 0,
            evaluating: 0.0,
            earlier: 0.0,
            waited: 0.0,
            part: Part::WHOLE,
            counts_attack_steps: false,
            pace: None,
            turned: now,
            said: now,
            read: now,
            ahead: 0,
            most_ahead: 1,
        }
    }

    /// Steps done and steps in all of the whole stage, from those of the current part.
    pub(super) fn in_stage(&self, done: usize, of: usize) -> (usize, usize) {
        (self.part.at * of + done, self.part.of * of)
    }

    /// Whether a step belongs to the loop whose pace is measured. Time to prepare the loop counts as part of its first
    /// step.
    pub(super) fn is_measured(&self) -> bool {
        self.pace.is_some() && (self.counts_attack_steps || self.steps > 0)
    }

    /// Whether a message is due. The first step is reported at once, because the user waits for it.
    pub(super) fn message_is_due(&self, now: f64, done: usize, of: usize) -> bool {
        now - self.said >= MESSAGE || done == 1 || done == of
    }

    pub(super) fn message_was_sent(&mut self, now: f64) {
        self.said = now;
    }

    /// Counts a queued step. True if so many are queued that losses have to be read.
    pub(super) fn begin_step(&mut self) -> bool {
        self.ahead += 1;
        self.ahead >= self.most_ahead
    }

    /// Notes that losses were read at `now`. Until the next reading, as many steps may be queued as fit between two
    /// messages, estimated from the time of those just read, and at most twice as many as before.
    pub(super) fn losses_were_read(&mut self, now: f64) {
        let fit = MESSAGE / ((now - self.read) / self.ahead as f64).max(1e-9);
        self.most_ahead = (fit as usize).clamp(1, (2 * self.most_ahead).min(MOST_AHEAD));
        (self.read, self.ahead) = (now, 0);
    }

    pub(super) fn turn_is_due(&self, now: f64) -> bool {
        now - self.turned >= TURN
    }

    pub(super) fn event_loop_turned(&mut self, now: f64) {
        self.turned = now;
    }
}

/// How fast a loop is, measured on its first steps.
#[derive(Clone, Copy, Default)]
pub struct Pace {
    /// Seconds until the first step was done, with set-up such as uploads and compilation.
    first: f64,
    /// The steps after the first one.
    others: Steps,
    /// How many steps the whole loop has.
    pub of: usize,
    /// When the current step began.
    mark: f64,
}

/// A number of steps, and the seconds they took together.
#[derive(Clone, Copy, Default)]
struct Steps {
    count: usize,
    seconds: f64,
}

impl Pace {
    /// The measurement ends after so many steps, not counting the first one, …
    const ENOUGH_STEPS: usize = 8;
    /// … or once these took so many seconds.
    const ENOUGH_SECONDS: f64 = 0.02;

    /// A measurement that begins at `now`.
    pub(super) fn new(now: f64) -> Self {
        Self { mark: now, ..Self::default() }
    }

    /// Estimated seconds of the loop, if it had so many steps.
    pub fn seconds(&self, steps: f64) -> f64 {
        let Steps { count, seconds } = self.others;
        self.first + (steps - 1.0).max(0.0) * if count > 0 { seconds / count as f64 } else { self.first }
    }

    /// The next step begins at `now`.
    pub(super) fn restart(&mut self, now: f64) {
        self.mark = now;
    }

    /// Notes that a step of a loop of `of` steps was done at `now`. True if enough was measured.
    pub(super) fn step(&mut self, now: f64, of: usize) -> bool {
        let spent = now - self.mark;
        if self.of == 0 {
            (self.first, self.of) = (spent, of);
        } else {
            self.others = Steps { count: self.others.count + 1, seconds: self.others.seconds + spent };
        }
        self.others.count >= Self::ENOUGH_STEPS || self.others.seconds >= Self::ENOUGH_SECONDS
    }
}
