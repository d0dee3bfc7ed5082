//! A chain through every shape.

use crate::common::{play, series, session};
use spec::{Question, RunSpec};

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
    let train = kit::data::digits::load().unwrap().train;
    let question = Question::Nearest { task: "digits".into(), id: train[7], n: 5 };
    let (body, buffers) = pollster::block_on(session.asker().answer(None, &question, &[])).unwrap();
    let ids: Vec<u32> = serde_json::from_value(body["ids"].clone()).unwrap();
    assert_eq!((ids.len(), ids[0]), (5, train[7]));
    assert!(ids.iter().all(|id| train.contains(id)), "{ids:?}");
    let pixels: Vec<f32> = buffers[0].chunks(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect();
    let images: Vec<&[f32]> = pixels.chunks(64).collect();
    let distance = |image: &&[f32]| images[0].iter().zip(*image).map(|(a, b)| (a - b).powi(2)).sum::<f32>();
    let far: Vec<f32> = images.iter().map(distance).collect();
    assert!(far[0] == 0.0 && far[1] > 0.0 && far.is_sorted(), "{far:?}");
}
