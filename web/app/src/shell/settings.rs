//! Generated settings: one list for every method; no form is written by hand.

use crate::{
    run::{
        View,
        settings::{same, written},
    },
    ui::{Field, Glyph, Icon},
};
use leptos::prelude::*;
use report::view::value;
use serde_json::{Map, Value};
use spec::{Control, Setting, Source, Widget};

/// At most so many settings are shown at first; the others stand under "More settings".
const FIRST: usize = 6;

/// A control and its path in the stage's settings.
type At = (Vec<String>, &'static Control);

/// Settings, and more settings: nested tables are flattened into their leaves, in the order of the method's settings.
#[component]
pub fn Settings(
    /// Name of the stage whose method's settings are shown.
    stage: String,
) -> impl IntoView {
    let run = View::get().run;
    let controls: &'static [Control] = &run.method(&stage)?.controls;
    let (mut first, mut more): (Vec<At>, Vec<At>) = (Vec::new(), Vec::new());
    for Setting { path, control, advanced } in Control::flat(controls) {
        let path = path.into_iter().map(str::to_owned).collect();
        (if advanced { &mut more } else { &mut first }).push((path, control));
    }
    if first.len() > FIRST {
        more.splice(0..0, first.drain(FIRST..));
    }
    let name = stage.clone();
    let params = Memo::new(move |_| {
        run.strip.with(|strip| strip.stage(&name).map(|stage| stage.params.clone()).unwrap_or_default())
    });
    Some(view! {
        <Group title="Settings" stage=stage.clone() fields=first controls params open=true />
        <Group title="More settings" stage fields=more controls params open=false />
    })
}

/// Settings under a heading that opens and closes.
#[component]
fn Group(
    /// The heading, which opens and closes the group.
    title: &'static str,
    /// Name of the stage that a change is written to.
    stage: String,
    /// Controls of the group with their paths, in their order.
    fields: Vec<At>,
    /// All settings of the method.
    controls: &'static [Control],
    /// What is written of them.
    params: Memo<Map<String, Value>>,
    /// Whether it is open from the start.
    open: bool,
) -> impl IntoView {
    let all = fields.len();
    let paths: Vec<Vec<String>> = fields.iter().map(|(path, _)| path.clone()).collect();
    let count =
        Memo::new(move |_| params.with(|params| paths.iter().filter(|path| written(params, path).is_some()).count()));
    let note = move || match count.get() {
        0 if open => String::new(),
        0 => format!("{all} at default"),
        n => format!("{n} changed"),
    };
    let row = |at| view! { <SettingRow at stage=stage.clone() controls params /> };
    let rows = fields.into_iter().map(row).collect_view();
    (all > 0).then(|| {
        view! {
            <details class="group" open=open || count.get_untracked() != 0>
                <summary>
                    <Glyph icon=Icon::Chevron />
                    <span>{title}</span>
                    <small>{note}</small>
                </summary>
                {rows}
            </details>
        }
    })
}

/// One setting of the stage.
#[component]
fn SettingRow(
    /// Its control and path.
    at: At,
    /// Name of the stage that a change is written to.
    stage: String,
    /// All settings of the method.
    controls: &'static [Control],
    /// What is written of them.
    params: Memo<Map<String, Value>>,
) -> impl IntoView {
    let view = View::get();
    let (path, control) = at;
    let read = |path: Vec<String>| {
        Memo::new(move |_| params.with(|params| value(controls, params, &path)).unwrap_or_default())
    };
    let now = read(path.clone());
    let changed = {
        let path = path.clone();
        Memo::new(move |_| params.with(|params| written(params, &path).is_some()))
    };
    // A control has no effect while another one is not what it needs.
    let needed = control.needs.as_ref().map(|(key, wanted)| {
        let beside = path[..path.len() - 1].iter().cloned();
        (read(beside.chain(key.split('.').map(str::to_owned)).collect()), wanted)
    });
    let idle = Signal::derive(move || needed.is_some_and(|(other, wanted)| other.with(|other| !same(other, wanted))));
    let id = format!("set-{}", path.join("-"));
    let options = options(view, &control.widget);
    let put = move |value: Value| view.set(&stage, &path, value);
    view! { <Field control id value=now put changed idle options /> }
}

/// The options of a widget that chooses from classes, layers or stages: they depend on the run.
fn options(view: View, widget: &Widget) -> Vec<String> {
    let run = view.run;
    let Widget::From { source, .. } = widget else { return Vec::new() };
    match source {
        Source::Class => untrack(|| run.class_names(&run.task_of(&view.selected.get()))),
        Source::Layer => run.layers.with_untracked(|layers| layers.iter().map(|(name, _)| name.clone()).collect()),
        Source::Stage => run.strip.with_untracked(|strip| (0..strip.len()).map(|index| strip.name(index)).collect()),
    }
}
