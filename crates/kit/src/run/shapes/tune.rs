//! Tuning: a model in, a trained model out.

use super::Beside;
use crate::cx::{Cx, Watch};
use crate::data::Task;
use crate::error::Result;
use crate::host::Boxed;
use crate::learn::{look, test};
use crate::nets::Net;
use crate::run::entry::{Entry, Method};
use crate::run::state::RunState;
use crate::stats::Tested;
use burn::module::Module;
use serde_json::{Map, Value};
use spec::{Event, Row, Shape, Stage};

/// A method that trains a network.
pub trait Tune: Method {
    /// The trained network.
    async fn tune(config: &Self::Config, job: TuneJob<'_>, cx: &mut Cx) -> Result<Net>;
}

/// A network to train.
pub struct TuneJob<'a> {
    /// Its adapters are merged, all weights are trainable, and it has a head for the task's classes.
    pub net: Net,
    /// The task to train it on.
    pub task: &'a Task,
    /// What else the run has.
    pub beside: Beside<'a>,
}

impl Entry {
    /// Describes the method `M` to lists of methods. Stages run it by the harness of tuning.
    pub const fn tune<M: Tune>() -> Self {
        Self { make: Some(make::<M>), ..Self::of::<M>(Shape::Tune, run) }
    }
}

/// Trains a net with the settings of a stage.
fn make<'a, M: Tune>(
    params: &'a Map<String, Value>,
    net: Net,
    task: &'a Task,
    beside: Beside<'a>,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Net>> {
    Box::pin(async move {
        let config = M::settings(M::ID, params)?;
        M::tune(&config, TuneJob { net, task, beside }, cx).await
    })
}

/// The harness of `Tune` and `Peft`: prepares the net, watches the training, measures the result.
pub(super) fn run<'a>(
    entry: &'a Entry,
    stage: &'a Stage,
    state: &'a mut RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let make = entry.make.expect("a tuner makes models");
        let task = state.task(stage)?.clone();
        let (parent, net) = start(stage, state, &task, cx)?;
        entry.fits(stage, &task)?;
        let begun = cx.clock();
        cx.watch = Watch::of(&task, &state.spec, &*cx.host);
        let others = state.others(stage)?;
        let beside = Beside { tasks: &state.tasks, others: &others };
        let net = make(&stage.params, prepared(net, &task, cx)?, &task, beside, cx).await?;
        let tested = test(&net, &task.test, cx).await?;
        let valid = test(&net, &task.valid, cx).await?;
        let seen = test(&net, &task.train, cx).await?;
        let steps = cx.progress.steps;
        last_look(&net, cx).await?;
        cx.publish(&net);
        cx.say_tested("test", &tested);
        let seconds = cx.clock() - begun;
        let mut rows = measured(&cx.stage, &tested);
        rows.extend(valid.accuracy().map(|value| Row::share(&cx.stage, "validation_accuracy", value, valid.len())));
        rows.extend(seen.accuracy().map(|value| Row::share(&cx.stage, "train_accuracy", value, seen.len())));
        rows.push(Row::new(&cx.stage, "steps", steps as f64));
        rows.push(Row::new(&cx.stage, "seconds", seconds));
        let trainable = net.trainable();
        rows.push(Row::new(&cx.stage, "trainable", trainable as f64));
        rows.push(Row::new(&cx.stage, "trainable_share", 100.0 * trainable as f64 / net.base_size() as f64));
        rows.append(&mut cx.rows);
        state.push(parent, net, &task, cx);
        Ok(rows)
    })
}

/// The net that a stage starts from, and its name: a fresh one without a name where the stage has a `model`.
fn start(stage: &Stage, state: &RunState, task: &Task, cx: &Cx) -> Result<(Option<String>, Net)> {
    match &stage.model {
        Some(pick) => Ok((None, state.own(state.index(cx), pick, task, cx)?)),
        None => {
            let (name, made) = state.from(stage)?;
            Ok((Some(name.to_owned()), made.net.clone()))
        }
    }
}

/// A net for training on a task: adapters merged, all weights trainable, and a head for the task's classes, whose names
/// are its own from here on.
pub fn prepared(net: Net, task: &Task, cx: &Cx) -> Result<Net> {
    net.fits(task)?;
    let mut net = net.merged().unfreeze();
    if net.classes != task.classes.len() {
        let message = format!(
            "The network had {} classes and the task has {}: it gets a new last layer, drawn from the seed.",
            net.classes,
            task.classes.len()
        );
        cx.say(Event::Note { message });
        net = net.with_head(task.classes.len(), &mut cx.rng("head", 0, 0), &cx.device);
    }
    Ok(net.for_classes(&task.classes))
}

/// The end of the curves. The samples that are drawn are not asked again: the answers on the test split have them.
pub(super) async fn last_look(net: &Net, cx: &mut Cx) -> Result {
    match cx.watch.take() {
        Some(watch) => look(net, cx.progress.steps, &Watch { shown: None, ..watch }, cx).await,
        None => Ok(()),
    }
}

/// The figure that every trained model has.
pub(super) fn measured(stage: &str, tested: &Tested) -> Vec<Row> {
    tested.accuracy().map(|value| Row::share(stage, "accuracy", value, tested.len())).into_iter().collect()
}
