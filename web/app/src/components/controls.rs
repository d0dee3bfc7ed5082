//! Generated controls: one component for every method; no form is written by hand.

use super::icons::{Icon, icon};
use crate::{
    state::controls::{at_place, place, same, value, whole, written},
    store::{Page, page},
};
use leptos::prelude::*;
use serde_json::{Map, Value};
use spec::{Control, Source, Widget};

/// Where a control writes, and what it reads.
#[derive(Clone)]
struct Field {
    control: &'static Control,
    stage: String,
    path: Vec<String>,
    value: Memo<Value>,
}

impl Field {
    fn put(&self, page: &Page, value: Value) {
        page.set(&self.stage, &self.path, value);
    }

    fn id(&self) -> String {
        format!("set-{}", self.path.join("-"))
    }
}

/// Settings, and more settings: nested tables are flattened into their leaves, in the order of the `Config`.
pub fn settings(stage: String) -> AnyView {
    let page = page();
    let Some(method) = page.method(&stage) else { return ().into_any() };
    let (mut basic, mut more) = (Vec::new(), Vec::new());
    leaves(&method.controls, &[], false, &mut |path, control, advanced| {
        if advanced { more.push((path, control)) } else { basic.push((path, control)) }
    });
    // A visitor needs six; the rest is at its default and waits.
    if basic.len() > 6 {
        more.splice(0..0, basic.drain(6..));
    }
    let params = {
        let stage = stage.clone();
        Memo::new(move |_| page.strip.with(|strip| strip.stage(&stage).map(|s| s.params.clone()).unwrap_or_default()))
    };
    let group = |title: &'static str, fields: Vec<(Vec<String>, &'static Control)>, open: bool| {
        if fields.is_empty() {
            return ().into_any();
        }
        let all = fields.len();
        let paths: Vec<Vec<String>> = fields.iter().map(|(path, _)| path.clone()).collect();
        let count = Memo::new(move |_| {
            params.with(|params| paths.iter().filter(|path| written(params, path).is_some()).count())
        });
        let note = move || match count.get() {
            0 if open => String::new(),
            0 => format!("{all} at default"),
            n => format!("{n} changed"),
        };
        let stage = stage.clone();
        let rows = fields
            .into_iter()
            .map(|(path, control)| {
                let at = path.clone();
                let read = Memo::new(move |_| params.with(|params| value(&method.controls, params, &at)));
                row(Field { control, stage: stage.clone(), path, value: read }, &method.controls, params)
            })
            .collect_view();
        view! {
            <details class="group" open=open || count.get_untracked() != 0>
                <summary>
                    {icon(Icon::Chevron)} <span>{title}</span> <small>{note}</small>
                </summary>
                {rows}
            </details>
        }
        .into_any()
    };
    view! {
        {group("Settings", basic, true)}
        {group("More settings", more, false)}
    }
    .into_any()
}

fn leaves(
    controls: &'static [Control],
    path: &[String],
    advanced: bool,
    take: &mut dyn FnMut(Vec<String>, &'static Control, bool),
) {
    for control in controls {
        let path: Vec<String> = path.iter().cloned().chain([control.key.clone()]).collect();
        let advanced = advanced || control.advanced;
        match &control.widget {
            Widget::Group { of } => leaves(of, &path, advanced, take),
            _ => take(path, control, advanced),
        }
    }
}

fn row(field: Field, controls: &'static [Control], params: Memo<Map<String, Value>>) -> AnyView {
    let page = page();
    let control = field.control;
    let is_changed = {
        let path = field.path.clone();
        Memo::new(move |_| params.with(|params| written(params, &path).is_some()))
    };
    let wrong = {
        let value = field.value;
        Memo::new(move |_| value.with(|value| control.check(value).err()))
    };
    // A control that has no effect now says why.
    let idle = control.needs.as_ref().map(|(key, wanted)| {
        let path: Vec<String> =
            field.path[..field.path.len() - 1].iter().cloned().chain(key.split('.').map(str::to_owned)).collect();
        Memo::new(move |_| params.with(|params| !same(&value(controls, params, &path), wanted)))
    });
    let is_idle = move || idle.is_some_and(|idle| idle.get());
    let because =
        control.needs.as_ref().map(|(key, wanted)| format!("Only with {} {}.", key.replace('_', " "), plain(wanted)));
    let reset = {
        let field = field.clone();
        move |_| field.put(&page, control.default.clone())
    };
    let default = plain(&control.default);
    let tall = matches!(&control.widget, Widget::Slider { .. });
    view! {
        <div
            class="control"
            class:tall=tall
            class:changed=move || is_changed.get()
            class:idle=is_idle
            title=move || if is_idle() { because.clone().unwrap_or_default() } else { control.help.clone() }
        >
            <label for=field.id()>
                {control.label.clone()}
                {control.symbol.clone().map(|symbol| view! { <span class="symbol">{symbol}</span> })}
            </label>
            <span class="value">
                <button
                    class="undo"
                    type="button"
                    title=format!("Back to {default}")
                    aria-label=format!("{}: back to {default}", control.label)
                    on:click=reset
                >
                    {icon(Icon::Reset)}
                </button>
                {widget(&field, &control.widget)}
            </span>
            {slider(&field, &control.widget)}
            <p class="wrong" role="alert">{move || wrong.get()}</p>
        </div>
    }
    .into_any()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Bool(true) => "on".into(),
        Value::Bool(false) => "off".into(),
        Value::Array(items) if items.is_empty() => "all".into(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// A number as one types it, a list with commas, else the text itself.
fn typed(text: &str, widget: &Widget) -> Value {
    let text = text.trim();
    match widget {
        Widget::Slider { .. } | Widget::Count { .. } => {
            let number = text.replace(',', "").replace('−', "-");
            number
                .parse::<u64>()
                .map(Value::from)
                .ok()
                .or_else(|| number.parse::<f64>().ok().map(Value::from))
                .unwrap_or_else(|| text.into())
        }
        Widget::Maybe { .. } if text.is_empty() || text == "none" => Value::Null,
        Widget::Maybe { of } => typed(text, of),
        Widget::List { of, .. } => {
            text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| typed(part, of)).collect()
        }
        _ => text.into(),
    }
}

/// The part beside the label.
fn widget(field: &Field, widget: &'static Widget) -> AnyView {
    let page = page();
    let field = field.clone();
    let read = field.value;
    match widget {
        Widget::Toggle => {
            let id = field.id();
            let name = field.control.label.clone();
            view! {
                <button
                    class="switch"
                    type="button"
                    role="switch"
                    id=id
                    aria-label=name
                    aria-checked=move || (read.get() == Value::Bool(true)).to_string()
                    on:click=move |_| {
                        let now = read.get_untracked() == Value::Bool(true);
                        field.put(&page, Value::Bool(!now));
                    }
                ></button>
            }
            .into_any()
        }
        Widget::Choice { options } => choice(field, options.clone()),
        Widget::From { source, many: false } => choice(field, sources(&page, *source)),
        Widget::Count { min, max } => {
            let (min, max) = (*min, *max);
            let id = field.id();
            let by = {
                let field = field.clone();
                move |step: i64| {
                    let now = read.get_untracked().as_u64().unwrap_or(min);
                    field.put(&page, now.saturating_add_signed(step).clamp(min, max).into());
                }
            };
            let (less, more, keys) = (by.clone(), by.clone(), by);
            view! {
                <span class="stepper">
                    <button type="button" aria-label="less" tabindex="-1" on:click=move |_| less(-1)>
                        {icon(Icon::Less)}
                    </button>
                    <input
                        id=id
                        inputmode="numeric"
                        autocomplete="off"
                        prop:value=move || plain(&read.get())
                        on:change=move |event| field.put(&page, typed(&event_target_value(&event), widget))
                        on:keydown=move |event| {
                            let step = match event.key().as_str() {
                                "ArrowUp" => 1,
                                "ArrowDown" => -1,
                                "PageUp" => 10,
                                "PageDown" => -10,
                                _ => return,
                            };
                            event.prevent_default();
                            keys(step);
                        }
                    />
                    <button type="button" aria-label="more" tabindex="-1" on:click=move |_| more(1)>
                        {icon(Icon::More)}
                    </button>
                </span>
            }
            .into_any()
        }
        _ => {
            let unit = field.control.unit.clone();
            let id = if matches!(widget, Widget::Slider { .. }) { format!("{}-value", field.id()) } else { field.id() };
            let name = format!("{}, value", field.control.label);
            view! {
                <input
                    class="figure"
                    id=id
                    autocomplete="off"
                    aria-label=name
                    prop:value=move || plain(&read.get())
                    on:change=move |event| field.put(&page, typed(&event_target_value(&event), widget))
                />
                {unit.map(|unit| view! { <span class="unit">{unit}</span> })}
            }
            .into_any()
        }
    }
}

fn sources(page: &Page, source: Source) -> Vec<String> {
    match source {
        Source::Class => page.class_names(&page.task_of(&page.selected.get_untracked())),
        Source::Layer => page.layers.with_untracked(|layers| layers.iter().map(|(name, _)| name.clone()).collect()),
        Source::Stage => page.strip.with_untracked(|strip| (0..strip.len()).map(|index| strip.name(index)).collect()),
    }
}

fn choice(field: Field, options: Vec<String>) -> AnyView {
    let page = page();
    let read = field.value;
    let short = options.len() <= 4 && options.iter().map(|option| option.len()).sum::<usize>() <= 22;
    // Classes are numbers in the file.
    let numbers = matches!(field.control.widget, Widget::From { source: Source::Class, .. });
    let of = move |at: usize, option: &str| if numbers { Value::from(at) } else { Value::from(option) };
    if short {
        let name = field.control.label.clone();
        let buttons = options
            .into_iter()
            .enumerate()
            .map(|(at, option)| {
                let mine = of(at, &option);
                let (shown, field) = (mine.clone(), field.clone());
                view! {
                    <button
                        type="button"
                        aria-pressed=move || (read.get() == shown).to_string()
                        on:click=move |_| field.put(&page, mine.clone())
                    >
                        {option}
                    </button>
                }
            })
            .collect_view();
        return view! { <span class="segments" role="group" aria-label=name>{buttons}</span> }.into_any();
    }
    let id = field.id();
    let entries = options
        .iter()
        .enumerate()
        .map(|(at, option)| {
            let mine = of(at, option);
            let text = option.clone();
            view! {
                <option value=at.to_string() selected=move || read.get() == mine>
                    {text}
                </option>
            }
        })
        .collect_view();
    view! {
        <select
            id=id
            on:change=move |event| {
                let at = event_target_value(&event).parse().unwrap_or(0);
                field.put(&page, options.get(at).map_or(Value::Null, |option| of(at, option)));
            }
        >
            {entries}
        </select>
    }
    .into_any()
}

/// The track under the label.
fn slider(field: &Field, widget: &'static Widget) -> AnyView {
    let Widget::Slider { min, max, log } = widget else { return ().into_any() };
    let (min, max, log) = (*min, *max, *log);
    let page = page();
    let field = field.clone();
    let read = field.value;
    let control = field.control;
    let at = move || place(min, max, log, read.get().as_f64().unwrap_or(min));
    let default = control.default.as_f64().unwrap_or(min);
    let mark = format!("left:calc(8px + {} * (100% - 16px))", place(min, max, log, default));
    let say = move || {
        let unit = control.unit.as_deref().unwrap_or("");
        format!("{} {unit}, default {default}", plain(&read.get()))
    };
    let number = move |x: f64| if whole(min, max) { Value::from(x as i64) } else { Value::from(x) };
    let (typing, keys) = (field.clone(), field.clone());
    view! {
        <span class="range" style:--p=move || format!("{}%", 100.0 * at())>
            <input
                type="range"
                id=field.id()
                min="0"
                max="1000"
                step="1"
                aria-valuetext=say
                prop:value=move || (1000.0 * at()).round().to_string()
                on:input=move |event| {
                    let place = event_target_value(&event).parse::<f64>().unwrap_or(0.0) / 1000.0;
                    typing.put(&page, number(at_place(min, max, log, place)));
                }
                on:keydown=move |event| {
                    let here = place(min, max, log, read.get_untracked().as_f64().unwrap_or(min));
                    let step = if event.shift_key() { 0.1 } else { 0.01 };
                    let to = match event.key().as_str() {
                        "ArrowRight" | "ArrowUp" => at_place(min, max, log, (here + step).min(1.0)),
                        "ArrowLeft" | "ArrowDown" => at_place(min, max, log, (here - step).max(0.0)),
                        "0" | "Backspace" => default,
                        _ => return,
                    };
                    event.prevent_default();
                    keys.put(&page, number(to));
                }
            />
            <i class="default" style=mark title=format!("default {default}")></i>
        </span>
    }
    .into_any()
}
