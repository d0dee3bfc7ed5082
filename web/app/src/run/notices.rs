//! What is to be told to the visitor, as causes: the words are chosen where they are drawn.

use super::{catalogue::catalogue, strip::Strip};
use crate::ui::export;
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use spec::Wrong;

/// A notice at the foot of the page. It stays until it is closed or another one comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The graphics device stopped answering; the stage starts again on another.
    Lost,
    /// It did so twice; the CPU takes over.
    LostTwice,
    /// The engine panicked. The report can be copied.
    Panicked {
        report: String,
    },
    /// The browser's storage is full; so many of the oldest runs can go.
    StorageFull(usize),
    /// The browser keeps nothing for this page.
    StorageRefused,
    /// So many finished works were deleted to make room for the newest.
    WorkLeft(usize),
    /// There is no room for a finished work.
    WorkNotKept,
    /// A part of the page could not be loaded.
    NotLoaded,
    /// A run file that cannot be.
    Refused(Wrong),
    BrokenLink(Wrong),
    /// Stages that the page neither shows nor plays.
    LeftOut(Vec<String>),
    /// A run file with a grid or repeats, of which the page plays one run.
    PlaysOnce,
    /// The engine refused a run before its first stage, with this sentence.
    RunRefused(String),
    /// The engine could not take a file that it was given, with this sentence.
    FileRefused(String),
    /// A dropped file that is of no known kind.
    NotAFile(String),
    /// A dropped file that the engine has not read yet.
    FileRead(String),
    /// The run as it is now cannot be played with a dropped file, for this reason.
    FileNotUsed {
        name: String,
        why: String,
    },
    FileTaken {
        name: String,
        what: Taken,
    },
    /// The browser has no WebGPU: one quiet line under the strip.
    NoWebgpu,
}

impl Notice {
    /// What the page does not play of a run file that was opened; `None` where it plays all.
    pub fn of_opened(strip: &Strip) -> Option<Self> {
        let left_out = strip.left_out(catalogue());
        let has_many = !strip.spec.grid.is_empty() || strip.spec.repeats.is_some_and(|repeats| repeats > 1);
        match left_out.is_empty() {
            false => Some(Self::LeftOut(left_out)),
            true => has_many.then_some(Self::PlaysOnce),
        }
    }
}

/// What a dropped file was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    Weights,
    Data,
}

/// What the live region may speak of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    Begun {
        stage: String,
    },
    /// 25, 50 or 75 per cent. It gives way to whatever comes after it.
    Passed {
        stage: String,
        percent: usize,
    },
    Warning(String),
    /// Done, cancelled or failed.
    Ended {
        stage: String,
    },
    TakenOff,
    /// A sentence of a part of the page.
    Said(String),
}

/// Milliseconds for which the page says that something was copied.
const COPIED: u32 = 1600;

/// What is to be told. Declared once in `main`, found with [`Notices::get`].
#[derive(Clone, Copy)]
pub struct Notices {
    pub notice: RwSignal<Option<Notice>>,
    /// One quiet line under the strip.
    pub quiet: RwSignal<Option<Notice>>,
    /// Something was copied a moment ago.
    pub copied: RwSignal<bool>,
    /// What the live region has not spoken of yet; it takes them out.
    pub news: RwSignal<Vec<News>>,
    copied_timer: StoredValue<Option<Timeout>, LocalStorage>,
    /// Whether it was said that the browser keeps nothing.
    refusal_told: StoredValue<bool>,
}

impl Notices {
    pub fn new() -> Self {
        Self {
            notice: RwSignal::default(),
            quiet: RwSignal::default(),
            copied: RwSignal::default(),
            news: RwSignal::default(),
            copied_timer: StoredValue::new_local(None),
            refusal_told: StoredValue::new(false),
        }
    }

    pub fn get() -> Self {
        expect_context()
    }

    pub fn show(self, notice: Notice) {
        self.notice.set(Some(notice));
    }

    /// Shows that the browser keeps nothing, once a visit.
    pub fn show_refusal(self) {
        if !self.refusal_told.get_value() {
            self.refusal_told.set_value(true);
            self.show(Notice::StorageRefused);
        }
    }

    pub fn close(self) {
        self.notice.set(None);
    }

    pub fn tell(self, news: News) {
        self.news.update(|all| all.push(news));
    }

    /// Copies a text and says so.
    pub fn copy(self, text: &str) {
        export::copy(text);
        self.copied.set(true);
        self.copied_timer.set_value(Some(Timeout::new(COPIED, move || self.copied.set(false))));
    }
}
