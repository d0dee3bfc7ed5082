//! One network reads both tasks, with its adapter and without.

use super::{about::About, state::Layer};
use crate::ui::Switch;
use leptos::prelude::*;
use report::figure::{capital, fixed};

/// While there is no result.
const NO_RESULT: &str = "no result yet";

/// The task before the layer and the layer's own.
type Tasks = Memo<(String, String)>;

/// A switch, and the accuracies on both sides of it.
#[component]
pub fn OnOrOff(
    /// The selected layer.
    layer: Layer,
) -> impl IntoView {
    let (run, name) = (layer.run, layer.name);
    let tasks: Tasks = Memo::new(move |_| (run.task_of(&run.parent_of(&name.get())), run.task_of(&name.get())));
    let has = Memo::new(move |_| layer.adapter().is_some());
    ask(layer, tasks, has);
    let title = move || run.title(&name.get());
    let size = move || {
        let trained = run.outcome(&name.get()).and_then(|outcome| outcome.figure("trainable"));
        trained.map_or_else(
            || NO_RESULT.to_owned(),
            |trained| format!("{} weights, {} kB", fixed(trained, 0), fixed((trained * 4.0 / 1000.0).ceil(), 0)),
        )
    };
    let cannot = Signal::derive(move || !has.get());
    let is_on = Signal::derive(move || !layer.view.is_off());
    let is_one = move || tasks.with(|(first, second)| first == second);
    view! {
        <About layer title="Adapter on or off" sub="acts at once, on leaf and pad">
            <div class="switch-row">
                <span>
                    <b>{title}</b>
                    " "
                    <span class="sub">{size}</span>
                </span>
                <Switch label="Adapter" on=is_on disabled=cannot flip=move |_| layer.flip() />
            </div>
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col">"Accuracy, %"</th>
                        <th scope="col">"Off"</th>
                        <th scope="col">"On"</th>
                    </tr>
                </thead>
                <tbody>
                    <tr hidden=is_one>
                        <OfTask layer tasks has second=false />
                    </tr>
                    <tr>
                        <OfTask layer tasks has second=true />
                    </tr>
                </tbody>
            </table>
        </About>
    }
}

/// The cells of a task: what its samples are called, and how many are read rightly.
#[component]
fn OfTask(
    /// The selected layer.
    layer: Layer,
    /// Both tasks.
    tasks: Tasks,
    /// Whether there is an adapter.
    has: Memo<bool>,
    /// Whether it is the layer's own.
    second: bool,
) -> impl IntoView {
    let run = layer.run;
    let task = move || tasks.with(|(first, own)| if second { own.clone() } else { first.clone() });
    let figure = move |off: bool| {
        let (name, task) = (layer.name.get(), task());
        let answers = if off { run.base_answers(&name, &task) } else { run.answers(&name, &task) };
        let accuracy = answers.filter(|_| has.get()).and_then(|answers| answers.accuracy(&[]));
        accuracy.map_or_else(|| "–".to_owned(), |accuracy| fixed(accuracy, 1))
    };
    view! {
        <td>{move || capital(&run.things(&task()))}</td>
        <td>{move || figure(true)}</td>
        <td>
            <b>{move || figure(false)}</b>
        </td>
    }
}

/// Asks for what the table lacks.
fn ask(layer: Layer, tasks: Tasks, has: Memo<bool>) {
    let run = layer.run;
    Effect::new(move |_| {
        run.engine.state.track();
        let (name, (first, second)) = (layer.name.get(), tasks.get());
        let wanted = [(true, &first), (false, &first), (true, &second)];
        for (off, task) in wanted.into_iter().filter(|_| has.get()) {
            let is_known = run.classes.with(|classes| classes.contains_key(task));
            let answers = untrack(|| if off { run.base_answers(&name, task) } else { run.answers(&name, task) });
            if is_known && answers.is_none() && run.is_done(&name) {
                run.ask_test(&name, off, task);
            }
        }
    });
}
