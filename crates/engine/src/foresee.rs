//! What stages will start from, as far as it is known before anything is played.

use crate::Registry;
use kit::cx::Cx;
use kit::nets::Net;
use kit::run::{Leaves, Place, RunState, others, prepared};
use kit::{Error, Result};
use spec::{Shape, Wrong};
use std::collections::BTreeMap;

/// An error if a stage cannot work on the network that the stages before it will leave: it takes other inputs, knows
/// other classes, or has no place for an adapter. Networks are made as the stages would make them, but not trained.
/// `cx` should be quiet.
pub fn foresee(registry: Registry, state: &RunState, cx: &mut Cx) -> Result {
    let (spec, is_layer) = (&state.spec, |id: &str| registry.is_layer(id));
    let begun = state.begun.sources.iter();
    let mut nets: BTreeMap<String, Net> = begun.map(|(name, given)| (name.clone(), given.net.clone())).collect();
    for (index, stage) in spec.stages.iter().enumerate() {
        let (name, planned) = (spec.stage_name(index), &state.plan[index]);
        let task = &state.tasks[&planned.task];
        let entry = registry.entry(&stage.id)?;
        cx.enter(name.clone(), planned.stream.clone());
        let net = match &stage.model {
            Some(pick) => state.own(index, pick, task, cx)?,
            None => nets[&spec.parent_name(index, is_layer)].clone(),
        };
        let left = || -> Result<Option<Net>> {
            if matches!(entry.shape, Shape::Attack | Shape::Measure | Shape::Unlearn) {
                net.knows(task)?;
            }
            if let Some(check) = entry.check_place {
                let attacks = leaves(registry, state, index)?;
                let task = &task.taking(stage.take);
                let others = stage.with.iter().map(|name| (&**name, &nets[name])).collect();
                check(&Place { name: &spec.parent_name(index, is_layer), task, tasks: &state.tasks, attacks, others })?;
            }
            if entry.shape == Shape::Attack {
                stage.with.iter().try_for_each(|name| nets[name].knows(task))?;
            }
            if !entry.shape.is_layer() {
                return Ok(None);
            }
            let net = prepared(net, task, cx)?;
            Ok(Some(match entry.attach {
                Some(attach) => attach(&stage.params, net, task, cx)?,
                None => net,
            }))
        };
        nets.extend(left().map_err(|error| placed(error, &stage.id, &name))?.map(|net| (name, net)));
    }
    Ok(())
}

/// What the attack stages before this one leave.
fn leaves(registry: Registry, state: &RunState, index: usize) -> Result<Vec<Leaves>> {
    let mut attacks = Vec::new();
    for (at, stage) in state.spec.stages[..index].iter().enumerate() {
        let entry = registry.entry(&stage.id)?;
        if entry.attack.is_none() {
            continue;
        }
        let task = state.tasks[&state.plan[at].task].taking(stage.take);
        let (target, on) = (entry.aims(&stage.params, &task)?, state.spec.parent_name(at, |id| registry.is_layer(id)));
        let (samples, has_target) = (others(&task.test, target).len(), target.is_some());
        attacks.push(Leaves { on, task: task.name, has_target, samples });
    }
    Ok(attacks)
}

/// With the stage that it is of.
fn placed(error: Error, id: &str, name: &str) -> Error {
    match error.of_stage(id, name) {
        Error::Input(wrong) if !wrong.what.starts_with("stage.") => {
            Wrong::new(format!("stage.{name}"), wrong.to_string()).into()
        }
        error => error,
    }
}
