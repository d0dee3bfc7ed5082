//! Agreement with PyTorch, torchattacks, foolbox and PEFT on the files of `goldens/`.

use crate::common::{Golden, adapted, cx, device, golden, item, largest_difference, params, read, state};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Int, Tensor, TensorData};
use kit::attack::{Apgd, AttackLoss, Ball, Keep, Pgd, Start, Victim, attack_loss, fooled};
use kit::data::Batch;
use kit::learn::{Rule, Schedule, Training, largest, logits_of, mean_loss};
use kit::nets::layers::{Conv, Dense, LowRank, LowRankConv};
use kit::nets::weights;
use kit::nets::{Cost, Net, Norms, Pass};
use kit::seed::Rng;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use spec::{Access, Pick};
use tempfile::TempDir;

/// Every method is held against something outside of it, and the index says against what.
#[test]
fn every_method_has_a_line_in_the_index() {
    let index = include_str!("goldens/INDEX").lines().filter(|line| !line.starts_with('#'));
    let mut known = Vec::new();
    for line in index {
        let [id, file, source] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!(
                "{line}: three columns are \
            right"
            )
        };
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        assert!(std::path::Path::new(&path).is_file() && !source.is_empty(), "{line}");
        known.push(id);
    }
    assert_eq!(known, engine::entries().map(|entry| entry.id).collect::<Vec<_>>());
}

const NETS: [&str; 9] = ["linear", "mlp", "mlp-square", "cnn", "cnn-norm", "cnn-odd", "resnet", "resnet-group", "vit"];

#[test]
fn nets_answer_as_pytorch() {
    for name in NETS {
        let (golden, net) = opened(&format!("nets-{name}"));
        let logits = read(net.forward(inputs(&golden, net.shape), &mut Pass::eval(&Cost::default())));
        let gap = largest_difference(&logits, golden.values("golden.logits"));
        assert!(gap <= 1e-5, "{name}: {gap}");
    }
}

#[test]
fn norm_layers_learn_as_pytorch() {
    for name in ["cnn-norm", "cnn-odd", "resnet"] {
        let (golden, mut net) = opened(&format!("nets-{name}"));
        let mut pass = Pass::train(Norms::Batch, Rng::of(1, "masks", &[]), &Cost::default());
        let logits = read(net.forward(inputs(&golden, net.shape), &mut pass));
        let gap = largest_difference(&logits, golden.values("golden.train_logits"));
        assert!(gap <= 1e-5, "{name}: {gap}");
        net.update_statistics(&pass);
        let file = pollster::block_on(weights::save(&net)).unwrap();
        let file = SafeTensors::deserialize(&file).unwrap();
        for (after, (_, values)) in golden.items.iter().filter(|(key, _)| key.starts_with("golden.after.")) {
            let key = after.trim_start_matches("golden.after.");
            let gap = largest_difference(&floats(&file, key), values);
            assert!(gap <= 1e-5, "{name} {key}: {gap}");
        }
        for (after, count) in golden.counts.iter().filter(|(key, _)| key.starts_with("golden.after.")) {
            let key = after.trim_start_matches("golden.after.");
            let ours = u64::from_le_bytes(file.tensor(key).unwrap().data().try_into().unwrap());
            assert_eq!(ours, *count, "{name} {key}");
        }
    }
}

#[test]
fn gradients_are_pytorchs() {
    for name in ["resnet", "resnet-group", "vit"] {
        let (golden, net) = opened(&format!("nets-{name}"));
        let tracked = net.clone().train();
        let x = inputs(&golden, net.shape).autodiff().require_grad();
        let labels: Vec<i32> = (0..6).map(|at| at % net.classes as i32).collect();
        let y = Tensor::from_data(TensorData::new(labels, [6]), &device());
        let batch = Batch { x: x.clone(), y, ids: (0..6).collect() };
        let mut pass = Pass::train(Norms::Batch, Rng::of(1, "masks", &[]), &Cost::default());
        let mut tape = mean_loss(&tracked, &batch, &mut pass).backward();
        let of_x = read(x.grad_remove(&mut tape).unwrap());
        let gradients = GradientsParams::from_grads(tape, &tracked);
        // Gradients read like weights, so that they have names and PyTorch's layout; statistics have none.
        let of_weights = state(&params::put(&net, &params::of(&tracked, &gradients)));
        let ours = of_weights.iter().filter(|item| !item.name.contains("running"));
        let ours = ours.map(|item| (item.name.as_str(), &item.values)).chain([("x", &of_x)]);
        let mut count = 0;
        for (key, ours) in ours {
            let gap = largest_difference(ours, golden.values(&format!("golden.gradient.{key}")));
            assert!(gap <= 1e-5, "{name} {key}: {gap}");
            count += 1;
        }
        assert_eq!(count, golden.items.keys().filter(|key| key.starts_with("golden.gradient.")).count(), "{name}");
    }
}

#[test]
fn files_have_pytorchs_names_shapes_and_bits() {
    for name in NETS {
        let (golden, net) = opened(&format!("nets-{name}"));
        for bytes in [pollster::block_on(weights::save(&net)), pollster::block_on(weights::export(&net))] {
            let bytes = bytes.unwrap();
            let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
            assert_eq!(header.metadata().as_ref().unwrap()["format"], "pt");
            let file = SafeTensors::deserialize(&bytes).unwrap();
            let theirs = golden.net_file();
            let theirs = SafeTensors::deserialize(&theirs).unwrap();
            let names = |file: &SafeTensors<'_>| {
                let mut names: Vec<String> = file.names().iter().map(|name| name.to_string()).collect();
                names.sort();
                names
            };
            assert_eq!(names(&file), names(&theirs), "{name}");
            for (key, tensor) in theirs.tensors() {
                let ours = file.tensor(&key).unwrap();
                assert_eq!((ours.dtype(), ours.shape()), (tensor.dtype(), tensor.shape()), "{name} {key}");
                assert!(ours.data() == tensor.data(), "{name} {key}: other bits");
            }
        }
    }
}

/// The other way round: PyTorch and PEFT load what the product wrote, and answer as it does.
#[test]
fn pytorch_and_peft_load_what_is_written() {
    let Ok(python) = std::env::var("PALIMPSEST_PYTHON") else {
        println!("skipped: PALIMPSEST_PYTHON names a Python with the packages of tests/oracle/requirements.txt");
        return;
    };
    for name in NETS {
        let (golden, base) = opened(&format!("nets-{name}"));
        let net = adapted(base.clone());
        let weights::AdapterFiles { config, weights: adapter } =
            pollster::block_on(weights::export_adapter(&net)).unwrap().unwrap();
        let x = inputs(&golden, net.shape);
        let logits = net.forward(x.clone(), &mut Pass::eval(&Cost::default()));
        let items = [item("x", &x.dims(), read(x.clone())), item("logits", &logits.dims(), read(logits.clone()))];

        let folder = TempDir::new().unwrap();
        let write = |file: &str, bytes: &[u8]| std::fs::write(folder.path().join(file), bytes).unwrap();
        write("base.safetensors", &pollster::block_on(weights::export(&base)).unwrap());
        write("merged.safetensors", &pollster::block_on(weights::export(&net)).unwrap());
        write("adapter_config.json", config.to_string().as_bytes());
        write("adapter_model.safetensors", &adapter);
        write("logits.safetensors", &weights::file(&items, &[], json!({ "format": "pt" })));
        for arguments in [&["merged.safetensors"][..], &["base.safetensors", "--adapter", "."]] {
            let mut load = std::process::Command::new(&python);
            load.current_dir(&folder).arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/load.py"));
            let output = load.args(arguments).args(["--logits", "logits.safetensors"]).output().unwrap();
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            let said = String::from_utf8(output.stdout).unwrap();
            println!("{name}, {arguments:?}: {said}");
            let gap: f32 = said.split_whitespace().last().unwrap().parse().unwrap();
            assert!(gap <= 1e-5, "{name}, {arguments:?}: {gap}");
        }
    }
}

#[test]
fn files_come_back_as_they_were() {
    for name in NETS {
        let (_, net) = opened(&format!("nets-{name}"));
        let bytes = pollster::block_on(weights::save(&net)).unwrap();
        let back = weights::open_any(name, &bytes, &device()).unwrap();
        assert_eq!(pollster::block_on(weights::save(&back)).unwrap(), bytes, "{name}");
    }
}

/// Both libraries, pixel by pixel: at least 99.9 % of every image's within 2e-6, and the same images fooled.
#[test]
fn attacks_equal_torchattacks_and_foolbox() {
    let (golden, net) = opened("attacks");
    let whole = |name: &str| -> Tensor<1, Int> {
        let numbers: Vec<i32> = golden.values(name).iter().map(|x| *x as i32).collect();
        Tensor::from_data(TensorData::new(numbers, [64]), &device())
    };
    let batch = |y: Tensor<1, Int>| Batch { x: golden.tensor("golden.x"), y, ids: (0..64).collect() };
    let own = batch(whole("golden.labels"));
    let aimed = batch(whole("golden.targets"));
    let setting = |attack: &str, key: &str| golden.about["attacks"][attack][key].as_f64().unwrap();
    let victim = Victim::of(&net, Access::Gradients, &Cost::default());
    let mut cx = cx();

    let check = |attack: &str, x: Tensor<4>| {
        let size = 64;
        let ours = read(x.clone());
        for library in ["torchattacks", "foolbox"] {
            let theirs = golden.values(&format!("golden.{library}.{attack}"));
            for (at, (ours, theirs)) in ours.chunks(size).zip(theirs.chunks(size)).enumerate() {
                let near = ours.iter().zip(theirs).filter(|(a, b)| (*a - *b).abs() <= 2e-6).count();
                assert!(near as f64 >= 0.999 * size as f64, "{attack}, {library}, image {at}: {near} of {size}");
            }
        }
        let logits = read(logits_of(&net, &x));
        let wanted = if attack == "bim-targeted" { "golden.targets" } else { "golden.labels" };
        for (at, row) in logits.chunks(10).enumerate() {
            let answer = (0..10).fold(0, |best, class| if row[class] > row[best] { class } else { best });
            let hit = answer == golden.values(wanted)[at] as usize;
            let success = if attack == "bim-targeted" { hit } else { !hit };
            let theirs = golden.values(&format!("golden.success.{attack}"))[at] == 1.0;
            assert_eq!(success, theirs, "{attack}, image {at}");
        }
    };

    // The methods themselves, where they start at the image.
    for attack in ["fgsm", "bim"] {
        let mut params = serde_json::Map::new();
        params.insert("epsilon".into(), json!(setting(attack, "eps")));
        if attack == "bim" {
            params.insert("alpha".into(), json!(setting(attack, "alpha")));
            params.insert("steps".into(), golden.about["attacks"][attack]["steps"].clone());
        }
        let entry = engine::entry(&format!("attack.{attack}")).unwrap();
        let x = pollster::block_on((entry.attack.unwrap().perturb)(&params, None, &victim, &own, &mut cx)).unwrap();
        check(attack, x);
    }
    // Their core, where a start or a target of each image's own is given.
    for (attack, start, batch, targeted) in [
        ("bim-targeted", "golden.x", &aimed, true),
        ("pgd-linf", "golden.start.pgd-linf", &own, false),
        ("pgd-l2", "golden.start.pgd-l2", &own, false),
    ] {
        let loss = attack_loss(AttackLoss::Ce, targeted);
        let epsilon = setting(attack, "eps");
        let ball = if attack == "pgd-l2" { Ball::L2(epsilon) } else { Ball::Linf(epsilon) };
        let steps = golden.about["attacks"][attack]["steps"].as_u64().unwrap() as usize;
        let pgd = Pgd { ball, alpha: setting(attack, "alpha"), steps, loss: &*loss, keep: Keep::Final };
        let x = pollster::block_on(pgd.run(&victim, batch, golden.tensor(start), &mut cx)).unwrap();
        check(attack, x);
    }
}

#[test]
fn auto_pgd_is_its_authors() {
    let (attacks, net) = opened("attacks");
    let golden = Golden::open("apgd");
    let labels: Vec<i32> = attacks.values("golden.labels").iter().map(|x| *x as i32).collect();
    let y = Tensor::from_data(TensorData::new(labels, [64]), &device());
    let batch = Batch { x: attacks.tensor("golden.x"), y: y.clone(), ids: (0..64).collect() };
    let victim = Victim::of(&net, Access::Gradients, &Cost::default());
    for (case, settings) in golden.about["apgd"].as_object().unwrap() {
        let epsilon = settings["eps"].as_f64().unwrap();
        let ball = if settings["norm"] == "L2" { Ball::L2(epsilon) } else { Ball::Linf(epsilon) };
        let loss = attack_loss(if settings["loss"] == "dlr" { AttackLoss::Dlr } else { AttackLoss::Ce }, false);
        let steps = golden.about["steps"].as_u64().unwrap() as usize;
        let apgd = Apgd { ball, steps, rho: 0.75, loss: &*loss, targeted: false, start: Start::Boundary };
        let named = |what: &str| golden.values(&format!("golden.{case}.{what}"));
        let start = golden.tensor(&format!("golden.{case}.start"));
        let x = pollster::block_on(apgd.run(&victim, &batch, start, &mut cx())).unwrap();
        let logits = logits_of(&net, &x);
        let won = read(fooled(logits.clone(), y.clone(), false).float());
        // Theirs is the cross-entropy itself.
        let reached = read(match settings["loss"] == "dlr" {
            true => loss(logits, y.clone()),
            false => ops::cross_entropy(logits, y.clone()),
        });
        let (mut same, mut off) = (0, Vec::new());
        for at in 0..64 {
            assert_eq!(won[at], named("won")[at], "{case}, image {at}");
            // Elsewhere a condition decides otherwise than the paper's (tests/oracle/autoattack.py).
            if named("same")[at] == 1.0 {
                same += 1;
                off.push((reached[at] - named("loss")[at]).abs());
            }
        }
        off.sort_unstable_by(f32::total_cmp);
        assert!(same >= 55 && off[same / 2] <= 1e-6 && off[same - 1] <= 1e-2, "{case}: {same}, {off:?}");
    }
}

#[test]
fn the_square_attack_is_as_strong_as_its_authors() {
    let (attacks, net) = opened("attacks");
    let golden: Value = serde_json::from_str(include_str!("goldens/square.json")).unwrap();
    let labels: Vec<i32> = attacks.values("golden.labels").iter().map(|x| *x as i32).collect();
    let y = Tensor::from_data(TensorData::new(labels, [64]), &device());
    let settings = json!({ "epsilon": golden["settings"]["eps"], "queries": golden["settings"]["n_queries"] });
    let perturb = engine::entry("attack.square").unwrap().attack.unwrap().perturb;
    let (mut shares, mut queries) = (Vec::new(), Vec::new());
    for seed in 0..20 {
        let victim = Victim::of(&net, Access::Scores, &Cost::default());
        // Other draws.
        let ids = (0..64).map(|id| id + 64 * seed).collect();
        let batch = Batch { x: attacks.tensor("golden.x"), y: y.clone(), ids };
        let x = pollster::block_on(perturb(settings.as_object().unwrap(), None, &victim, &batch, &mut cx())).unwrap();
        let won = read(fooled(logits_of(&net, &x), y.clone(), false).float());
        shares.push(f64::from(won.iter().sum::<f32>()) / 64.0);
        queries.push(victim.queries().forwards as f64 / 64.0);
    }
    for (what, ours) in [("fooled", shares), ("queries", queries)] {
        let theirs: Vec<f64> = golden[what].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
        let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
        let var = |all: &[f64]| all.iter().map(|x| (x - mean(all)).powi(2)).sum::<f64>() / (all.len() - 1) as f64;
        // Seeds are fixed; between two fair samples of 20 the means differ by more than this once in 2,000 times.
        let bound = 3.5 * ((var(&ours) + var(&theirs)) / 20.0).sqrt();
        let apart = mean(&ours) - mean(&theirs);
        assert!(apart.abs() <= bound, "{what}: {} ours, {} theirs, {bound} allowed", mean(&ours), mean(&theirs));
    }
}

#[test]
fn lora_equals_peft() {
    let golden = Golden::open("lora");
    let cases = golden.about["cases"].as_object().unwrap();
    for (case, settings) in cases {
        let scale = settings["scale"].as_f64().unwrap();
        let (rank, alpha) = (settings["r"].as_f64().unwrap(), settings["lora_alpha"].as_f64().unwrap());
        let root = if case.ends_with("rslora") { rank.sqrt() } else { rank };
        assert!((alpha / root - scale).abs() < 1e-12, "{case}");
        let named = |part: &str| format!("{case}.{part}");
        let bias = Some(Param::from_tensor(golden.tensor::<1>(&named("bias"))));
        let rng = &mut Rng::of(1, "x", &[]);
        let (y, merged_y, merged) = if case.starts_with("linear") {
            let turned = |part: &str| Param::from_tensor(golden.tensor::<2>(&named(part)).transpose());
            let adapter = LowRank { a: turned("A"), b: turned("B"), scale, dropout: 0.0 };
            let layer = Dense { weight: turned("weight"), bias, adapter: Some(adapter) };
            // A net whose only layer it is, so that the product's own merge is asked.
            let net = crate::common::net(json!({ "id": "linear" }), [12, 1, 1], 7).put_head(layer.clone());
            let merged = net.merged().head();
            let x = golden.tensor::<2>(&named("x"));
            let y = read(layer.forward(x.clone(), &mut Pass::eval(&Cost::default())));
            let merged_y = read(merged.forward(x, &mut Pass::eval(&Cost::default())));
            (y, merged_y, read(merged.weight.val().transpose()))
        } else {
            let whole = |part: &str| Param::from_tensor(golden.tensor::<4>(&named(part)));
            let adapter = LowRankConv { a: whole("A"), b: whole("B"), scale, dropout: 0.0 };
            let mut layer = Conv::new(4, 6, 3, true, rng, &device());
            (layer.weight, layer.bias, layer.adapter) = (whole("weight"), bias, Some(adapter));
            let x = golden.tensor::<4>(&named("x"));
            let y = read(layer.forward(x.clone(), &mut Pass::eval(&Cost::default())));
            let mut net = crate::common::net(json!({ "id": "cnn", "channels": [6] }), [4, 8, 8], 2);
            net.layers(|_, place| {
                if let kit::nets::layers::Layer::Conv(place) = place {
                    *place = layer.clone();
                }
            });
            let mut merged = None;
            net.merged().layers(|_, place| {
                if let kit::nets::layers::Layer::Conv(place) = place {
                    merged = Some(place.clone());
                }
            });
            let merged = merged.unwrap();
            assert!(merged.adapter.is_none());
            (y, read(merged.forward(x, &mut Pass::eval(&Cost::default()))), read(merged.weight.val()))
        };
        for (what, ours, theirs) in [("y", y, "y"), ("merged y", merged_y, "y"), ("merged", merged, "merged")] {
            let gap = largest_difference(&ours, golden.values(&named(theirs)));
            assert!(gap <= 1e-5, "{case} {what}: {gap}");
        }
    }
}

#[test]
fn optimisers_step_as_pytorchs() {
    let tensors = Golden::open("optim");
    let text: Value = serde_json::from_slice(&golden("optim.json")).unwrap();
    let pick: Pick = serde_json::from_value(json!({ "id": "mlp", "widths": [5], "activation": "tanh" })).unwrap();
    let part = |case: &str| -> Vec<weights::Item> {
        let names = ["layers.0.weight", "layers.0.bias", "head.weight", "head.bias"];
        let named = |name: &str| {
            let (shape, values) = &tensors.items[&format!("{case}.{name}")];
            item(name, shape, values.clone())
        };
        names.map(named).to_vec()
    };
    let labels: Vec<i32> = tensors.values("labels").iter().map(|x| *x as i32).collect();
    let batch = Batch {
        x: tensors.tensor::<2>("x").reshape([16, 8, 1, 1]),
        y: Tensor::from_data(TensorData::new(labels, [16]), &device()),
        ids: (0..16).collect(),
    };
    for (case, rule) in [("adam", Rule::Adam), ("adamw", Rule::Adamw), ("sgd", Rule::Sgd), ("sgd-momentum", Rule::Sgd)]
    {
        let set = &text["cases"][case];
        let number = |key: &str| set[key].as_f64().unwrap_or(0.0);
        let training = Training {
            optimizer: rule,
            lr: number("lr"),
            momentum: number("momentum"),
            decay: number("weight_decay"),
            ..Training::default()
        };
        let start = weights::file(&part("start"), &[], json!({ "format": "pt" }));
        let mut net = weights::open(case, &start, &pick, [8, 1, 1], &device()).unwrap().train();
        let mut optimizer = training.optimizer(8, 1);
        for theirs in set["losses"].as_array().unwrap() {
            let loss = mean_loss(&net, &batch, &mut Pass::eval(&Cost::default()));
            let gradients = GradientsParams::from_grads(loss.backward(), &net);
            net = optimizer.step(net, gradients);
            let gap = (f64::from(read(loss.inner())[0]) - theirs.as_f64().unwrap()).abs();
            assert!(gap <= 1e-5, "{case}: a loss is {gap} away");
        }
        for (ours, theirs) in state(&net.valid()).into_iter().zip(part(case)) {
            let name = ours.name;
            assert_eq!(ours.shape, theirs.shape, "{case} {name}");
            let gap = largest_difference(&ours.values, &theirs.values);
            assert!(gap <= 1e-5, "{case} {name}: {gap}");
        }
    }
}

#[test]
fn schedules_are_pytorchs() {
    let text: Value = serde_json::from_slice(&golden("optim.json")).unwrap();
    let rates = |name: &str| -> Vec<f64> {
        let list = text["schedules"][name]["lr"].as_array().unwrap();
        list.iter().map(|rate| rate.as_f64().unwrap()).collect()
    };
    let training = |schedule, warmup| Training { lr: 0.1, schedule, warmup, step_epochs: 2, ..Training::default() };
    for (name, training) in [
        ("cosine", training(Schedule::Cosine, 0)),
        ("warmup", training(Schedule::Constant, 5)),
        ("warmup-cosine", training(Schedule::Cosine, 5)),
    ] {
        for (step, theirs) in rates(name).into_iter().enumerate() {
            let ours = training.rate(step, 20, 3);
            assert!((ours - theirs).abs() < 1e-12, "{name}, step {step}: {ours} {theirs}");
        }
    }
    // The golden halves every six steps, the product divides by ten: the same drops at the same steps.
    let step = training(Schedule::Step, 0);
    for (at, theirs) in rates("step").into_iter().enumerate() {
        let drops = (theirs / 0.1).log(0.5);
        let ours = (step.rate(at, 20, 3) / 0.1).log(0.1);
        assert!((drops - ours).abs() < 1e-9, "step {at}: {ours} {drops}");
    }
}

#[test]
fn saliency_masks_are_saluns() {
    let text: Value = serde_json::from_slice(&golden("salun.json")).unwrap();
    let list = |value: &Value| -> Vec<f32> {
        let mut flat = Vec::new();
        fn walk(value: &Value, flat: &mut Vec<f32>) {
            match value {
                Value::Array(items) => items.iter().for_each(|item| walk(item, flat)),
                value => flat.push(value.as_f64().unwrap() as f32),
            }
        }
        walk(value, &mut flat);
        flat
    };
    let shapes = [
        ("layers.0.weight", vec![3, 4]),
        ("layers.0.bias", vec![3]),
        ("head.weight", vec![3, 3]),
        ("head.bias", vec![3]),
    ];
    let items: Vec<weights::Item> =
        shapes.iter().map(|(name, shape)| item(name, shape, list(&text["weights"][name]))).collect();
    let file = weights::file(&items, &[], json!({ "format": "pt" }));
    let pick: Pick = serde_json::from_value(json!({ "id": "mlp", "widths": [3], "activation": "tanh" })).unwrap();
    let net = weights::open("salun", &file, &pick, [4, 1, 1], &device()).unwrap();
    let labels: Vec<i32> = text["labels"].as_array().unwrap().iter().map(|y| y.as_i64().unwrap() as i32).collect();
    let x = Tensor::<4>::from_data(TensorData::new(list(&text["x"]), [10, 4, 1, 1]), &device());
    let y = Tensor::<1, Int>::from_data(TensorData::new(labels, [10]), &device());

    let tracked = net.clone().train();
    let loss = ops::cross_entropy(tracked.forward(x, &mut Pass::eval(&Cost::default())), y).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &tracked);
    for case in text["cases"].as_array().unwrap() {
        // With batches of 4 the released code weighs the rows of the last one twice; the product sums over samples.
        if case["batch"] != 10 {
            continue;
        }
        let k = case["k"].as_f64().unwrap();
        let mask = pollster::block_on(largest(&gradients, &net, k)).unwrap();
        // The indices count PyTorch's layout `[out, in]`, as files have it: a mask read like weights.
        let as_weights = params::put(&net, &params::of(&net, &mask));
        let kept: Vec<usize> = state(&as_weights)
            .into_iter()
            .flat_map(|item| item.values)
            .enumerate()
            .filter(|(_, mask)| *mask == 1.0)
            .map(|(at, _)| at)
            .collect();
        let theirs: Vec<usize> =
            case["kept"].as_array().unwrap().iter().map(|at| at.as_u64().unwrap() as usize).collect();
        assert_eq!(kept, theirs, "k {k}");
        let sums = params::put(&net, &params::of(&net, &gradients));
        for weights::Item { name, values, .. } in state(&sums) {
            let mean: Vec<f32> = values.iter().map(|sum| sum / 10.0).collect();
            let gap = largest_difference(&mean, &list(&case["gradients"][&name]));
            assert!(gap <= 1e-6, "{name}: {gap}");
        }
    }
}

/// A golden file with its network.
pub fn opened(name: &str) -> (Golden, Net) {
    let golden = Golden::open(name);
    let mut about = golden.about["net"].as_object().unwrap().clone();
    let kind = about.remove("kind").unwrap();
    about.remove("classes");
    let shape = match (about.remove("shape"), about.remove("inputs")) {
        (Some(shape), _) => serde_json::from_value(shape).unwrap(),
        (None, inputs) => [inputs.unwrap().as_u64().unwrap() as usize, 1, 1],
    };
    about.insert("id".into(), kind);
    let pick: Pick = serde_json::from_value(about.into()).unwrap();
    let net = weights::open(name, &golden.net_file(), &pick, shape, &device()).unwrap();
    (golden, net)
}

fn inputs(golden: &Golden, [channels, height, width]: [usize; 3]) -> Tensor<4> {
    let n = golden.items["golden.x"].0[0];
    let data = TensorData::new(golden.values("golden.x").to_vec(), [n, channels, height, width]);
    Tensor::from_data(data, &device())
}

fn floats(file: &SafeTensors<'_>, name: &str) -> Vec<f32> {
    let data = file.tensor(name).unwrap().data();
    data.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}
