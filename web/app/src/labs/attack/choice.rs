//! Attack or defend: an attack asks a layer, a defence is one.

use super::words;
use crate::{
    run::{OpenDialog, Run, View},
    ui::{Segment, Segments},
};
use leptos::prelude::*;
use spec::Family;

/// Goes to the nearest stage of the other kind, or to the methods where the strip has none.
#[component]
pub fn AttackOrDefend(
    /// The selected stage.
    name: String,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let chosen = run.family(&name).unwrap_or(Family::Attack);
    let options = vec![Segment::new(Family::Attack, "Attack"), Segment::new(Family::Defend, "Defend")];
    let choose = move |family: Family| {
        let order = untrack(|| run.order());
        let here = order.iter().position(|stage| *stage == name).unwrap_or(0);
        let of_family = |(_, stage): &(usize, &String)| untrack(|| run.family(stage)) == Some(family);
        let near = order.iter().enumerate().filter(of_family).min_by_key(|(at, _)| at.abs_diff(here));
        match near {
            Some((_, stage)) => view.select(stage),
            None => view.open(OpenDialog::Chooser { replace: None, lab: Some(words::ID) }),
        }
    };
    view! { <Segments label="Attack or defend" class="segments spaced" options chosen choose /> }
}
