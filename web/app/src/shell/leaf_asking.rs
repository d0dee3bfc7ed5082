//! What the engine must be asked for the leaf: images of another task, answers of layers on this one.

use super::leaf_tiles::Shown;
use crate::run::sample::carried;
use leptos::prelude::*;
use std::sync::Arc;

/// Asks for what the leaf lacks as soon as the engine can answer.
pub fn keep_asking(shown: Shown) {
    let run = shown.view.run;
    Effect::new(move |_| {
        run.engine.state.track();
        let task = shown.task.get();
        let key = run.task_key(&task);
        if run.samples.with(|samples| samples.contains_key(&key)) {
            return;
        }
        if run.has_carried_images(&task) {
            run.samples.update(|samples| drop(samples.insert(key, Arc::new(carried()))));
            return;
        }
        let ids = shown.sample.with(|sample| sample.ids.clone());
        if !ids.is_empty() && run.classes.with(|classes| classes.contains_key(&task)) {
            run.ask_samples(&task, ids);
        }
    });
    Effect::new(move |_| {
        run.engine.state.track();
        let (stage, task) = (shown.stage.get(), shown.task.get());
        let is_known = run.classes.with(|classes| classes.contains_key(&task));
        for name in [stage.clone(), run.parent_of(&stage)] {
            let can_answer = is_known && run.is_done(&name);
            if can_answer && run.answers(&name, &task).is_none() && run.task_of(&name) != task {
                run.ask_test(&name, false, &task);
            }
        }
    });
}
