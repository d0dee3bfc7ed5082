//! Unlearning: a model in, a model out that has forgotten; compared with networks that never saw the forget set.

use super::check_classes;
use super::tune::{last_look, measured, prepared};
use crate::cx::{Cx, Watch, Work};
use crate::data::{Split, Task};
use crate::error::Result;
use crate::host::Boxed;
use crate::learn::test;
use crate::nets::{Net, weights};
use crate::run::entry::{Entry, Method};
use crate::run::results::Reference;
use crate::run::state::RunState;
use crate::stats::{Mean, mean, mia_confidence, percent};
use crate::store::{self, Found};
use burn::module::Module;
use serde_json::json;
use spec::{Digest, Event, Row, START, START_STREAM, Shape, Stage};
use std::rc::Rc;

/// A method that makes a network forget.
pub trait Unlearn: Method {
    /// The network that has forgotten.
    async fn unlearn(config: &Self::Config, job: UnlearnJob<'_>, cx: &mut Cx) -> Result<Net>;
}

/// A network that is to forget.
pub struct UnlearnJob<'a> {
    /// Its adapters are merged and all weights are trainable.
    pub net: Net,
    /// The training samples to forget, and those that stay.
    pub split: &'a Split,
    /// The task that the split belongs to.
    pub task: &'a Task,
    /// How the network was made.
    pub lineage: &'a Lineage<'a>,
}

/// The trained stages between the run's start and the model that is to forget.
pub struct Lineage<'a> {
    state: &'a RunState,
    /// Indices of the stages, first to last.
    stages: Vec<usize>,
    gone: &'a Split,
}

impl Lineage<'_> {
    /// Repeats all stages from the run's start, on the samples that stay: this is what a retrained reference is.
    pub async fn again(&self, cx: &mut Cx) -> Result<Net> {
        let mut net = self.state.models[START].net.clone();
        if self.state.spec.model.params.get("weights").is_none() {
            let first = self.state.tasks.values().next().expect("a run has a task");
            let mut start = cx.beside(cx.seed);
            start.enter(START.into(), START_STREAM.into());
            net = start.net(&self.state.spec.model, first)?;
        }
        let stream = cx.stream.clone();
        for &index in &self.stages {
            let stage = &self.state.spec.stages[index];
            let planned = &self.state.plan[index];
            cx.stream.clone_from(&planned.stream);
            let task = self.state.tasks[&planned.task].without(&self.gone.forget);
            if let Some(pick) = &stage.model {
                net = cx.net(pick, &task)?;
            }
            let make = (self.state.makers)(&stage.id).expect("a trained stage makes models");
            net = make(&stage.params, prepared(net, &task, cx)?, &task, cx).await?;
        }
        cx.stream = stream;
        Ok(net)
    }
}

/// UA, RA, TA and MIA in percent: the four figures that are compared. A figure of no sample is none.
type Four = [Option<f64>; 4];
const KEYS: [&str; 4] = ["ua", "ra", "ta", "mia"];

impl Entry {
    /// Describes the method `M` to lists of methods. Stages run it by the harness of unlearning.
    pub const fn unlearn<M: Unlearn>() -> Self {
        Self::of::<M>(Shape::Unlearn, run::<M>)
    }
}

/// The harness: retrains the references, lets the method forget, and compares.
fn run<'a, M: Unlearn>(
    entry: &'a Entry,
    stage: &'a Stage,
    state: &'a mut RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        let task = state.task(stage)?.clone();
        let (parent, made) = state.from(stage)?;
        let (parent, original) = (parent.to_owned(), made.net.clone());
        entry.fits(stage, &task)?;
        check_classes(&original, &task, cx)?;
        let split = state.split(&task, cx)?;
        let stages = state.lineage(&parent);
        let trained = |at: &usize| (state.makers)(&state.spec.stages[*at].id).is_some();
        let stages: Vec<usize> = stages.into_iter().filter(trained).collect();
        let known = known_to_start(state, &split, &task, cx).await?;
        let lineage = Lineage { state, stages, gone: &split };

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

        cx.say(Event::Phase { name: entry.title.into(), before: false });
        let watch = Watch::of(&task, &state.spec, &*cx.host);
        cx.watch = watch.map(|watch| Watch { gone: split.gone(), ..watch });
        (cx.progress.steps, cx.progress.evaluating) = (0, 0.0);
        let begun = cx.clock();
        let job = UnlearnJob { net: prepared(original, &task, cx)?, split: &split, task: &task, lineage: &lineage };
        let net = M::unlearn(&config, job, cx).await?.unfreeze();
        let seconds = cx.clock() - begun - cx.progress.evaluating;
        let steps = cx.progress.steps;
        let after = four(&net, &split, cx).await?;
        let tested = test(&net, &task.test, cx).await?;
        last_look(&net, cx).await?;
        cx.publish(&net);
        cx.say_tested("test", &tested);

        let mut rows = measured(&cx.stage, &tested);
        rows.extend(figures(&cx.stage, &split, after, before, &references));
        rows.extend(known.map(|known| Row::share(&cx.stage, "start_knows", known, split.forget.len())));
        rows.extend(behind(before, &references, cx).map(|behind| Row::new(&cx.stage, "reference_behind", behind)));
        rows.push(Row::new(&cx.stage, "rte", seconds));
        rows.push(Row::new(&cx.stage, "rte_steps", steps as f64));
        let Mean { value, deviation: spread } = mean(&reference.seconds);
        rows.push(Row { spread, seeds: Some(references.len()), ..Row::new(&cx.stage, "retrained_rte", value) });
        rows.append(&mut cx.rows);
        state.push(Some(parent), net, &task, cx);
        Ok(rows)
    })
}

/// The retrained networks; from the store where this lineage was retrained before.
async fn reference(lineage: &Lineage<'_>, split: &Split, cx: &mut Cx) -> Result<Rc<Reference>> {
    let state = lineage.state;
    let seeds = state.spec.seeds_of_reference();
    let key = key(lineage, split, cx.seed, seeds);
    let known = state.references.borrow().get(&key).cloned();
    let (made, lease) = match known {
        Some(known) => (Some(known), None),
        None => match store::recall_or_lease(&key, cx).await? {
            // What cannot be read is as good as none.
            Found::Kept(seconds, files) => match files.iter().map(|file| store::net(file, cx)).collect() {
                Ok(nets) => (Some(Rc::new(Reference { nets, seconds })), None),
                Err(_) => (None, None),
            },
            Found::Missing(lease) => (None, lease),
        },
    };
    let made = match made {
        Some(made) => {
            cx.say(Event::Phase { name: "Retrained reference, from the store".into(), before: true });
            delete_checkpoints(&key, seeds, cx).await;
            made
        }
        None => retrained(lineage, &key, seeds, cx).await?,
    };
    drop(lease);
    state.references.borrow_mut().insert(key, made.clone());
    Ok(made)
}

/// Retrains the networks, and keeps them.
async fn retrained(lineage: &Lineage<'_>, key: &str, seeds: u32, cx: &mut Cx) -> Result<Rc<Reference>> {
    let (mut nets, mut seconds, mut files) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..seeds {
        let name = format!("Retraining without what is forgotten, {} of {seeds}", at + 1);
        cx.say(Event::Phase { name, before: true });
        let mut beside = cx.beside(cx.seed + at);
        beside.work = cx.work.as_ref().map(|_| Work::new(of_seed(key, at)));
        let begun = beside.clock();
        nets.push(lineage.again(&mut beside).await?);
        seconds.push(beside.clock() - begun);
        cx.progress.earlier += beside.progress.earlier;
    }
    if cx.work.is_some() {
        for net in &nets {
            files.push(weights::save(net).await?);
        }
        store::keep(key, json!(seconds), &files, cx).await;
        delete_checkpoints(key, seeds, cx).await;
    }
    Ok(Rc::new(Reference { nets, seconds }))
}

/// Deletes the checkpoints of a reference that is finished.
async fn delete_checkpoints(key: &str, seeds: u32, cx: &Cx) {
    for at in 0..seeds {
        store::delete_checkpoints(&of_seed(key, at), cx).await;
    }
}

/// The part of a reference that is of one seed.
fn of_seed(key: &str, at: u32) -> String {
    format!("{key} {at}")
}

/// Whether the reference for the lineage of these stages and this split is in the store.
pub fn is_known(state: &RunState, stages: Vec<usize>, gone: &Split, seed: u32) -> bool {
    let lineage = Lineage { state, stages, gone };
    let key = key(&lineage, gone, seed, state.spec.seeds_of_reference());
    state.references.borrow().contains_key(&key)
}

/// All that a reference depends on: data, start, lineage, forget set, seeds.
fn key(lineage: &Lineage<'_>, split: &Split, seed: u32, seeds: u32) -> String {
    let state = lineage.state;
    let planned = lineage.stages.iter().map(|at| &state.plan[*at]);
    let stages: Vec<_> = planned.map(|planned| (&planned.stream, &planned.identity)).collect();
    json!({
        "what": "reference",
        "contents": state.contents,
        "model": state.spec.model,
        "stages": stages,
        "forget": [Digest::of_rows(&split.forget.rows).hex(), split.forget.set.origin],
        "seed": seed,
        "seeds": seeds,
    })
    .to_string()
}

/// Warns if the source network has seen the forget set: then a network retrained from it has seen it too, and is no
/// reference. Returns what share of it the source network answers rightly, in percent, if that is more than half.
async fn known_to_start(state: &RunState, split: &Split, task: &Task, cx: &mut Cx) -> Result<Option<f64>> {
    let start = &state.models[START].net;
    // Its classes are those of the same names; where it says none, those of the same numbers.
    let may_know = match &start.names[..] {
        [] => start.classes == task.classes.len(),
        names => task.classes.iter().any(|class| names.contains(class)),
    };
    if state.spec.model.params.get("weights").is_none() || !may_know || start.shape != task.set.shape {
        return Ok(None);
    }
    let tested = test(start, &split.forget, cx).await?;
    let is_right = |at: &usize| match start.names.get(usize::from(tested.answer(*at))) {
        Some(name) => *name == task.classes[usize::from(tested.labels[*at])],
        None => tested.right(*at),
    };
    let known = percent((0..tested.len()).filter(is_right).count(), tested.len());
    if let Some(known) = known.filter(|known| *known > 50.0) {
        let message = format!(
            "The source network already knows {known:.0} % of what is to be forgotten, so a network retrained from \
             it has seen it too."
        );
        cx.say(Event::Warning { message });
        return Ok(Some(known));
    }
    Ok(None)
}

/// Points by which the retrained networks may lie below the original one on what stays, of which all have learned.
const BEHIND: f64 = 10.0;

/// Warns if the retrained networks lie far below the original one on what stays: then their training has failed, and
/// they are no reference. Returns by how many points, if it is so.
fn behind(before: Four, references: &[Four], cx: &Cx) -> Option<f64> {
    let [_, original, ..] = before;
    let retrained: Vec<f64> = references.iter().filter_map(|[_, kept, ..]| *kept).collect();
    let (original, retrained) = (original?, mean(&retrained).value);
    let behind = Some(original - retrained).filter(|behind| *behind > BEHIND)?;
    let message = format!(
        "The retrained network names {retrained:.1} % of what stays, and the original {original:.1} %: its training \
         has failed, so it is no reference. Other settings of the stages that train may help, or another seed."
    );
    cx.say(Event::Warning { message });
    Some(behind)
}

/// The four figures of a network.
async fn four(net: &Net, split: &Split, cx: &mut Cx) -> Result<Four> {
    let forget = test(net, &split.forget, cx).await?;
    let retain = test(net, &split.retain, cx).await?;
    let unseen = test(net, &split.test, cx).await?;
    let mia = mia_confidence(&retain, &unseen, &forget);
    Ok([forget.accuracy().map(|right| 100.0 - right), retain.accuracy(), unseen.accuracy(), mia])
}

/// The four figures of the result, the original and the references, and the mean gap to the references.
fn figures(stage: &str, split: &Split, after: Four, before: Four, references: &[Four]) -> Vec<Row> {
    let sizes = [split.forget.len(), split.retain.len(), split.test.len(), split.forget.len()];
    let mut rows = Vec::new();
    let mut gaps = Vec::new();
    for (at, key) in KEYS.iter().enumerate() {
        let retrained: Vec<f64> = references.iter().filter_map(|four| four[at]).collect();
        // They are of the same samples, so that there are all of them or none.
        let (Some(after), Some(before), false) = (after[at], before[at], retrained.is_empty()) else { continue };
        let Mean { value: mean, deviation: spread } = mean(&retrained);
        rows.push(Row::share(stage, key, after, sizes[at]));
        rows.push(Row::share(stage, &format!("original_{key}"), before, sizes[at]));
        let retrained = Row::share(stage, &format!("retrained_{key}"), mean, sizes[at]);
        // The interval is one network's.
        let interval = retrained.interval.filter(|_| references.len() == 1);
        rows.push(Row { spread, interval, seeds: Some(references.len()), ..retrained });
        gaps.push((after - mean).abs());
    }
    if !gaps.is_empty() {
        rows.push(Row::new(stage, "gap", mean(&gaps).value));
    }
    rows
}

/// The mean over several networks of the accuracy of each class; `None` where none of them has a value.
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
    use crate::data::View;
    use burn::tensor::Device;

    #[test]
    fn figures_of_no_sample_are_none() {
        let all = View::of_pixels([1, 1, 1], vec![0.0, 1.0], vec![0, 1], &Device::flex());
        let split = Split { forget: all.at(vec![0]), retain: all.at(vec![1]), test: all.at(vec![]) };
        let four = |right| [Some(100.0 - right), Some(right), None, None];
        let rows = figures("stage", &split, four(90.0), four(100.0), &[four(70.0), four(80.0)]);
        let value = |key: &str| rows.iter().find(|row| row.key == key).map(|row| row.value);
        assert_eq!((value("ua"), value("original_ra"), value("retrained_ra")), (Some(10.0), Some(100.0), Some(75.0)));
        for key in ["ta", "original_ta", "retrained_ta", "mia", "original_mia", "retrained_mia"] {
            assert_eq!(value(key), None, "{key}");
        }
        // Over the two figures that there are.
        assert_eq!(value("gap"), Some(15.0));
        assert!(figures("stage", &split, [None; 4], [None; 4], &[[None; 4]]).is_empty());
    }

    #[test]
    fn classes_are_averaged_over_seeds() {
        assert_eq!(mean_by_class(&[vec![Some(1.0), None], vec![Some(3.0), None]]), [Some(2.0), None]);
    }
}
