//! Generated controls: one component for every method; no form is written by hand.

use super::icons::{Icon, icon};
use crate::{
    browser,
    dom::*,
    state::controls::{at_place, place, same, value, whole, written},
    store::{Page, page},
};
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
        memo(move || page.strip.with(|strip| strip.stage(&stage).map(|s| s.params.clone()).unwrap_or_default()))
    };
    let group = |title: &'static str, fields: Vec<(Vec<String>, &'static Control)>, open: bool| {
        if fields.is_empty() {
            return ().into_any();
        }
        let all = fields.len();
        let paths: Vec<Vec<String>> = fields.iter().map(|(path, _)| path.clone()).collect();
        let count =
            memo(move || params.with(|params| paths.iter().filter(|path| written(params, path).is_some()).count()));
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
                let read = memo(move || params.with(|params| value(&method.controls, params, &at)));
                row(Field { control, stage: stage.clone(), path, value: read }, &method.controls, params)
            })
            .collect_view();
        el("details")
            .attr("class", "group")
            .attr("open", open || count.get_untracked() != 0)
            .child(
                el("summary").child(icon(Icon::Chevron)).child(el("span").child(title)).child(el("small").child(note)),
            )
            .child(rows)
            .into_any()
    };
    [IntoAny::into_any(group("Settings", basic, true)), IntoAny::into_any(group("More settings", more, false))]
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
        memo(move || params.with(|params| written(params, &path).is_some()))
    };
    let wrong = {
        let value = field.value;
        memo(move || value.with(|value| control.check(value).err()))
    };
    // A control that has no effect now says why.
    let idle = control.needs.as_ref().map(|(key, wanted)| {
        let path: Vec<String> =
            field.path[..field.path.len() - 1].iter().cloned().chain(key.split('.').map(str::to_owned)).collect();
        memo(move || params.with(|params| !same(&value(controls, params, &path), wanted)))
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
    el("div")
        .attr("class", "control")
        .class("tall", tall)
        .class("changed", move || is_changed.get())
        .class("idle", is_idle)
        .attr("title", move || if is_idle() { because.clone().unwrap_or_default() } else { control.help.clone() })
        .child(
            el("label")
                .attr("for", field.id())
                .child(control.label.clone())
                .child(control.symbol.clone().map(|symbol| el("span").attr("class", "symbol").child(symbol))),
        )
        .child(
            el("span")
                .attr("class", "value")
                .child(
                    el("button")
                        .attr("class", "undo")
                        .attr("type", "button")
                        .attr("title", format!("Back to {default}"))
                        .attr("aria-label", format!("{}: back to {default}", control.label))
                        .on(CLICK, reset)
                        .child(icon(Icon::Reset)),
                )
                .child(widget(&field, &control.widget)),
        )
        .child(slider(&field, &control.widget))
        .child(el("p").attr("class", "wrong").attr("role", "alert").child(move || wrong.get()))
        .into_any()
}

/// A value as a person reads it.
pub fn plain(value: &Value) -> String {
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
                .or_else(|| browser::number(&number).map(Value::from))
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
            el("button")
                .attr("class", "switch")
                .attr("type", "button")
                .attr("role", "switch")
                .attr("id", id)
                .attr("aria-label", name)
                .attr("aria-checked", move || (read.get() == Value::Bool(true)).to_string())
                .on(CLICK, move |_| {
                    let now = read.get_untracked() == Value::Bool(true);
                    field.put(&page, Value::Bool(!now));
                })
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
            el("span")
                .attr("class", "stepper")
                .child(
                    el("button")
                        .attr("type", "button")
                        .attr("aria-label", "less")
                        .attr("tabindex", "-1")
                        .on(CLICK, move |_| less(-1))
                        .child(icon(Icon::Less)),
                )
                .child(
                    el("input")
                        .attr("id", id)
                        .attr("inputmode", "numeric")
                        .attr("autocomplete", "off")
                        .prop("value", move || plain(&read.get()))
                        .on(CHANGE, move |event| field.put(&page, typed(&event_target_value(&event), widget)))
                        .on(KEYDOWN, move |event| {
                            let step = match event.key().as_str() {
                                "ArrowUp" => 1,
                                "ArrowDown" => -1,
                                "PageUp" => 10,
                                "PageDown" => -10,
                                _ => return,
                            };
                            event.prevent_default();
                            keys(step);
                        }),
                )
                .child(
                    el("button")
                        .attr("type", "button")
                        .attr("aria-label", "more")
                        .attr("tabindex", "-1")
                        .on(CLICK, move |_| more(1))
                        .child(icon(Icon::More)),
                )
                .into_any()
        }
        _ => {
            let unit = field.control.unit.clone();
            let id = if matches!(widget, Widget::Slider { .. }) { format!("{}-value", field.id()) } else { field.id() };
            let name = format!("{}, value", field.control.label);
            [
                el("input")
                    .attr("class", "figure")
                    .attr("id", id)
                    .attr("autocomplete", "off")
                    .attr("aria-label", name)
                    .prop("value", move || plain(&read.get()))
                    .on(CHANGE, move |event| field.put(&page, typed(&event_target_value(&event), widget)))
                    .into_any(),
                IntoAny::into_any(unit.map(|unit| el("span").attr("class", "unit").child(unit))),
            ]
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
                el("button")
                    .attr("type", "button")
                    .attr("aria-pressed", move || (read.get() == shown).to_string())
                    .on(CLICK, move |_| field.put(&page, mine.clone()))
                    .child(option)
            })
            .collect_view();
        return el("span")
            .attr("class", "segments")
            .attr("role", "group")
            .attr("aria-label", name)
            .child(buttons)
            .into_any();
    }
    let id = field.id();
    let entries = options
        .iter()
        .enumerate()
        .map(|(at, option)| {
            let mine = of(at, option);
            let text = option.clone();
            el("option").attr("value", at.to_string()).attr("selected", move || read.get() == mine).child(text)
        })
        .collect_view();
    el("select")
        .attr("id", id)
        .on(CHANGE, move |event| {
            let at = event_target_value(&event).parse().unwrap_or(0);
            field.put(&page, options.get(at).map_or(Value::Null, |option| of(at, option)));
        })
        .child(entries)
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
    el("span")
        .attr("class", "range")
        .style("--p", move || format!("{}%", 100.0 * at()))
        .child(
            el("input")
                .attr("type", "range")
                .attr("id", field.id())
                .attr("min", "0")
                .attr("max", "1000")
                .attr("step", "1")
                .attr("aria-valuetext", say)
                .prop("value", move || (1000.0 * at()).round().to_string())
                .on(INPUT, move |event| {
                    let place = browser::number(&event_target_value(&event)).unwrap_or(0.0) / 1000.0;
                    typing.put(&page, number(at_place(min, max, log, place)));
                })
                .on(KEYDOWN, move |event| {
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
                }),
        )
        .child(el("i").attr("class", "default").attr("style", mark).attr("title", format!("default {default}")))
        .into_any()
}
