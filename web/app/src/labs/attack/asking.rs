//! Asks the engine for attacked images: one image follows the slider as fast as answers come, the leaf follows when the
//! slider rests.

use super::{
    state::{Shot, Subject},
    target::Target,
};
use crate::run::{Side, questions::buffer};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use spec::Question;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// Milliseconds between the last move of the slider and the question for the whole leaf.
const SETTLE: u32 = 150;

/// What one image is wanted for.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    key: String,
    layer: String,
    image: Subject,
    epsilon: f64,
}

/// Keeps the lab's images at the slider's budget while the lab is shown.
pub fn keep_asking() {
    let target = Target::get();
    let wanted = Memo::new(move |_| {
        target.run.engine.state.track();
        let layer = target.victim()?;
        Some(Wanted { key: target.key(&layer)?, image: target.image()?, epsilon: target.epsilon(), layer })
    });
    follow_image(target, wanted);
    follow_leaf(target, wanted);
}

/// One question at a time; the newest budget wins.
fn follow_image(target: Target, wanted: Memo<Option<Wanted>>) {
    let busy = StoredValue::new(false);
    Effect::new(move |_| {
        if wanted.with(Option::is_none) || busy.get_value() {
            return;
        }
        busy.set_value(true);
        spawn_local(async move {
            // Until what was asked for is what is wanted, or the engine does not answer, or the lab is left.
            while let Some(next) = wanted.try_get_untracked().flatten().filter(|next| !has(target, next)) {
                let Some(shot) = ask(target, &next.layer, next.image, next.epsilon).await else { break };
                target.state.shot.set(Some(Arc::new(shot)));
            }
            busy.try_set_value(false);
        });
    });
}

fn has(target: Target, wanted: &Wanted) -> bool {
    target.state.shot.with_untracked(|shot| {
        let shot = shot.as_ref();
        shot.is_some_and(|s| s.key == wanted.key && s.subject == wanted.image && s.epsilon == wanted.epsilon)
    })
}

fn follow_leaf(target: Target, wanted: Memo<Option<Wanted>>) {
    let timer = StoredValue::new_local(None::<Timeout>);
    Effect::new(move |_| {
        let (Some(Wanted { key, layer, epsilon, .. }), side) = (wanted.get(), target.view.side.get()) else { return };
        let leaf = target.state.leaf_shot;
        let has = leaf.with_untracked(|shot| shot.as_ref().is_some_and(|s| s.key == key && s.epsilon == epsilon));
        if side != Side::Other || has {
            return;
        }
        let ask = move || {
            spawn_local(async move {
                let ids = untrack(|| target.run.sample(&layer, &target.task(&layer))).ids;
                if let Some(shot) = ask(target, &layer, Subject::Samples(ids), epsilon).await {
                    leaf.set(Some(Arc::new(shot)));
                }
            });
        };
        timer.set_value(Some(Timeout::new(SETTLE, ask)));
    });
}

async fn ask(target: Target, layer: &str, subject: Subject, epsilon: f64) -> Option<Shot> {
    let (key, mut method, task) = untrack(|| (target.key(layer), target.method(layer), target.task(layer)));
    method.params.insert("epsilon".into(), epsilon.into());
    let with = untrack(|| target.with(layer));
    let own = match &subject {
        Subject::Samples(_) => vec![],
        Subject::Drawn(drawing) => vec![buffer(&drawing.image.values)],
    };
    let question = Question::Attack { method, task, samples: subject.ids().to_vec(), labels: vec![], with };
    let (answer, buffers) = target.run.ask(layer, false, question, own).await.ok()?;
    Shot::of(key?, subject, epsilon, answer, &buffers)
}
