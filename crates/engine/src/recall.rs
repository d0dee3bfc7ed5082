//! Stages that were played before need not be played again, where the host keeps finished work.

use crate::session::Session;
use kit::cx::{Lasting, Work};
use kit::run::RunState;
use kit::store::{self, Found};
use kit::{Cx, Lease, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use spec::{Event, Row, Shape};

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
        // Whoever played it may have called it otherwise.
        let rows = told.rows.into_iter().map(|row| Row { stage: cx.stage.clone(), ..row });
        Ok(Recalled::Stage(rows.collect(), told.seconds))
    }

    /// All that a stage's result depends on: the device, the run's start, the stages that lead to it, the seed, and for
    /// what has forgotten what that was. Names have no say.
    fn key(&self, index: usize, state: &RunState) -> String {
        let spec = &state.spec;
        let is_forgetting = |at: &usize| self.registry.entry(&spec.stages[*at].id).is_ok_and(|it| it.needs_split());
        // A network that has forgotten depends on what, wherever it stands in the line.
        let forgets = self.registry.line(index, spec).iter().any(is_forgetting);
        json!({
            "what": "stage",
            "contents": state.contents,
            "model": spec.model,
            "stages": self.identities(index, state),
            "forget": forgets.then_some((&spec.forget, spec.seeds_of_reference())),
            "seed": spec.seed,
        })
        .to_string()
    }

    /// The stages that lead to a stage and the stage itself, each by what it is and not by its name.
    fn identities<'a>(&self, index: usize, state: &'a RunState) -> Vec<&'a Value> {
        self.registry.line(index, &state.spec).into_iter().map(|at| &state.plan[at].identity).collect()
    }

    /// Pairs of stages that leave one and the same network, the earlier one first.
    pub(crate) fn twins(&self, state: &RunState) -> Vec<[String; 2]> {
        let spec = &state.spec;
        let layers: Vec<usize> = spec.layers(|id| self.registry.is_layer(id)).collect();
        let twin = |later: &usize| {
            let is_same = |earlier: &&usize| self.identities(**earlier, state) == self.identities(*later, state);
            layers.iter().take_while(|at| *at < later).find(is_same)
        };
        layers.iter().filter_map(|later| Some([spec.stage_name(*twin(later)?), spec.stage_name(*later)])).collect()
    }
}
