//! What happened, what was kept, what to do: over the foot of the window, under the strip, and for screen readers.

use super::{document, words};
use crate::{
    engine::browser,
    run::{News, Notice, Notices, Run, storage},
    ui::{Button, Glyph, Icon, IconButton},
};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use spec::DeviceChoice;

/// The notice at the foot of the page, and the word after a copy.
#[component]
pub fn NoticeLine() -> impl IntoView {
    let notices = Notices::get();
    let notice = move || notices.notice.get().map(|notice| view! { <NoticeBox notice /> });
    view! {
        {notice}
        <div class="toast" role="status" class:on=move || notices.copied.get()>
            {move || if notices.copied.get() { words::COPIED } else { "" }}
        </div>
    }
}

#[component]
fn NoticeBox(
    /// What is to be told.
    notice: Notice,
) -> impl IntoView {
    let notices = Notices::get();
    let role = match notice {
        Notice::Lost | Notice::LostTwice | Notice::Panicked { .. } => "alert",
        _ => "status",
    };
    let (bold, rest) = words::notice(&notice);
    let action = action(&notice).map(|(label, act)| {
        let press = move || {
            act.run(());
            notices.close();
        };
        view! {
            <Button class="button small" press=press>
                {label}
            </Button>
        }
    });
    view! {
        <div class="notice" role=role>
            <Glyph icon=Icon::Warning />
            <p>
                <b>{bold}</b>
                " "
                {rest}
            </p>
            <div class="actions">
                {action}
                <IconButton icon=Icon::Close name="Close" hint="Close" press=move || notices.close() />
            </div>
        </div>
    }
}

/// What can be done about it, where something can.
fn action(notice: &Notice) -> Option<(&'static str, Callback<()>)> {
    let (run, notices) = (Run::get(), Notices::get());
    match notice {
        Notice::Lost => Some(("Go on with CPU instead", Callback::new(move |()| run.choose_device(DeviceChoice::Cpu)))),
        Notice::Panicked { report } => {
            let report = report.clone();
            Some(("Copy the report", Callback::new(move |()| notices.copy(&report))))
        }
        Notice::StorageFull(1..) => Some(("Delete them", Callback::new(move |()| run.drop_old_runs()))),
        Notice::Refused(wrong) | Notice::BrokenLink(wrong) if wrong.is_newer => {
            Some(("Reload", Callback::new(|()| document::reload())))
        }
        _ => None,
    }
}

/// The line about a missing graphics device. It was known before the first paint and is no alarm; once hidden it never
/// comes back.
#[component]
pub fn QuietLine() -> impl IntoView {
    let notices = Notices::get();
    let hide = move || {
        storage::store("no-webgpu", &true);
        notices.quiet.set(None);
    };
    let line = move |notice: Notice| {
        let (bold, rest) = words::notice(&notice);
        view! {
            <div class="quiet-line" role="status">
                <Glyph icon=Icon::Warning />
                <p>
                    <b>{bold}</b>
                    " "
                    {rest}
                </p>
                <Button class="link" press=hide>
                    "Hide"
                </Button>
            </div>
        }
    };
    move || notices.quiet.get().map(line)
}

/// Milliseconds between two words of the live region.
const PAUSE: f64 = 5000.0;

/// Speaks of the run to screen readers, with a pause after each time: what came up meanwhile is said together, and how
/// far it is gives way to what comes after it.
#[component]
pub fn LiveRegion() -> impl IntoView {
    let (run, notices) = (Run::get(), Notices::get());
    let live = RwSignal::new(String::new());
    let waiting = StoredValue::new(Vec::<(String, bool)>::new());
    let spoke = StoredValue::new(f64::NEG_INFINITY);
    let timer = StoredValue::new_local(None::<Timeout>);
    let speak = move || {
        spoke.set_value(browser::now());
        let lines = waiting.try_update_value(std::mem::take).unwrap_or_default();
        live.set(lines.into_iter().map(|(words, _)| words).collect::<Vec<_>>().join(" "));
    };
    Effect::new(move |_| {
        if notices.news.with(Vec::is_empty) {
            return;
        }
        let news = notices.news.try_update_untracked(std::mem::take).unwrap_or_default();
        let is_first = waiting.with_value(Vec::is_empty);
        for news in news {
            let is_passing = matches!(news, News::Passed { .. });
            let words = untrack(|| spoken(&run, news));
            waiting.update_value(|lines| {
                lines.retain(|(_, passing)| !passing);
                lines.push((words, is_passing));
            });
        }
        if is_first {
            let wait = (spoke.get_value() + PAUSE - browser::now()).max(0.0);
            timer.set_value(Some(Timeout::new(wait as u32, speak)));
        }
    });
    view! {
        <div class="reader" role="status" aria-live="polite">
            {live}
        </div>
    }
}

fn spoken(run: &Run, news: News) -> String {
    match news {
        News::Begun { stage } => run.view(|view| view.begun(&stage)),
        News::Passed { stage, percent } => run.view(|view| view.passed(&stage, percent)),
        News::Ended { stage } => run.sentence(&stage).to_string(),
        News::Warning(words) | News::Said(words) => words,
        News::TakenOff => words::TAKEN_OFF.into(),
    }
}
