//! What the engine still has of earlier visits: finished stages come back without being played.

use super::{
    catalogue::catalogue,
    context::{Recalling, Run},
};
use js_sys::{ArrayBuffer, Float32Array};
use leptos::prelude::*;
use spec::{Event, Said};
use std::sync::Arc;

impl Run {
    /// Asks for what is kept of the stages that the page knows nothing of.
    pub(super) fn recall(&self) {
        let strip = self.strip.get_untracked();
        let prints: Vec<String> = (0..strip.len()).map(|index| strip.print(index, catalogue())).collect();
        let stages: Vec<usize> = self
            .outcomes
            .with_untracked(|known| (0..strip.len()).filter(|at| !known.contains_key(&prints[*at])).collect());
        if stages.is_empty() {
            return;
        }
        let prints = stages.iter().map(|at| (strip.name(*at), prints[*at].clone())).collect();
        let run = self.engine.recall(strip.spec, stages);
        self.recalling.set_value(Recalling { run, prints, ..Recalling::default() });
    }

    /// Whether this is the number under which the engine speaks of what it was asked for.
    pub(super) fn is_recalling(&self, run: u32) -> bool {
        self.recalling.with_value(|recalling| recalling.run == run)
    }

    /// What is said of such a stage. Nobody is told of it: it was played at another time, and has its row.
    pub(super) fn recalled(&self, said: Said, buffers: Vec<ArrayBuffer>) {
        let Some(name) = said.stage else { return };
        let is_done = matches!(said.event, Event::StageDone { .. });
        self.recalling.update_value(|recalling| {
            let buffer = buffers.into_iter().next();
            let pixels = match said.event {
                Event::Saved { .. } => {
                    recalling.model = buffer;
                    None
                }
                _ => buffer.map(|pixels| Float32Array::new(&pixels).to_vec()),
            };
            recalling.outcome.take(said.event, pixels);
        });
        if !is_done {
            return;
        }
        let whole = self.recalling.try_update_value(|recalling| {
            let (outcome, model) = (std::mem::take(&mut recalling.outcome), recalling.model.take());
            Some((recalling.prints.get(&name)?.clone(), outcome, model))
        });
        let Some((print, outcome, model)) = whole.flatten() else { return };
        // It may have been played meanwhile, or be in hand.
        if self.outcomes.with_untracked(|known| known.contains_key(&print)) {
            return;
        }
        if let Some(model) = model {
            self.engine.keep_model(print.clone(), model);
        }
        self.outcomes.update(|outcomes| {
            outcomes.insert(print, Arc::new(outcome));
        });
        self.played.update(|played| {
            played.insert(name);
        });
    }
}
