//! What holds for every method of the catalogue, and what every harness promises.

use crate::common::{Bench, Collect, Keeping, forward, hash, params, read, session, state};
use engine::{Boxed, Ended, Gate, Host, Opened, Registry, Session};
use kit::Entry;
use kit::attack::Ball;
use kit::learn::{largest, sum_gradients};
use kit::nets::{Cost, Norms, Pass};
use kit::run::prepared;
use kit::seed::Rng;
use serde_json::{Map, Value, json};
use spec::{Cause, Control, Event, Kind, Row, RunSpec, Said, Setting, Shape, Why, Widget, metric};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

#[test]
fn ids_name_their_files_and_are_sorted() {
    let ids: Vec<&str> = engine::entries().map(|entry| entry.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for entry in engine::entries() {
        let id = entry.id;
        let (family, name) = id.split_once('.').expect(id);
        assert_eq!(family, entry.family.key(), "{id}");
        // Its own file, or one that it shares with its siblings.
        let folder = format!("{}/crates/methods/src/{family}", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        let holds = |text: &str| text.contains(&format!("id: \"{id}\""));
        let (file, text) = files
            .map(|file| (file.clone(), std::fs::read_to_string(file).unwrap()))
            .find(|(_, text)| holds(text))
            .unwrap_or_else(|| panic!("{id} has no file"));
        let alone = text.matches("const CARD: Card").count() == 1;
        let named = file.file_stem().unwrap().to_str().unwrap() == name.replace('-', "_");
        assert!(named || !alone, "{id} stands alone in {}", file.display());
        let firsts = engine::entries().filter(|other| other.family == entry.family && other.first).count();
        assert!((1..=4).contains(&firsts), "{family} has {firsts} good first choices");
    }
}

#[test]
fn cards_are_whole() {
    let ids: Vec<&str> = engine::cards().iter().map(|card| card.id).collect();
    assert_eq!(ids, engine::entries().map(|entry| entry.id).collect::<Vec<_>>());
    for card in engine::cards() {
        for (what, text) in
            [("title", card.title), ("summary", card.summary), ("paper", card.paper), ("notes", card.notes)]
        {
            assert!(!text.trim().is_empty(), "{}: no {what}", card.id);
        }
        assert!(card.summary.chars().count() <= 90, "{}: the summary is long", card.id);
        assert!((1950..2100).contains(&card.year), "{}: {}", card.id, card.year);
        assert!(!card.needs.kinds.is_empty() && card.needs.min_classes >= 2, "{}", card.id);
        let equation = crate::catalogue::mathml(card.equation);
        equation.and_then(|equation| mathml(&equation)).unwrap_or_else(|why| panic!("{}: {why}", card.id));
    }
}

#[test]
fn the_check_of_equations_finds_what_is_wrong() {
    assert_eq!(mathml("<msub><mi>x</mi><mn>1</mn></msub><mspace width='1em'/>"), Ok(()));
    for wrong in ["<mi>x", "<mi>x</mo>", "</mi>", "<msub><mi>x</mi></msub>", "<b>x</b>", "x", "<mi>&alpha;</mi>"] {
        assert!(mathml(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn defaults_and_toy_settings_lie_within_their_controls() {
    fn hold(at: &str, controls: &[Control], values: &Value) {
        for control in controls {
            let at = format!("{at}.{}", control.key);
            control.check(&at, &control.default).unwrap_or_else(|wrong| panic!("{wrong}"));
            control.check(&at, &values[&control.key]).unwrap_or_else(|wrong| panic!("{wrong}"));
            assert!(!control.help.is_empty() && !control.label.is_empty(), "{at} has no help");
            assert!(!spec::RESERVED.contains(&control.key.as_str()), "{at} has a stage's own name");
            if let Some((key, value)) = &control.needs {
                let other = controls.iter().find(|other| other.key == *key).unwrap_or_else(|| panic!("{at}: {key}"));
                other
                    .check(&at, value)
                    .unwrap_or_else(|wrong| panic!("{at} is shown for a value that cannot be: {wrong}"));
            }
            if let Widget::Group { of } = &control.widget {
                hold(&at, of, &values[&control.key]);
            }
        }
    }
    for entry in engine::entries() {
        hold(entry.id, &(entry.controls)(), &(entry.tiny)());
    }
}

#[test]
fn settings_come_back_as_they_were_written() {
    for entry in engine::entries() {
        for written in [(entry.defaults)(), (entry.tiny)()] {
            let back = (entry.settings)("stage.x", written.as_object().unwrap()).unwrap();
            assert_eq!(back, written, "{}", entry.id);
        }
    }
}

#[test]
fn one_setting_changes_nothing_else() {
    for entry in engine::entries() {
        let defaults = (entry.defaults)();
        for (path, value) in leaves(&(entry.controls)()) {
            let params = path.iter().rev().fold(value.clone(), |inner, key| json!({ key: inner }));
            let set = (entry.settings)("stage.x", params.as_object().unwrap()).unwrap();
            let mut expected = defaults.clone();
            *path.iter().fold(&mut expected, |at, key| &mut at[key.as_str()]) = value;
            assert_eq!(set, expected, "{} {path:?}", entry.id);
        }
    }
}

#[test]
fn unknown_settings_are_refused_by_name() {
    fn refused(entry: &Entry, params: Value, key: &str, near: Option<&str>) {
        let error = (entry.settings)("stage.x", params.as_object().unwrap()).unwrap_err().to_string();
        assert!(error.contains(&format!("no key \"{key}\"")), "{}: {error}", entry.id);
        let hint = near.is_none_or(|near| error.contains(&format!("did you mean \"{near}\"?")));
        assert!(hint, "{}: {error}", entry.id);
    }
    // What siblings choose and this one does not.
    refused(engine::entry("attack.bim").unwrap(), json!({ "restarts": 2 }), "restarts", None);
    for entry in engine::entries() {
        refused(entry, json!({ "zzzz": 1 }), "zzzz", None);
        for control in (entry.controls)() {
            let misspelt = format!("{}q", control.key);
            refused(entry, json!({ &misspelt: 1 }), &misspelt, Some(&control.key));
            if let Widget::Group { of } = &control.widget {
                for inner in of {
                    let misspelt = format!("{}q", inner.key);
                    refused(entry, json!({ &control.key: { &misspelt: 1 } }), &misspelt, Some(&inner.key));
                }
            }
        }
    }
}

/// A key means one thing, whoever makes the figure.
#[test]
fn every_figure_is_described_once() {
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    let mut known: BTreeMap<&str, spec::Metric<'_>> = BTreeMap::new();
    for metric in catalogue.metrics() {
        let of = known.entry(metric.key).or_insert(metric);
        assert_eq!(*of, metric, "{}", metric.key);
        assert!(!metric.label.is_empty() && !metric.help.is_empty() && !metric.help.ends_with('.'), "{}", metric.key);
    }
}

#[test]
fn every_method_runs_and_runs_again_to_the_same_bits() {
    let catalogue = engine::catalogue(Vec::new(), |_| String::new());
    for (entry, set) in cases() {
        let (rows, saved) = played(entry, set);
        let at = format!("{} on {set}", entry.id);
        assert!(rows.iter().any(|row| row.stage == "x"), "{at} has no figures");
        for row in &rows {
            let metric = catalogue.metric(&row.key).unwrap_or_else(|| panic!("{at}: nobody knows {}", row.key));
            assert!(row.value.is_finite(), "{at}: {} is {}", row.key, row.value);
            if metric.unit == "%" {
                assert!((0.0..=100.0).contains(&row.value), "{at}: {} is {}", row.key, row.value);
            }
        }
        let networks = 1 + usize::from(entry.needs.with[0] > 0) + usize::from(entry.shape.is_layer());
        assert_eq!(saved.len(), networks, "{at}");
        let (again, saved_again) = played(entry, set);
        assert_eq!(untimed(&rows), untimed(&again), "{at}");
        assert!(saved == saved_again, "{at}: the weights differ");
    }
}

#[test]
fn a_cancel_ends_a_stage_within_a_step() {
    for (first, name) in [(is_stage as fn(&Event) -> bool, "stage"), (is_step, "step")] {
        // An audit has no steps of its own.
        let steps = |entry: &Entry| entry.shape != Shape::Measure || name == "stage";
        for (entry, set) in cases().filter(|(entry, set)| *set == "digits" && steps(entry)) {
            let gate = Rc::new(Gate::default());
            let host = Rc::new(Stop { gate: gate.clone(), first, heard: Collect::default() });
            let mut session = Session::new(Opened::cpu(Why::Chosen), host.clone(), gate.clone(), Registry::shipped());
            let spec = run_of(entry, set);
            let id = entry.id;
            let ended = pollster::block_on(session.play(1, spec.clone(), 0, None)).unwrap();
            assert!(matches!(ended, Ended::Cancelled(_)), "{id}: {ended:?}");
            let said = host.heard.said.take();
            let of_stage: Vec<&Said> =
                said.iter().map(|(said, _)| said).filter(|said| said.stage.as_deref() == Some("x")).collect();
            assert!(matches!(of_stage.last().unwrap().event, Event::Cancelled { .. }), "{id}");
            let steps = of_stage.iter().filter(|said| is_step(&said.event)).count();
            assert!(steps <= 1, "{id} went on for {steps} steps");
            let base = saved(&said, "base").unwrap();
            assert!(file_of(&session, "base") == base, "{id} changed the model that it started from");

            // What is left can be played on, and ends as if nothing had been.
            gate.cancel.set(false);
            let Ended::Finished(report) =
                pollster::block_on(session.play(2, spec.clone(), spec.find("x").unwrap(), None)).unwrap()
            else {
                panic!("{id} does not end");
            };
            let whole: Vec<Row> = played(entry, set).0.into_iter().filter(|row| row.stage == "x").collect();
            assert_eq!(untimed(&report.rows), untimed(&whole), "{id}");
        }
    }
}

/// Each training of a stage, those of retrained references too, is cut at its middle step. Another session goes on from
/// its checkpoint, and ends with the same bits. Attacks and audits have nothing to go on from, and begin again.
#[test]
fn a_training_that_was_cut_goes_on_to_the_same_bits() {
    let longer = |entry: &Entry, set: &str| {
        let spec = run_of(entry, set);
        match (entry.defaults)().get("train") {
            Some(_) => spec.set("stage.x.train.epochs", json!(4)).unwrap(),
            None => spec,
        }
    };
    for (entry, set) in cases().filter(|(entry, _)| entry.shape.is_layer()) {
        let trainings = goes_on(&longer(entry, set), &format!("{} on {set}", entry.id));
        let own = usize::from((entry.defaults)().get("train").is_some());
        let of_references = usize::from(entry.shape == Shape::Unlearn);
        let expected = if entry.id == "unlearn.retrain" { 2 } else { own + of_references };
        assert_eq!(trainings, expected, "{} on {set}", entry.id);
    }
}

/// The same for what carries most from step to step: running statistics, dropout, momentum, schedules, and more steps
/// than learning rates lie on the device.
#[test]
fn a_training_that_was_cut_goes_on_whatever_it_carries() {
    let cnn = json!({ "id": "cnn", "channels": [4], "norm": true });
    let resnet = json!({ "id": "resnet", "width": 2 });
    let sgd =
        json!({ "epochs": 2, "optimizer": "sgd", "momentum": 0.9, "decay": 5e-4, "schedule": "cosine", "warmup": 9 });
    let adamw = json!({ "epochs": 2, "optimizer": "adamw", "decay": 0.01, "schedule": "step", "step_epochs": 1 });
    let plain = json!({ "epochs": 2, "optimizer": "sgd", "lr": 0.1 });
    let many = json!({ "epochs": 8, "batch": 16 });
    for (id, model, train) in [
        ("train.scratch", &cnn, &sgd),
        ("train.scratch", &resnet, &adamw),
        ("transfer.full-finetune", &cnn, &plain),
        ("unlearn.salun", &cnn, &sgd),
        ("train.scratch", &json!({ "id": "mlp", "widths": [8] }), &many),
    ] {
        let mut spec = run_of(engine::entry(id).unwrap(), "digits").set("stage.x.train", train.clone()).unwrap();
        spec.model = serde_json::from_value(model.clone()).unwrap();
        goes_on(&spec, &format!("{id} of {model} by {train}"));
    }
    let lora = engine::entry("peft.lora").unwrap();
    let spec = run_of(lora, "digits").set("stage.x.dropout", json!(0.3)).unwrap();
    goes_on(&spec.set("stage.x.train.epochs", json!(2)).unwrap(), "peft.lora with dropout");
}

/// Cuts each training of stage `x` at its middle step and goes on. Returns how many there are.
fn goes_on(spec: &RunSpec, at: &str) -> usize {
    let whole = Rc::new(Keeping::default());
    let (Ended::Finished(report), session) = whole.play(spec.clone()) else { panic!("{at} does not end") };
    let file = file_of(&session, "x");
    let all = whole.checkpoints.borrow();
    let mut trainings = all.clone();
    trainings.dedup();
    // The first one is of stage `base`.
    for key in &trainings[1..] {
        let places: Vec<usize> = (0..all.len()).filter(|place| all[*place] == *key).collect();
        let done = places[places.len() / 2] + 1;
        let cut = Rc::new(Keeping { cut: Some(done), ..Keeping::default() });
        let (ended, _) = cut.play(spec.clone());
        assert!(matches!(ended, Ended::Cancelled(_)), "{at}: {ended:?}");
        assert!(cut.works.borrow().contains_key(key), "{at}: no checkpoint");

        let resumed = Rc::new(Keeping { works: RefCell::new(cut.works.take()), ..Keeping::default() });
        let (Ended::Finished(again), session) = resumed.play(spec.clone()) else { panic!("{at} does not end") };
        assert_eq!(resumed.checkpoints.borrow().len(), all.len() - done, "{at}: it did not go on where it was cut");
        assert!(file_of(&session, "x") == file, "{at}: the weights differ");
        assert_eq!(untimed(&again.rows), untimed(&report.rows), "{at}");
        assert!(curves(&resumed) == curves(&whole), "{at}: the curves differ");
        for (again, once) in again.rows.iter().zip(&report.rows).filter(|(_, row)| is_time(row)) {
            let share = again.value / once.value;
            assert!((0.9..1.2).contains(&share), "{at}: {} is {share} of what it takes in one piece", again.key);
        }
        let left = resumed.works.borrow().keys().filter(|key| key.contains("checkpoint")).count();
        assert_eq!(left, 0, "{at}: checkpoints are left");
    }
    trainings.len() - 1
}

/// Every point of every curve of stage `x`, sorted.
fn curves(host: &Keeping) -> Vec<(String, usize, u32)> {
    let said = host.heard.said.borrow();
    let of_stage = said.iter().filter(|(said, _)| said.stage.as_deref() == Some("x"));
    let points = of_stage.filter_map(|(said, _)| match &said.event {
        Event::Scalar { series, step, value, .. } => Some((series.clone(), *step, value.to_bits())),
        _ => None,
    });
    let mut points: Vec<_> = points.collect();
    points.sort();
    assert!(!points.is_empty());
    points
}

#[test]
fn a_paused_run_takes_single_steps_and_ends_as_if_it_had_not() {
    let gate = Rc::new(Gate::default());
    gate.paused.set(true);
    let host = Rc::new(SingleSteps { gate: gate.clone(), rests: Cell::new(0), heard: Collect::default() });
    let mut session = Session::new(Opened::cpu(Why::Chosen), host.clone(), gate, Registry::shipped());
    let entry = engine::entry("attack.pgd-linf").unwrap();
    let Ended::Finished(report) = pollster::block_on(session.play(1, run_of(entry, "digits"), 0, None)).unwrap() else {
        panic!("it does not end");
    };
    let said = host.heard.said.borrow();
    let pauses: Vec<usize> = said
        .iter()
        .filter_map(|(said, _)| match said.event {
            Event::Paused { step } => Some(step),
            _ => None,
        })
        .collect();
    assert_eq!(pauses, [1, 2, 3, 4, 5, 6]);
    assert_eq!(untimed(&report.rows), untimed(&played(entry, "digits").0));
}

#[test]
fn a_loss_that_runs_away_ends_with_the_last_good_weights() {
    let entry = engine::entry("unlearn.gradient-ascent").unwrap();
    let train = json!({ "epochs": 400, "batch": 64, "lr": 0.1 });
    let (mut session, host) = session();
    let spec = run_of(entry, "digits").set("stage.x.train", train).unwrap();
    let ended = pollster::block_on(session.play(1, spec, 0, None)).unwrap();
    let Ended::Failed(left, error) = ended else { panic!("{ended:?}") };
    let message = error.to_string();
    assert_eq!(left.unfinished, [format!("stage.x: {message}")]);
    assert!(left.value("base", "accuracy").is_some(), "what was finished before is in the report");
    assert!(message.starts_with("the loss is not finite at step"), "{message}");
    let said = host.said.borrow();
    let failed = said.iter().find_map(|(said, _)| match &said.event {
        Event::Failed { cause, step, kept, cure, .. } => Some((*cause, *step, *kept, cure.clone())),
        _ => None,
    });
    let (cause, step, kept, cure) = failed.unwrap();
    let of_file = said.iter().find_map(|(said, _)| match &said.event {
        Event::Saved { step } if said.stage.as_deref() == Some("x") => Some(*step),
        _ => None,
    });
    assert_eq!(of_file, kept, "the file names its own step");
    assert_eq!(cause, Cause::Diverged);
    assert_eq!(cure, Some(("train.lr".to_owned(), json!(0.1 / 10.0))));
    assert!((1..=step.unwrap()).contains(&kept.unwrap()), "kept {kept:?} of {step:?}");
    assert!(saved(&said, "x").is_some());
    assert!(state(&session.model("x").unwrap()).iter().all(|item| item.values.iter().all(|x| x.is_finite())));
    let base = saved(&said, "base").unwrap();
    assert!(file_of(&session, "base") == base);
}

#[test]
fn no_stage_changes_what_it_started_from() {
    for (entry, set) in cases() {
        let at = format!("{} on {set}", entry.id);
        let mut bench = Bench::new(run_of(entry, set));
        bench.play(0).unwrap();
        let task = bench.run.tasks[0].clone();
        let all: Vec<u32> = (0..task.train.labels.len() as u32).collect();
        let look = |bench: &Bench| {
            let task = &bench.run.tasks[0];
            let batch = task.train.batch(&all);
            let rows = [&task.train.rows, &task.valid.rows, &task.test.rows].map(|rows| rows.to_vec());
            (hash(bench.net("start")), hash(bench.net("base")), read(batch.x), read(batch.y.float()), rows)
        };
        let before = look(&bench);
        bench.play(1).unwrap();
        assert!(look(&bench) == before, "{at}");

        let (mut session, host) = session();
        pollster::block_on(session.play(1, run_of(entry, set), 0, None)).unwrap();
        let base = saved(&host.said.borrow(), "base").unwrap();
        assert!(file_of(&session, "base") == base, "{at} publishes another model under the name of its start");
    }
}

#[test]
fn attacks_stay_in_their_ball_and_in_the_box() {
    for (entry, set) in cases().filter(|(entry, _)| entry.shape == Shape::Attack) {
        let (mut session, _) = session();
        pollster::block_on(session.play(1, run_of(entry, set), 0, None)).unwrap();
        let left = &session.adversarials["x"];
        let (ids, shape, pixels) = (left.ids(), left.shape(), left.pixels());
        assert_eq!(shape.iter().product::<usize>(), pixels.len());
        let ball = (entry.attack.unwrap().ball)((entry.tiny)().as_object().unwrap()).unwrap();
        let bench = Bench::new(run_of(entry, set));
        let task = &bench.run.tasks[0];
        assert_eq!(ids, &*task.test.rows);
        let mut moved = 0;
        for (id, changed) in ids.iter().zip(pixels.chunks(pixels.len() / ids.len())) {
            let clean = task.test.pixels(*id);
            let delta: Vec<f32> = clean.iter().zip(changed).map(|(a, b)| b - a).collect();
            // One rounding of a pixel near 1 is 6e-8; a length of 64 pixels adds up to eight of them.
            assert!(ball.length(&delta) <= ball.radius() + 5e-7, "{}: {}", entry.id, ball.length(&delta));
            assert!(changed.iter().all(|x| (0.0..=1.0).contains(x)), "{}", entry.id);
            moved += usize::from(Ball::Linf(0.0).length(&delta) > 0.0);
        }
        assert!(moved > ids.len() / 2, "{} moved {moved} of {}", entry.id, ids.len());
    }
}

#[test]
fn peft_leaves_what_is_frozen_and_merges_to_the_same_function() {
    for entry in engine::entries().filter(|entry| entry.shape == Shape::Peft) {
        for model in [
            json!({ "id": "mlp" }),
            json!({ "id": "cnn", "channels": [4, 8], "norm": true }),
            json!({ "id": "resnet", "width": 4 }),
            json!({ "id": "resnet", "width": 4, "norm": "group", "groups": 2 }),
            json!({ "id": "vit", "width": 12, "depth": 1, "heads": 3 }),
        ] {
            let mut spec = run_of(entry, "digits");
            spec.model = serde_json::from_value(model).unwrap();
            let mut bench = Bench::new(spec);
            bench.play(0).unwrap();
            bench.play(1).unwrap();
            let (base, tuned) = (bench.net("base").clone(), bench.net("x").clone());
            let at = format!("{} on {}", entry.id, base.pick.id);
            assert!(tuned.trainable() < base.base_size(), "{at}");
            if tuned.has_adapters() {
                assert_eq!(hash(&tuned.without_adapters()), hash(&base), "{at}: the base moved");
            } else {
                // Frozen parts are weights of layers, here all but the biases and the head.
                for (before, after) in state(&base).into_iter().zip(state(&tuned)) {
                    let name = before.name;
                    let free = name.ends_with("bias") || name.starts_with("head");
                    assert!(free || before.values == after.values, "{at}: {name} moved");
                }
            }
            assert_ne!(hash(&tuned), hash(&base), "{at} learned nothing");

            let bits = hash(&tuned);
            let merged = tuned.merged();
            assert_eq!(hash(&tuned), bits, "{at}: a merge changed the net that it was asked of");
            assert!(!merged.has_adapters());
            let x = bench.run.tasks[0].test.batch(&bench.run.tasks[0].test.rows).x;
            let answers = |net: &kit::nets::Net| read(net.forward(x.clone(), &mut Pass::eval(&Cost::default())));
            let gap = crate::common::largest_difference(&answers(&tuned), &answers(&merged));
            assert!(gap <= 1e-5, "{at}: the merged net is {gap} away");
        }
    }
}

#[test]
fn a_clone_has_statistics_of_its_own() {
    for model in [json!({ "id": "cnn", "channels": [3], "norm": true }), json!({ "id": "resnet", "width": 2 })] {
        let mut net = crate::common::net(model, [1, 8, 8], 10);
        let kept = net.clone();
        let before = hash(&kept);
        let mut pass = Pass::train(Norms::Batch, Rng::of(1, "masks", &[]), &Cost::default());
        net.forward(four_images(), &mut pass);
        assert_eq!(hash(&net), before, "a forward pass moved the statistics");
        net.update_statistics(&pass);
        let moved = state(&net).into_iter().zip(state(&kept)).filter(|(ours, theirs)| ours.values != theirs.values);
        let (mut moved, all): (Vec<String>, _) = (moved.map(|(ours, _)| ours.name).collect(), state(&net));
        let mut statistics: Vec<String> = all.into_iter().map(|item| item.name).collect();
        statistics.retain(|name| name.contains(".running_"));
        moved.sort();
        statistics.sort();
        assert_eq!(moved, statistics, "every norm layer has its own, and nothing else moves");
        assert_eq!(hash(&kept), before, "a clone's statistics moved");
    }
}

/// Nothing is gathered where nothing is averaged over a batch: a training pass is an evaluation.
#[test]
fn nets_without_batch_norm_have_no_statistics() {
    for model in [json!({ "id": "resnet", "width": 2, "norm": "group", "groups": 2 }), json!({ "id": "vit" })] {
        let mut net = crate::common::net(model, [1, 8, 8], 10);
        let before = hash(&net);
        let mut pass = Pass::train(Norms::Batch, Rng::of(1, "masks", &[]), &Cost::default());
        let trained = read(net.forward(four_images(), &mut pass));
        assert!(pass.stats.is_empty());
        assert_eq!(trained, read(net.forward(four_images(), &mut Pass::eval(&Cost::default()))));
        net.update_statistics(&pass);
        assert_eq!(hash(&net), before);
    }
}

fn four_images() -> burn::tensor::Tensor<4> {
    let mut rng = Rng::of(1, "x", &[]);
    let x: Vec<f32> = (0..4 * 64).map(|_| rng.unit()).collect();
    burn::tensor::Tensor::from_data(burn::tensor::TensorData::new(x, [4, 1, 8, 8]), &crate::common::device())
}

/// A whole run on each of the larger networks: learned, adapted, attacked, made to forget; again to the same bits.
#[test]
fn every_network_goes_through_all_shapes() {
    for model in [
        json!({ "id": "resnet", "width": 4 }),
        json!({ "id": "resnet", "width": 4, "norm": "group", "groups": 2 }),
        json!({ "id": "vit", "width": 12, "depth": 1, "heads": 3 }),
    ] {
        let run = || {
            let spec = json!({
                "version": 1,
                "seed": 3,
                "retrain_seeds": 1,
                "tasks": { "it": { "id": "digits" } },
                "model": model.clone(),
                "forget": { "id": "class", "class": 3 },
                "stage": [
                    { "id": "train.scratch", "as": "base", "train": { "epochs": 2 } },
                    { "id": "attack.pgd-linf", "as": "fooled", "steps": 2 },
                    { "id": "peft.lora", "as": "branch", "rank": 2, "train": { "epochs": 1, "batch": 64 } },
                    { "id": "peft.bitfit", "as": "biases", "from": "base", "train": { "epochs": 1, "batch": 64 } },
                    { "id": "transfer.linear-probe", "as": "probe", "from": "base", "train": { "epochs": 1 } },
                    { "id": "unlearn.salun", "as": "forgot", "from": "base", "train": { "epochs": 1, "batch": 64 } },
                    { "id": "measure.mia-confidence", "as": "members", "from": "forgot" },
                ],
            });
            let (mut session, _) = session();
            let ended = pollster::block_on(session.play(1, RunSpec::from_value(spec).unwrap(), 0, None)).unwrap();
            let Ended::Finished(report) = ended else { panic!("{model}: {ended:?}") };
            let nets = ["base", "branch", "biases", "probe", "forgot"].map(|name| file_of(&session, name));
            (report.rows, nets)
        };
        let ((rows, nets), (rows_again, nets_again)) = (run(), run());
        assert_eq!(untimed(&rows), untimed(&rows_again), "{model}");
        assert!(nets == nets_again, "{model}: the weights differ");
        assert!(nets.iter().enumerate().all(|(at, net)| !nets[..at].contains(net)), "{model}: two stages, one network");
        // What was saved is what goes on: a file comes back as the same net.
        let back = kit::nets::weights::open_any("branch", &nets[1], &crate::common::device()).unwrap();
        assert!(pollster::block_on(kit::nets::weights::save(&back)).unwrap() == nets[1], "{model}");
    }
}

#[test]
fn salun_leaves_the_weights_outside_its_mask() {
    let entry = engine::entry("unlearn.salun").unwrap();
    for k in [0.1, 0.5] {
        let spec = run_of(entry, "digits").set("stage.x.k", json!(k)).unwrap();
        let mut bench = Bench::new(spec);
        bench.play(0).unwrap();
        bench.play(1).unwrap();
        let task = bench.run.tasks[0].clone();
        let base = prepared(bench.net("base").clone(), &task, &bench.cx).unwrap();
        let split = bench.run.split(1, &task, &bench.cx).unwrap();
        let gradients = pollster::block_on(sum_gradients(&base, &split.forget, &mut bench.cx)).unwrap();
        let mask = pollster::block_on(largest(&gradients, &base, k)).unwrap();
        let mask = params::of(&base, &mask);
        let (before, after) = (params::values(&base), params::values(bench.net("x")));
        assert_eq!(mask.iter().filter(|m| **m == 1.0).count(), (k * before.len() as f64) as usize);
        let mut moved = 0;
        for ((mask, before), after) in mask.iter().zip(&before).zip(&after) {
            assert!(*mask == 1.0 || before.to_bits() == after.to_bits(), "a weight outside the mask moved");
            moved += usize::from(before.to_bits() != after.to_bits());
        }
        assert!(moved > 0, "no weight moved");
    }
}

#[test]
fn retraining_equals_the_reference_of_its_seed() {
    let entry = engine::entry("unlearn.retrain").unwrap();
    for set in ["digits", "moons"] {
        for seeds in [1, 2] {
            let mut bench = Bench::new(run_of(entry, set).set("retrain_seeds", json!(seeds)).unwrap());
            bench.play(0).unwrap();
            let rows = bench.play(1).unwrap();
            let references = bench.run.references.borrow();
            assert_eq!(references.len(), seeds);
            assert_eq!(hash(&references.values().next().unwrap().net), hash(bench.net("x")));
            let value = |key: &str| rows.iter().find(|row| row.key == key).map(|row| row.value);
            // Alone it is its own reference; with another one it is held against that.
            assert_eq!(value("gap").is_some(), seeds == 2, "{set}");
            assert_eq!(value("gap"), value("retrained_gap"), "{set}");
            assert_eq!(value("rte_share"), Some(100.0), "{set}");
        }
    }
}

/// The lineage has a new head, a branch that is merged, and stages on two tasks: all of it is repeated, with the draws
/// of the stages that it repeats.
#[test]
fn a_long_lineage_is_retrained_as_it_was_trained() {
    let spec = |gone: Value| {
        let spec = json!({
            "version": 1,
            "seed": 3,
            "retrain_seeds": 2,
            "tasks": { "low": { "id": "digits", "classes": [0, 1, 2, 3, 4] }, "all": { "id": "digits" } },
            "model": { "id": "cnn", "channels": [4], "norm": true },
            "forget": { "id": "picked", "ids": gone },
            "stage": [
                { "id": "train.scratch", "as": "base", "train": { "epochs": 2 } },
                { "id": "peft.lora", "as": "branch", "on": "all", "rank": 2, "train": { "epochs": 1 } },
                { "id": "transfer.full-finetune", "as": "tuned", "train": { "epochs": 1 } },
                { "id": "unlearn.retrain", "as": "x" },
            ],
        });
        RunSpec::from_value(spec).unwrap()
    };
    let ids: Vec<u32> = Bench::new(spec(json!([]))).run.tasks["all"].train.rows[..40].to_vec();
    let mut bench = Bench::new(spec(json!(ids)));
    for stage in 0..4 {
        bench.play(stage).unwrap();
    }
    let references = bench.run.references.borrow();
    let nets: Vec<&kit::nets::Net> = references.values().map(|reference| &reference.net).collect();
    assert_eq!(hash(nets[0]), hash(bench.net("x")));
    assert_ne!(hash(nets[0]), hash(nets[1]), "two seeds, one net");
    assert_ne!(hash(nets[0]), hash(bench.net("tuned")), "nothing was left out");
    assert!(!nets[0].has_adapters());

    // Training by hand on what stays, stage by stage, makes the same net: nothing of the forgotten rows is left in it.
    let mut kept = Bench::new(spec(json!(ids)));
    for task in kept.run.tasks.values_mut() {
        *task = task.on(task.train.filter(|row| !ids.contains(&row)));
    }
    for stage in 0..3 {
        kept.play(stage).unwrap();
    }
    assert_eq!(hash(kept.net("tuned")), hash(bench.net("x")));
}

/// Every method with every set that its card takes.
fn cases() -> impl Iterator<Item = (&'static Entry, &'static str)> {
    let fits = |entry: &'static Entry| {
        let images = entry.needs.kinds.contains(&Kind::Images).then_some("digits");
        let points = entry.needs.kinds.contains(&Kind::Points).then_some("moons");
        images.into_iter().chain(points).map(move |set| (entry, set))
    };
    engine::entries().flat_map(fits)
}

/// Two epochs of training, then the method at toy size under the name `x`, with what its card asks for beside it.
fn run_of(entry: &Entry, set: &str) -> RunSpec {
    let mut stage = Map::from_iter([("id".to_owned(), json!(entry.id)), ("as".to_owned(), json!("x"))]);
    stage.extend((entry.tiny)().as_object().unwrap().clone());
    let forget = match set {
        "digits" => json!({ "id": "class", "class": 3 }),
        _ => json!({ "id": "random", "fraction": 0.2 }),
    };
    let mut stages = vec![json!({ "id": "train.scratch", "as": "base", "train": { "epochs": 2 } })];
    if entry.needs.attacks.is_some() {
        for name in ["fool", "again"] {
            stages.push(json!({ "id": "attack.fgsm", "as": name, "from": "base", "epsilon": 0.1 }));
        }
    }
    if entry.needs.with[0] > 0 {
        let other =
            json!({ "id": "train.scratch", "as": "other", "from": "start", "draw": 1, "train": { "epochs": 2 } });
        stages.push(other);
        stage.extend([("from".to_owned(), json!("base")), ("with".to_owned(), json!(["other"]))]);
    }
    stages.push(stage.into());
    let other = if set == "digits" { json!({ "id": set, "tilt": 30 }) } else { json!({ "id": "spirals" }) };
    let spec = json!({
        "version": 1,
        "seed": 3,
        "retrain_seeds": 1,
        "tasks": { "it": { "id": set }, "else": other },
        "model": { "id": "mlp" },
        "forget": forget,
        "stage": stages,
    });
    RunSpec::from_value(spec).unwrap()
}

/// Figures and saved files of a whole run.
fn played(entry: &Entry, set: &str) -> (Vec<Row>, Vec<Vec<u8>>) {
    let (mut session, host) = session();
    let ended = pollster::block_on(session.play(1, run_of(entry, set), 0, None)).unwrap();
    let Ended::Finished(report) = ended else { panic!("{} on {set}: {ended:?}", entry.id) };
    let said = host.said.borrow();
    let saved = said.iter().filter(|(said, _)| matches!(said.event, Event::Saved { .. }));
    (report.rows, saved.map(|(_, buffers)| buffers[0].clone()).collect())
}

/// The file that a stage saved.
fn saved(said: &[(Said, Vec<Vec<u8>>)], stage: &str) -> Option<Vec<u8>> {
    let ours = |said: &Said| said.stage.as_deref() == Some(stage) && matches!(said.event, Event::Saved { .. });
    said.iter().find(|(said, _)| ours(said)).map(|(_, buffers)| buffers[0].clone())
}

fn file_of(session: &Session, name: &str) -> Vec<u8> {
    pollster::block_on(kit::nets::weights::save(&session.model(name).unwrap())).unwrap()
}

/// Without the figures that a clock made.
fn untimed(rows: &[Row]) -> Vec<&Row> {
    rows.iter().filter(|row| !is_time(row)).collect()
}

fn is_time(row: &Row) -> bool {
    metric(&row.key).is_some_and(|metric| metric.unit == "s")
}

fn is_stage(event: &Event) -> bool {
    matches!(event, Event::Stage { .. })
}

fn is_step(event: &Event) -> bool {
    matches!(event, Event::Step { .. })
}

/// Cancels at the first such event of stage `x`.
struct Stop {
    gate: Rc<Gate>,
    first: fn(&Event) -> bool,
    heard: Collect,
}

impl Host for Stop {
    forward!(heard: now, turn, rest, asset);
    fn say(&self, said: Said, buffers: Vec<Vec<u8>>) {
        // Only in the first run: the second one is to end.
        if said.run == 1 && said.stage.as_deref() == Some("x") && (self.first)(&said.event) {
            self.gate.cancel.set(true);
        }
        self.heard.say(said, buffers);
    }
}

/// Lets a paused run take five single steps, then lets it go.
struct SingleSteps {
    gate: Rc<Gate>,
    rests: Cell<u32>,
    heard: Collect,
}

impl Host for SingleSteps {
    forward!(heard: say, now, turn, asset);
    fn rest(&self) -> Boxed<'_, ()> {
        self.rests.set(self.rests.get() + 1);
        if self.rests.get() <= 5 {
            self.gate.allowed.set(1);
        } else {
            self.gate.paused.set(false);
        }
        self.heard.rest()
    }
}

/// Every leaf of the controls with a value that is allowed and not its default.
fn leaves(controls: &[Control]) -> Vec<(Vec<String>, Value)> {
    let changed = |Setting { path, control, .. }: Setting| {
        let mut other = other(&control.widget).into_iter();
        let value = other.find(|value| *value != control.default && control.check(&control.key, value).is_ok());
        let value = value.unwrap_or_else(|| panic!("{} has one value only", control.key));
        (path.into_iter().map(str::to_owned).collect(), value)
    };
    Control::flat(controls).map(changed).collect()
}

fn other(widget: &Widget) -> Vec<Value> {
    match widget {
        Widget::Slider { min, max, .. } => vec![json!(min), json!(max)],
        Widget::Count { min, max } => vec![json!(min), json!(max)],
        Widget::Toggle => vec![json!(true), json!(false)],
        Widget::Choice { options } => options.iter().map(|option| json!(option)).collect(),
        Widget::Text => vec![json!("other")],
        Widget::List { of, .. } => other(of).into_iter().map(|value| json!([value])).collect(),
        Widget::Maybe { of } => other(of),
        Widget::From { many: true, .. } => vec![json!(["other"])],
        Widget::From { many: false, .. } => vec![json!(1)],
        Widget::Group { .. } => Vec::new(),
    }
}

/// Whether a text is the inside of `<math>`: known elements, closed, each with as many children as it takes.
fn mathml(text: &str) -> std::result::Result<(), String> {
    const TOKENS: [&str; 4] = ["mi", "mn", "mo", "mtext"];
    const ROWS: [(&str, usize); 9] = [
        ("mfrac", 2),
        ("mover", 2),
        ("msub", 2),
        ("msubsup", 3),
        ("msup", 2),
        ("munder", 2),
        ("munderover", 3),
        ("mspace", 0),
        ("mroot", 2),
    ];
    const FREE: [&str; 5] = ["mrow", "msqrt", "mtable", "mtd", "mtr"];
    let mut open: Vec<(&str, usize)> = vec![("math", 0)];
    let mut rest = text;
    while !rest.is_empty() {
        let at = rest.find('<').unwrap_or(rest.len());
        let (words, tail) = rest.split_at(at);
        let inside = open.last().expect("math stays open").0;
        if words.contains(['&', '>']) || (!words.trim().is_empty() && !TOKENS.contains(&inside)) {
            return Err(format!("\"{words}\" in <{inside}>"));
        }
        if tail.is_empty() {
            break;
        }
        let (tag, tail) = tail[1..].split_once('>').ok_or("a tag without end")?;
        rest = tail;
        if let Some(name) = tag.strip_prefix('/') {
            let (last, children) = open.pop().expect("math stays open");
            let takes = ROWS.iter().find(|row| row.0 == name).map(|row| row.1);
            if last != name || open.is_empty() || takes.is_some_and(|takes| takes != children) {
                return Err(format!("</{name}> closes <{last}> with {children} parts"));
            }
            continue;
        }
        let empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let name = tag.split(' ').next().unwrap_or_default();
        if tag.matches(['\'', '"']).count() % 2 == 1 {
            return Err(format!("a quote is open in <{tag}>"));
        }
        if !TOKENS.contains(&name) && !FREE.contains(&name) && !ROWS.iter().any(|row| row.0 == name) {
            return Err(format!("there is no element <{name}>"));
        }
        open.last_mut().expect("math stays open").1 += 1;
        if !empty {
            open.push((name, 0));
        }
    }
    if open.len() == 1 { Ok(()) } else { Err(format!("<{}> is not closed", open[open.len() - 1].0)) }
}
