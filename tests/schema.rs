//! `static/run.schema.json` and `docs/run-file.md` come from the catalogue and the list of keys: `BLESS=1 cargo test
//! schema` writes them anew.

use crate::catalogue::recipes;
use serde_json::{Map, Value, json};
use spec::{Catalogue, Choice, Control, RESERVED, RunSpec, SEEDS, Source, Widget};
use std::fmt::Write;
use std::fs;
use std::path::Path;

/// Where the page of a run file's keys lies.
const PAGE: &str = "docs/run-file.md";

fn catalogue() -> Catalogue {
    engine::catalogue(Vec::new(), |_| String::new())
}

fn help(key: &str) -> &'static str {
    let known = report::keys::KEYS.iter().find(|known| known.key == key);
    known.unwrap_or_else(|| panic!("`{key}` is in no list of keys")).help
}

/// What may stand for a control. A number may be written as a fraction.
fn widget(widget: &Widget) -> Value {
    match widget {
        Widget::Slider { min, max, .. } => json!({
            "anyOf": [
                { "type": "number", "minimum": min, "maximum": max },
                { "type": "string", "pattern": "^ *[0-9.]+ */ *[0-9.]+ *$" },
            ],
        }),
        Widget::Count { min, max } => json!({ "type": "integer", "minimum": min, "maximum": max }),
        Widget::Toggle => json!({ "type": "boolean" }),
        Widget::Choice { options } => json!({ "enum": options }),
        Widget::Text => json!({ "type": "string" }),
        Widget::Group { of } => table(Map::new(), of),
        Widget::List { of, max } => json!({ "type": "array", "items": self::widget(of), "maxItems": max }),
        Widget::Maybe { of } => json!({ "anyOf": [self::widget(of), { "type": "null" }] }),
        Widget::From { source, many } => {
            let one = match source {
                Source::Class => json!({ "type": ["integer", "string"] }),
                Source::Layer | Source::Stage => json!({ "type": "string" }),
            };
            if *many { json!({ "type": "array", "items": one }) } else { one }
        }
    }
}

fn control(control: &Control) -> Value {
    let mut value = widget(&control.widget);
    value["title"] = json!(control.label);
    value["description"] = json!(control.help);
    value["default"] = control.default.clone();
    value
}

/// A table with these keys and settings, and no others.
fn table(mut keys: Map<String, Value>, controls: &[Control]) -> Value {
    keys.extend(controls.iter().map(|it| (it.key.clone(), control(it))));
    json!({ "type": "object", "properties": keys, "additionalProperties": false })
}

/// A table whose `id` is one of these; each has its own settings beside `keys`.
fn picked(choices: &[Choice], keys: &Map<String, Value>) -> Value {
    let one = |choice: &Choice| {
        let mut keys = keys.clone();
        keys.insert("id".into(), json!({ "const": choice.id, "description": choice.help }));
        let mut value = table(keys, &choice.controls);
        value["required"] = json!(["id"]);
        value["title"] = json!(choice.title);
        value
    };
    json!({ "anyOf": choices.iter().map(one).collect::<Vec<_>>() })
}

/// Keys with what is said of them in the list.
fn keys<const N: usize>(prefix: &str, of: [(&str, Value); N]) -> Map<String, Value> {
    let said = |(key, mut value): (&str, Value)| {
        value["description"] = json!(help(&format!("{prefix}{key}")));
        (key.to_owned(), value)
    };
    of.into_iter().map(said).collect()
}

fn schema(catalogue: &Catalogue) -> Value {
    let (text, count) = (json!({ "type": "string" }), |least: u32| json!({ "type": "integer", "minimum": least }));
    let seeds = json!({ "type": "integer", "minimum": SEEDS.start(), "maximum": SEEDS.end() });
    let fraction = json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string" }] });
    let weights = |prefix: &str| keys(prefix, [("weights", text.clone())]);
    // Said once, as they stand in many places.
    let part = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
    let mut model = weights("models.NAME.");
    model.extend(keys("models.NAME.", [("on", text.clone()), ("draw", count(0))]));
    let own = weights("model.");
    let shared = keys(
        "stage.",
        [
            ("as", text.clone()),
            ("from", text.clone()),
            ("with", json!({ "type": "array", "items": text })),
            ("on", text.clone()),
            ("model", part("network")),
            ("draw", count(0)),
            ("forget", part("forget")),
            ("take", count(1)),
            ("epsilons", json!({ "type": "array", "items": fraction })),
        ],
    );
    let stage = |method: &spec::MethodInfo| {
        let mut keys = shared.clone();
        keys.insert("id".into(), json!({ "const": method.card.id, "description": method.card.summary }));
        let mut value = table(keys, &method.controls);
        value["required"] = json!(["id"]);
        value["title"] = json!(method.card.title);
        value
    };
    let devices = ["auto", "cpu", "webgpu", "vulkan", "metal", "cuda"];
    let stages: Vec<Value> = catalogue.methods.iter().map(stage).collect();
    let named = |of: Value| json!({ "type": "object", "additionalProperties": of });
    let mut top = keys(
        "",
        [
            ("version", json!({ "const": spec::VERSION })),
            ("name", text.clone()),
            ("seed", json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX })),
            ("repeats", seeds.clone()),
            ("retrain_seeds", seeds),
            ("every", count(0)),
            ("look", count(1)),
            ("device", json!({ "enum": devices })),
            ("model", part("network")),
            ("forget", part("forget")),
            ("stage", json!({ "type": "array", "minItems": 1, "items": { "anyOf": stages } })),
        ],
    );
    let said = |key: &str, mut value: Value| {
        value["description"] = json!(help(key));
        value
    };
    let mut tasks = said("tasks.NAME", named(picked(&catalogue.tasks, &Map::new())));
    tasks["minProperties"] = json!(1);
    top.insert("tasks".into(), tasks);
    top.insert("models".into(), said("models.NAME", named(picked(&catalogue.nets, &model))));
    top.insert("grid".into(), said("grid.\"KEY\"", named(json!({ "type": "array" }))));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Run file of Palimpsest",
        "type": "object",
        "properties": top,
        "required": ["version", "tasks", "model", "stage"],
        "additionalProperties": false,
        "$defs": {
            "network": picked(&catalogue.nets, &own),
            "forget": picked(&catalogue.forget, &Map::new()),
        },
    })
}

/// The settings of something, a line each.
fn settings(page: &mut String, path: &str, controls: &[Control]) {
    for control in controls {
        let key = format!("{path}{}", control.key);
        match &control.widget {
            Widget::Group { of } => settings(page, &format!("{key}."), of),
            widget => {
                let (range, default) = (range(widget), &control.default);
                let default = if default.is_null() { String::new() } else { format!(" Default: `{default}`.") };
                writeln!(page, "| `{key}` | {} {range}{default} |", sentence(&control.help)).unwrap();
            }
        }
    }
}

fn sentence(help: &str) -> String {
    let mut letters = help.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str().trim_end_matches('.')).replace('|', "\\|")
}

fn range(widget: &Widget) -> String {
    match widget {
        Widget::Slider { min, max, .. } => format!("{min} to {max}."),
        Widget::Count { min, max } => format!("A whole number, {min} to {max}."),
        Widget::Toggle => "`true` or `false`.".into(),
        Widget::Choice { options } => format!("`{}`.", options.join("`, `")),
        Widget::Text => "A text.".into(),
        Widget::Group { .. } => "A table.".into(),
        Widget::List { max, .. } => format!("A list of at most {max}."),
        Widget::Maybe { of } => range(of),
        Widget::From { many: true, .. } => "A list.".into(),
        Widget::From { many: false, .. } => "A number or a name.".into(),
    }
}

fn page(catalogue: &Catalogue) -> String {
    let mut page = String::from(
        "# Run files

A run file is TOML or JSON. `static/run.schema.json` describes it to editors: with a first line `#:schema PATH` they
complete keys and mark what is wrong. `palimpsest check FILE` says the same, and what the stages before a stage rule
out.

This page is written by `BLESS=1 cargo test schema`.

## Keys

| key | |
|---|---|
",
    );
    for key in report::keys::KEYS {
        writeln!(page, "| `{}` | {} |", key.key, key.help).unwrap();
    }
    for (title, choices) in
        [("Data sets", &catalogue.tasks), ("Networks", &catalogue.nets), ("Forget sets", &catalogue.forget)]
    {
        writeln!(page, "\n## {title}").unwrap();
        for choice in choices {
            part(&mut page, &choice.title, &choice.id, &sentence(&choice.help), &choice.controls);
        }
    }
    page.push_str("\n## Methods\n");
    for method in &catalogue.methods {
        part(&mut page, &method.card.title, &method.card.id, &method.card.summary, &method.controls);
    }
    page
}

fn part(page: &mut String, title: &str, id: &str, help: &str, controls: &[Control]) {
    writeln!(page, "\n### {title}: `{id}`\n\n{help}").unwrap();
    if !controls.is_empty() {
        page.push_str("\n| setting | |\n|---|---|\n");
        settings(page, "", controls);
    }
}

/// Compares a file with what the code says, or writes it anew.
fn held(path: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, fresh).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == fresh, "{} is old: run BLESS=1 cargo test schema", path.display());
}

#[test]
fn schema_and_page_are_up_to_date() {
    held("static/run.schema.json", &format!("{:#}\n", schema(&catalogue())));
    held(PAGE, &page(&catalogue()));
}

#[test]
fn every_recipe_is_held_by_the_schema_that_it_names() {
    let validator = jsonschema::validator_for(&schema(&catalogue())).unwrap();
    for (id, text) in recipes() {
        assert!(text.starts_with("#:schema ../run.schema.json\n"), "{id} names no schema");
        let value: Value = toml::from_str(&text).unwrap();
        let wrong: Vec<String> = validator.iter_errors(&value).map(|wrong| wrong.to_string()).collect();
        assert!(wrong.is_empty(), "{id}: {wrong:?}");
    }
}

/// What the schema refuses, reading refuses or `check` does; both know the same keys.
#[test]
fn the_schema_refuses_what_the_program_refuses() {
    let validator = jsonschema::validator_for(&schema(&catalogue())).unwrap();
    let file = json!({
        "version": 1, "tasks": { "d": { "id": "digits", "tilt": 30 } }, "model": { "id": "mlp", "widths": [8] },
        "models": { "m": { "id": "linear", "on": "d", "draw": 1 } },
        "forget": { "id": "class", "class": 3 },
        "stage": [
            { "id": "train.scratch", "as": "base", "train": { "epochs": 1, "lr": 0.01 } },
            { "id": "attack.pgd-linf", "epsilon": "8/255", "epsilons": ["2/255", 0.1], "take": 5, "with": ["m"] },
            { "id": "unlearn.finetune", "forget": { "id": "random", "fraction": 0.1 } },
        ],
    });
    let refuses = |file: &Value| match serde_json::from_value::<Value>(file.clone()).map(RunSpec::from_value) {
        Ok(Ok(spec)) => engine::check(&spec).is_err(),
        _ => true,
    };
    assert!(validator.is_valid(&file) && !refuses(&file));
    for (path, value) in [
        ("/version", json!(2)),
        ("/sed", json!(1)),
        ("/seed", json!(-1)),
        ("/repeats", json!(0)),
        ("/look", json!(0)),
        ("/device", json!("gpu")),
        ("/tasks/d/id", json!("digts")),
        ("/tasks/d/tilt", json!(3000)),
        ("/model/widths", json!("8")),
        ("/models/m/drew", json!(1)),
        ("/forget/clas", json!(1)),
        ("/stage/0/train/epochs", json!(0)),
        ("/stage/0/train/optimiser", json!("adam")),
        ("/stage/1/epsilon", json!(-1)),
        ("/stage/1/epsilons", json!(0.1)),
        ("/stage/1/take", json!(0)),
        ("/stage/1/with", json!("m")),
        ("/stage/2/id", json!("unlearn.finetun")),
    ] {
        let mut wrong = file.clone();
        let (parent, key) = path.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        assert!(!validator.is_valid(&wrong), "{path}");
        assert!(refuses(&wrong), "{path}");
    }
}

/// Every word of a stage is in the schema.
#[test]
fn the_schema_has_every_key() {
    let schema = schema(&catalogue());
    for stage in schema["properties"]["stage"]["items"]["anyOf"].as_array().unwrap() {
        for key in RESERVED {
            assert!(stage["properties"].get(key).is_some(), "{}: {key}", stage["title"]);
        }
    }
}
