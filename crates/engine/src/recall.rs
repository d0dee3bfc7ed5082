//! Stages that were played before need not be played again, where the host keeps finished work.

use crate::session::Session;
use kit::cx::{Lasting, Work};
use kit::data::Task;
use kit::run::RunState;
use kit::store::{self, Found};
use kit::{Cx, Lease, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::{Digest, Event, Row, RunSpec, Shape, Stage};
use std::rc::Rc;

/// What a run's [`RunState::contents`] call the device that it is played on.
pub(crate) const DEVICE: &str = "device";

/// What a finished stage has left beside its files: its network, if it makes one, then its pictures.
#[derive(Serialize, Deserialize)]
struct Told {
    /// Its figures.
    rows: Vec<Row>,
    /// Seconds that it took.
    seconds: f64,
    /// Steps that it took.
    steps: usize,
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
    /// Says again what is kept of these stages of a run, as if they were played in it. Nothing is played and nothing is
    /// waited for. What a stage starts from need not be kept: it is the same when it is played again.
    pub async fn restore_kept(&mut self, run: u32, spec: RunSpec, stages: &[usize]) -> Result {
        if self.host.store().is_none() {
            return Ok(());
        }
        let spec = Rc::new(spec);
        let mut state = self.begin(run, spec.clone()).await?;
        let mut cx = self.cx(run, spec.seed);
        for &index in stages.iter().filter(|index| **index < spec.stages.len()) {
            cx.enter(spec.stage_name(index));
            let kept = store::recall::<Told>(&self.key(index, &state), &cx).await;
            let Some((told, files)) = kept else { continue };
            cx.say(Event::Stage { index, of: spec.stages.len(), id: spec.stages[index].id.clone() });
            let (rows, seconds) = self.say_again(index, told, files, &mut state, &cx).await?;
            cx.say(Event::StageDone { rows, seconds });
        }
        Ok(())
    }

    /// Deletes what is kept of a stage, whichever of these devices has made it.
    pub async fn forget_kept(&mut self, spec: RunSpec, index: usize, devices: &[&str]) -> Result {
        if self.host.store().is_none() || index >= spec.stages.len() {
            return Ok(());
        }
        let mut state = self.begin(0, Rc::new(spec)).await?;
        for device in devices {
            state.contents.insert(DEVICE.into(), (*device).into());
            let key = self.key(index, &state);
            if let Some(store) = self.host.store() {
                store.delete(&key).await;
            }
        }
        Ok(())
    }

    /// Keeps what a stage has left, if the host keeps work; `file` is its network.
    pub(crate) async fn keep_work(&self, rows: &[Row], seconds: f64, file: Option<Vec<u8>>, cx: &Cx) {
        let Some(work) = &cx.work else { return };
        let mut said = Lasting::settled(cx.said.take());
        let pictures = said.iter_mut().filter_map(Lasting::pixels).map(std::mem::take);
        let files: Vec<Vec<u8>> = file.into_iter().chain(pictures).collect();
        let told = Told { rows: rows.to_vec(), seconds, steps: cx.progress.steps, said };
        store::keep(&work.key, json!(told), &files, cx).await;
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
        let (told, files) = match store::recall_or_lease::<Told>(&key, cx).await? {
            Found::Kept(told, files) => (told, files),
            Found::Missing(lease) => return Ok(Recalled::Missing(lease)),
        };
        // If it was killed just after it had been kept.
        store::delete_checkpoints(&key, cx).await;
        cx.say(Event::Note { message: "It was played before and is taken from the store.".into() });
        let (rows, seconds) = self.say_again(index, told, files, state, cx).await?;
        Ok(Recalled::Stage(rows, seconds))
    }

    /// Puts a kept stage's network into the run and this session, and says again what the stage said. Returns its
    /// figures and its seconds.
    async fn say_again(
        &mut self,
        index: usize,
        told: Told,
        files: Vec<Vec<u8>>,
        state: &mut RunState,
        cx: &Cx,
    ) -> Result<(Vec<Row>, f64)> {
        let (mut files, is_layer) = (files.into_iter(), self.registry.is_layer(&state.spec.stages[index].id));
        let file = is_layer.then(|| files.next()).flatten();
        for mut said in told.said {
            if let Some(pixels) = said.pixels() {
                *pixels = files.next().unwrap_or_default();
            }
            let (event, buffers) = said.again();
            cx.say_with(event, buffers);
        }
        if let Some(file) = file {
            let net = store::net(&file, cx)?;
            cx.publish(&net);
            self.put(index, net.clone(), state);
            self.hold(net, told.steps, file, cx);
        }
        Ok((told.rows, told.seconds))
    }

    /// All that a stage's result depends on: the data, the stages that lead to it, their settings and names (which
    /// random numbers depend on), what is forgotten, and the seeds. The same wherever the stage stands in its run.
    fn key(&self, index: usize, state: &RunState) -> String {
        let (spec, is_layer) = (&state.spec, |id: &str| self.registry.is_layer(id));
        let mut stages = spec.ancestors(index, is_layer);
        stages.reverse();
        stages.push(index);
        let stages: Vec<Stage> = stages.into_iter().map(|at| spec.resolved(at, is_layer)).collect();
        // A network that has forgotten depends on what, wherever it stands in the line.
        let needs_split = stages.iter().any(|stage| self.registry.entry(&stage.id).is_ok_and(|it| it.needs_split()));
        json!({
            "what": "stage",
            "contents": state.contents,
            "tasks": spec.tasks,
            "model": spec.model,
            "stages": stages,
            "forget": needs_split.then_some((&spec.forget, spec.seeds_of_reference())),
            "seed": spec.seed,
        })
        .to_string()
    }
}

/// A digest of a task's data, so that other files under the same names are other work.
pub(crate) fn digest(task: &Task) -> String {
    let mut digest = Digest::default();
    digest.write(format!("{:?} {:?}", task.set.shape, task.classes).as_bytes());
    task.set.pixels.iter().for_each(|value| digest.write(&value.to_le_bytes()));
    for view in [&task.train, &task.valid, &task.test] {
        digest.write(&(view.len() as u64).to_le_bytes());
        view.rows.iter().for_each(|row| digest.write(&row.to_le_bytes()));
        view.labels.iter().for_each(|label| digest.write(&label.to_le_bytes()));
    }
    digest.hex()
}
