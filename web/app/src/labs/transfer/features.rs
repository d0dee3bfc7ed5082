//! Features of the test split in two dimensions, as the network changes.

use crate::{
    engine::browser,
    run::{Run, START, View},
    ui::ChartBlock,
};
use gloo_timers::callback::Timeout;
use leptos::prelude::*;
use report::chart::Embedding;
use spec::{Answer, Question};
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// Milliseconds between two pictures.
const PACE: f64 = 500.0;

/// Milliseconds from the engine's readiness to the first picture: who presses Play at once does not wait until the
/// engine has made it.
const SETTLE: u32 = 300;

/// The features of a network.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    /// The stage whose network it is.
    of: String,
    labels: Vec<u16>,
    xy: Vec<[f32; 2]>,
}

/// One point a sample, along the first two principal directions.
#[component]
pub fn Features() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let seen = RwSignal::new(None::<Arc<Seen>>);
    follow(run, view, seen);
    let sub = move || match seen.get() {
        Some(seen) if seen.of == START => "before any training".to_owned(),
        _ => "features, first two directions".into(),
    };
    let title = move || {
        let task = run.task_of(&view.selected.get());
        run.view(|view| format!("How it sees the {}", view.bare_things(&task)))
    };
    let chart = Memo::new(move |_| {
        let seen = seen.get()?;
        let names = run.class_names(&run.task_of(&view.selected.get()));
        let (xy, labels) = (seen.xy.clone(), seen.labels.clone());
        Some(Embedding { xy, labels, names })
    });
    view! {
        <ChartBlock
            title=Signal::derive(title)
            sub=Signal::derive(sub)
            empty="Appears when the engine is ready"
            chart
        />
    }
}

/// Asks the engine for new features after an evaluation, at most twice a second, and once more when the stage is done.
fn follow(run: Run, view: View, seen: RwSignal<Option<Arc<Seen>>>) {
    let asked = StoredValue::new(-PACE);
    let settled = RwSignal::new(false);
    Effect::new(move |_| {
        if run.engine.is_ready() {
            Timeout::new(SETTLE, move || {
                settled.try_set(true);
            })
            .forget();
        }
    });
    let moment = Memo::new(move |_| {
        let shown = view.shown();
        let outcome = run.outcome(&shown);
        let step = outcome.map(|outcome| (outcome.series.get("train_accuracy").map(Vec::len), outcome.is_done()));
        (shown, step, settled.get(), run.engine.state.get(), run.classes.with(|classes| classes.len()))
    });
    Effect::new(move |_| {
        let (shown, step, is_settled, ..) = moment.get();
        let task = untrack(|| run.task_of(&view.selected.get()));
        let is_known = run.classes.with_untracked(|classes| classes.contains_key(&task));
        let now = browser::now();
        let is_finished = step.is_some_and(|(_, done)| done);
        // At the start of a run the engine has no model of this stage yet, and a question would delay the first step.
        let begins = step.is_none() && untrack(|| run.is_playing());
        if !is_known || begins || !(is_settled || step.is_some()) || (now - asked.get_value() < PACE && !is_finished) {
            return;
        }
        asked.set_value(now);
        spawn_local(async move {
            let answer = run.ask(&shown, false, Question::Embed { task }, vec![]).await;
            let Ok((Answer::Embed { labels, xy, .. }, _)) = answer else { return };
            // The lab may have been left since.
            let Some(before) = seen.try_get_untracked() else { return };
            let xy = match before.filter(|before| before.xy.len() == xy.len()) {
                Some(before) => aligned(&xy, &before.xy),
                None => xy,
            };
            seen.set(Some(Arc::new(Seen { of: shown, labels, xy })));
        });
    });
}

/// Rotates or reflects the points to lie as near as possible to the previous frame (Procrustes analysis in two
/// dimensions). Principal components are unique only up to sign and order, and the plot would jump otherwise.
fn aligned(xy: &[[f32; 2]], to: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let (mut dot, mut cross, mut mirror_dot, mut mirror_cross) = (0.0_f64, 0.0_f64, 0.0_f64, 0.0_f64);
    for ([x, y], [u, v]) in xy.iter().zip(to).map(|(a, b)| (a.map(f64::from), b.map(f64::from))) {
        dot += x * u + y * v;
        cross += x * v - y * u;
        mirror_dot += x * u - y * v;
        mirror_cross += x * v + y * u;
    }
    let (turned, mirrored) = (dot.hypot(cross), mirror_dot.hypot(mirror_cross));
    let (is_mirrored, [cos, sin]) = match mirrored > turned {
        true => (true, [mirror_dot / mirrored, mirror_cross / mirrored]),
        false if turned > 0.0 => (false, [dot / turned, cross / turned]),
        false => (false, [1.0, 0.0]),
    };
    let (cos, sin) = (cos as f32, sin as f32);
    let turn = |&[x, y]: &[f32; 2]| {
        let y = if is_mirrored { -y } else { y };
        [x * cos - y * sin, x * sin + y * cos]
    };
    xy.iter().map(turn).collect()
}
