//! What stages, samples and classes are called, and how stages are related: what page and command line say alike.

use super::{catalogue::catalogue, run::Run, strip::START};
use leptos::prelude::*;
use report::figure::fixed;
use serde_json::Value;
use spec::Family;

/// Whether the task's samples are the digits that the page carries.
pub fn is_digits(run: &Run, task: &str) -> bool {
    run.task_pick(task).is_some_and(|pick| pick.id == "digits")
}

/// Whether the task's samples are points in a plane.
pub fn is_points(run: &Run, task: &str) -> bool {
    run.task_pick(task).is_some_and(|pick| matches!(pick.id.as_str(), "moons" | "spirals"))
}

pub const fn verb(family: Family) -> &'static str {
    match family {
        Family::Train => "Train",
        Family::Transfer => "Transfer",
        Family::Peft => "Adapt",
        Family::Attack => "Attack",
        Family::Defend => "Harden",
        Family::Unlearn => "Forget",
        Family::Measure => "Audit",
    }
}

/// What a visitor looks for in the chooser.
pub const fn family(family: Family) -> &'static str {
    match family {
        Family::Train => "Train",
        Family::Transfer => "Transfer",
        Family::Peft => "Adapt cheaply",
        Family::Attack => "Attack",
        Family::Defend => "Defend",
        Family::Unlearn => "Forget",
        Family::Measure => "Measure",
    }
}
/// `4` or `4b`.
pub fn layer_id(run: &Run, name: &str) -> String {
    match run.strip.with(|strip| strip.place(name, catalogue())) {
        None => String::new(),
        Some((place, 0)) => place.to_string(),
        Some((place, version)) => format!("{place}{}", char::from(b'a' + version.min(25) as u8)),
    }
}

/// Method and what matters most of its settings: `LoRA, rank 4`.
pub fn stage_title(run: &Run, name: &str) -> String {
    let Some(method) = run.method(name) else { return source_title(run) };
    let title = &method.card.title;
    match method.card.family {
        Family::Peft => match run.setting(name, &["rank"]) {
            Value::Null => title.clone(),
            rank => format!("{title}, rank {rank}"),
        },
        Family::Attack => match run.setting(name, &["epsilon"]).as_f64() {
            Some(epsilon) => format!("{title} ε {}", fixed(epsilon, 2)),
            None => title.clone(),
        },
        Family::Unlearn => match run.forget_class() {
            Some(class) if is_digits(run, &run.task_of(name)) => format!("{title}, digit {class}"),
            _ => title.clone(),
        },
        _ => title.clone(),
    }
}

pub fn source_title(run: &Run) -> String {
    run.strip.with(|strip| {
        let model = &strip.spec.model;
        match model.params.get("weights").and_then(Value::as_str) {
            Some("letters-cnn") => "Letters cnn".into(),
            Some(weights) => weights.to_owned(),
            None => format!("Fresh {}", model.id),
        }
    })
}

/// At the right of the source card: what it was trained on.
pub fn source_knows(run: &Run) -> &'static str {
    run.strip.with(|strip| match strip.spec.model.params.get("weights").and_then(Value::as_str) {
        Some("letters-cnn") => "letters",
        Some(_) => "own weights",
        None => "untrained",
    })
}

/// `LoRA` or `Hardened`: a victim in the attack lab.
pub fn victim(run: &Run, name: &str) -> String {
    let place = layer_id(run, name);
    match run.family(name) {
        None => source_title(run),
        Some(Family::Defend) => format!("{place} Hardened"),
        Some(_) => format!("{place} {}", run.method(name).map_or("", |method| method.card.title.as_str())),
    }
}

/// What a task's samples are called: digits, tilted digits.
pub fn things(run: &Run, task: &str) -> String {
    let Some(pick) = run.task_pick(task) else { return "images".into() };
    let tilted = pick.params.get("tilt").and_then(Value::as_f64).is_some_and(|tilt| tilt != 0.0);
    match (pick.id.as_str(), tilted) {
        ("digits", true) => "tilted digits".into(),
        ("digits", false) => "digits".into(),
        ("moons" | "spirals", _) => "points".into(),
        _ => "images".into(),
    }
}

/// One sample by its class: a three, a "cat".
pub fn class_plural(run: &Run, task: &str, class: u16) -> String {
    const DIGITS: [&str; 10] =
        ["zeros", "ones", "twos", "threes", "fours", "fives", "sixes", "sevens", "eights", "nines"];
    match DIGITS.get(usize::from(class)) {
        Some(word) if is_digits(run, task) => (*word).into(),
        _ => format!("“{}”", run.class_names(task).get(usize::from(class)).cloned().unwrap_or_default()),
    }
}

pub fn digit_word(class: u16) -> &'static str {
    const DIGITS: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    DIGITS.get(usize::from(class)).copied().unwrap_or("image")
}

/// The one button of an idle stage.
pub fn play(run: &Run, name: &str) -> String {
    match run.family(name) {
        Some(Family::Train | Family::Transfer) if is_digits(run, &run.task_of(name)) => "Teach it digits".into(),
        Some(Family::Train | Family::Transfer) => "Teach it".into(),
        Some(Family::Peft) => "Adapt it".into(),
        Some(Family::Attack) => "Attack it".into(),
        Some(Family::Defend) => "Harden it".into(),
        Some(Family::Unlearn) => "Make it forget".into(),
        Some(Family::Measure) => "Audit it".into(),
        None => "Play".into(),
    }
}

/// The one button of a stage that is done: short, for it stands beside three others.
pub fn next(run: &Run, name: &str) -> String {
    match run.family(name) {
        Some(Family::Train | Family::Transfer) => return "Next: teach it".into(),
        Some(Family::Unlearn) => return "Next: forget".into(),
        _ => {}
    }
    let play = play(run, name);
    let mut letters = play.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase().to_string()).unwrap_or_default();
    format!("Next: {first}{}", letters.as_str())
}

/// Budget and accuracy of the first finished attack on a layer.
pub fn attacked(run: &Run, layer: &str) -> Option<(f64, f64)> {
    notes(run, layer).into_iter().find_map(|note| held(run, &note))
}

/// Budget of an attack, and the accuracy that it left.
pub fn held(run: &Run, attack: &str) -> Option<(f64, f64)> {
    let held = run.outcome(attack)?.figure("robust_accuracy")?;
    Some((run.setting(attack, &["epsilon"]).as_f64()?, held))
}

pub fn notes(run: &Run, layer: &str) -> Vec<String> {
    run.strip.with(|strip| {
        (0..strip.len())
            .filter(|&at| !strip.is_layer(at, catalogue()) && strip.parent_name(at) == layer)
            .map(|at| strip.name(at))
            .collect()
    })
}

pub fn versions(run: &Run, name: &str) -> Vec<String> {
    run.slots.with(|slots| {
        run.strip.with(|strip| {
            let index = strip.find(name);
            let slot = slots.iter().find(|slot| index.is_some_and(|index| slot.versions.contains(&index)));
            slot.map_or_else(Vec::new, |slot| slot.versions.iter().map(|&at| strip.name(at)).collect())
        })
    })
}

/// A device by its key, in words.
pub fn device_name(key: &str) -> &'static str {
    match key {
        "webgpu" => "WebGPU",
        "cpu" => "CPU",
        _ => "–",
    }
}
