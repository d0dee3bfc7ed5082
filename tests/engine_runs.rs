//! A chain through every shape.

use crate::common::{Collect, hash, play, series, session};
use engine::{Error, Gate, Session};
use serde_json::{Value, json};
use spec::{Answer, Event, Question, RunSpec, Said};
use std::rc::Rc;

#[test]
fn a_chain_of_all_shapes_runs() {
    let (report, said) = play(
        r#"
        version = 1
        retrain_seeds = 2
        tasks.digits = { id = "digits" }
        tasks.tilted = { id = "digits", tilt = 30 }
        model = { id = "mlp" }
        forget = { id = "class", class = 3 }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 12 } },
            { id = "peft.lora", as = "lora", on = "tilted", train = { epochs = 4, lr = 0.01 } },
            { id = "attack.pgd-linf", from = "base", on = "digits", epsilon = 0.2, steps = 5, alpha = 0.1 },
            { id = "defend.pgd-at", as = "hard", from = "base", epsilon = 0.1, steps = 3, train = { epochs = 2 } },
            { id = "unlearn.salun", as = "forgot", from = "base", train = { epochs = 4, lr = 0.01 } },
            { id = "measure.mia-confidence", from = "base", on = "digits" },
        ]
        "#,
    );
    let report = report.unwrap();
    for row in &report.rows {
        println!("{:10} {:18} {:8.3} n {:?} ± {:?}", row.stage, row.key, row.value, row.n, row.spread);
    }
    println!("{:?} {:.1} s", report.hashes, report.seconds);
    assert!(report.value("base", "accuracy").unwrap() > 85.0);
    assert!(series(&said, "loss").iter().all(|loss| loss.is_finite()));
}

#[test]
fn the_training_images_nearest_to_one_of_them_begin_with_itself() {
    let file = "version = 1\ntasks.digits = { id = \"digits\" }\nmodel = { id = \"linear\" }\n\
                stage = [{ id = \"train.scratch\" }]";
    let (mut session, _) = session();
    pollster::block_on(session.prepare(1, RunSpec::read(file).unwrap())).unwrap();
    let train = kit::data::digits::load().train;
    let question = Question::Nearest { task: "digits".into(), id: train[7], n: 5 };
    let (answer, buffers) = pollster::block_on(session.asker().answer(None, false, &question, &[])).unwrap();
    let Answer::Samples { ids, shape, .. } = answer else { panic!("{answer:?}") };
    assert_eq!(shape, [5, 1, 8, 8]);
    assert_eq!((ids.len(), ids[0]), (5, train[7]));
    assert!(ids.iter().all(|id| train.contains(id)), "{ids:?}");
    let pixels: Vec<f32> = buffers[0].chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let images: Vec<&[f32]> = pixels.chunks(64).collect();
    let distance = |image: &&[f32]| images[0].iter().zip(*image).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let far: Vec<f32> = images.iter().map(distance).collect();
    assert!(far[0] == 0.0 && far[1] > 0.0 && far.is_sorted(), "{far:?}");
}

/// As many samples as there are on the page's leaf, which are more than one chunk, and a visitor's own.
#[test]
fn any_number_of_samples_can_be_attacked_and_those_of_one_s_own() {
    let file = "version = 1\ntasks.digits = { id = \"digits\" }\nmodel = { id = \"linear\" }\n\
                stage = [{ id = \"train.scratch\", as = \"base\", train = { epochs = 1 } }]";
    let (mut session, _) = session();
    pollster::block_on(session.play(1, RunSpec::read(file).unwrap(), 0, None)).unwrap();
    let asker = session.asker();
    let ask = |samples: &[u32], labels: &[u16], own: Vec<Vec<u8>>| {
        let question = Question::Attack {
            method: serde_json::from_value(json!({ "id": "attack.bim", "epsilon": 0.2 })).unwrap(),
            task: "digits".into(),
            samples: samples.to_vec(),
            labels: labels.to_vec(),
            with: Vec::new(),
        };
        let (answer, buffers) = pollster::block_on(asker.answer(Some("base"), false, &question, &own)).unwrap();
        let Answer::Attack { labels, shape, classes, walk, .. } = answer else { panic!("{answer:?}") };
        (labels, shape, classes, walk, buffers)
    };
    let ids = &kit::data::digits::load().test[..70];
    let all = ask(ids, &[], vec![]);
    assert_eq!((all.1, all.2.len(), all.3.len()), ([70, 1, 8, 8], 70, 70));
    assert!(all.2.iter().any(|[before, after]| before != after));
    let last = ask(&ids[66..], &[], vec![]);
    assert_eq!((&all.0[66..], &all.2[66..], &all.3[66..]), (&last.0[..], &last.2[..], &last.3[..]));
    assert_eq!(all.4.iter().map(|pixels| pixels[66 * 256..].to_vec()).collect::<Vec<_>>(), last.4);
    // The same images as a visitor's own; where they have no labels, what the network answers is right.
    assert_eq!(ask(&[], &last.0, vec![last.4[0].clone()]), last);
    let (labels, _, classes, ..) = ask(&[], &[], vec![last.4[0].clone()]);
    assert_eq!(labels, classes.iter().map(|[before, _]| *before).collect::<Vec<_>>());
}

#[test]
fn an_adapter_can_be_taken_off_merged_and_carried_away() {
    let spec = r#"
        version = 1
        tasks.digits = { id = "digits" }
        tasks.tilted = { id = "digits", tilt = 30 }
        model = { id = "cnn", channels = [4], hidden = [16] }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 3, lr = 0.01 } },
            { id = "peft.lora", as = "lora", on = "tilted", rank = 2, train = { epochs = 2, lr = 0.01 } },
        ]
    "#;
    let (mut session, _) = session();
    pollster::block_on(session.play(1, RunSpec::read(spec).unwrap(), 0, None)).unwrap();
    let before = hash(&session.model("lora").unwrap());
    let asker = session.asker();
    let ask = |stage, base, question| pollster::block_on(asker.answer(Some(stage), base, &question, &[])).unwrap();

    let (proof, _) = ask("lora", false, Question::Merge { task: "tilted".into() });
    let Answer::Merge { largest, changed, n } = proof else { panic!("{proof:?}") };
    assert_eq!((changed, n), (0, 360));
    assert!(largest > 0.0 && largest < 1e-4, "{largest}");

    // Off, it is the network that it was put on: the same bits, so the same answers.
    let test = || Question::Test { task: "tilted".into() };
    assert_eq!(ask("lora", true, test()), ask("base", false, test()));
    assert_ne!(ask("lora", false, test()), ask("base", false, test()));

    let (answer, files) = ask("lora", false, Question::Adapter);
    let Answer::Adapter { config: Some(config) } = answer else { panic!("{answer:?}") };
    assert_eq!((&config["peft_type"], &config["r"]), (&Value::from("LORA"), &Value::from(2)));
    assert_eq!(files.len(), 1);
    assert_eq!(ask("lora", true, Question::Adapter), (Answer::Adapter { config: None }, Vec::new()));
    assert_eq!(ask("base", false, Question::Adapter), (Answer::Adapter { config: None }, Vec::new()));
    assert_eq!(hash(&session.model("lora").unwrap()), before, "a question changed the network");
}

/// Seconds of each stage, as the session guesses them.
fn estimates(session: &mut Session, host: &Collect, spec: &RunSpec) -> Vec<f64> {
    host.said.borrow_mut().clear();
    pollster::block_on(session.estimate(1, spec.clone(), Rc::default())).unwrap();
    let said = host.said.take();
    let [(Said { event: Event::Estimate { seconds }, .. }, _)] = &said[..] else { panic!("{said:?}") };
    seconds.iter().map(|seconds| seconds.expect("every stage has an estimate")).collect()
}

#[test]
fn every_stage_has_an_estimate_and_a_known_reference_costs_nothing() {
    let spec = r#"
        version = 1
        retrain_seeds = 2
        tasks.digits = { id = "digits" }
        model = { id = "mlp" }
        forget = { id = "class", class = 3 }
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 60 } },
            { id = "transfer.linear-probe", from = "base", as = "probe", train = { epochs = 2 } },
            { id = "peft.lora", from = "base", as = "lora", train = { epochs = 2 } },
            { id = "attack.pgd-linf", from = "base", as = "fooled", steps = 5 },
            { id = "defend.pgd-at", from = "base", as = "hard", steps = 2, train = { epochs = 1 } },
            { id = "unlearn.salun", from = "base", as = "forgot", train = { epochs = 1 } },
            { id = "unlearn.retrain", from = "base", as = "again" },
            { id = "measure.mia-confidence", from = "base", as = "members" },
        ]
    "#;
    let spec = RunSpec::read(spec).unwrap();
    let (mut session, host) = session();
    let before = estimates(&mut session, &host, &spec);
    assert!(before.len() == 8 && before.iter().all(|seconds| *seconds > 0.0), "{before:?}");
    // Two retrained networks, and one more for the method that is one.
    assert!(before[5] > 1.5 * before[0] && before[6] > before[5], "{before:?}");

    pollster::block_on(session.play(1, spec.clone(), 0, Some(5))).unwrap();
    let after = estimates(&mut session, &host, &spec);
    assert!(after[5] < before[5], "{before:?} {after:?}");

    let gate = Rc::new(Gate::default());
    gate.cancel.set(true);
    let ended = pollster::block_on(session.estimate(1, spec, gate));
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    assert!(host.said.borrow().is_empty());
}
