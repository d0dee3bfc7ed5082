//! What is to be forgotten, for every method alike: a class, a share drawn at random, or images by their numbers.

use crate::{
    run::{Run, View, catalogue},
    ui::{Range, Segment, Segments, Stepper, value::chosen_class},
};
use leptos::prelude::*;
use report::{
    figure::{fixed, percent},
    noise,
};
use serde_json::Value;
use spec::{Control, Pick, SEEDS, Widget};

/// The kind of forget set, its one setting, and how many networks are retrained.
#[component]
pub fn ForgetSet() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let kind = Memo::new(move |_| run.forget_set(&view.selected.get()).map(|pick| pick.id).unwrap_or_default());
    let option =
        |choice: &spec::Choice| Segment::new(choice.id.clone(), choice.title.clone()).titled(choice.help.clone());
    let options: Vec<_> = catalogue().forget.iter().map(option).collect();
    let choose = move |id: String| {
        if let Some(setting) = Setting::of(&id) {
            setting.put(run, view, setting.control.default.clone());
        }
    };
    let body = move || {
        let setting = Setting::of(&kind.get())?;
        Some(match setting.control.widget {
            Widget::From { .. } => view! { <Classes setting /> }.into_any(),
            Widget::Slider { min, max, .. } => view! { <Share setting min max /> }.into_any(),
            _ => view! { <Numbers /> }.into_any(),
        })
    };
    view! {
        <div class="group">
            <h3>"What to forget"</h3>
            <Segments label="Kind of forget set" options chosen=kind choose />
            {body}
            <Seeds />
        </div>
    }
}

/// The one setting of a kind of forget set.
#[derive(Clone, Copy)]
struct Setting {
    /// The kind.
    id: &'static str,
    control: &'static Control,
}

impl Setting {
    fn of(kind: &str) -> Option<Self> {
        let choice = catalogue().forget.iter().find(|choice| choice.id == kind)?;
        Some(Self { id: &choice.id, control: choice.controls.first()? })
    }

    /// What is set, else the default.
    fn value(self, run: Run, view: View) -> Value {
        let set = run.forget_set(&view.selected.get());
        let value = set.and_then(|pick| pick.params.get(&self.control.key).cloned());
        value.unwrap_or_else(|| self.control.default.clone())
    }

    fn put(self, run: Run, view: View, value: Value) {
        let params = [(self.control.key.clone(), value)].into_iter().collect();
        let selected = view.selected.get_untracked();
        run.edit(|strip| strip.set_forget(&selected, Pick { id: self.id.into(), params }, catalogue()));
    }
}

/// What so many samples of the selected stage are.
fn samples(run: Run, view: View, n: usize) -> String {
    run.samples(&run.task_of(&view.selected.get()), n)
}

#[component]
fn Classes(
    /// The class.
    setting: Setting,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let options = Memo::new(move |_| {
        let names = run.class_names(&run.task_of(&view.selected.get()));
        names.into_iter().enumerate().map(|(at, name)| Segment::new(Some(at as u16), name)).collect::<Vec<_>>()
    });
    let task = move || run.task_of(&view.selected.get());
    let chosen = Memo::new(move |_| run.forget_class(&view.selected.get(), &task()));
    let choose = move |class: Option<u16>| {
        let names = untrack(|| run.class_names(&task()));
        let place = class.map(usize::from).filter(|place| *place < names.len());
        setting.put(run, view, place.map_or(Value::Null, |place| chosen_class(&names, place)));
    };
    view! { <Segments label="Class to forget" class="classes" options chosen choose /> }
}

#[component]
fn Share(
    /// The share, of 1.
    setting: Setting,
    /// The smallest one.
    min: f64,
    /// The largest one.
    max: f64,
) -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let share = Memo::new(move |_| setting.value(run, view).as_f64().unwrap_or(min));
    let label = move || format!("share of the {}", samples(run, view, 2));
    let put = move |value: f64| setting.put(run, view, value.into());
    view! {
        <div class="control tall">
            <label for="forget-share">{label}</label>
            <span class="value">{move || percent(100.0 * share.get(), 0)}</span>
            <Range id="forget-share" min max step=0.01 value=share put />
        </div>
    }
}

#[component]
fn Numbers() -> impl IntoView {
    let (run, view) = (Run::get(), View::get());
    let words = move || match run.picked(&view.selected.get()).len() {
        0 => format!("Nothing is chosen to forget. Pick at least one {} by its number.", samples(run, view, 1)),
        1 => format!("One {} is chosen.", samples(run, view, 1)),
        n => format!("{} {} are chosen.", fixed(n as f64, 0), samples(run, view, n)),
    };
    let label = move || format!("Numbers of training {}, with commas", samples(run, view, 2));
    let numbers =
        move || run.picked(&view.selected.get()).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let read = move |text: String| {
        let ids: Vec<u32> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
        run.pick_to_forget(&view.selected.get_untracked(), &ids);
    };
    view! {
        <p class="fact">{words}</p>
        <input
            class="field"
            aria-label=label
            placeholder="12, 40, 77"
            prop:value=numbers
            on:change=move |event| read(event_target_value(&event))
        />
    }
}

#[component]
fn Seeds() -> impl IntoView {
    let run = Run::get();
    let seeds = move || run.strip.with(|strip| strip.spec.seeds_of_reference());
    let by = move |steps: i64| {
        run.edit(|strip| {
            let wanted = i64::from(strip.spec.seeds_of_reference()) + steps;
            strip.spec.retrain_seeds = Some((wanted.max(0) as u32).clamp(*SEEDS.start(), *SEEDS.end()));
        });
    };
    view! {
        <div
            class="control"
            title=format!("Networks that never saw it, trained from scratch; {}", noise::too_few())
        >
            <label for="retrain-seeds">"retrained seeds"</label>
            <span class="value">
                <Stepper
                    id="retrain-seeds"
                    value=Signal::derive(move || seeds().to_string())
                    by
                    less="fewer seeds"
                    more="more seeds"
                />
            </span>
        </div>
    }
}
