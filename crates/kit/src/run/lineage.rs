//! How a network was made, and how it is made again without what is to be forgotten.

use super::shapes::tune::prepared;
use super::shapes::{Beside, Other};
use super::state::RunState;
use crate::cx::Cx;
use crate::data::{Split, Task};
use crate::error::Result;
use crate::nets::Net;
use indexmap::IndexMap;
use serde_json::{Value, json};
use spec::{START, START_STREAM};
use std::collections::{BTreeMap, BTreeSet};

/// The trained stages that a network stands on. A network is known by the stage that left it; `None` is the run's
/// start.
pub struct Lineage<'a> {
    state: &'a RunState,
    gone: &'a Split,
    /// Indices of the stages, in playing order.
    stages: Vec<usize>,
    /// The one that left the network.
    last: Option<usize>,
}

impl<'a> Lineage<'a> {
    /// The lineage of the network that the stage with this index left; `gone` is what is to be forgotten. Stages that
    /// are no training, such as unlearning, are left out of it.
    pub fn of(state: &'a RunState, network: Option<usize>, gone: &'a Split) -> Self {
        let last = trained(state, network);
        let mut stages = BTreeSet::new();
        let mut open: Vec<usize> = last.into_iter().collect();
        while let Some(at) = open.pop() {
            if stages.insert(at) {
                open.extend(sources(state, at).into_iter().flatten());
            }
        }
        Self { state, gone, stages: stages.into_iter().collect(), last }
    }

    /// Indices of the stages, in playing order.
    pub fn stages(&self) -> &[usize] {
        &self.stages
    }

    /// Repeats all stages from the run's start, on the samples that stay: this is what a retrained reference is.
    pub async fn again(&self, cx: &mut Cx) -> Result<Net> {
        let state = self.state;
        let tasks: IndexMap<String, Task> =
            state.tasks.iter().map(|(name, task)| (name.clone(), task.without(&self.gone.forget))).collect();
        let mut made: BTreeMap<Option<usize>, Net> = BTreeMap::from([(None, self.start(cx)?)]);
        let stream = cx.stream.clone();
        for &index in &self.stages {
            let (stage, planned) = (&state.spec.stages[index], &state.plan[index]);
            cx.stream.clone_from(&planned.stream);
            let task = &tasks[&planned.task];
            let net = match &stage.model {
                Some(pick) => cx.net(pick, task)?,
                None => made[&trained(state, planned.below)].clone(),
            };
            let with = planned.with.iter().zip(&stage.with).map(|(at, name)| {
                let task = at.map_or_else(|| &tasks[0], |at| &tasks[&state.plan[at].task]);
                Other { name: name.clone(), net: made[&trained(state, *at)].clone(), task: task.clone() }
            });
            let others: Vec<Other> = with.collect();
            let make = (state.makers)(&stage.id).expect("a trained stage makes models");
            let beside = Beside { tasks: &tasks, others: &others };
            let net = make(&stage.params, prepared(net, task, cx)?, task, beside, cx).await?;
            made.insert(Some(index), net);
        }
        cx.stream = stream;
        Ok(made.remove(&self.last).expect("it was made last"))
    }

    /// The run's start. Random weights are drawn from the seed of `cx`.
    fn start(&self, cx: &Cx) -> Result<Net> {
        let state = self.state;
        if state.spec.model.params.contains_key("weights") {
            return Ok(state.models[START].net.clone());
        }
        let mut start = cx.beside(cx.seed);
        start.enter(START.into(), START_STREAM.into());
        start.net(&state.spec.model, &state.tasks[0])
    }

    /// What tells it from others over the same start: the stages, and what each of them is made from.
    pub fn identity(&self) -> Value {
        let place = |at: Option<usize>| at.and_then(|at| self.stages.binary_search(&at).ok());
        let stage = |&at: &usize| {
            let planned = &self.state.plan[at];
            let sources: Vec<Option<usize>> = sources(self.state, at).into_iter().map(place).collect();
            json!([planned.stream, planned.identity, sources])
        };
        self.stages.iter().map(stage).collect()
    }
}

/// The stage that trained this network, before other stages changed it.
fn trained(state: &RunState, mut network: Option<usize>) -> Option<usize> {
    while let Some(at) = network.filter(|at| !state.plan[*at].trains) {
        network = state.plan[at].below;
    }
    network
}

/// The trained networks that a stage is made from: the one that it starts from, then those under `with`.
fn sources(state: &RunState, at: usize) -> Vec<Option<usize>> {
    let planned = &state.plan[at];
    std::iter::once(&planned.below).chain(&planned.with).map(|network| trained(state, *network)).collect()
}
