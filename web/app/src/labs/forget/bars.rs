//! Class by class.

use crate::{
    run::{Run, View},
    ui::ChartBlock,
};
use leptos::prelude::*;
use report::chart::{ClassBars, ReferenceLine};

/// Accuracy of every class, before and after, beside the retrained network.
#[component]
pub fn ClassByClass() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let chart = Memo::new(move |_| bars(run, &view.layer()));
    let sub = move || match run.made_on(&view.layer()) {
        Some(on) => format!("accuracy, %; {on}"),
        None => "accuracy, %".into(),
    };
    view! {
        <ChartBlock title="Class by class" sub=Signal::derive(sub) empty="Appears with the first answers" chart />
    }
}

fn bars(run: Run, selected: &str) -> Option<ClassBars> {
    let now = run.by_class_now(selected);
    let before = match run.by_class(selected, "original") {
        original if original.is_empty() => run.by_class(&run.parent_of(selected), "test"),
        original => original,
    };
    let values = if now.is_empty() { before.clone() } else { now };
    let task = run.task_of(selected);
    let names = run.class_names(&task);
    let forgotten: Vec<usize> = run.forget_class(selected, &task).map(usize::from).into_iter().collect();
    let name = match forgotten.first().and_then(|class| names.get(*class)) {
        Some(class) => format!("Retrained without {class}"),
        None => "Retrained without them".into(),
    };
    let twin = run.by_class(selected, "retrained");
    let reference = (!twin.is_empty()).then_some(ReferenceLine { name, values: twin });
    (!values.is_empty()).then_some(ClassBars { names, values, before, forgotten, reference })
}
