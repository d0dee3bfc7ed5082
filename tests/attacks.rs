//! What an attack finds depends on the network's decisions alone, not on how sure its logits make it look.

use crate::common::session;
use engine::{Ended, Registry};
use kit::nets::weights::{Item, file};
use safetensors::SafeTensors;
use serde_json::json;
use spec::{Import, RunSpec};

/// Trains a network, once for all attacks.
const TRAIN: &str = r#"
    version = 1
    tasks.digits = { id = "digits" }
    model = { id = "mlp", widths = [16] }
    stage = [{ id = "train.scratch", as = "base", train = { epochs = 20, lr = 0.01 } }]
"#;

/// The same network, its last layer times `factor`.
fn scaled(bytes: &[u8], factor: f32) -> Vec<u8> {
    let tensors = SafeTensors::deserialize(bytes).unwrap();
    let items: Vec<Item> = tensors
        .iter()
        .map(|(name, tensor)| {
            let times = if name.starts_with("head.") { factor } else { 1.0 };
            let values = tensor.data().chunks(4).map(|x| times * f32::from_le_bytes(x.try_into().unwrap())).collect();
            Item { name: name.into(), shape: tensor.shape().into(), values }
        })
        .collect();
    file(&items, &[], json!({ "format": "pt" }))
}

/// DLR and the margin do not change with the scale of the logits, or only by a factor. Cross-entropy does: the surer
/// the network, the more its gradient is that of the margin alone, and the result has to go there too.
#[test]
fn sure_networks_are_attacked_as_well_as_unsure_ones() {
    let (mut trained, _) = session();
    pollster::block_on(trained.play(1, RunSpec::read(TRAIN).unwrap(), 0, None)).unwrap();
    let weights = pollster::block_on(trained.export("base")).unwrap().weights;
    // Factors are powers of two, which change no digit of a result. Square asks for no gradients.
    let attacks =
        Registry::shipped().methods.iter().filter(|entry| entry.attack.is_some() && entry.id != "attack.square");
    for entry in attacks {
        let attacked = |loss: &str, factor: f32| {
            let (mut session, _) = session();
            session.import("net", Import::Source, scaled(&weights, factor)).unwrap();
            let epsilon = if entry.id.ends_with("l2") { 0.6 } else { 0.08 };
            let stage = json!({ "id": entry.id, "as": "x", "loss": loss, "epsilon": epsilon });
            let spec = RunSpec::from_value(json!({
                "version": 1, "tasks": { "digits": { "id": "digits" } },
                "model": { "id": "mlp", "widths": [16], "weights": "net" }, "stage": [stage],
            }));
            let ended = pollster::block_on(session.play(1, spec.unwrap(), 0, None)).unwrap();
            let Ended::Finished(report) = ended else { panic!("{ended:?}") };
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
