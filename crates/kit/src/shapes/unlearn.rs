//! Model in, model out that forgets; judged beside a network that never saw what is forgotten.

use super::tune::{is_trained, measured, prepared, push};
use crate::cx::{Boxed, Cx, Watch};
use crate::data::Task;
use crate::entry::{Entry, Method};
use crate::error::{Error, Result};
use crate::lab::{Lab, Split};
use crate::metrics::{mia_confidence, test};
use crate::nets::Net;
use burn::module::Module;
use spec::{Digest, Event, Row, START, Stage};
use std::rc::Rc;

pub trait Unlearn: Method {
    async fn unlearn(config: &Self::Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net>;
}

pub struct UnlearnJob<'a> {
    /// Adapters merged, everything trainable.
    pub net: Net,
    pub split: &'a Split,
    pub task: &'a Task,
    pub lineage: &'a Lineage<'a>,
}

/// All trained stages between the run's start and the model that is to forget.
pub struct Lineage<'a> {
    lab: &'a Lab,
    stages: Vec<usize>,
    gone: &'a Split,
}

impl Lineage<'_> {
    /// The whole lineage again on the rows that stay, from the run's start: what a retrained reference is.
    pub async fn again(&self, cx: &mut Cx) -> Result<Net> {
        let mut net = self.lab.models[START].net.clone();
        if self.lab.spec.model.params.get("weights").is_none() {
            let first = self.lab.tasks.values().next().expect("a run has a task");
            let mut start = cx.beside(cx.seed);
            start.enter(START.into());
            net = start.net(&self.lab.spec.model, first)?;
        }
        let stream = cx.stream.clone();
        for &index in &self.stages {
            let stage = &self.lab.spec.stages[index];
            cx.stream = self.lab.spec.stage_name(index);
            let entry = self.lab.entry(&stage.id)?;
            let seen = self
                .lab
                .models
                .get(&cx.stream)
                .map_or_else(|| self.lab.task(stage).map(|t| t.name.clone()), |m| Ok(m.task.clone()))?;
            let task = self.lab.tasks[&seen].without(&self.gone.forget.set, &self.gone.forget);
            if let Some(pick) = &stage.model {
                net = cx.net(pick, &task)?;
            }
            let make = entry.make.expect("a trained stage makes models");
            net = make(&stage.params, prepared(net, &task, cx)?, &task, cx).await?;
        }
        cx.stream = stream;
        Ok(net)
    }
}

/// The retrained networks of one lineage and forget set, with the seconds that each took.
#[derive(Clone)]
pub struct Reference {
    pub nets: Vec<Net>,
    pub seconds: Vec<f64>,
}

/// UA, RA, TA, MIA: the four figures that are compared.
type Four = [f64; 4];
const KEYS: [&str; 4] = ["ua", "ra", "ta", "mia"];

pub(crate) fn run<'a, M: Unlearn>(
    entry: &'a Entry,
    stage: &'a Stage,
    lab: &'a mut Lab,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        let task = lab.task(stage)?.clone();
        let (parent, made) = lab.from(stage)?;
        let (parent, original) = (parent.to_owned(), made.net.clone());
        entry.fits(stage, &task)?;
        if original.classes != task.classes.len() {
            return Err(Error::input(
                &stage.id,
                "the network has not been trained on this task; there is nothing to forget",
            ));
        }
        let split = lab.split(&task, cx)?;
        let stages = lab.lineage(&parent);
        let trained = |at: &usize| lab.entry(&lab.spec.stages[*at].id).is_ok_and(|entry| is_trained(entry.shape));
        let stages: Vec<usize> = stages.into_iter().filter(trained).collect();
        if stages.is_empty() {
            return Err(Error::input(
                &stage.id,
                "no stage before it has trained the network; there is nothing to forget",
            ));
        }
        warn_if_start_saw(lab, &split, &task, cx).await?;
        let lineage = Lineage { lab, stages, gone: &split };

        let reference = reference(&lineage, &split, cx).await?;
        let before = four(&original, &split, cx).await?;
        let mut references = Vec::new();
        let mut classes: Vec<Vec<Option<f32>>> = Vec::new();
        for net in &reference.nets {
            references.push(four(net, &split, cx).await?);
            classes.push(test(net, &task.test, cx).await?.by_class());
        }
        let original_classes = test(&original, &task.test, cx).await?.by_class();
        cx.say(Event::Classes { series: "original".into(), values: original_classes });
        cx.say(Event::Classes { series: "retrained".into(), values: mean_by_class(&classes) });

        cx.say(Event::Phase { name: entry.title.into() });
        cx.watch = Some(Watch::of(&task));
        (cx.steps, cx.evaluating) = (0, 0.0);
        let begun = cx.host.now();
        let job = UnlearnJob { net: prepared(original, &task, cx)?, split: &split, task: &task, lineage: &lineage };
        let net = M::unlearn(&config, job, cx).await?.unfreeze();
        let seconds = cx.host.now() - begun - cx.evaluating;
        let steps = cx.steps;
        let after = four(&net, &split, cx).await?;
        let tested = test(&net, &task.test, cx).await?;
        cx.publish(&net);
        cx.say_tested(steps, &tested);

        let mut rows = measured(&cx.stage, &tested);
        rows.extend(figures(&cx.stage, &split, after, before, &references));
        rows.push(Row::new(&cx.stage, "rte", seconds));
        rows.push(Row::new(&cx.stage, "rte_steps", steps as f64));
        let (mean, spread) = mean_and_spread(&reference.seconds);
        rows.push(Row { spread, seeds: Some(references.len()), ..Row::new(&cx.stage, "retrained_rte", mean) });
        rows.append(&mut cx.rows);
        push(stage, Some(parent), net, &task, lab, cx);
        Ok(rows)
    })
}

/// The reference nets, from the store where this lineage was retrained before.
async fn reference(lineage: &Lineage<'_>, split: &Split, cx: &mut Cx) -> Result<Rc<Reference>> {
    let lab = lineage.lab;
    let seeds = lab.spec.seeds_of_reference();
    let key = key(lineage, split, cx.seed, seeds);
    if let Some(found) = lab.references.borrow().get(&key) {
        cx.say(Event::Phase { name: "Retrained reference, from the store".into() });
        return Ok(found.clone());
    }
    let (mut nets, mut seconds) = (Vec::new(), Vec::new());
    for at in 0..seeds {
        cx.say(Event::Phase { name: format!("Retraining without what is forgotten, {} of {seeds}", at + 1) });
        let mut beside = cx.beside(cx.seed + at);
        let begun = cx.host.now();
        nets.push(lineage.again(&mut beside).await?);
        seconds.push(cx.host.now() - begun);
    }
    let made = Rc::new(Reference { nets, seconds });
    lab.references.borrow_mut().insert(key, made.clone());
    Ok(made)
}

/// Whether the reference of this lineage and split was made before.
pub fn is_known(lab: &Lab, stages: Vec<usize>, gone: &Split, seed: u32) -> bool {
    let lineage = Lineage { lab, stages, gone };
    let key = key(&lineage, gone, seed, lab.spec.seeds_of_reference());
    lab.references.borrow().contains_key(&key)
}

/// What a reference depends on: data, start, lineage, rows that go, seeds.
fn key(lineage: &Lineage<'_>, split: &Split, seed: u32, seeds: u32) -> String {
    let mut hash = Digest::default();
    let spec = &lineage.lab.spec;
    let mut write = |text: String| hash.write(text.as_bytes());
    write(serde_json::to_string(&spec.tasks).unwrap_or_default());
    write(serde_json::to_string(&spec.model).unwrap_or_default());
    for &stage in &lineage.stages {
        write(spec.stage_name(stage));
        write(serde_json::to_string(&spec.stages[stage]).unwrap_or_default());
    }
    write(format!("{:?} {seed} {seeds} {}", split.forget.rows, split.forget.set.source));
    hash.hex()
}

/// The reference is only one if the start has not seen what is forgotten.
async fn warn_if_start_saw(lab: &Lab, split: &Split, task: &Task, cx: &mut Cx) -> Result {
    let start = &lab.models[START].net;
    if lab.spec.model.params.get("weights").is_none()
        || start.classes != task.classes.len()
        || start.shape != task.set.shape
    {
        return Ok(());
    }
    let known = test(start, &split.forget, cx).await?.accuracy();
    if known > 50.0 {
        let message = format!(
            "The source network already reads {known:.0} % of what is to be forgotten, so a network retrained from \
             it has seen it too."
        );
        cx.say(Event::Warning { message });
    }
    Ok(())
}

async fn four(net: &Net, split: &Split, cx: &mut Cx) -> Result<Four> {
    let forget = test(net, &split.forget, cx).await?;
    let retain = test(net, &split.retain, cx).await?;
    let unseen = test(net, &split.test, cx).await?;
    let mia = mia_confidence(&retain, &unseen, &forget);
    Ok([100.0 - forget.accuracy(), retain.accuracy(), unseen.accuracy(), mia])
}

fn figures(stage: &str, split: &Split, after: Four, before: Four, references: &[Four]) -> Vec<Row> {
    let sizes = [split.forget.len(), split.retain.len(), split.test.len(), split.forget.len()];
    let mut rows = Vec::new();
    let mut gap = 0.0;
    for (at, key) in KEYS.iter().enumerate() {
        let (mean, spread) = mean_and_spread(&references.iter().map(|four| four[at]).collect::<Vec<_>>());
        rows.push(Row::share(stage, key, after[at], sizes[at]));
        rows.push(Row::share(stage, &format!("original_{key}"), before[at], sizes[at]));
        let retrained = Row::share(stage, &format!("retrained_{key}"), mean, sizes[at]);
        rows.push(Row { spread, seeds: Some(references.len()), ..retrained });
        gap += (after[at] - mean).abs() / KEYS.len() as f64;
    }
    rows.push(Row::new(stage, "gap", gap));
    rows
}

/// Mean and sample standard deviation; none of one value.
pub fn mean_and_spread(values: &[f64]) -> (f64, Option<f64>) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (values.len() > 1).then(|| (squares / (n - 1.0)).sqrt()))
}

fn mean_by_class(nets: &[Vec<Option<f32>>]) -> Vec<Option<f32>> {
    let classes = nets.first().map_or(0, Vec::len);
    (0..classes)
        .map(|class| {
            let values: Vec<f32> = nets.iter().filter_map(|net| net[class]).collect();
            (!values.is_empty()).then(|| values.iter().sum::<f32>() / values.len() as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spread_is_the_sample_standard_deviation() {
        assert_eq!(mean_and_spread(&[1.0, 2.0, 3.0]), (2.0, Some(1.0)));
        assert_eq!(mean_and_spread(&[5.0]), (5.0, None));
    }

    #[test]
    fn classes_are_averaged_over_seeds() {
        assert_eq!(mean_by_class(&[vec![Some(1.0), None], vec![Some(3.0), None]]), [Some(2.0), None]);
    }
}
