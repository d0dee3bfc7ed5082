//! A setting: its row is drawn from its [`Control`], so that no form of a method is written by hand.
//!
//! The widgets are the browser's own inputs and buttons. Component libraries for leptos, such as thaw, bring style
//! sheets of their own beside that of the page, and a setting needs a slider on a logarithmic scale with a mark at its
//! default, and an input that keeps what was typed and says why it is wrong.

use super::{
    icons::{Glyph, Icon},
    scale::whole,
    segments::{Segment, Segments},
    select::{Select, SelectOption},
    slider::Slider,
    stepper::Stepper,
    switch::Switch,
    value::{chosen_class, plain, typed},
};
use leptos::prelude::*;
use serde_json::Value;
use spec::{Control, Source, Widget};

/// A row of the settings: label, value, the slider below, and what is wrong with the value.
#[component]
pub fn Field(
    /// Label, help, default and widget.
    control: &'static Control,
    /// The id of the input.
    #[prop(into)]
    id: String,
    /// What is set, else the default.
    #[prop(into)]
    value: Signal<Value>,
    /// Called with what it is to be, also if that does not fit the control.
    #[prop(into)]
    put: Callback<Value>,
    /// Whether the run file has a value of its own.
    #[prop(into)]
    changed: Signal<bool>,
    /// Whether it has no effect, as another setting is not what this one needs.
    #[prop(optional, into)]
    idle: Signal<bool>,
    /// What a widget with options of the run chooses from: names of classes, layers or stages.
    #[prop(optional)]
    options: Vec<String>,
) -> impl IntoView {
    let wrong = Memo::new(move |_| value.with(|value| control.check(&control.key, value).err().map(|wrong| wrong.why)));
    let title = move || match &control.needs {
        Some((key, wanted)) if idle.get() => format!("Only with {} {}.", key.replace('_', " "), plain(wanted)),
        _ => control.help.clone(),
    };
    let default = plain(&control.default);
    let tall = matches!(control.widget, Widget::Slider { .. });
    view! {
        <div class="control" class:tall=tall class:changed=changed class:idle=idle title=title>
            <label for=id.clone()>
                {control.label.clone()}
                {control.symbol.clone().map(|symbol| view! { <span class="symbol">{symbol}</span> })}
            </label>
            <span class="value">
                <button
                    class="undo"
                    type="button"
                    title=format!("Back to {default}")
                    aria-label=format!("{}: back to {default}", control.label)
                    on:click=move |_| put.run(control.default.clone())
                >
                    <Glyph icon=Icon::Reset />
                </button>
                <Input control=control id=id.clone() value=value put=put options=options />
            </span>
            <Track control=control id=id value=value put=put />
            <p class="wrong" role="alert">
                {wrong}
            </p>
        </div>
    }
}

/// The part beside the label.
#[component]
fn Input(
    /// Label, help, default and widget.
    control: &'static Control,
    /// The id of the input.
    id: String,
    /// What is set, else the default.
    value: Signal<Value>,
    /// Called with what it is to be, also if that does not fit the control.
    put: Callback<Value>,
    /// What a widget with options of the run chooses from.
    options: Vec<String>,
) -> impl IntoView {
    match &control.widget {
        Widget::Toggle => {
            let on = Signal::derive(move || value.get() == Value::Bool(true));
            let flip = move |on: bool| put.run(on.into());
            view! { <Switch label=control.label.clone() id=id on=on flip=flip /> }.into_any()
        }
        Widget::Choice { options } => {
            let options = options.iter().map(|option| (option.as_str().into(), option.clone())).collect();
            view! { <OneOf control=control id=id value=value put=put options=options /> }.into_any()
        }
        Widget::From { source, many: false } => {
            let value_of = |at: usize| match source {
                Source::Class => chosen_class(&options, at),
                Source::Layer | Source::Stage => options[at].as_str().into(),
            };
            let options = options.iter().cloned().enumerate().map(|(at, name)| (value_of(at), name)).collect();
            view! { <OneOf control=control id=id value=value put=put options=options /> }.into_any()
        }
        &Widget::Count { min, max } => {
            let by = move |steps: i64| {
                let now = value.with_untracked(Value::as_u64).unwrap_or(min);
                put.run(now.saturating_add_signed(steps).clamp(min, max).into());
            };
            let read = move |text: String| put.run(typed(&text, &control.widget));
            let words = Signal::derive(move || value.with(plain));
            view! { <Stepper id=id value=words by=by typed=read /> }.into_any()
        }
        _ => view! { <Figure control=control id=id value=value put=put /> }.into_any(),
    }
}

/// A number, a list or a text to type, with its unit.
#[component]
fn Figure(
    /// Label, help, default and widget.
    control: &'static Control,
    /// The id of the input.
    id: String,
    /// What is set, else the default.
    value: Signal<Value>,
    /// Called with what it is to be, also if that does not fit the control.
    put: Callback<Value>,
) -> impl IntoView {
    // The label belongs to the slider where there is one.
    let id = if matches!(control.widget, Widget::Slider { .. }) { format!("{id}-value") } else { id };
    view! {
        <input
            class="figure"
            id=id
            autocomplete="off"
            aria-label=format!("{}, value", control.label)
            prop:value=move || value.with(plain)
            on:change=move |event| put.run(typed(&event_target_value(&event), &control.widget))
        />
        {control.unit.clone().map(|unit| view! { <span class="unit">{unit}</span> })}
    }
}

/// Few short options stand side by side, others in a list.
#[component]
fn OneOf(
    /// Label, help, default and widget.
    control: &'static Control,
    /// The id of the input.
    id: String,
    /// What is set, else the default.
    value: Signal<Value>,
    /// Called with what it is to be, also if that does not fit the control.
    put: Callback<Value>,
    /// Values with their names, in their order.
    options: Vec<(Value, String)>,
) -> impl IntoView {
    let short = options.len() <= 4 && options.iter().map(|(_, name)| name.len()).sum::<usize>() <= 22;
    if short {
        let options: Vec<_> = options.into_iter().map(|(value, name)| Segment::new(value, name)).collect();
        return view! { <Segments label=control.label.clone() options=options chosen=value choose=put /> }.into_any();
    }
    let (values, names): (Vec<_>, Vec<_>) = options.into_iter().unzip();
    let entries: Vec<_> =
        names.into_iter().enumerate().map(|(at, name)| SelectOption::new(at.to_string(), name)).collect();
    let values = StoredValue::new(values);
    let chosen = Memo::new(move |_| {
        let at = value.with(|value| values.with_value(|values| values.iter().position(|one| one == value)));
        at.map(|at| at.to_string())
    });
    let choose = move |at: String| {
        let at = at.parse().unwrap_or(0);
        put.run(values.with_value(|values: &Vec<Value>| values.get(at).cloned().unwrap_or_default()));
    };
    view! { <Select id=id options=entries chosen=chosen choose=choose /> }.into_any()
}

/// The slider below the label, where the setting has one.
#[component]
fn Track(
    /// Label, help, default and widget.
    control: &'static Control,
    /// The id of the input.
    id: String,
    /// What is set, else the default.
    value: Signal<Value>,
    /// Called with what it is to be, also if that does not fit the control.
    put: Callback<Value>,
) -> impl IntoView {
    let Widget::Slider { min, max, log } = control.widget else { return None };
    let default = control.default.as_f64().unwrap_or(min);
    let at = Signal::derive(move || value.with(Value::as_f64).unwrap_or(min));
    let words = Signal::derive(move || value.with(plain));
    let unit = control.unit.clone().unwrap_or_default();
    let go = move |x: f64| put.run(if whole(min, max) { Value::from(x as i64) } else { Value::from(x) });
    Some(view! {
        <Slider id=id min=min max=max log=log default=default unit=unit value=at words=words put=go />
    })
}
