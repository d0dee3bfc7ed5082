//! Stages that were played before need not be played again, where the host keeps finished work.

use crate::session::{Session, enter};
use kit::cx::{Lasting, Work};
use kit::nets::weights;
use kit::run::RunState;
use kit::store::{self, Found};
use kit::{Cx, Lease, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use spec::{Digest, Event, Row, RunSpec, Said, Shape};
use std::collections::HashMap;
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
    /// How often the run wanted its networks looked at, and at how many samples.
    looks: [Option<u32>; 2],
    /// The hash of the network that the stage started from or asked; empty if it began with one of its own. Another
    /// device may have made that one, so that the key does not tell it.
    parent: String,
}

/// A stage that is about to be played.
pub(crate) enum Recalled {
    /// It was played before: its figures and its seconds.
    Stage(Vec<Row>, f64),
    /// It is to be played, while this is held.
    Missing(Option<Lease>),
}

/// What a run says of looks at its networks in training. No figure of the tables depends on it.
fn looks(spec: &RunSpec) -> [Option<u32>; 2] {
    [spec.every, spec.look]
}

impl Session {
    /// Says again what is kept of these stages of a run, as if they were played in it. Nothing is played and nothing is
    /// waited for. A stage is left out where the network that it started from is not at hand.
    pub async fn restore_kept(&mut self, run: u32, spec: RunSpec, stages: &[usize]) -> Result {
        if self.host.store().is_none() {
            return Ok(());
        }
        let spec = Rc::new(spec);
        let mut state = self.begin(run, spec.clone()).await?;
        let mut cx = self.cx(run, spec.seed);
        let twins = twins(&state, |id| self.registry.is_layer(id));
        for &index in stages.iter().filter(|index| **index < spec.stages.len()) {
            let kept = store::recall::<Told>(&self.key(index, &state), &cx).await;
            let Some((told, files)) = kept else { continue };
            if self.parent(index, &state).await? != Some(told.parent.clone()) {
                continue;
            }
            enter(index, &state, &mut cx);
            self.warn_of_twin(&twins, &cx);
            if let Some((rows, seconds)) = self.say_again(index, told, files, &mut state, &cx) {
                cx.say(Event::StageDone { rows, seconds });
            }
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
    pub(crate) async fn keep_work(
        &self,
        index: usize,
        rows: &[Row],
        seconds: f64,
        file: Option<Vec<u8>>,
        state: &RunState,
        cx: &Cx,
    ) {
        let Some(work) = &cx.work else { return };
        let mut said = cx.said.take();
        let pictures = said.iter_mut().filter_map(Lasting::pixels).map(std::mem::take);
        let files: Vec<Vec<u8>> = file.into_iter().chain(pictures).collect();
        let (rows, steps) = (rows.to_vec(), cx.progress.steps);
        let Ok(Some(parent)) = self.parent(index, state).await else { return };
        let told = Told { rows, seconds, steps, said, looks: looks(&state.spec), parent };
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
        if shape == Shape::Attack && (self.needs_inputs || self.reads_attacks(&state.spec)) {
            return Ok(Recalled::Missing(None));
        }
        let (told, files) = match store::recall_or_lease::<Told>(&key, cx).await? {
            Found::Kept(told, files) => (told, files),
            Found::Missing(lease) => return Ok(Recalled::Missing(lease)),
        };
        if self.parent(index, state).await? != Some(told.parent.clone()) {
            return Ok(Recalled::Missing(None));
        }
        // If it was killed just after it had been kept.
        store::delete_checkpoints(&key, cx).await;
        let Some((rows, seconds)) = self.say_again(index, told, files, state, cx) else {
            return Ok(Recalled::Missing(None));
        };
        cx.say(Event::Note { message: "It was played before and is not played again.".into() });
        Ok(Recalled::Stage(rows, seconds))
    }

    /// The hash of the network that a stage starts from or asks, empty if it begins with one of its own; `None` where
    /// that is not at hand.
    async fn parent(&self, index: usize, state: &RunState) -> Result<Option<String>> {
        if state.spec.stages[index].model.is_some() {
            return Ok(Some(String::new()));
        }
        let name = state.spec.parent_name(index, |id| self.registry.is_layer(id));
        match state.models.get(&name).map(|made| &made.net).or_else(|| self.held(&name)) {
            Some(net) => weights::hash(net).await.map(Some),
            None => Ok(None),
        }
    }

    /// Puts a kept stage's network into the run and this session, and says again what the stage said. Returns its
    /// figures and its seconds; `None` if its network cannot be read.
    fn say_again(
        &mut self,
        index: usize,
        told: Told,
        files: Vec<Vec<u8>>,
        state: &mut RunState,
        cx: &Cx,
    ) -> Option<(Vec<Row>, f64)> {
        let (mut files, is_layer) = (files.into_iter(), self.registry.is_layer(&state.spec.stages[index].id));
        let left = match is_layer {
            true => {
                let file = files.next()?;
                Some((store::net(&file, cx).ok()?, file))
            }
            false => None,
        };
        let is_looked_at_alike = told.looks == looks(&state.spec);
        if !is_looked_at_alike {
            let message = "Its curves of accuracy are left out: they were made by other looks than this run wants.";
            cx.say(Event::Note { message: message.into() });
        }
        for mut said in told.said {
            if !is_looked_at_alike && said.is_of_a_look() {
                continue;
            }
            if let Some(pixels) = said.pixels() {
                *pixels = files.next().unwrap_or_default();
            }
            let (event, buffers) = said.again();
            cx.say_with(event, buffers);
        }
        if let Some((net, file)) = left {
            cx.publish(&net);
            self.put(index, net.clone(), state);
            self.hold(net, told.steps, file, cx);
        }
        // Whoever played it may have called it otherwise.
        let rows = told.rows.into_iter().map(|row| Row { stage: cx.stage.clone(), ..row });
        Some((rows.collect(), told.seconds))
    }

    /// Warns if the stage that begins is the later one of a pair. It is not kept with the stage's work: another run may
    /// have only one of them.
    pub(crate) fn warn_of_twin(&self, twins: &[[String; 2]], cx: &Cx) {
        if let Some([earlier, _]) = twins.iter().find(|[_, later]| *later == cx.stage) {
            let event = Event::Warning { message: twin_warning(earlier) };
            self.host.say(Said { run: cx.run, stage: Some(cx.stage.clone()), event }, Vec::new());
        }
    }

    /// All that a stage's result depends on: the device, the run's start, the stages that lead to it with what they
    /// forget, the seed, and where it forgets how many networks are retrained. Names have no say, and no more has the
    /// way in which a run file writes a value.
    pub(crate) fn key(&self, index: usize, state: &RunState) -> String {
        let (spec, planned) = (&state.spec, &state.plan[index]);
        json!({
            "what": "stage",
            "contents": state.contents,
            "stage": planned.line,
            "retrained": self.registry.has_reference(&spec.stages[index].id).then_some(spec.seeds_of_reference()),
            "seed": spec.seed,
        })
        .to_string()
    }

    /// All that a run's results depend on.
    pub(crate) fn identity(&self, state: &RunState) -> String {
        let mut digest = Digest::default();
        (0..state.plan.len()).for_each(|index| digest.write(self.key(index, state).as_bytes()));
        digest.hex()
    }
}

/// What a stage is warned of that leaves the network which an earlier one has left.
pub fn twin_warning(earlier: &str) -> String {
    format!(
        "It leaves the same network as stage.{earlier}, with the same random numbers; `draw = 1` in one of them makes \
         it another."
    )
}

/// Pairs of stages that leave one and the same network, the earlier one first; `is_layer` says which leave one.
pub(crate) fn twins(state: &RunState, is_layer: impl Fn(&str) -> bool) -> Vec<[String; 2]> {
    let mut first: HashMap<&str, usize> = HashMap::new();
    let twin = |later: usize| {
        let earlier = *first.entry(&state.plan[later].line).or_insert(later);
        (earlier < later).then(|| [earlier, later].map(|at| state.spec.stage_name(at)))
    };
    state.spec.layers(is_layer).filter_map(twin).collect()
}
