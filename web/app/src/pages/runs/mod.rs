//! What was played in this browser: as a table, and the picked runs together.

mod kept;
pub mod panel;
pub mod picked;
mod row;
mod table;
mod together;

use crate::{run::Run, ui::Say};
use leptos::prelude::*;
use report::{
    Sentence,
    figure::{capital, counted},
};

/// A sentence, the table, and the curves of the picked runs.
#[component]
pub fn Runs() -> impl IntoView {
    let run = Run::get();
    let count = Memo::new(move |_| run.history.with(Vec::len));
    view! {
        <Say said=Signal::derive(move || sentence(count.get())) />
        <table::AllRuns />
        <kept::KeptWork />
        <together::Together />
    }
}

fn sentence(count: usize) -> Sentence {
    Sentence::new(match count {
        0 => "No runs yet. Whatever you play is kept here, in this browser only.".into(),
        1 => "One run. Whatever you play is kept here, in this browser only.".into(),
        n => format!("{} runs. Pick any two to see what differs.", capital(&counted(n))),
    })
}
