//! Measures: a model in, figures out; the model is not changed.

use super::unlearn::references;
use super::{Beside, check_classes};
use crate::cx::Cx;
use crate::data::{Split, Task};
use crate::error::{Error, Result};
use crate::host::Boxed;
use crate::nets::Net;
use crate::run::entry::{Entry, Method};
use crate::run::lineage::Lineage;
use crate::run::place::{Leaves, Place};
use crate::run::results::AttackStage;
use crate::run::state::RunState;
use spec::{Event, Row, Shape, Stage};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A method that measures a model.
pub trait Measure: Method {
    /// An error if there is nothing to measure where it stands, as far as that is known before anything is played.
    fn check_place(_: &Place<'_>) -> Result {
        Ok(())
    }

    /// The figures of the model.
    async fn measure(config: &Self::Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>>;
}

/// A model to measure.
pub struct MeasureJob<'a> {
    /// Name of the stage that left the network, or of the run's start.
    pub name: &'a str,
    /// The network to measure. The method only reads it.
    pub net: &'a Net,
    /// The task to measure it on.
    pub task: &'a Task,
    /// The training samples that the run file wants forgotten, and those that stay. There is one where the method's
    /// card asks for it.
    pub split: Option<&'a Split>,
    /// What else the run has.
    pub beside: Beside<'a>,
    /// What the attack stages before it have left, by name.
    pub attacks: &'a BTreeMap<String, Rc<AttackStage>>,
    /// Networks retrained without what is to be forgotten, one for each seed; none where the method's card asks for
    /// none.
    pub retrained: &'a [Net],
}

impl MeasureJob<'_> {
    /// Its network and those under `with`, by name.
    pub fn nets(&self) -> Vec<(&str, &Net)> {
        let others = self.beside.others.iter().map(|other| (&*other.name, &other.net));
        std::iter::once((self.name, self.net)).chain(others).collect()
    }
}

impl Entry {
    /// Describes the measure `M` to lists of methods. Stages run it by the harness of measures.
    pub const fn measure<M: Measure>() -> Self {
        Self { check_place: Some(M::check_place), ..Self::of::<M>(Shape::Measure, run::<M>) }
    }
}

/// The harness: splits the task by the forget set where there is one, and lets the method measure.
fn run<'a, M: Measure>(
    entry: &'a Entry,
    stage: &'a Stage,
    state: &'a mut RunState,
    cx: &'a mut Cx,
) -> Boxed<'a, Result<Vec<Row>>> {
    Box::pin(async move {
        let config = M::settings(&stage.id, &stage.params)?;
        cx.breathe().await?;
        let task = &state.task(stage)?.clone();
        let (name, made) = state.from(stage)?;
        let net = &made.net;
        check_classes(net, task, cx)?;
        entry.fits(stage, task)?;
        let task = &task.taking(stage.take);
        all_at_hand(entry, state, cx)?;
        let leaves = |left: &Rc<AttackStage>| Leaves {
            on: left.on.clone(),
            task: left.task.clone(),
            has_target: left.target.is_some(),
            samples: left.view.len(),
        };
        let attacks_left = state.attacks.values().map(leaves).collect();
        let others = state.others(stage)?;
        let named = others.iter().map(|other| (&*other.name, &other.net)).collect();
        M::check_place(&Place { name, task, tasks: &state.tasks, attacks: attacks_left, others: named })?;
        let split = if entry.needs.forget { Some(state.split(state.index(cx), task, cx)?) } else { None };
        let mut tasks = state.tasks.clone();
        tasks.insert(task.name.clone(), task.clone());
        let beside = Beside { tasks: &tasks, others: &others };
        let references = match &split {
            Some(split) if entry.needs.reference => {
                let made = references(state, &Lineage::of(state, &made.base(name), split), split, cx).await?;
                cx.say(Event::Phase { name: entry.title.into(), before: false });
                made
            }
            _ => Vec::new(),
        };
        let retrained: Vec<Net> = references.iter().map(|(_, reference)| reference.net.clone()).collect();
        let attacks = &state.attacks;
        let job = MeasureJob { name, net, task, split: split.as_ref(), beside, attacks, retrained: &retrained };
        let mut rows = M::measure(&config, &job, cx).await?;
        rows.append(&mut cx.rows);
        Ok(rows)
    })
}

/// An error if an attack stage before this one has left nothing that it could read: another session has played it.
fn all_at_hand(entry: &Entry, state: &RunState, cx: &Cx) -> Result {
    let names = state.attacks_before(state.index(cx), &entry.needs).into_iter().map(|at| state.spec.stage_name(at));
    match names.into_iter().find(|name| !state.attacks.contains_key(name)) {
        Some(name) => {
            Err(Error::input(entry.id, format!("the images of the attack \"{name}\" are gone; play it once more")))
        }
        None => Ok(()),
    }
}
