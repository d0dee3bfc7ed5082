//! How often a network in training is looked at, and at how many samples: settings of the whole run.

use crate::{
    run::View,
    ui::{Field, Glyph, Icon},
};
use leptos::prelude::*;
use serde_json::Value;
use spec::{Control, RunSpec, Widget};
use std::sync::LazyLock;

/// A setting of the run that is a number, or absent.
struct Setting {
    control: Control,
    read: fn(&RunSpec) -> Option<u32>,
    write: fn(&mut RunSpec, Option<u32>),
}

/// `word` stands where the run file has no value.
fn setting(
    key: &str,
    label: &str,
    word: &str,
    help: &str,
    read: fn(&RunSpec) -> Option<u32>,
    write: fn(&mut RunSpec, Option<u32>),
) -> Setting {
    let control = Control {
        key: key.into(),
        label: label.into(),
        help: help.into(),
        symbol: None,
        unit: None,
        needs: None,
        advanced: false,
        default: word.into(),
        widget: Widget::Text,
    };
    Setting { control, read, write }
}

static SETTINGS: LazyLock<[Setting; 2]> = LazyLock::new(|| {
    [
        setting(
            "every",
            "steps between looks",
            "auto",
            "Steps between two looks at the network, from which the curves are made; 0: none, auto: about 30 looks.",
            |spec| spec.every,
            |spec, every| spec.every = every,
        ),
        setting(
            "look",
            "validation samples",
            "all",
            "How many validation samples each look is at, at least 1.",
            |spec| spec.look,
            |spec, look| spec.look = look.filter(|look| *look > 0),
        ),
    ]
});

/// Both settings under a heading that opens and closes. No network depends on them, so a finished layer stays.
#[component]
pub fn Looks() -> impl IntoView {
    let run = View::get().run;
    let count = move || run.strip.with(|strip| SETTINGS.iter().filter(|of| (of.read)(&strip.spec).is_some()).count());
    let note = move || match count() {
        0 => "at default".to_owned(),
        n => format!("{n} changed"),
    };
    let row = |of: &'static Setting| {
        let now = Memo::new(move |_| run.strip.with(|strip| (of.read)(&strip.spec)));
        let value = Signal::derive(move || now.get().map_or(of.control.default.clone(), |n| n.to_string().into()));
        let changed = Signal::derive(move || now.get().is_some());
        let put = move |value: Value| {
            let typed = value.as_str().and_then(|text| text.replace(',', "").parse().ok());
            run.edit(|strip| (of.write)(&mut strip.spec, typed));
        };
        view! { <Field control=&of.control id=format!("run-{}", of.control.key) value put changed /> }
    };
    view! {
        <details class="group" open=untrack(count) != 0>
            <summary>
                <Glyph icon=Icon::Chevron />
                <span>"Looks while it learns"</span>
                <small>{note}</small>
            </summary>
            {SETTINGS.iter().map(row).collect_view()}
        </details>
    }
}
