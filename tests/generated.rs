//! Run files made at random: what `check` passes can be played, and what it refuses cannot.

use crate::common::session;
use engine::{Ended, Session};
use kit::Entry;
use kit::seed::Rng;
use serde_json::{Map, Value, json};
use spec::{Control, RunSpec, Shape, Widget};
use std::collections::BTreeMap;

/// Small sets of several shapes, class counts and kinds.
const SETS: [&str; 8] = [
    r#"{ "id": "glyphs", "n": 100, "size": 8, "shapes": "digits" }"#,
    r#"{ "id": "glyphs", "n": 100, "size": 8, "shapes": "digits", "draw": 1 }"#,
    r#"{ "id": "glyphs", "n": 100, "size": 8, "shapes": "digits", "classes": [1, 4, 7] }"#,
    r#"{ "id": "glyphs", "n": 100, "size": 12, "shapes": "digits" }"#,
    r#"{ "id": "glyphs", "n": 100, "size": 8, "shapes": "digits", "rgb": true }"#,
    r#"{ "id": "glyphs", "n": 100, "size": 8, "shapes": "letters" }"#,
    r#"{ "id": "moons", "n": 100 }"#,
    r#"{ "id": "spirals", "n": 100 }"#,
];

const NETS: [&str; 5] = [
    r#"{ "id": "linear" }"#,
    r#"{ "id": "mlp", "widths": [6] }"#,
    r#"{ "id": "mlp", "widths": [9, 5] }"#,
    r#"{ "id": "cnn", "channels": [2], "hidden": [4] }"#,
    r#"{ "id": "cnn", "channels": [2, 3], "hidden": [] }"#,
];

fn one<T: Clone>(rng: &mut Rng, of: &[T]) -> T {
    of[rng.below(of.len())].clone()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Whether something happens in one of so many cases.
fn rarely(rng: &mut Rng, of: usize) -> bool {
    rng.below(of) == 0
}

/// A setting within its range, often at its ends. `None` for those that only cost time where they are large.
fn setting(rng: &mut Rng, control: &Control) -> Option<Value> {
    const COSTS: [&str; 9] =
        ["epochs", "steps", "queries", "restarts", "samples", "networks", "repeats", "draws", "batch"];
    if COSTS.contains(&control.key.as_str()) {
        return None;
    }
    value(rng, &control.widget)
}

fn value(rng: &mut Rng, widget: &Widget) -> Option<Value> {
    Some(match widget {
        Widget::Slider { min, max, .. } => json!(one(rng, &[*min, (min + max) / 2.0, *max])),
        Widget::Count { min, max } => json!(one(rng, &[*min, *min + 1, (*max).min(*min + 6), (*max).min(40)])),
        Widget::Toggle => json!(rarely(rng, 2)),
        Widget::Choice { options } => json!(one(rng, options)),
        Widget::Maybe { of } if !rarely(rng, 3) => value(rng, of)?,
        Widget::List { of, max } => {
            let n = rng.below(3.min(*max) + 1);
            (0..n).filter_map(|_| value(rng, of)).collect()
        }
        _ => return None,
    })
}

/// The tiny settings of a method with one or two at random.
fn settings(rng: &mut Rng, entry: &Entry) -> Map<String, Value> {
    let mut settings = (entry.tiny)().as_object().unwrap().clone();
    let controls = (entry.controls)();
    for _ in 0..rng.below(3) {
        if controls.is_empty() {
            break;
        }
        let control = &controls[rng.below(controls.len())];
        if control.key == "target" {
            settings.insert("target".into(), json!(rng.below(12)));
        } else if control.key == "layers" {
            let layers = ["head", "layers.0", "layers.1", "blocks.0.conv", "convs.0", "nowhere"];
            settings.insert("layers".into(), json!([one(rng, &layers)]));
        } else if let Some(value) = setting(rng, control) {
            settings.insert(control.key.clone(), value);
        }
    }
    settings
}

/// A run file of one to five stages, most of which fit each other.
fn file(seed: u32) -> Value {
    let mut rng = Rng::of(seed, "run file", &[]);
    let rng = &mut rng;
    let mut tasks = Map::new();
    tasks.insert("a".into(), parsed(one(rng, &SETS)));
    if rarely(rng, 2) {
        let other = if rarely(rng, 2) { tasks["a"].clone() } else { parsed(one(rng, &SETS)) };
        tasks.insert("b".into(), other);
    }
    let mut file = json!({
        "version": 1, "retrain_seeds": 1, "every": 0, "tasks": tasks, "model": parsed(one(rng, &NETS)),
    });
    let forget = |rng: &mut Rng| match rng.below(4) {
        0 => json!({ "id": "class", "class": rng.below(12) }),
        1 => json!({ "id": "random", "fraction": one(rng, &[0.02, 0.3, 0.9]) }),
        _ => json!({ "id": "class", "class": 1 }),
    };
    if !rarely(rng, 4) {
        file["forget"] = forget(rng);
    }
    if rarely(rng, 4) {
        file["models"] = json!({ "m": parsed(one(rng, &NETS)) });
        if rarely(rng, 2) {
            file["models"]["m"]["on"] = one(rng, &["a", "b"]).into();
        }
    }
    if rarely(rng, 8) {
        file["tasks"]["a"]["validation"] = json!(0);
    }
    let entries: Vec<&Entry> = engine::entries().collect();
    // Those that leave a network, and all.
    let mut layers: Vec<String> = vec!["start".into()];
    layers.extend(file.get("models").map(|_| "m".to_owned()));
    let mut all = layers.clone();
    let mut stages: Vec<Value> = Vec::new();
    let n = 1 + rng.below(5);
    for at in 0..n {
        let entry = match at {
            // Most begin with a training.
            0 if !rarely(rng, 6) => engine::entry("train.scratch").unwrap(),
            _ => one(rng, &entries),
        };
        let mut stage = settings(rng, entry);
        stage.insert("id".into(), entry.id.into());
        let name = format!("s{at}");
        stage.insert("as".into(), json!(name));
        // What fits, and now and then what does not.
        let odd = rarely(rng, 25);
        let some = |rng: &mut Rng| one(rng, if odd { &all } else { &layers });
        if rarely(rng, 4) {
            stage.insert("from".into(), json!(some(rng)));
        } else if rarely(rng, 8) && (odd || entry.shape == Shape::Tune) {
            stage.insert("model".into(), parsed(one(rng, &NETS)));
        }
        if rarely(rng, 5) {
            stage.insert("on".into(), json!(one(rng, &["a", "b"])));
        }
        let [least, most] = entry.needs.with;
        let with = if odd || most == 0 { 0 } else { least.max(usize::from(rarely(rng, 3))) };
        let with = with + usize::from(odd && rarely(rng, 2));
        let with: Vec<String> = (0..with).map(|_| some(rng)).collect();
        if !with.is_empty() {
            stage.insert("with".into(), json!(with));
        }
        if rarely(rng, 12) && (odd || matches!(entry.shape, Shape::Attack | Shape::Measure)) {
            stage.insert("take".into(), json!(one(rng, &[1, 5, 12, 400])));
        }
        if rarely(rng, 8) && (odd || entry.needs.forget) {
            stage.insert("forget".into(), forget(rng));
        }
        if entry.attack.is_some() && rarely(rng, 8) {
            stage.insert("epsilons".into(), json!([0.1, 0.3]));
        }
        stages.push(stage.into());
        layers.extend(entry.shape.is_layer().then(|| name.clone()));
        all.push(name);
    }
    file["stage"] = stages.into();
    file
}

/// What `check` says of a run file.
fn checked(session: &mut Session, spec: &RunSpec) -> Result<(), String> {
    engine::check(spec).map_err(|wrong| wrong.to_string())?;
    pollster::block_on(session.fits(spec.clone())).map(drop).map_err(|error| error.to_string())
}

/// Why a run that was begun fails; `None` where it does not, or by what only training can show.
fn fails(session: &mut Session, spec: &RunSpec) -> Option<String> {
    match pollster::block_on(session.play(1, spec.clone(), 0, None)) {
        Ok(Ended::Finished(_)) => None,
        Ok(Ended::Failed(report, _)) => report.unfinished.iter().find(|why| !shows_late(why)).cloned(),
        Ok(ended @ Ended::Cancelled(_)) => Some(format!("{ended:?}")),
        Err(error) => Some(format!("it does not begin: {error}")),
    }
}

/// What only training can show: it diverges, or what it left answers with no numbers; no attack fools a network that
/// answers nothing rightly. What stands on such a stage is skipped.
fn shows_late(why: &str) -> bool {
    const LATE: [&str; 4] =
        ["the loss is not finite", "no finite number", "no attack on this network has fooled it", "it was skipped, as"];
    LATE.iter().any(|late| why.contains(late))
}

#[test]
fn what_check_passes_can_be_played() {
    let mut session = session().0;
    let (mut passed, mut wrong): (usize, BTreeMap<String, Vec<u32>>) = (0, BTreeMap::new());
    let runs: u32 = std::env::var("PALIMPSEST_FUZZ_INPUTS").map_or(2000, |runs| runs.parse().unwrap());
    let mut refused: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 0..runs {
        let Ok(spec) = RunSpec::from_value(file(seed)) else { continue };
        match checked(&mut session, &spec) {
            Err(why) => {
                // What only the walk over the stages refuses is refused by the stage too.
                if pollster::block_on(session.prepare(1, spec.clone())).is_ok() && fails(&mut session, &spec).is_none()
                {
                    wrong.entry(format!("played, though {why}")).or_default().push(seed);
                }
                *refused.entry(why.split(": ").skip(1).collect::<String>()).or_default() += 1;
            }
            Ok(()) => {
                passed += 1;
                if let Some(why) = fails(&mut session, &spec) {
                    wrong.entry(why).or_default().push(seed);
                }
            }
        }
    }
    for (why, n) in &refused {
        println!("{n:5} refused: {why}");
    }
    println!("{passed} of {runs} were played");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(passed as u32 > runs / 4);
}
