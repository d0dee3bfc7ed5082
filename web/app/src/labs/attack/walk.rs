//! How sure the network is of the right answer after each step of an attack.

use super::{target::Target, triptych::shot};
use crate::ui::{Button, ChartBlock, Glyph, Icon, elements::matches};
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use report::{chart::Walk, figure::percent};

/// Milliseconds between two steps of a walk.
const STEP: u32 = 260;

/// The curve, and a button that goes along it.
#[component]
pub fn StepByStep() -> impl IntoView {
    let target = Target::get();
    let steps = Memo::new(move |_| shot(target)?.walk.first().cloned().filter(|walk| !walk.is_empty()));
    let last = Memo::new(move |_| steps.with(|steps| steps.as_ref().map_or(0, |steps| steps.len() - 1)));
    // The step of a walk that goes on; the last one where none does.
    let at = RwSignal::new(None::<usize>);
    let here = Memo::new(move |_| at.get().map_or(last.get(), |at| at.min(last.get())));
    let chart = Memo::new(move |_| {
        let confidences = steps.get()?.into_iter().map(|share| 100.0 * f64::from(share)).collect();
        Some(Walk { confidences, at: here.get() })
    });
    let timer = StoredValue::new_local(None::<Interval>);
    let walk = move || {
        if matches("(prefers-reduced-motion: reduce)") {
            at.set(None);
            return;
        }
        at.set(Some(0));
        // The timer goes with the lab, also in the middle of a walk.
        timer.set_value(Some(Interval::new(STEP, move || {
            let next = at.get_untracked().unwrap_or(0) + 1;
            let is_over = next >= last.get_untracked();
            at.set((!is_over).then_some(next));
            if is_over {
                timer.set_value(None);
            }
        })));
    };
    let words = move || {
        steps.with(|steps| {
            let confidence = *steps.as_ref()?.get(here.get())?;
            let share = percent(100.0 * f64::from(confidence), 0);
            Some(format!("Step {} of {}: {share}", here.get(), last.get()))
        })
    };
    view! {
        <div>
            <ChartBlock
                title="Step by step"
                sub="confidence in the right answer, %"
                empty="Appears with the first attack"
                chart
            />
            <p class="actions walk">
                <Button
                    class="button small"
                    disabled=Signal::derive(move || steps.with(Option::is_none))
                    press=walk
                >
                    <Glyph icon=Icon::Play />
                    "Walk"
                </Button>
                <span class="sub">{words}</span>
            </p>
        </div>
    }
}
