//! Model in, model out, by training.

use crate::cx::{Boxed, Cx, Watch};
use crate::data::Task;
use crate::entry::{Entry, Method};
use crate::error::Result;
use crate::lab::{Lab, Made};
use crate::metrics::{Tested, test};
use crate::nets::Net;
use burn::module::Module;
use serde_json::{Map, Value};
use spec::{Event, Row, Shape, Stage};

pub trait Tune: Method {
    async fn tune(config: &Self::Config, job: TuneJob<'_>, cx: &mut Cx) -> Result<Net>;
}

/// The net comes with its adapters merged, everything trainable and a head for the task's classes.
pub struct TuneJob<'a> {
    pub net: Net,
    pub task: &'a Task,
}

pub(crate) fn make<'a, M: Tune>(
    params: &'a Map<String, Value>,
    net: Net,
    task: &'a Task,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Net>> {
    Box::pin(async move {
        let config = M::settings(M::ID, params)?;
        M::tune(&config, TuneJob { net, task }, cx).await
    })
}

/// The harness of `Tune` and `Peft`: prepares the net, watches the training, measures what came out.
pub(crate) fn run<'a>(
    entry: &'a Entry,
    stage: &'a Stage,
    lab: &'a mut Lab,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let make = entry.make.expect("a tuner makes models");
        let task = lab.task(stage)?.clone();
        let (parent, net) = start(stage, lab, &task, cx)?;
        entry.fits(stage, &task)?;
        let begun = cx.host.now();
        cx.watch = Some(Watch::of(&task));
        let net = make(&stage.params, prepared(net, &task, cx)?, &task, cx).await?;
        let tested = test(&net, &task.test, cx).await?;
        let seen = test(&net, &task.train, cx).await?;
        let steps = cx.steps;
        cx.publish(&net);
        cx.say_tested(steps, &tested);
        let seconds = cx.host.now() - begun;
        let mut rows = measured(&cx.stage, &tested);
        rows.push(Row::share(&cx.stage, "train_accuracy", seen.accuracy(), seen.len()));
        rows.push(Row::new(&cx.stage, "steps", steps as f64));
        rows.push(Row::new(&cx.stage, "seconds", seconds));
        let trainable = net.trainable();
        rows.push(Row::new(&cx.stage, "trainable", trainable as f64));
        rows.push(Row::new(&cx.stage, "trainable_share", 100.0 * trainable as f64 / net.base_size() as f64));
        rows.append(&mut cx.rows);
        push(stage, parent, net, &task, lab, cx);
        Ok(rows)
    })
}

/// The net that a stage starts from, and its name: a fresh one where the stage names a `model`.
pub(crate) fn start(stage: &Stage, lab: &Lab, task: &Task, cx: &Cx) -> Result<(Option<String>, Net)> {
    match &stage.model {
        Some(pick) => Ok((None, cx.net(pick, task)?)),
        None => {
            let (name, made) = lab.from(stage)?;
            Ok((Some(name.to_owned()), made.net.clone()))
        }
    }
}

/// Merged, all weights free, and with a head for the task's classes.
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
    Ok(net)
}

pub(crate) fn measured(stage: &str, tested: &Tested) -> Vec<Row> {
    vec![Row::share(stage, "accuracy", tested.accuracy(), tested.len())]
}

pub(crate) fn push(stage: &Stage, parent: Option<String>, net: Net, task: &Task, lab: &mut Lab, cx: &Cx) {
    let index = lab.spec.stages.iter().position(|other| std::ptr::eq(other, stage));
    let index = index.or_else(|| (0..lab.spec.stages.len()).find(|at| lab.spec.stage_name(*at) == cx.stage));
    let made = Made { net, task: task.name.clone(), stage: index, parent };
    lab.models.shift_remove(&cx.stage);
    lab.models.insert(cx.stage.clone(), made);
}

/// Whether stages of this shape belong to a model's lineage.
pub fn is_trained(shape: Shape) -> bool {
    matches!(shape, Shape::Tune | Shape::Peft)
}
