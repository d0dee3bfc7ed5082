//! How a network was made, and how it is made again without what is to be forgotten.

use super::shapes::tune::prepared;
use super::shapes::{Beside, Other};
use super::state::{Base, RunState};
use crate::cx::Cx;
use crate::data::{Split, Task};
use crate::error::Result;
use crate::nets::Net;
use indexmap::IndexMap;
use serde_json::{Value, json};
use spec::START;
use std::collections::{BTreeMap, BTreeSet};

/// The trained stages that a network stands on.
pub struct Lineage<'a> {
    state: &'a RunState,
    gone: &'a Split,
    /// Indices of the stages, in playing order.
    stages: Vec<usize>,
    /// Names of the networks that the run begins with and that these stages are made from.
    sources: BTreeSet<String>,
    /// What is known of the network itself.
    last: Base,
}

impl<'a> Lineage<'a> {
    /// The lineage of a network; `gone` is what is to be forgotten. Stages that are no training, such as unlearning,
    /// are left out of it.
    pub fn of(state: &'a RunState, network: &Base, gone: &'a Split) -> Self {
        let last = trained(state, network);
        let (mut stages, mut sources) = (BTreeSet::new(), BTreeSet::new());
        let mut open = vec![last.clone()];
        while let Some(base) = open.pop() {
            match base {
                Base::Stage(at) if stages.insert(at) => open.extend(made_from(state, at)),
                Base::Stage(_) => {}
                Base::Source(name) => drop(sources.insert(name)),
            }
        }
        Self { state, gone, stages: stages.into_iter().collect(), sources, last }
    }

    /// Indices of the stages, in playing order.
    pub fn stages(&self) -> &[usize] {
        &self.stages
    }

    /// The networks that a file holds and whose weights it goes back to, each with what to call it in a sentence.
    pub fn files(&self) -> Vec<(String, &'a Net)> {
        let state = self.state;
        let (mut files, mut seen, mut open) = (Vec::new(), BTreeSet::new(), vec![self.last.clone()]);
        while let Some(base) = open.pop() {
            if !seen.insert(base.clone()) {
                continue;
            }
            match base {
                Base::Source(name) => {
                    let word = if name == START { "source network".into() } else { format!("network \"{name}\"") };
                    let is_file = state.spec.source(&name).is_some_and(|source| source.pick().weights().is_some());
                    files.extend(is_file.then(|| (word, &state.begun.sources[&name].net)));
                }
                Base::Stage(at) => {
                    let word = || format!("network that stage \"{}\" begins with", state.spec.stage_name(at));
                    files.extend(state.begun.own.get(&at).map(|given| (word(), &given.net)));
                    let from = state.plan[at].from.iter().filter(|_| !state.plan[at].draws_anew);
                    open.extend(from.chain(&state.plan[at].with).map(|base| trained(state, base)));
                }
            }
        }
        files
    }

    /// Repeats all stages from what the run begins with, on the samples that stay: this is what a retrained reference
    /// is.
    pub async fn again(&self, cx: &mut Cx) -> Result<Net> {
        let state = self.state;
        let left = |task: &Task| self.gone.all().fold(task.clone(), |task, gone| task.without(gone));
        let tasks: IndexMap<String, Task> = state.tasks.iter().map(|(name, task)| (name.clone(), left(task))).collect();
        let mut made: BTreeMap<Base, Net> = BTreeMap::new();
        for name in &self.sources {
            made.insert(Base::Source(name.clone()), self.source(name, cx)?);
        }
        let stream = cx.stream.clone();
        for &index in &self.stages {
            let (stage, planned) = (&state.spec.stages[index], &state.plan[index]);
            cx.stream.clone_from(&planned.stream);
            let task = &tasks[&planned.task];
            let net = match (&planned.from, &stage.model) {
                (Some(from), _) => made[&trained(state, from)].clone(),
                (None, pick) => state.own(index, pick.as_ref().expect("it has one of its own"), task, cx)?,
            };
            let with = planned.with.iter().zip(&stage.with).map(|(base, name)| {
                let net = made[&trained(state, base)].clone();
                Other { name: name.clone(), net, task: tasks[state.task_of(base)].clone() }
            });
            let others: Vec<Other> = with.collect();
            let make = (state.makers)(&stage.id).expect("a trained stage makes models");
            let beside = Beside { tasks: &tasks, others: &others };
            let net = make(&stage.params, prepared(net, task, cx)?, task, beside, cx).await?;
            made.insert(Base::Stage(index), net);
        }
        cx.stream = stream;
        Ok(made.remove(&self.last).expect("it was made last"))
    }

    /// A network that the run begins with. Random weights are drawn from the seed of `cx`.
    fn source(&self, name: &str, cx: &Cx) -> Result<Net> {
        let (state, given) = (self.state, &self.state.begun.sources[name]);
        let source = state.spec.source(name).expect("the run begins with it");
        match source.pick().weights() {
            Some(_) => Ok(given.net.clone()),
            None => cx.beside(cx.seed).source(name, &source, &state.tasks[&given.task]),
        }
    }

    /// What tells it from others: the stages, and what each of them is made from.
    pub fn identity(&self) -> Value {
        let known = |base: &Base| match base {
            Base::Source(name) => json!(self.state.begun.sources[name].print),
            Base::Stage(at) => json!(self.stages.binary_search(at).ok()),
        };
        let stage = |at: &usize| {
            let planned = &self.state.plan[*at];
            json!([planned.stream, planned.identity, made_from(self.state, *at).iter().map(known).collect::<Value>()])
        };
        json!([known(&self.last), self.stages.iter().map(stage).collect::<Value>()])
    }
}

/// The network as training left it, before other stages changed it.
fn trained(state: &RunState, network: &Base) -> Base {
    let mut base = network;
    while let Base::Stage(at) = base
        && !state.plan[*at].trains
    {
        base = state.plan[*at].from.as_ref().expect("only training begins with a network of its own");
    }
    base.clone()
}

/// The trained networks that a stage is made from: the one that it starts from, then those under `with`.
fn made_from(state: &RunState, at: usize) -> Vec<Base> {
    let planned = &state.plan[at];
    planned.from.iter().chain(&planned.with).map(|base| trained(state, base)).collect()
}
