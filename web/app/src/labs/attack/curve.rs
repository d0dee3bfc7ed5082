//! Accuracy by budget, of every network that is played.

use super::{
    target::{Target, end},
    words,
};
use crate::ui::ChartBlock;
use leptos::prelude::*;
use report::{
    Role,
    chart::{Epsilon, Line, Rank},
};
use spec::{Answer, Family, Question};
use std::collections::{HashMap, HashSet};
use wasm_bindgen_futures::spawn_local;

/// Budgets of the curve.
const BUDGETS: usize = 9;

/// Accuracy in percent by budget, of networks under attacks by their keys.
type Curves = HashMap<String, Vec<[f64; 2]>>;

/// One line a network.
#[component]
pub fn AccuracyUnderAttack() -> impl IntoView {
    let target = Target::get();
    let curves = RwSignal::new(Curves::new());
    ask_once(target, curves);
    let chart = Memo::new(move |_| {
        let chart = chart(target, curves);
        (!chart.lines.is_empty()).then_some(chart)
    });
    view! {
        <ChartBlock
            title="Accuracy under attack"
            sub="% right, by ε"
            empty="One line a network, once it is played"
            chart
        />
    }
}

/// Asks for the curve of every network once, while nothing plays.
fn ask_once(target: Target, curves: RwSignal<Curves>) {
    let asked = StoredValue::new(HashSet::new());
    Effect::new(move |_| {
        if !target.run.engine.is_ready() || target.run.is_playing() {
            return;
        }
        for name in target.victims().into_iter().filter(|name| target.run.is_done(name)) {
            let Some(key) = target.key(&name) else { continue };
            if asked.try_update_value(|asked| asked.insert(key.clone())) != Some(true) {
                continue;
            }
            let (task, method, with) = (target.task(&name), target.method(&name), target.with(&name));
            let n = target.run.answers(&name, &task).map_or(100, |answers| answers.len());
            let end = end(&method.id);
            let epsilons: Vec<f64> = (0..BUDGETS).map(|at| end * at as f64 / (BUDGETS - 1) as f64).collect();
            let question = Question::Curve { method, task, epsilons: epsilons.clone(), n, with };
            spawn_local(async move {
                match target.run.ask(&name, false, question, vec![]).await {
                    Ok((Answer::Curve { accuracy, .. }, _)) => {
                        let points = epsilons.into_iter().zip(accuracy).map(|(x, y)| [x, y]).collect();
                        curves.try_update(|curves| curves.insert(key, points));
                    }
                    // A later worker may answer.
                    _ => drop(asked.try_update_value(|asked| asked.remove(&key))),
                }
            });
        }
    });
}

fn chart(target: Target, curves: RwSignal<Curves>) -> Epsilon {
    let now = target.victim();
    let max = end(&target.shown());
    let line = |name: String| {
        let mut points = curves.with(|curves| curves.get(&target.key(&name)?).cloned())?;
        // Where the strip's own attack measured, its figure stands: the same everywhere.
        let own = target.attack_on(&name).and_then(|attack| target.run.view(|view| view.held(&attack)));
        for point in &mut points {
            if let Some(own) = own.filter(|own| (own.0 - point[0]).abs() < 1e-9) {
                *point = own.into();
            }
        }
        let is_hardened = target.run.family(&name) == Some(Family::Defend);
        Some(Line {
            name: words::victim(target.run, &name),
            role: if is_hardened { Role::Hard } else { Role::Lose },
            rank: if now.as_ref() == Some(&name) { Rank::Selected } else { Rank::Other },
            points,
        })
    };
    let victims = target.victims().into_iter().filter(|name| end(&target.method(name).id) == max);
    Epsilon { lines: victims.filter_map(line).collect(), epsilon: target.epsilon(), max }
}
