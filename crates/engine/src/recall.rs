//! Stages that were played before need not be played again, where the host keeps finished work.

use crate::session::Session;
use kit::cx::{Lasting, Work};
use kit::run::RunState;
use kit::store::{self, Found};
use kit::{Cx, Lease, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::{Digest, Event, Row, Shape, Stage};
use std::collections::BTreeMap;

/// What a finished stage has left beside its network.
#[derive(Serialize, Deserialize)]
struct Told {
    /// Its figures.
    rows: Vec<Row>,
    /// Seconds that it took.
    seconds: f64,
    /// What it said: curves, answers, warnings.
    said: Vec<Lasting>,
}

/// A stage that is about to be played.
pub(crate) enum Recalled {
    /// It was played before: its figures and its seconds.
    Stage(Vec<Row>, f64),
    /// It is to be played, while this is held.
    Missing(Option<Lease>),
}

impl Session {
    /// Keeps what a stage has left, if the host keeps work; `file` is its network.
    pub(crate) async fn keep_work(&self, rows: &[Row], seconds: f64, file: Option<Vec<u8>>, cx: &Cx) {
        let Some(work) = &cx.work else { return };
        let told = Told { rows: rows.to_vec(), seconds, said: cx.said.take() };
        store::keep(&work.key, json!(told), file.as_slice(), cx).await;
        store::delete_checkpoints(&work.key, cx).await;
    }

    /// Puts a stage's network into the run and says again what the stage said, if it was kept. Waits while another
    /// program plays it.
    pub(crate) async fn recall(&mut self, index: usize, state: &mut RunState, cx: &mut Cx) -> Result<Recalled> {
        if cx.host.store().is_none() {
            return Ok(Recalled::Missing(None));
        }
        let shape = self.registry.entry(&state.spec.stages[index].id)?.shape;
        let key = self.key(index, state);
        cx.work = Some(Work::new(key.clone()));
        if self.needs_inputs && shape == Shape::Attack {
            return Ok(Recalled::Missing(None));
        }
        let (told, mut nets) = match store::recall_or_lease::<Told>(&key, cx).await? {
            Found::Kept(told, nets) => (told, nets),
            Found::Missing(lease) => return Ok(Recalled::Missing(lease)),
        };
        // If it was killed just after it had been kept.
        store::delete_checkpoints(&key, cx).await;
        if let Some(net) = nets.pop() {
            self.restored(index, net, state, cx);
        }
        cx.say(Event::Note { message: "It was played before and is taken from the store.".into() });
        told.said.into_iter().for_each(|said| cx.say(said.into()));
        Ok(Recalled::Stage(told.rows, told.seconds))
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
        // A network that has forgotten depends on what, wherever it stands in the line.
        let needs_split =
            told.iter().any(|(.., stage)| self.registry.entry(&stage.id).is_ok_and(|it| it.needs_split()));
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
        digest.write(format!("{:?} {:?}", task.set.shape, task.classes).as_bytes());
        task.set.pixels.iter().for_each(|value| digest.write(&value.to_le_bytes()));
        for view in [&task.train, &task.valid, &task.test] {
            digest.write(&(view.len() as u64).to_le_bytes());
            view.rows.iter().for_each(|row| digest.write(&row.to_le_bytes()));
            view.labels.iter().for_each(|label| digest.write(&label.to_le_bytes()));
        }
        contents.insert(format!("tasks.{name}"), digest.hex());
    }
    contents
}
