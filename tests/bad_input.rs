//! What is wrong is said in one sentence, before anything is played; bytes of strangers never end in a panic.

use crate::common::{Golden, device, item, net, play, session};
use engine::Ended;
use kit::Error;
use kit::nets::weights;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use spec::{Event, Import, Pick, RunSpec};

const FILE: &str = r#"
    version = 1
    retrain_seeds = 1
    tasks.it = { id = "digits" }
    model = { id = "mlp" }
    forget = { id = "class", class = 3 }
    stage = [
        { id = "train.scratch", as = "base", train = { epochs = 1 } },
        { id = "attack.fgsm", as = "fool" },
        { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
    ]
"#;

#[test]
fn run_files_that_cannot_be_are_refused_before_they_start() {
    assert!(play(FILE).0.is_ok());
    for (from, to, said) in [
        ("attack.fgsm", "attack.fgms", "did you mean \"attack.fgsm\""),
        ("unlearn.finetune", "unlearn.fintune", "did you mean \"unlearn.finetune\""),
        ("id = \"digits\"", "id = \"digts\"", "did you mean \"digits\""),
        ("id = \"mlp\"", "id = \"mpl\"", "there are: cnn, linear, mlp, resnet, vit"),
        ("id = \"mlp\"", "id = \"mlp\", width = [3]", "did you mean \"widths\""),
        ("id = \"mlp\"", "id = \"mlp\", widths = [0]", "between 1 and 4096"),
        ("id = \"class\", class = 3", "id = \"clas\"", "did you mean \"class\""),
        ("as = \"fool\"", "as = \"fool\", epsilom = 0.1", "did you mean \"epsilon\""),
        ("as = \"fool\"", "as = \"fool\", epsilon = -0.1", "between 0 and 1"),
        ("as = \"fool\"", "as = \"fool\", epsilon = \"much\"", "between 0 and 1"),
        (
            "epochs = 1",
            "epochs = 0",
            "stage.base.train.epochs: epochs must be a whole number between 1 and 1000, not 0",
        ),
        ("epochs = 1", "epoch = 1", "stage.base.train: there is no key \"epoch\"; did you mean \"epochs\"?"),
        ("epochs = 1", "lr = 50", "stage.base.train.lr: learning rate must lie between"),
        // Stages that do not fit together.
        (
            "as = \"fool\"",
            "as = \"fool\", model = { id = \"mlp\" }",
            "stage.fool.model: this method works on the network of an",
        ),
        (
            "from = \"base\", train",
            "model = { id = \"mlp\" }, train",
            "stage.forgot.model: this method works on the network",
        ),
        ("from = \"base\"", "from = \"fool\"", "stage.forgot.from: \"fool\" leaves no network; there are: base, start"),
        (
            "as = \"forgot\"",
            "as = \"forgot\", with = [\"base\"]",
            "stage.forgot.with: this method takes no further networks",
        ),
        // Seeds.
        (
            "retrain_seeds = 1",
            "seed = 4294967290\nretrain_seeds = 100",
            "seed: 4294967290 leaves no room for 100 seeds",
        ),
        ("retrain_seeds = 1", "seed = 4294967295\nrepeats = 2", "seed: 4294967295 leaves no room for 4 seeds"),
        ("retrain_seeds = 1", "seed = 99999999999999999999999", "seed: 99999999999999999999999 is too large a number"),
        // An empty forget set, a complete one, and one that is not there.
        ("id = \"class\", class = 3", "id = \"picked\", ids = []", "nothing is chosen to forget"),
        ("id = \"class\", class = 3", "id = \"random\", fraction = 0.0", "nothing is chosen to forget"),
        ("id = \"class\", class = 3", "id = \"random\", fraction = 1.0", "at least one class must stay"),
        ("id = \"class\", class = 3", "id = \"picked\", ids = [4000000000]", "not among the training samples"),
        ("id = \"class\", class = 3", "id = \"class\", class = 12", "there is no class 12; there are 0 to 9"),
        ("forget = { id = \"class\", class = 3 }", "", "needs to know what to forget"),
        // Classes.
        ("id = \"digits\"", "id = \"digits\", classes = [3]", "at least two are needed"),
        ("id = \"digits\"", "id = \"digits\", classes = [3, 10]", "there is no class 10"),
        ("id = \"digits\"", "id = \"digits\", classes = [3, 3]", "named twice"),
        ("id = \"digits\"", "id = \"moons\", classes = [0, 1]", "classes"),
        ("as = \"fool\"", "as = \"fool\", target = 10", "there is no class 10; there are 0 to 9"),
        ("as = \"fool\"", "as = \"fool\", target = 1001", "there is no class 1001; there are 0 to 9"),
        (
            "as = \"fool\"",
            "as = \"fool\", target = \"none\"",
            "stage.fool.target: target must be left out where there is to be none, not \"none\"",
        ),
        ("as = \"fool\"", "as = \"fool\", target = \"\"", "target must be left out where there is to be none"),
        ("as = \"fool\"", "as = \"fool\", target = -1", "target must be the number or name of a class, not -1"),
        ("as = \"fool\"", "as = \"fool\", target = \"eight\"", "there is no class \"eight\"; there are: 0, 1, 2, 3"),
        ("class = 3", "class = \"three\"", "forget.class: there is no class \"three\"; there are: 0, 1, 2"),
        ("id = \"digits\"", "id = \"digits\", classes = [5, 6, 8]", "there is no class 3; there are 5, 6, 8"),
        ("id = \"digits\"", "id = \"glyphs\", n = 400, classes = [0, 1]", "there are 0 to 1, or by name A, B"),
        ("id = \"digits\"", "id = \"digits\", classes = [7, 5, 8]", "there is no class 3; there are 7, 5, 8"),
        // Shapes.
        ("id = \"mlp\"", "id = \"cnn\", channels = [2, 2, 2, 2]", "at least 16 pixels"),
        ("id = \"mlp\"", "id = \"cnn\", kernel = 4", "must be odd"),
        ("id = \"mlp\"", "id = \"cnn\", kernel = 9", "between 1 and 7"),
        ("id = \"mlp\"", "id = \"resnet\", width = 6, norm = \"group\"", "6 channels do not make 4 equal groups"),
        ("id = \"mlp\"", "id = \"resnet\", norm = \"layer\"", "one of batch, group"),
        ("id = \"mlp\"", "id = \"resnet\", blocks = [3]", "between 1 and 2"),
        ("id = \"mlp\"", "id = \"resnet\", blocks = [1, 1, 1, 1, 1]", "at most 4 entries"),
        ("id = \"mlp\"", "id = \"resnet\", width = 4000000000", "between 1 and 128"),
        ("id = \"mlp\"", "id = \"vit\", heads = 5", "64 elements do not make 5 equal heads"),
        ("id = \"mlp\"", "id = \"vit\", patch = 3", "must divide both sides of the image; this task's are 8 × 8"),
        ("id = \"mlp\"", "id = \"vit\", patch = 0", "between 1 and 32"),
        ("id = \"mlp\"", "id = \"vit\", depth = 4000000000", "between 1 and 12"),
    ] {
        let text = FILE.replacen(from, to, 1);
        assert_ne!(text, FILE, "{from}");
        let (report, heard) = play(&text);
        let error = report.expect_err(to);
        assert!(error.contains(said), "{to}: {error}");
        assert!(!heard.iter().any(|(said, _)| matches!(said.event, Event::Stage { .. })), "{to}: it began");
    }
}

#[test]
fn points_fit_neither_convolutions_nor_dlr() {
    let file = FILE.replace("digits", "moons").replace("class = 3", "class = 1");
    assert!(play(&file).0.is_ok(), "{:?}", play(&file).0);
    for (from, to, said) in [
        ("id = \"mlp\"", "id = \"cnn\"", "poolings need an image"),
        ("id = \"mlp\"", "id = \"vit\"", "must divide both sides of the image"),
        ("as = \"fool\"", "as = \"fool\", loss = \"dlr\"", "needs at least 3 classes"),
        ("as = \"fool\"", "as = \"fool\", target = 2", "there is no class 2; there are 0 to 1"),
    ] {
        let error = play(&file.replacen(from, to, 1)).0.expect_err(to);
        assert!(error.contains(said), "{to}: {error}");
    }
}

#[test]
fn adapters_that_do_not_fit_are_refused() {
    let lora = |settings: &str, model: &str| {
        let stage = format!("{{ id = \"peft.lora\", from = \"base\", {settings} train = {{ epochs = 1 }} }}");
        let file = FILE.replace("id = \"mlp\"", model).replace("{ id = \"attack.fgsm\", as = \"fool\" }", &stage);
        play(&file).0.map(|report| report.value("1", "trainable").unwrap())
    };
    let (mlp, normed) = ("id = \"mlp\"", "id = \"cnn\", channels = [4], norm = true");
    // No names are all layers: 2 · (64 + 64 + 64 + 10).
    assert_eq!(lora("rank = 2, targets = [],", mlp), Ok(404.0));
    assert_eq!(lora("rank = 2, targets = [\"head\"],", mlp), Ok(148.0));
    for (settings, model, said) in [
        ("rank = 11,", mlp, "the rank cannot exceed 10, the size of head"),
        ("rank = 0,", mlp, "between 1 and 256"),
        ("targets = [\"haed\"],", mlp, "did you mean \"head\""),
        ("rank = 2, targets = [\"norms.0\"],", normed, "names no linear or convolution layer"),
    ] {
        let error = lora(settings, model).expect_err(settings);
        assert!(error.contains(said), "{settings}: {error}");
    }
}

#[test]
fn nets_beyond_memory_are_refused() {
    let model = "id = \"cnn\", channels = [512], hidden = [4096, 4096, 4096]";
    let glyphs = "id = \"glyphs\", size = 32";
    let error = play(&FILE.replace("id = \"mlp\"", model).replace("id = \"digits\"", glyphs)).0.unwrap_err();
    assert!(error.contains("more than 134217728 weights"), "{error}");
}

#[test]
fn the_size_of_a_net_is_known_before_it_is_made() {
    for model in [
        json!({ "id": "linear" }),
        json!({ "id": "mlp", "widths": [5, 6] }),
        json!({ "id": "mlp", "widths": [] }),
        json!({ "id": "cnn", "channels": [3, 4], "kernel": 5, "hidden": [7] }),
        json!({ "id": "cnn", "channels": [3], "norm": true }),
        json!({ "id": "resnet", "width": 3, "blocks": [] }),
        json!({ "id": "resnet", "width": 3, "blocks": [1, 2] }),
        json!({ "id": "resnet", "width": 4, "blocks": [2, 1, 1, 2], "norm": "group", "groups": 2 }),
    ] {
        let pick: Pick = serde_json::from_value(model.clone()).unwrap();
        let made = net(model, [3, 9, 7], 4);
        assert_eq!(kit::nets::Net::size(&pick, [3, 9, 7], 4).unwrap(), Some(made.base_size()), "{}", pick.id);
    }
    let vit = json!({ "id": "vit", "patch": 3, "width": 8, "depth": 2, "heads": 2, "mlp_ratio": 3 });
    let pick: Pick = serde_json::from_value(vit.clone()).unwrap();
    assert_eq!(kit::nets::Net::size(&pick, [3, 9, 6], 4).unwrap(), Some(net(vit, [3, 9, 6], 4).base_size()));
    for id in ["cnn", "linear", "mlp", "resnet", "vit"] {
        let pick: Pick = serde_json::from_value(json!({ "id": id })).unwrap();
        assert_eq!(kit::nets::Net::size(&pick, [usize::MAX, 2, 1], 2).unwrap(), None, "{id}");
    }
}

#[test]
fn cut_weight_files_are_refused() {
    let model = json!({ "id": "cnn", "channels": [2], "norm": true });
    let bytes = pollster::block_on(weights::save(&net(model.clone(), [1, 4, 4], 3))).unwrap();
    let pick: Pick = serde_json::from_value(model).unwrap();
    assert!(weights::open("w", &bytes, &pick, [1, 4, 4], &device()).is_ok());
    for end in (1..bytes.len()).step_by(7) {
        let error = weights::open("w", &bytes[..end], &pick, [1, 4, 4], &device()).expect_err("it was cut");
        assert!(error.to_string().contains("not a whole safetensors file"), "{end}: {error}");
    }
    // Any byte of the header changed: an error or a net, never a panic.
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for at in 0..header {
        for byte in [0, b'0', b'9', b'"', b'}', 0xff] {
            let mut hostile = bytes.clone();
            hostile[at] = byte;
            drop(weights::open_any("w", &hostile, &device()));
        }
    }
}

#[test]
fn weight_files_of_another_net_are_refused_by_name() {
    let golden = Golden::open("nets-mlp");
    for (model, shape, said) in [
        (json!({ "id": "mlp", "widths": [32] }), [64, 1, 1], "layers.0.weight is 32 × 64 here and 64 × 64 in the file"),
        (json!({ "id": "mlp", "widths": [64, 64] }), [64, 1, 1], "there is no tensor \"layers.1.weight\" in it"),
        (json!({ "id": "mlp", "widths": [] }), [64, 1, 1], "no place for its tensor \"layers.0."),
        (json!({ "id": "mlp" }), [32, 1, 1], "layers.0.weight is 64 × 32 here and 64 × 64 in the file"),
        (json!({ "id": "cnn" }), [1, 8, 8], "there is no tensor \"convs.0.weight\" in it"),
        (json!({ "id": "nlp" }), [64, 1, 1], "did you mean \"mlp\""),
    ] {
        let pick: Pick = serde_json::from_value(model).unwrap();
        let error = weights::open("other", &golden.net_file(), &pick, shape, &device()).unwrap_err().to_string();
        let at = error.starts_with("other: ") || said.contains("did you mean");
        assert!(at && error.contains(said), "{error}");
    }
    // What our own file says of itself and what the run file says must be one net.
    let bytes = pollster::block_on(weights::save(&net(json!({ "id": "mlp" }), [1, 8, 8], 10))).unwrap();
    let pick: Pick = serde_json::from_value(json!({ "id": "cnn" })).unwrap();
    let error = weights::open("ours", &bytes, &pick, [1, 8, 8], &device()).unwrap_err().to_string();
    assert!(error.contains("it holds a network \"mlp\", but the run file says \"cnn\""), "{error}");
}

#[test]
fn weights_that_are_no_numbers_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let items = vec![
            item("head.weight", &[2, 3], vec![0.0, 1.0, 2.0, bad, 4.0, 5.0]),
            item("head.bias", &[2], vec![0.0, 1.0]),
        ];
        let error = opened(&weights::file(&items, &[], json!({ "format": "pt" }))).unwrap_err();
        assert!(error.contains("head.weight has a value that is not a finite number"), "{error}");
    }
}

#[test]
fn hostile_headers_are_refused() {
    let file = |header: &str, data: usize| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    };
    let about = |net: Value, shape: Value| {
        let about = json!({ "net": net, "shape": shape, "classes": 2 }).to_string();
        let head = json!({ "dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24] });
        json!({ "__metadata__": { "palimpsest": about }, "head.weight": head }).to_string()
    };
    let tensor = |shape: &str, end: &str| {
        format!(r#"{{"head.weight":{{"dtype":"F32","shape":{shape},"data_offsets":[0,{end}]}}}}"#)
    };
    let huge = u64::MAX.to_string();
    let wide = json!({ "id": "mlp", "widths": [4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096] });
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("a header longer than the world", u64::MAX.to_le_bytes().to_vec()),
        ("a header longer than the file", 1_000_000_u64.to_le_bytes().to_vec()),
        ("no JSON", file("{", 0)),
        ("a list", file("[]", 0)),
        ("deep", file(&"[".repeat(100_000), 0)),
        ("huge shape", file(&tensor("[4294967296,4294967296]", "24"), 24)),
        ("huge and empty shape", file(&tensor("[1152921504606846976,0]", "0"), 0)),
        ("huge end", file(&tensor("[2,3]", &huge), 24)),
        ("a scalar", file(&tensor("[]", "4"), 4)),
        ("one class", file(&tensor("[1,3]", "12"), 12)),
        ("huge inputs", file(&about(json!({ "id": "linear" }), json!([huge.parse::<u64>().unwrap(), 2, 1])), 24)),
        ("large inputs", file(&about(json!({ "id": "linear" }), json!([100_000, 10_000, 1])), 24)),
        ("no inputs", file(&about(json!({ "id": "linear" }), json!([0, 1, 1])), 24)),
        ("a large net in a small file", file(&about(wide, json!([3, 1, 1])), 24)),
        ("many patches", file(&about(json!({ "id": "vit", "patch": 1 }), json!([1, 512, 512])), 24)),
        ("an unknown net", file(&about(json!({ "id": "transformer" }), json!([3, 1, 1])), 24)),
        ("unknown settings", file(&about(json!({ "id": "linear", "x": 1 }), json!([3, 1, 1])), 24)),
    ] {
        let begun = crate::common::Collect::default();
        let begun = engine::Host::now(&begun);
        let error = opened(&bytes).expect_err(what);
        let seconds = engine::Host::now(&crate::common::Collect::default()) - begun;
        assert!(seconds < 1.0, "{what}: {seconds} s");
        assert!(!error.is_empty() && error.len() < 400, "{what}: {error}");
        drop(weights::open_any("w", &bytes, &device()));
    }
}

#[test]
fn weight_files_come_in_through_the_session() {
    let bytes = pollster::block_on(weights::save(&net(json!({ "id": "mlp" }), [1, 8, 8], 10))).unwrap();
    let file = FILE.replace("id = \"mlp\"", "id = \"mlp\", weights = \"theirs\"");
    let start = |bytes: &[u8]| {
        let (mut session, _) = session();
        session.import("theirs", Import::Source, bytes.to_vec()).unwrap();
        pollster::block_on(session.play(1, RunSpec::read(&file).unwrap(), 0, Some(0)))
    };
    assert!(matches!(start(&bytes), Ok(Ended::Finished(_))));
    let Err(Error::Input(wrong)) = start(&bytes[..bytes.len() - 1]) else { panic!("it was cut") };
    assert_eq!(wrong.what, "model.weights: theirs");
    // Of inputs that the task does not have.
    let other = pollster::block_on(weights::save(&net(json!({ "id": "mlp" }), [1, 9, 9], 10))).unwrap();
    let said = match start(&other) {
        Ok(Ended::Failed(_, error)) => error.to_string(),
        Err(error) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(said.contains("inputs are 1 × 8 × 8, but the network takes 1 × 9 × 9"), "{said}");
    // A finished stage's file must say what it holds.
    let (mut session, _) = session();
    let error = session.import("base", Import::Weights, Golden::open("nets-mlp").net_file()).unwrap_err();
    assert!(error.to_string().contains("does not say which network it holds"), "{error}");
    assert!(session.import("base", Import::Weights, b"nonsense".to_vec()).is_err());
}

/// A sentence names a task as its run file does.
#[test]
fn a_method_for_images_names_the_task_that_has_points() {
    let file = "version = 1\ntasks.MyMoons = { id = \"moons\" }\nmodel = { id = \"mlp\", widths = [4] }\n\
                stage = [{ id = \"attack.square\", queries = 2 }]";
    let error = pollster::block_on(session().0.play(1, RunSpec::read(file).unwrap(), 0, None)).unwrap_err().to_string();
    assert!(error.contains("it does not take the points of task \"MyMoons\""), "{error}");
}

/// Answers that are no numbers are no class 0, wherever they are measured.
#[test]
fn a_network_that_overflows_is_not_measured() {
    let shape = [1, 8, 8];
    let net = net(json!({ "id": "mlp", "widths": [16] }), shape, 10);
    let items = crate::common::state(&net)
        .into_iter()
        .map(|item| weights::Item { values: item.values.iter().map(|value| value * 1e30).collect(), ..item });
    let bytes = weights::file(&items.collect::<Vec<_>>(), &[], json!({ "format": "pt" }));
    for stage in [
        "{ id = \"attack.fgsm\" }",
        "{ id = \"attack.square\", queries = 2 }",
        "{ id = \"measure.mia-confidence\" }",
        "{ id = \"transfer.linear-probe\", train = { epochs = 1 } }",
    ] {
        let file = format!(
            "version = 1\ntasks.it = {{ id = \"digits\" }}\nforget = {{ id = \"class\", class = 3 }}\n\
             model = {{ id = \"mlp\", widths = [16], weights = \"theirs\" }}\nstage = [{stage}]"
        );
        let (mut session, _) = session();
        session.import("theirs", Import::Source, bytes.clone()).unwrap();
        let error = match pollster::block_on(session.play(1, RunSpec::read(&file).unwrap(), 0, None)) {
            Ok(Ended::Failed(_, error)) => error.to_string(),
            other => panic!("{stage}: {other:?}"),
        };
        assert!(error.contains("are no numbers") || error.contains("not finite"), "{stage}: {error}");
    }
}

/// What is held against each other has the same classes, or it is a sentence.
#[test]
fn a_network_of_other_classes_is_not_asked() {
    for stage in ["measure.mia-confidence", "attack.fgsm", "attack.square", "unlearn.finetune"] {
        for (first, then) in [("two", "ten"), ("ten", "two")] {
            let file = format!(
                "version = 1\nretrain_seeds = 1\ntasks.two = {{ id = \"digits\", classes = [0, 1] }}\n\
                 tasks.ten = {{ id = \"digits\" }}\nmodel = {{ id = \"linear\" }}\n\
                 forget = {{ id = \"class\", class = 1 }}\n\
                 stage = [{{ id = \"train.scratch\", as = \"base\", on = \"{first}\", train = {{ epochs = 1 }} }}, \
                 {{ id = \"{stage}\", as = \"x\", on = \"{then}\" }}]"
            );
            let error = play(&file).0.expect_err(stage);
            assert!(error.contains("classes, but the network knows"), "{stage} from {first} on {then}: {error}");
        }
    }
}

/// As many classes are not the same classes: by their names, from a stage and from a file.
#[test]
fn a_network_of_other_names_is_not_asked() {
    let file = |model: &str, first: &str, stage: &str| {
        format!(
            "version = 1\nretrain_seeds = 1\ntasks.low = {{ id = \"digits\", classes = [0, 1] }}\n\
             tasks.high = {{ id = \"digits\", classes = [8, 9] }}\n\
             tasks.turned = {{ id = \"digits\", classes = [1, 0] }}\nmodel = {{ id = \"linear\"{model} }}\n\
             forget = {{ id = \"class\", class = 1 }}\nstage = [{first}{stage}]"
        )
    };
    let train = |task: &str| format!("{{ id = \"train.scratch\", on = \"{task}\", train = {{ epochs = 1 }} }}, ");
    for stage in ["measure.mia-confidence", "attack.fgsm", "attack.square", "unlearn.finetune"] {
        for (then, names, gone) in [("high", "8, 9", "class = 9"), ("turned", "1, 0", "class = 1")] {
            let stage = format!("{{ id = \"{stage}\", on = \"{then}\" }}");
            let error = play(&file("", &train("low"), &stage).replace("class = 1", gone)).0.expect_err(&stage);
            let said = format!("{then}: its classes are {names}, but the network was trained on 0, 1");
            assert!(error.contains(&said), "{stage}: {error}");
        }
    }
    // Training on other classes is what transfer is for; from then on the network knows these.
    let on = "{ id = \"transfer.full-finetune\", on = \"high\", train = { epochs = 1 } }, { id = \"attack.fgsm\" }";
    assert!(play(&file("", &train("low"), on)).0.is_ok());

    // Through a file.
    let (mut first, _) = session();
    let ended = pollster::block_on(first.play(1, RunSpec::read(&file("", &train("low"), "")).unwrap(), 0, None));
    assert!(matches!(ended, Ok(Ended::Finished(_))));
    let bytes = pollster::block_on(first.export("0")).unwrap().weights;
    let attack = |task: &str| format!("{{ id = \"attack.fgsm\", on = \"{task}\" }}");
    let asked = |bytes: &[u8], task: &str| {
        let (mut session, heard) = session();
        session.import("theirs", Import::Source, bytes.to_vec()).unwrap();
        let spec = RunSpec::read(&file(", weights = \"theirs\"", "", &attack(task))).unwrap();
        let said = match pollster::block_on(session.play(1, spec, 0, None)).unwrap() {
            Ended::Finished(report) => Ok((report.value("0", "unnamed_classes"), report.warnings)),
            Ended::Failed(_, error) => Err(error.to_string()),
            other => panic!("{other:?}"),
        };
        drop(heard);
        said
    };
    assert_eq!(asked(&bytes, "low"), Ok((None, vec![])));
    assert!(asked(&bytes, "high").unwrap_err().contains("was trained on 0, 1"));
    // A file that does not say them, as PyTorch writes it, is held against the number alone, and that is said.
    let unnamed = |task: &str| {
        let tensors = SafeTensors::deserialize(&bytes).unwrap();
        let items: Vec<_> = tensors.iter().collect();
        asked(&safetensors::serialize(items, None).unwrap(), task)
    };
    for task in ["low", "high"] {
        let (unnamed, warnings) = unnamed(task).unwrap();
        assert_eq!(unnamed, Some(2.0));
        assert!(warnings.len() == 1 && warnings[0].contains("does not name the network's classes"), "{warnings:?}");
    }
}

#[test]
fn idx_garbage_is_refused() {
    let file = r#"
        version = 1
        tasks.it = { id = "idx", images = "pictures", labels = "answers" }
        model = { id = "linear" }
        stage = [{ id = "train.scratch", train = { epochs = 1 } }]
    "#;
    let said = |images: &[u8], labels: &[u8]| {
        let (mut session, _) = session();
        session.import("pictures", Import::Data, images.to_vec()).unwrap();
        session.import("answers", Import::Data, labels.to_vec()).unwrap();
        match pollster::block_on(session.play(1, RunSpec::read(file).unwrap(), 0, None)) {
            Ok(Ended::Finished(_)) => Ok(()),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    };
    let idx = |sizes: &[u32], fill: &dyn Fn(usize) -> u8| -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        sizes.iter().for_each(|size| bytes.extend(size.to_be_bytes()));
        bytes.extend((0..sizes.iter().product::<u32>() as usize).map(fill));
        bytes
    };
    let images = idx(&[40, 2, 2], &|at| at as u8);
    let labels = idx(&[40], &|at| (at % 2) as u8);
    assert_eq!(said(&images, &labels), Ok(()));
    let mut huge = vec![0, 0, 8, 3];
    huge.extend([0xff; 12]);
    let one = idx(&[40], &|_| 0);
    let none = idx(&[0, 2, 2], &|_| 0);
    for (images, labels) in [
        (&b""[..], &labels[..]),
        (b"not an IDX file", &labels),
        (b"\x1f\x8b\x08\x00broken", &labels),
        (&huge, &labels),
        (&images[..images.len() - 1], &labels),
        (&images, &labels[..20]),
        (&labels, &images),
        (&images, &one),
        (&none, &labels),
    ] {
        let error = said(images, labels).expect_err("it is garbage");
        assert!(error.len() < 300, "{error}");
    }
    // Files that nobody brought.
    let (mut session, _) = session();
    assert!(pollster::block_on(session.play(1, RunSpec::read(file).unwrap(), 0, None)).is_err());
}

#[test]
fn questions_about_what_is_not_there_are_answered_with_a_sentence() {
    let (mut session, _) = session();
    pollster::block_on(session.play(1, RunSpec::read(FILE).unwrap(), 0, Some(0))).unwrap();
    let asker = session.asker();
    let attack = |params: Value, samples: Vec<u32>| spec::Question::Attack {
        method: serde_json::from_value(params).unwrap(),
        task: "it".into(),
        samples,
        labels: Vec::new(),
        with: Vec::new(),
    };
    let own = |labels: Vec<u16>, pixels: Vec<f32>| {
        let question = spec::Question::Attack {
            method: serde_json::from_value(json!({ "id": "attack.fgsm" })).unwrap(),
            task: "it".into(),
            samples: Vec::new(),
            labels,
            with: Vec::new(),
        };
        let bytes = pixels.iter().flat_map(|x| x.to_le_bytes()).collect();
        pollster::block_on(asker.answer(Some("base"), false, &question, &[bytes])).map_err(|error| error.to_string())
    };
    let why = "labels: a class from 0 to 9 for each of 1 inputs is right";
    assert_eq!(own(vec![10], vec![0.5; 64]).unwrap_err(), why);
    assert_eq!(own(vec![1, 2], vec![0.5; 64]).unwrap_err(), why);
    for pixels in [vec![], vec![0.5; 63], vec![0.5; 65], vec![1.5; 64], vec![f32::NAN; 64]] {
        assert_eq!(own(vec![3], pixels).unwrap_err(), "pixels: 64 numbers from 0 to 1 for each input are right");
    }
    let both = |samples: Vec<u32>, labels: Vec<u16>, buffers: &[Vec<u8>]| {
        let mut question = attack(json!({ "id": "attack.fgsm" }), samples);
        if let spec::Question::Attack { labels: own, .. } = &mut question {
            *own = labels;
        }
        pollster::block_on(asker.answer(Some("base"), false, &question, buffers)).unwrap_err().to_string()
    };
    let row = kit::data::digits::load().test[0];
    assert!(both(vec![row], vec![3], &[]).starts_with("labels: samples of a task have their own"));
    assert!(both(vec![row], vec![], &[vec![0; 256]]).starts_with("samples: none are right beside"));
    assert!(own(vec![3], vec![0.5; 64]).is_ok() && own(vec![], vec![0.5; 128]).is_ok());
    for question in [
        attack(json!({ "id": "attack.fgsm", "target": 10 }), vec![0]),
        attack(json!({ "id": "attack.fgsm", "epsilon": -1 }), vec![0]),
        attack(json!({ "id": "attack.fgsm" }), vec![u32::MAX]),
        attack(json!({ "id": "attack.fgsm" }), Vec::new()),
        attack(json!({ "id": "unlearn.salun" }), vec![0]),
        spec::Question::Samples { task: "it".into(), ids: vec![u32::MAX] },
        spec::Question::Nearest { task: "it".into(), id: u32::MAX, n: 3 },
        spec::Question::Test { task: "nowhere".into() },
        spec::Question::Boundary { size: 16 },
        spec::Question::Merge { task: "it".into() },
    ] {
        let answer = pollster::block_on(asker.answer(Some("base"), false, &question, &[]));
        assert!(answer.is_err(), "{question:?}");
    }
    assert!(pollster::block_on(asker.answer(Some("nobody"), false, &spec::Question::Export, &[])).is_err());
    for bytes in [vec![], vec![vec![1, 2, 3]], vec![vec![0; 64 * 4 + 4]], vec![f32::NAN.to_le_bytes().repeat(64)]] {
        // An error or an answer of finite numbers, never a panic.
        if let Ok((answer, _)) = pollster::block_on(asker.answer(None, false, &spec::Question::Predict, &bytes)) {
            let body = json!(answer).to_string();
            assert!(!body.contains("null"), "{body}");
        }
    }
}

/// A linear net of three inputs in these bytes, or why there is none.
fn opened(bytes: &[u8]) -> Result<(), String> {
    let pick: Pick = serde_json::from_value(json!({ "id": "linear" })).unwrap();
    weights::open("w", bytes, &pick, [3, 1, 1], &device()).map(drop).map_err(|error| error.to_string())
}

/// What a network that answers with no numbers is told for, by every method that trains a given one: no learning rate
/// helps.
#[test]
fn a_start_whose_answers_are_no_numbers_is_named() {
    let bytes = |value: f32| {
        let items = [item("head.weight", &[10, 64], vec![value; 640]), item("head.bias", &[10], vec![-value; 10])];
        weights::file(&items, &[], json!({ "format": "pt" }))
    };
    let trainers = engine::entries().filter(|entry| entry.make.is_some() && entry.id != "train.scratch");
    let mut tried = Vec::new();
    for (entry, every) in trainers.flat_map(|entry| [(entry, json!(0)), (entry, json!(5))]) {
        let mut stage = (entry.tiny)();
        stage["id"] = entry.id.into();
        let spec = json!({
            "version": 1,
            "every": every,
            "tasks": { "it": { "id": "digits" } },
            "model": { "id": "linear", "weights": "theirs" },
            "stage": [stage],
        });
        let (mut session, heard) = session();
        session.import("theirs", Import::Source, bytes(3e38)).unwrap();
        let ended = pollster::block_on(session.play(1, RunSpec::read(&spec.to_string()).unwrap(), 0, None)).unwrap();
        let Ended::Failed(report, _) = ended else { panic!("{}: it trained", entry.id) };
        let said =
            "the loss is not finite before anything is learned: the network that it starts from has weights that";
        assert!(report.unfinished[0].contains(said), "{}: {:?}", entry.id, report.unfinished);
        let cures = heard
            .said
            .borrow()
            .iter()
            .filter(|(said, _)| matches!(said.event, Event::Failed { cure: Some(_), .. }))
            .count();
        assert_eq!(cures, 0, "{}", entry.id);
        tried.push(entry.id);
    }
    for id in ["transfer.linear-probe", "transfer.full-finetune", "peft.lora", "peft.bitfit", "defend.pgd-at"] {
        assert_eq!(tried.iter().filter(|tried| **tried == id).count(), 2, "{id}");
    }
}
