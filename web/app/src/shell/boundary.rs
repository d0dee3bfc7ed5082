//! Which class the network names where: in place of the tiles, for points in a plane.

use crate::{
    run::{Run, View},
    ui::{Image, Pixels},
};
use js_sys::Uint8Array;
use leptos::prelude::*;
use spec::{Answer, Question};
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

/// Points of a side.
const SIDE: u32 = 96;
/// How strong an area is, of 1.
const FAINT: f32 = 0.15;

/// The classes over a part of the plane.
#[derive(Clone, Debug, PartialEq)]
struct Map {
    low: [f64; 2],
    high: [f64; 2],
    size: u32,
    /// Row after row from the top left.
    classes: Vec<u8>,
}

/// Areas of the classes, faint, with the test points as marks.
#[component]
pub fn BoundaryMap() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let map = RwSignal::new(None::<Arc<Map>>);
    let shown = Memo::new(move |_| view.shown());
    follow(run, view, shown, map);
    let area = move || {
        let map = map.get()?;
        let side = map.size as usize;
        let values: Vec<f32> = map.classes.iter().map(|class| if class % 2 == 0 { -FAINT } else { FAINT }).collect();
        Some(Image { shape: [1, side, side], values: values.into(), signed: true })
    };
    let marks = move || map.get().map(|map| marks(run, view, &shown.get(), &map));
    view! {
        <div class="map" role="img" aria-label="Which class the network names where">
            <Pixels image=Signal::derive(area) />
            <svg aria-hidden="true">{marks}</svg>
        </div>
    }
}

/// Asks again every twenty steps, and when the stage is done.
fn follow(run: Run, view: View, shown: Memo<String>, map: RwSignal<Option<Arc<Map>>>) {
    let step = Memo::new(move |_| run.outcome(&shown.get()).map(|outcome| (outcome.step / 20, outcome.is_done())));
    Effect::new(move |_| {
        run.engine.state.track();
        step.track();
        let (shown, is_off) = (shown.get(), view.is_off());
        spawn_local(async move {
            let answer = run.ask(&shown, is_off, Question::Boundary { size: SIDE }, vec![]).await;
            let Ok((Answer::Boundary { low, high, size }, buffers)) = answer else { return };
            let classes = buffers.first().map(|buffer| Uint8Array::new(buffer).to_vec()).unwrap_or_default();
            if classes.len() == (size * size) as usize {
                map.try_set(Some(Arc::new(Map { low, high, size, classes })));
            }
        });
    });
}

fn marks(run: Run, view: View, shown: &str, map: &Map) -> impl IntoView + use<> {
    let answers = run.drawn(shown, &run.task_of(shown));
    let task = run.task_of(&view.selected.get());
    let points = run.samples.with(|samples| samples.get(&run.task_key(&task)).cloned());
    let place = |at: f32, axis: usize| 100.0 * (f64::from(at) - map.low[axis]) / (map.high[axis] - map.low[axis]);
    let mark = |points: &report::Images, at: usize| {
        let [x, y] = <[f32; 2]>::try_from(points.one(at)).ok()?;
        let answers = answers.as_ref()?;
        let label = answers.labels[answers.at(points.ids[at])?];
        let class = if label % 2 == 0 { "keep" } else { "lose" };
        Some(view! {
            <text class=class x=format!("{}%", place(x, 0)) y=format!("{}%", 100.0 - place(y, 1))>
                {label}
            </text>
        })
    };
    points.map(|points| (0..points.ids.len()).filter_map(|at| mark(&points, at)).collect_view())
}
