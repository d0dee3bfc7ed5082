//! Every setting of every method changes what it leaves, and no two methods leave the same.

use crate::common::session;
use engine::Ended;
use kit::Entry;
use serde_json::{Map, Value, json};
use spec::{Control, Digest, Event, RunSpec, Setting, Widget, metric};
use std::collections::BTreeMap;

/// Tasks and networks in which settings are tried, and what a trained method is set to there.
const SITUATIONS: [&str; 3] = [
    r#"{
        "set": { "id": "glyphs", "n": 400, "size": 8, "shapes": "digits" },
        "model": { "id": "mlp", "widths": [8] }
    }"#,
    r#"{
        "set": { "id": "glyphs", "n": 400, "size": 8, "shapes": "digits" },
        "model": { "id": "cnn", "channels": [4], "hidden": [8], "norm": "batch" },
        "train": { "epochs": 3, "batch": 16, "optimizer": "sgd", "momentum": 0.5, "schedule": "cosine" }
    }"#,
    r#"{
        "set": { "id": "glyphs", "n": 400, "size": 8, "shapes": "digits" },
        "model": { "id": "mlp", "widths": [8] },
        "train": { "epochs": 3, "batch": 16, "optimizer": "adamw" },
        "steps": 40
    }"#,
];

/// A run of the method with these settings over its own and what it needs.
fn run_of(entry: &Entry, situation: &Value, settings: &[(Vec<&str>, Value)]) -> Option<RunSpec> {
    let mut stage = (entry.tiny)();
    stage["id"] = entry.id.into();
    stage["as"] = "x".into();
    stage["from"] = "base".into();
    if let (Some(train), Some(own)) = (situation["train"].as_object(), stage["train"].as_object_mut()) {
        own.extend(train.clone());
    }
    if stage.get("steps").is_some() && !situation["steps"].is_null() {
        stage["steps"] = situation["steps"].clone();
    }
    if entry.needs.with[0] > 0 {
        stage["with"] = json!(["other"]);
    }
    for (path, value) in settings {
        let mut at = &mut stage;
        for key in path {
            at = at.as_object_mut()?.entry(*key).or_insert_with(|| Value::Object(Map::new()));
        }
        *at = value.clone();
    }
    let train = json!({ "epochs": 12, "lr": 0.02, "batch": 16 });
    let mut stages = vec![
        json!({ "id": "train.scratch", "as": "base", "train": train }),
        json!({ "id": "train.scratch", "as": "other", "from": "start", "draw": 1, "train": train }),
    ];
    if entry.needs.attacks.is_some() {
        let attack =
            |name: &str, epsilon: f64| json!({ "id": "attack.fgsm", "as": name, "from": "base", "epsilon": epsilon });
        stages.extend([attack("fool", 0.1), attack("again", 0.2)]);
    }
    stages.push(stage);
    let spec = json!({
        "version": 1,
        "retrain_seeds": 2,
        "every": 0,
        "tasks": { "it": situation["set"], "else": { "id": "glyphs", "n": 400, "size": 8, "shapes": "letters" } },
        "model": situation["model"],
        "forget": { "id": "class", "class": 3 },
        "stage": stages,
    });
    RunSpec::from_value(spec).ok()
}

/// A digest of what the stage "x" leaves: figures, network, what it shows. `None` where it cannot be played so.
fn left(spec: Option<RunSpec>) -> Option<String> {
    let (mut session, heard) = session();
    let Ended::Finished(report) = pollster::block_on(session.play(1, spec?, 0, None)).ok()? else { return None };
    let mut digest = Digest::default();
    let is_time = |key: &str| metric(key).is_some_and(|metric| metric.unit == "s");
    for row in report.rows.iter().filter(|row| row.stage == "x" && !is_time(&row.key)) {
        digest.write(format!("{} {:?} {:?} {:?}", row.key, row.value, row.n, row.spread).as_bytes());
    }
    for (said, buffers) in heard.said.borrow().iter().filter(|(said, _)| said.stage.as_deref() == Some("x")) {
        if let Event::Exhibit(exhibit) = &said.event {
            digest.write(json!(exhibit).to_string().as_bytes());
        }
        if matches!(said.event, Event::Exhibit(_) | Event::Saved { .. }) {
            buffers.iter().for_each(|buffer| digest.write(buffer));
        }
    }
    Some(digest.hex())
}

/// Other values of a control, the cheap ones first.
fn others(control: &Control) -> Vec<Value> {
    let values = match &control.widget {
        Widget::Slider { min, max, .. } => {
            let own = control.default.as_f64().unwrap_or(*min);
            vec![json!(own * 0.5), json!(own * 2.0), json!((min + max) / 2.0), json!(max), json!(min)]
        }
        Widget::Count { min, .. } => {
            let own = control.default.as_u64().unwrap_or(*min);
            vec![json!(min), json!(min + 1), json!(min + 2), json!(own / 2), json!(own + 1)]
        }
        Widget::Maybe { of } => others(&Control { widget: (**of).clone(), ..control.clone() }),
        Widget::Toggle => vec![json!(true), json!(false)],
        Widget::Choice { options } => options.iter().map(|option| json!(option)).collect(),
        Widget::From { source: spec::Source::Class, many: false } => vec![json!(1)],
        Widget::From { source: spec::Source::Layer, many: true } => {
            vec![json!(["layers.0"]), json!(["convs.0"]), json!(["head"])]
        }
        _ => Vec::new(),
    };
    values.into_iter().filter(|value| *value != control.default && control.check("x", value).is_ok()).collect()
}

#[test]
fn every_setting_changes_what_is_left() {
    let situations = SITUATIONS.map(|text| serde_json::from_str::<Value>(text).unwrap());
    let mut dead: Vec<String> = Vec::new();
    for entry in engine::entries() {
        let mut before: BTreeMap<String, Option<String>> = BTreeMap::new();
        for Setting { path, control, .. } in Control::flat(&(entry.controls)()) {
            let needed: Vec<(Vec<&str>, Value)> = control
                .needs
                .iter()
                .map(|(key, value)| {
                    let mut at = path.clone();
                    at.pop();
                    at.push(key);
                    (at, value.clone())
                })
                .collect();
            let changes = situations.iter().enumerate().any(|(at, situation)| {
                let known = before.entry(format!("{at} {needed:?}"));
                let Some(before) = known.or_insert_with(|| left(run_of(entry, situation, &needed))).clone() else {
                    return false;
                };
                others(control).into_iter().any(|value| {
                    let settings = [&needed[..], &[(path.clone(), value)]].concat();
                    left(run_of(entry, situation, &settings)).is_some_and(|after| after != before)
                })
            });
            if !changes {
                dead.push(format!("{} {}", entry.id, path.join(".")));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn no_two_methods_leave_the_same() {
    let situation: Value = serde_json::from_str(SITUATIONS[0]).unwrap();
    let mut known: BTreeMap<String, &str> = BTreeMap::new();
    for entry in engine::entries() {
        let left = left(run_of(entry, &situation, &[])).unwrap_or_else(|| panic!("{} cannot be played", entry.id));
        if let Some(other) = known.insert(left, entry.id) {
            panic!("{} leaves what {other} leaves", entry.id);
        }
    }
}
