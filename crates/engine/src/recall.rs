//! Stages that were played before need not be played again, where the host keeps finished work.

use crate::session::{Session, SessionHost};
use kit::run::RunState;
use kit::{Cx, Host, Result, store};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::{Digest, Event, Row, Said, Shape, Stage};
use std::collections::BTreeMap;

/// What a finished stage has left beside its network.
#[derive(Serialize, Deserialize)]
struct Told {
    /// Its figures.
    rows: Vec<Row>,
    /// Seconds that it took.
    seconds: f64,
    /// What it said: curves, answers, warnings.
    events: Vec<Event>,
}

impl SessionHost {
    /// Takes down what a stage says, for [`Session::keep_work`].
    pub fn take_down(&self, said: &Said) {
        // Progress is of no use later; pictures and weights lie in buffers beside the event.
        let is_lasting = match &said.event {
            Event::Step { .. } | Event::Phase { .. } | Event::Saved { .. } | Event::Images { .. } => false,
            Event::Stage { .. } => {
                self.told.borrow_mut().clear();
                false
            }
            _ => said.stage.is_some(),
        };
        if is_lasting && self.has_store() {
            self.told.borrow_mut().push(said.event.clone());
        }
    }
}

impl Session {
    /// Keeps what a stage has left, if the host keeps work.
    pub(crate) async fn keep_work(
        &self,
        index: usize,
        rows: &[Row],
        seconds: f64,
        state: &RunState,
        cx: &Cx,
    ) -> Result {
        if !cx.host.has_store() {
            return Ok(());
        }
        let told = Told { rows: rows.to_vec(), seconds, events: self.told.take() };
        let nets: Vec<_> = state.models.get(&cx.stage).map(|made| made.net.clone()).into_iter().collect();
        store::keep(&self.key(index, state), json!(told), &nets, cx).await
    }

    /// Puts a stage's network into the run, says again what the stage said, and returns its figures and its seconds;
    /// `None` if it was not kept.
    pub(crate) async fn recall(&mut self, index: usize, state: &mut RunState, cx: &Cx) -> Option<(Vec<Row>, f64)> {
        let shape = self.registry.entry(&state.spec.stages[index].id).ok()?.shape;
        if !cx.host.has_store() || (self.needs_inputs && shape == Shape::Attack) {
            return None;
        }
        let (told, mut nets) = store::recall(&self.key(index, state), cx).await?;
        let Told { rows, seconds, events } = serde_json::from_value(told).ok()?;
        if nets.len() != usize::from(shape.is_layer()) {
            return None;
        }
        if let Some(net) = nets.pop() {
            self.restored(index, net, state, cx);
        }
        cx.say(Event::Note { message: "It was played before and is taken from the store.".into() });
        events.into_iter().for_each(|event| cx.say(event));
        Some((rows, seconds))
    }

    /// All that a stage's result depends on: the data, the stages that lead to it, their settings and names (which
    /// random numbers depend on), what is forgotten, and the seeds.
    fn key(&self, index: usize, state: &RunState) -> String {
        let (spec, is_layer) = (&state.spec, |id: &str| self.registry.is_layer(id));
        let mut stages = spec.ancestors(index, is_layer);
        stages.reverse();
        stages.push(index);
        let told: Vec<(String, String, &Stage)> =
            stages.into_iter().map(|at| (spec.stage_name(at), spec.task_of(at, is_layer), &spec.stages[at])).collect();
        let needs_split = self.registry.entry(&spec.stages[index].id).is_ok_and(|entry| entry.needs_split());
        json!({
            "what": "stage",
            "contents": state.contents,
            "tasks": spec.tasks,
            "model": spec.model,
            "stages": told,
            "forget": needs_split.then_some((&spec.forget, spec.seeds_of_reference())),
            "seed": spec.seed,
        })
        .to_string()
    }
}

/// Digests of all data and of the start, so that other files under the same names are other work; `device` counts too.
pub(crate) fn contents(tasks: &indexmap::IndexMap<String, kit::data::Task>, device: &str) -> BTreeMap<String, String> {
    let mut contents = BTreeMap::from([("device".to_owned(), device.to_owned())]);
    for (name, task) in tasks {
        let mut digest = Digest::default();
        task.set.pixels.iter().for_each(|value| digest.write(&value.to_le_bytes()));
        for view in [&task.train, &task.valid, &task.test] {
            view.rows.iter().for_each(|row| digest.write(&row.to_le_bytes()));
            view.labels.iter().for_each(|label| digest.write(&label.to_le_bytes()));
        }
        contents.insert(format!("tasks.{name}"), digest.hex());
    }
    contents
}
