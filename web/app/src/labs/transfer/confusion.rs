//! What is confused with what.

use crate::{
    run::{OpenDialog, Run, START, View},
    ui::{ChartBlock, chart::PicturePress},
};
use leptos::prelude::*;
use report::chart::Confusion;

/// The confusion matrix of the shown network; a press of a cell shows its images.
#[component]
pub fn WhatIsConfused() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let counts = Memo::new(move |_| counts(run, view));
    let press = move |press: PicturePress| {
        let cell = counts.with_untracked(|counts| {
            let counts = counts.as_ref()?;
            let (classes, id) = (counts.names.len(), press.id()? as usize);
            let (label, answer) = (id.checked_div(classes)?, id.checked_rem(classes)?);
            (counts.counts[label][answer] > 0).then_some((label as u16, answer as u16))
        });
        if let Some((label, answer)) = cell {
            view.open(OpenDialog::Cell(label, answer));
        }
    };
    let sub = move || match run.made_on(&view.shown()) {
        Some(on) => format!("{on}; press a cell"),
        None => "press a cell".into(),
    };
    view! {
        <ChartBlock
            title="What is confused with what"
            sub=Signal::derive(sub)
            empty="Appears after the first answers"
            chart=counts
            press
        />
    }
}

fn counts(run: Run, view: View) -> Option<Confusion> {
    let shown = view.shown();
    if shown == START {
        return None;
    }
    let task = run.task_of(&shown);
    let answers = run.counted(&shown, &task)?;
    Some(Confusion::count(run.class_names(&task), &answers.labels, &answers.classes))
}
