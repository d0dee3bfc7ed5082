//! How strong attacks are: what they find depends on the network's decisions alone, not on how sure its logits make it
//! look, and it is as much as the reference finds.

use crate::common::{aimed, cx, digits, play, refused, session};
use crate::goldens::opened;
use engine::Ended;
use kit::Entry;
use kit::data::Task;
use kit::nets::weights::{Item, file};
use kit::run::attack_view;
use kit::stats::mean;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use spec::{Access, Exhibit, Import, Report, RunSpec};

/// Trains a network, once for all attacks.
const TRAIN: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    stage = [{ id = "train.scratch", as = "base", train = { epochs = 20, lr = 0.01 } }]
"#;

/// The same network, its last layer times `factor`.
fn scaled(bytes: &[u8], factor: f32) -> Vec<u8> {
    edited(bytes, |name, value| if name.starts_with("head.") { factor * value } else { value })
}

/// The same network, whose hidden units all see `less` less.
fn numbed(bytes: &[u8], less: f32) -> Vec<u8> {
    edited(bytes, |name, value| if name == "layers.0.bias" { value - less } else { value })
}

/// The same file with other values.
fn edited(bytes: &[u8], change: impl Fn(&str, f32) -> f32) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let items: Vec<Item> = tensors
        .iter()
        .map(|(name, tensor)| {
            let values = tensor.data().chunks(4).map(|x| f32::from_le_bytes(x.try_into().unwrap()));
            Item { name: name.into(), shape: tensor.shape().into(), values: values.map(|x| change(name, x)).collect() }
        })
        .collect();
    file(&items, &[], json!({ "format": "pt" }))
}

fn gradient_attacks() -> impl Iterator<Item = &'static Entry> {
    engine::entries().filter(|entry| entry.attack.is_some() && entry.needs.access == Access::Gradients)
}

/// The report of a stage on the network with these weights.
fn attacked(weights: &[u8], stage: Value) -> Report {
    let (mut session, _) = session();
    session.import("net", Import::Source, weights.to_vec()).unwrap();
    let spec = RunSpec::from_value(json!({
        "version": 1, "tasks": { "digits": { "id": "digits" } },
        "model": { "id": "mlp", "widths": [16], "weights": "net" }, "stage": [stage],
    }));
    let ended = pollster::block_on(session.play(1, spec.unwrap(), 0, None)).unwrap();
    let Ended::Finished(report) = ended else { panic!("{ended:?}") };
    *report
}

/// The weights of the network of [`TRAIN`].
fn trained() -> Vec<u8> {
    trained_with(1)
}

/// As [`trained`], with this seed.
fn trained_with(seed: u32) -> Vec<u8> {
    let (mut session, _) = session();
    let spec = RunSpec { seed, ..RunSpec::read(TRAIN).unwrap() };
    pollster::block_on(session.play(1, spec, 0, None)).unwrap();
    pollster::block_on(session.export("base")).unwrap().weights
}

/// DLR and the margin do not change with the scale of the logits, or only by a factor. Cross-entropy does: the surer
/// the network, the more its gradient is that of the margin alone, and the result has to go there too.
#[test]
fn sure_networks_are_attacked_as_well_as_unsure_ones() {
    let weights = trained();
    // Factors are powers of two, which change no digit of a result.
    for entry in gradient_attacks() {
        let attacked = |loss: &str, factor: f32| {
            let epsilon = if entry.id.ends_with("l2") { 0.6 } else { 0.08 };
            let stage = json!({ "id": entry.id, "as": "x", "loss": loss, "epsilon": epsilon });
            let report = attacked(&scaled(&weights, factor), stage);
            ["clean_accuracy", "robust_accuracy"].map(|key| report.value("x", key).unwrap())
        };
        let near = |a: [f64; 2], b: [f64; 2]| a[0] == b[0] && (a[1] - b[1]).abs() / 100.0 * 360.0 < 1.5;
        let margin = attacked("cw-margin", 1.0);
        assert!(margin[1] < margin[0] - 10.0, "{}: {margin:?}", entry.id);
        for (loss, factor) in [("cw-margin", 0.125), ("cw-margin", 16.0), ("dlr", 0.125), ("dlr", 16.0)] {
            let (one, other) = (attacked(loss, 1.0), attacked(loss, factor));
            assert!(near(one, other), "{} {loss}, times {factor}: {one:?} and {other:?}", entry.id);
        }
        for factor in [32.0, 128.0] {
            let sure = attacked("ce", factor);
            assert!(near(sure, margin), "{}, times {factor}: {sure:?} and with the margin {margin:?}", entry.id);
        }
    }
}

/// Over seeds, on images that the network has not learned: what is left standing is what torchattacks leaves.
#[test]
fn auto_pgd_leaves_as_much_standing_as_its_authors() {
    const SEEDS: u32 = 16;
    let (_, net) = opened("attacks");
    let golden: Value = serde_json::from_str(include_str!("goldens/apgd-seeds.json")).unwrap();
    let mut cx = cx();
    let rows = |at: usize| golden["rows"][at].as_u64().unwrap() as u32;
    let view = digits(&cx).test.at((rows(0)..rows(1)).collect::<Vec<_>>());
    for (case, settings) in golden["cases"].as_object().unwrap() {
        let theirs: Vec<f64> = settings["left"].as_array().unwrap().iter().map(|left| left.as_f64().unwrap()).collect();
        let params = json!({ "epsilon": settings["eps"], "loss": settings["loss"], "steps": golden["steps"] });
        let id = if settings["norm"] == "L2" { "attack.apgd-l2" } else { "attack.apgd-linf" };
        let ours: Vec<f64> = (0..SEEDS)
            .map(|seed| {
                cx.seed = seed;
                let entry = engine::entry(id).unwrap();
                let done = attack_view(aimed(entry, params.as_object().unwrap(), &net), &view, &mut cx);
                let done = pollster::block_on(done).unwrap();
                (0..view.len()).filter(|at| done.attacked.right(*at)).count() as f64
            })
            .collect();
        // The variance of a mean.
        let doubt = |all: &[f64]| mean(all).deviation.unwrap().powi(2) / all.len() as f64;
        let error = (doubt(&ours) + doubt(&theirs)).sqrt();
        let apart = mean(&ours).value - mean(&theirs).value;
        println!("{case}: {ours:?}, {apart:.2} from theirs, standard error {error:.2}");
        assert!(apart.abs() <= 2.0 * error, "{case}: {ours:?}, {theirs:?}");
    }
}

/// Its targeted form, over five networks: the untargeted one, turned round, reached less than half of what
/// cross-entropy does.
#[test]
fn the_ratio_reaches_a_target_as_cross_entropy_does() {
    let networks: Vec<_> = (1..=5).map(trained_with).collect();
    for id in ["attack.pgd-linf", "attack.pgd-l2", "attack.apgd-linf", "attack.apgd-l2"] {
        let reached = |loss: &str| {
            let epsilon = if id.ends_with("l2") { 0.8 } else { 0.14 };
            let stage = json!({ "id": id, "as": "x", "loss": loss, "epsilon": epsilon, "target": 8 });
            let shares =
                networks.iter().map(|weights| attacked(weights, stage.clone()).value("x", "asr_correct").unwrap());
            mean(&shares.collect::<Vec<_>>()).value
        };
        let (dlr, ce) = (reached("dlr"), reached("ce"));
        println!("{id}: {dlr} of {ce}");
        assert!(ce > 40.0 && dlr > 0.9 * ce, "{id}: {dlr} of {ce}");
    }
}

/// Equation 8 needs a fourth logit, as equation 6 needs a third.
#[test]
fn the_ratio_has_as_many_classes_as_it_needs() {
    for (count, target) in [2, 3, 4, 10].into_iter().flat_map(|count| [(count, None), (count, Some(1))]) {
        let task = Task { classes: (0..count).map(|class| class.to_string()).collect(), ..digits(&cx()) };
        let (needed, with) = if target.is_some() { (4, " with a target") } else { (3, "") };
        let wrong = format!("\"dlr\"{with} needs at least {needed} classes; task \"digits\" has {count}");
        let params = json!({ "loss": "dlr", "target": target });
        for entry in gradient_attacks() {
            match (entry.check_task)(params.as_object().unwrap(), &task) {
                Ok(()) => assert!(count >= needed, "{}: {count}", entry.id),
                Err(error) => assert!(count < needed && error.to_string().contains(&wrong), "{}: {error}", entry.id),
            }
        }
    }
}

/// Behind hidden units that are all at zero there is no gradient: what is answered rightly there stands, whatever the
/// attack is, and that is said. First all images are there, then some, then none.
#[test]
fn images_without_a_gradient_are_not_held_in_silence() {
    let weights = trained();
    for entry in gradient_attacks() {
        let epsilon = if entry.id.ends_with("l2") { 0.6 } else { 0.08 };
        let on = |less: f32| {
            let settings = [("id", json!(entry.id)), ("as", json!("x")), ("epsilon", json!(epsilon))];
            let mut stage = (entry.tiny)();
            stage.as_object_mut().unwrap().extend(settings.map(|(key, value)| (key.to_owned(), value)));
            let report = attacked(&numbed(&weights, less), stage);
            let value = |key| report.value("x", key);
            (
                value("clean_accuracy").unwrap(),
                value("robust_accuracy").unwrap(),
                value("zero_gradients"),
                of_gradients(&report.warnings),
            )
        };
        let (clean, held, stuck, warnings) = on(100.0);
        assert!((held, stuck) == (clean, Some(clean)), "{}: {clean}, {held}, {stuck:?}", entry.id);
        assert!(warnings.len() == 1 && warnings[0].contains("their gradient is exactly zero"), "{warnings:?}");
        let (clean, held, stuck, warnings) = on(5.0);
        assert!(stuck.is_some_and(|stuck| 1.0 < stuck && stuck <= held && held < clean), "{}: {stuck:?}", entry.id);
        assert_eq!(warnings.len(), 1, "{}", entry.id);
        let (.., stuck, warnings) = on(0.0);
        assert!(stuck.is_none() && warnings.is_empty(), "{}: {stuck:?}, {warnings:?}", entry.id);
    }
    // Without gradients there is nothing to be told of them.
    let square = attacked(&numbed(&weights, 100.0), json!({ "id": "attack.square", "as": "x", "queries": 5 }));
    assert!(square.value("x", "zero_gradients").is_none() && of_gradients(&square.warnings).is_empty());
}

/// The weights come from a file that does not name the classes, which is a warning too.
fn of_gradients(warnings: &[String]) -> Vec<String> {
    warnings.iter().filter(|warning| warning.contains("gradient")).cloned().collect()
}

/// A run over 360 test digits: one attack in some of them and at several budgets, and a measure of some.
const SOME: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "linear" }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 5 } },
        { id = "attack.bim", as = "all", epsilon = 0.03, steps = 4, alpha = 0.02 },
        { id = "attack.bim", as = "some", take = 40, epsilons = [0, "3/100", 0.06], epsilon = 0.03, steps = 4,
          alpha = 0.02 },
        { id = "attack.bim", as = "far", take = 40, epsilon = 0.06, steps = 4, alpha = 0.04 },
        { id = "measure.accuracy", as = "first", take = 40 },
    ]
"#;

#[test]
fn attacks_and_measures_take_some_samples_and_several_budgets() {
    let (report, _) = play(SOME);
    let report = report.unwrap();
    let row = |stage: &str, key: &str| report.rows.iter().find(|row| row.stage == stage && row.key == key).unwrap();
    let n = |stage: &str, key: &str| row(stage, key).n;
    assert_eq!([n("all", "robust_accuracy"), n("some", "robust_accuracy")], [Some(360), Some(40)]);
    assert_eq!(n("first", "accuracy"), Some(40));
    assert_eq!(row("first", "accuracy").value, row("some", "clean_accuracy").value);
    let [shown] = &report.exhibits.iter().filter(|shown| shown.stage == "some").collect::<Vec<_>>()[..] else {
        panic!("{:?}", report.exhibits)
    };
    let Exhibit::Points { lines, .. } = &shown.exhibit else { panic!("{shown:?}") };
    assert_eq!(lines[0].x, [0.0, 0.03, 0.06]);
    // At each budget as a stage of its own finds it.
    let alone = [row("some", "clean_accuracy"), row("some", "robust_accuracy"), row("far", "robust_accuracy")];
    assert_eq!(lines[0].y, alone.map(|row| Some(row.value)));
    assert!(alone[2].value < alone[1].value && alone[1].value < alone[0].value, "{alone:?}");
}

#[test]
fn what_cannot_be_taken_is_refused_before_anything_is_played() {
    let mut session = session().0;
    for (from, to, why) in [
        ("take = 40", "take = 361", "stage.some.take: 361 are asked for, and task \"digits\" has 360 test samples"),
        ("take = 40", "take = 0", "stage.some.take: must be a whole number, at least 1"),
        ("take = 40", "take = -1", "stage[2].take: must be"),
        ("as = \"base\"", "as = \"base\", take = 9", "stage.base.take: only attacks and measures take some"),
        ("as = \"base\"", "as = \"base\", epsilons = [1]", "stage.base.epsilons: this method has no budget `epsilon`"),
        ("as = \"first\"", "as = \"first\", epsilons = [1]", "stage.first.epsilons: this method has no budget"),
        ("3/100", "x", "stage[2].epsilons[1]: must be"),
        ("3/100", "8/0", "stage[2].epsilons[1]: must be"),
        ("[0, ", "[-1, ", "stage.some.epsilons: largest change must lie between 0 and 1"),
        ("[0, ", "[300, ", "stage.some.epsilons: largest change must lie between 0 and 1"),
    ] {
        let file = SOME.replacen(from, to, 1);
        assert_ne!(file, SOME, "{from}");
        let said = refused(&mut session, &file);
        assert!(said.starts_with(why), "{said}");
    }
}
