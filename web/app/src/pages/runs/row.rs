//! A run in the table.

use super::picked::Picked;
use crate::{
    run::{Run, catalogue, history::PastRun},
    ui::{Button, Glyph, Icon, Marks},
};
use leptos::prelude::*;
use report::{
    Chart, Role, Scene,
    chart::Sparkline,
    figure::{fixed, spread, took, tooltip},
    view::{Outcomes, RunView},
};
use spec::device_name;

/// A run with its figures; a press of its title picks it.
#[component]
pub fn RunRow(
    /// The number of the run.
    number: u32,
) -> impl IntoView {
    let (run, picked) = (Run::get(), Picked::get());
    let past = run.history.with_untracked(|runs| runs.iter().find(|past| past.number == number).cloned())?;
    let gap = past.figure("gap").map_or_else(|| "–".into(), |row| fixed(row.value, 1));
    let curve = (past.curve.len() > 1).then(|| view! { <Marks scene=sparkline(&past) class="spark" /> });
    let delete = move || {
        run.history.update(|runs| runs.retain(|past| past.number != number));
        picked.forget(number);
        run.store_history();
    };
    Some(view! {
        <tr class:selected=move || picked.has(number)>
            <td>{past.layer.clone()}</td>
            <td class="words">
                <button
                    type="button"
                    aria-pressed=move || picked.has(number).to_string()
                    on:click=move |_| picked.flip(number)
                >
                    <b>{past.title.clone()}</b>
                </button>
            </td>
            <td class="words muted">{past.did.clone()}</td>
            <td>{accuracy(&past)}</td>
            <td>{gap}</td>
            <td>{took(past.seconds)}</td>
            <td class="muted">{device_name(&past.device).to_owned()}</td>
            <td>
                {curve}
                <Button class="delete" name=format!("Delete run {number}") press=delete>
                    <Glyph icon=Icon::Close />
                </Button>
            </td>
        </tr>
    })
}

/// The figure that the run's lab is about, with its spread over seeds.
fn accuracy(past: &PastRun) -> impl IntoView + use<> {
    past.accuracy().map(|row| {
        let title = tooltip(row, &RunView { spec: &past.spec, catalogue: catalogue(), known: &Outcomes::new() });
        let spread = spread(row).map(|spread| view! { <small>{format!("± {}", fixed(spread, 1))}</small> });
        view! {
            <span title=title>
                {fixed(row.value, 1)}
                {spread}
            </span>
        }
    })
}

fn sparkline(past: &PastRun) -> Scene {
    let values = past.curve.iter().map(|(_, value)| f64::from(*value)).collect();
    Sparkline { values, role: Role::Keep }.scene(Sparkline::WIDTH, Sparkline::HEIGHT)
}
