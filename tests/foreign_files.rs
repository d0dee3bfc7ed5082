//! Weights and data as other programs write them: what is read, and what is named for what it is.

use crate::common::{Heard, device, golden, item, net, session, state};
use engine::{Ended, Session};
use flate2::{Compression, write::GzEncoder};
use kit::nets::weights;
use safetensors::SafeTensors;
use serde_json::{Value, json};
use spec::{Event, Import, Pick, Report, RunSpec};
use std::io::Write;

/// `cargo test` without Python: files that PyTorch saved in 16 and 64 bits, from networks in its wrappers.
#[test]
fn wrapped_networks_of_other_precisions_are_read_as_pytorch_reads_them() {
    let expected = golden("wrapped.safetensors");
    let expected = SafeTensors::deserialize(&expected).unwrap();
    for (kind, prefix) in [("f16", "module._orig_mod."), ("bf16", "_orig_mod.module."), ("f64", "module.")] {
        let bytes = golden(&format!("wrapped-{kind}.safetensors"));
        assert!(SafeTensors::deserialize(&bytes).unwrap().names().iter().all(|name| name.starts_with(prefix)));
        let net = weights::open(kind, &bytes, &linear(), [8, 1, 1], &device()).unwrap();
        for item in state(&net) {
            let theirs = expected.tensor(&format!("{kind}.{}", item.name)).unwrap();
            assert_eq!(item.shape, theirs.shape(), "{kind} {}", item.name);
            let ours: Vec<u8> = item.values.iter().flat_map(|value| value.to_le_bytes()).collect();
            assert!(ours == theirs.data(), "{kind} {}: other bits", item.name);
        }
    }
}

#[test]
fn wrappers_are_taken_off_where_every_name_carries_them() {
    let bare = net(json!({ "id": "cnn", "channels": [2], "norm": true }), [1, 4, 4], 3);
    let pick: Pick = (*bare.pick).clone();
    let named = |rename: &dyn Fn(&str) -> String| {
        let items: Vec<_> =
            state(&bare).into_iter().map(|item| weights::Item { name: rename(&item.name), ..item }).collect();
        let counts = [(rename("norms.0.num_batches_tracked"), 7)];
        let bytes = weights::file(&items, &counts, json!({ "format": "pt" }));
        weights::open("w", &bytes, &pick, [1, 4, 4], &device()).map_err(|error| error.to_string())
    };
    for prefix in ["", "module.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.", "module.module."] {
        let mut net = named(&|name| format!("{prefix}{name}")).unwrap_or_else(|error| panic!("{prefix}: {error}"));
        assert_eq!(state(&net), state(&bare), "{prefix}");
        net.statistics(|statistics| assert_eq!(statistics.seen, 7, "{prefix}"));
    }
    for (rename, said) in [
        (
            &(|name: &str| format!("{}{name}", if name == "head.bias" { "" } else { "module." })) as &dyn Fn(&str) -> _,
            "there is no tensor \"head.weight\" in it; there are \"head.bias\", \"module.convs.0.weight\"",
        ),
        (&|name| format!("model.{name}"), "there are \"model.convs.0.weight\", \"model.head.bias\", \"model."),
        (&|name| format!("module.{}", name.replace("head", "fc")), "there are \"convs.0.weight\", \"fc.bias\""),
    ] {
        let error = named(rename).unwrap_err();
        assert!(error.contains(said) && error.ends_with("and 3 more"), "{error}");
    }
}

#[test]
fn names_of_strangers_are_short_and_printable() {
    let long = "x".repeat(5000);
    for (names, said) in [
        (vec![], "there is no tensor \"head.weight\" in it; it holds none"),
        (vec!["fc.weight", "fc.bias"], "there are \"fc.bias\", \"fc.weight\""),
        (vec!["a\nb\u{1b}[2J\u{202e}\""], r#"there are "a\nb\u{1b}[2J\u{202e}\"""#),
        (vec![long.as_str()], "xxx…\""),
        (vec!["1", "2", "3", "4", "5", "6", "7"], "there are \"1\", \"2\", \"3\", \"4\", \"5\" and 2 more"),
    ] {
        let items: Vec<_> = names.iter().map(|name| item(name, &[1], vec![0.0])).collect();
        let error = opened(&weights::file(&items, &[], json!({ "format": "pt" }))).unwrap_err();
        assert!(error.contains(said) && error.len() < 300, "{error}");
    }
    // A name that the network has no place for, and what the crate and our own description say.
    let head = [item("head.weight", &[2, 3], vec![0.0; 6]), item("head.bias", &[2], vec![0.0; 2])];
    let more = [&head[..], &[item(&format!("\n{long}"), &[1], vec![0.0])]].concat();
    let about =
        |net: Value| json!({ "palimpsest": json!({ "net": net, "shape": [3, 1, 1], "classes": 2 }).to_string() });
    let dtype = json!({ "head.weight": { "dtype": long, "shape": [1], "data_offsets": [0, 4] } }).to_string();
    for (bytes, said) in [
        (weights::file(&more, &[], json!({})), "no place for its tensor \"\\nxxx"),
        (weights::file(&head, &[], about(json!({ "id": long }))), "it holds a network \"xxx"),
        (
            weights::file(&head, &[], about(json!({ "id": "linear", long.as_str(): 1 }))),
            "w: model: there is no key \"xxx",
        ),
        ([&(dtype.len() as u64).to_le_bytes(), dtype.as_bytes(), &[0; 4]].concat(), "not a whole safetensors file"),
    ] {
        let error = opened(&bytes).unwrap_err();
        assert!(error.contains(said) && error.len() < 400, "{error}");
    }
}

/// Of two tensors or descriptions with one name, serde would take the last in silence.
#[test]
fn a_name_that_stands_twice_in_a_weights_file_is_refused() {
    let file = |header: String, floats: usize| {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; 4 * floats]].concat()
    };
    let tensor = |shape: &str, from: usize, to: usize| {
        format!(r#"{{"dtype":"F32","shape":{shape},"data_offsets":[{},{}]}}"#, 4 * from, 4 * to)
    };
    let (weight, bias) = (tensor("[2,3]", 0, 6), tensor("[2]", 6, 8));
    let both = format!(r#""head.weight":{weight},"head.bias":{bias}"#);
    assert!(opened(&file(format!("{{{both}}}"), 8)).is_ok());
    let about = r#"{\"net\":{\"id\":\"linear\"},\"shape\":[3,1,1],\"classes\":2,\"classes\":2}"#;
    let long = "x".repeat(5000);
    for (header, floats, said) in [
        (format!(r#"{{"head.bias":{bias},{both}}}"#), 8, "the name \"head.bias\" stands twice in its header"),
        (format!(r#"{{{both},"head.bias":{}}}"#, tensor("[2]", 8, 10)), 10, "the name \"head.bias\" stands twice"),
        (format!(r#"{{{both},"\u0068ead.bias":{bias}}}"#), 8, "the name \"head.bias\" stands twice"),
        (format!(r#"{{"__metadata__":{{"a":"1","a":"2"}},{both}}}"#), 8, "the name \"a\" stands twice"),
        (format!(r#"{{"{long}":{bias},"{long}":{bias},{both}}}"#), 8, "…\" stands twice"),
        (
            format!(r#"{{"__metadata__":{{"palimpsest":"{about}"}},{both}}}"#),
            8,
            "the key \"classes\" stands twice in its description of the network",
        ),
    ] {
        let error = opened(&file(header, floats)).unwrap_err();
        assert!(error.contains(said) && error.len() < 300, "{error}");
    }
}

#[test]
fn weights_of_types_that_are_not_read_are_refused() {
    for (dtype, size) in [("I32", 4), ("U8", 1), ("F8_E4M3", 1), ("BOOL", 1)] {
        let header = json!({ "head.weight": { "dtype": dtype, "shape": [2, 3], "data_offsets": [0, 6 * size] } });
        let header = header.to_string();
        let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; 6 * size]].concat();
        let error = opened(&bytes).unwrap_err();
        assert!(error.contains("F16, BF16, F32 and F64 are read"), "{dtype}: {error}");
    }
    // A number that 32 bits cannot hold.
    let header = json!({
        "head.weight": { "dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48] },
        "head.bias": { "dtype": "F64", "shape": [2], "data_offsets": [48, 64] },
    });
    let header = header.to_string();
    let data = [1e39_f64; 8].iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<_>>();
    let error = opened(&[&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat()).unwrap_err();
    assert!(error.contains("head.weight has a value that is not a finite number of 32 bits"), "{error}");
}

#[test]
fn headers_beyond_the_limit_are_not_read() {
    for header in [1_usize << 20 | 8, 4 << 20, 64 << 20] {
        let mut bytes = (header as u64).to_le_bytes().to_vec();
        bytes.resize(8 + header, b' ');
        let error = opened(&bytes).unwrap_err();
        assert_eq!(error, format!("w: its header has {header} bytes; at most 1048576 are read"));
    }
    let about = json!({ "palimpsest": format!("{{{}}}", " ".repeat(1 << 16)) });
    let error = opened(&weights::file(&[item("head.weight", &[2, 3], vec![0.0; 6])], &[], about)).unwrap_err();
    assert_eq!(error, "w: its description of the network has 65538 bytes; at most 65536 are read");
}

/// Files of another kind, by name, with the words that name them.
fn strangers() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let zip = |name: &str| [b"PK\x03\x04\0\0\x08\x08", &[0; 22][..], name.as_bytes(), b"FB\x06\0ZZZZZZ"].concat();
    vec![
        ("net.pt", zip("archive/data.pkl"), "a file of PyTorch"),
        ("net.pth", zip("checkpoint_12/data.pkl"), "a file of PyTorch"),
        ("pytorch_model.bin", zip("pytorch_model/data.pkl"), "a file of PyTorch"),
        ("old.pt", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.".to_vec(), "a pickle of Python"),
        ("digits.pkl", b"\x80\x04\x95\x0e\0\0\0\0\0\0\0]\x94(K\x01K\x02e.".to_vec(), "a pickle of Python"),
        ("five.pickle", b"\x80\x05K\x05.".to_vec(), "a pickle of Python"),
        ("arrays.npz", zip("arr_0.npy"), "an archive of NumPy"),
        ("mnist.npz", zip("x_train.npy"), "an archive of NumPy"),
        ("labels.npz", zip("y.npy"), "an archive of NumPy"),
        ("a.npy", b"\x93NUMPY\x01\0v\0{'descr': '<f4'}".to_vec(), "an array of NumPy"),
        ("b.npy", b"\x93NUMPY\x02\0v\0\0\0{'descr': '|u1'}".to_vec(), "an array of NumPy"),
        ("c.npy", b"\x93NUMPY\x03\0".to_vec(), "an array of NumPy"),
        ("a", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n".to_vec(), "`git lfs pull`"),
        ("b", b"version https://git-lfs.github.com/spec/v1\next-0-foo sha256:1\n".to_vec(), "`git lfs pull`"),
        ("c", b"version https://git-lfs.com/spec/v1\n".to_vec(), "`git lfs pull`"),
        ("page", b"<!DOCTYPE html>\n<html><head><title>Sign in</title>".to_vec(), "a web page"),
        ("page", b"\r\n\r\n<HTML lang=\"en\">".to_vec(), "a web page"),
        ("error", b"\xef\xbb\xbf<?xml version=\"1.0\"?><Error><Code>NoSuchKey".to_vec(), "a web page"),
        ("nothing", Vec::new(), "the file is empty"),
    ]
}

#[test]
fn weights_of_another_kind_are_named_for_what_they_are() {
    let gzip = |name| (name, b"\x1f\x8b\x08\0\0\0\0\0\0\x03rest".to_vec(), "packed with gzip; unpack it first");
    for (name, bytes, said) in strangers().into_iter().chain(["a.safetensors.gz", "b.tar.gz", "c.tgz"].map(gzip)) {
        let file = format!(
            "version = 1\ntasks.it = {{ id = \"digits\" }}\nmodel = {{ id = \"linear\", weights = \"{name}\" }}\n\
             stage = [{{ id = \"attack.fgsm\" }}]"
        );
        let (mut session, _) = session();
        session.import(name, Import::Source, bytes.clone()).unwrap();
        let error = played(pollster::block_on(session.play(1, RunSpec::read(&file).unwrap(), 0, None)));
        let is_placed = error.starts_with(&format!("model.weights: {name}: "));
        assert!(is_placed && error.contains(said), "{error}");
        let converts = said.contains("PyTorch") || said.contains("Python") || said.contains("NumPy");
        assert_eq!(error.contains("save the weights with safetensors.torch.save_file"), converts, "{error}");
        // A finished stage's file, as the page imports it.
        let error = session.import("base", Import::Weights, bytes).unwrap_err().to_string();
        assert!(error.starts_with("base: ") && error.contains(said), "{error}");
    }
}

#[test]
fn data_of_another_kind_is_named_for_what_it_is() {
    let packed = |bytes: &[u8]| gzip(bytes);
    let twice = |name| (name, packed(&packed(b"\0\0\x08\x03")), "packed with gzip; unpack it first");
    let xz = |name| (name, b"\xfd7zXZ\0\0\x04".to_vec(), "packed with xz; unpack it first");
    let more = ["a.gz.gz", "b.gz", "c.gz"].map(twice).into_iter().chain(["xnist.xz", "a.xz", "b.xz"].map(xz));
    for (name, bytes, said) in strangers().into_iter().chain(more) {
        for (key, other) in [("images", "labels"), ("labels", "images"), ("test_images", ""), ("test_labels", "")] {
            // In gzip it is no other thing.
            for bytes in [bytes.clone(), packed(&bytes)] {
                let error = on_data(key, name, &bytes);
                assert!(error.starts_with(&format!("tasks.it.{key}: {name}: ")), "{other}: {error}");
                assert!(error.contains(said) && error.len() < 300, "{key}: {error}");
                let converts = ["PyTorch", "Python", "NumPy"].iter().any(|word| said.contains(word));
                assert_eq!(error.contains("convert it to IDX"), converts, "{error}");
            }
        }
    }
}

/// What is said of a task whose file for this key holds these bytes; its other files are right.
fn on_data(key: &str, name: &str, bytes: &[u8]) -> String {
    let (mut session, _) = session();
    let mut task = json!({ "id": "idx" });
    for (of, right) in [("images", images(20)), ("labels", labels(&[0, 1].repeat(10)))] {
        for of in [of.to_owned(), format!("test_{of}")] {
            let (file, bytes) = if of == key { (name, bytes.to_vec()) } else { (of.as_str(), right.clone()) };
            session.import(file, Import::Data, bytes).unwrap();
            task[&of] = file.into();
        }
    }
    let spec = json!({
        "version": 1, "tasks": { "it": task }, "model": { "id": "linear" }, "stage": [{ "id": "train.scratch" }],
    });
    played(pollster::block_on(session.play(1, RunSpec::read(&spec.to_string()).unwrap(), 0, None)))
}

/// A run on images whose labels lack the classes 1 and 4, which the run file keeps; test images are one of each.
fn with_empty_classes(classes: Value, stages: Value) -> Result<(Report, Heard, Session), String> {
    let (mut session, host) = session();
    let kinds = [0_u8, 2, 3, 5];
    for (name, bytes) in [
        ("images", images(80)),
        ("labels", labels(&kinds.repeat(20))),
        ("test_images", images(8)),
        ("test_labels", labels(&kinds.repeat(2))),
    ] {
        session.import(name, Import::Data, bytes).unwrap();
    }
    let spec = json!({
        "version": 1,
        "retrain_seeds": 1,
        "tasks": { "it": {
            "id": "idx", "images": "images", "labels": "labels", "test_images": "test_images",
            "test_labels": "test_labels", "classes": classes,
        } },
        "model": { "id": "linear" },
        "forget": { "id": "class", "class": 2 },
        "stage": stages,
    });
    let spec = RunSpec::read(&spec.to_string()).unwrap();
    pollster::block_on(session.prepare(1, spec.clone())).map_err(|error| error.to_string())?;
    match pollster::block_on(session.play(1, spec, 0, None)) {
        Ok(Ended::Finished(report)) => Ok((*report, host.said.take(), session)),
        other => Err(played(other)),
    }
}

#[test]
fn an_empty_class_is_kept_where_it_is_asked_for() {
    let train = json!({ "id": "train.scratch", "as": "base", "train": { "epochs": 1 } });
    let names = |classes: Value| {
        let (_, heard, _) = with_empty_classes(classes, json!([train]))?;
        let names = heard.iter().find_map(|(said, _)| match &said.event {
            Event::Prepared { classes, .. } => Some(classes[0].1.clone()),
            _ => None,
        });
        Ok::<_, String>(names.unwrap())
    };
    assert_eq!(names(json!([])).unwrap(), ["0", "2", "3", "5"]);
    assert_eq!(names(json!([0, 1, 2, 3, 4, 5])).unwrap(), ["0", "1", "2", "3", "4", "5"]);
    // Numbers are those of the file, in any order.
    assert_eq!(names(json!([5, 9, 2])).unwrap(), ["5", "9", "2"]);
    assert!(names(json!([1, 3])).unwrap_err().contains("all training samples are of class 3"));
    assert!(names(json!([1, 4])).unwrap_err().contains("its training or test split is empty"));
    assert!(names(json!([2, 2])).unwrap_err().contains("class 2 is named twice"));
    // Each class has its value or none; no figure is 0 or NaN for want of images.
    let (report, heard, _) = with_empty_classes(json!([0, 1, 2, 3, 4, 5]), json!([train])).unwrap();
    let mut seen = 0;
    for (said, _) in &heard {
        if let Event::Classes { values, .. } = &said.event {
            assert_eq!(values.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true, true, false, true]);
            seen += 1;
        }
    }
    assert!(seen > 0 && report.rows.iter().all(|row| row.value.is_finite() && row.n != Some(0)));
}

/// Labels of a file that are no places: a user who writes 9 means label 9, in the same run file by whichever key.
#[test]
fn classes_go_by_the_numbers_of_their_file() {
    let numbers = [5_u8, 9, 26];
    let played = |task: Value, forget: Value, target: Value| {
        let (mut session, host) = session();
        session.import("images", Import::Data, images(90)).unwrap();
        session.import("labels", Import::Data, labels(&numbers.repeat(30))).unwrap();
        let spec = json!({
            "version": 1,
            "retrain_seeds": 1,
            "tasks": { "it": task },
            "model": { "id": "linear" },
            "forget": { "id": "class", "class": forget },
            "stage": [
                { "id": "train.scratch", "as": "base", "train": { "epochs": 1 } },
                { "id": "attack.fgsm", "as": "fool", "target": target },
                { "id": "unlearn.finetune", "as": "forgot", "from": "base", "train": { "epochs": 1 } },
            ],
        });
        let spec = RunSpec::read(&spec.to_string()).unwrap();
        match pollster::block_on(session.play(1, spec.clone(), 0, None)) {
            Ok(Ended::Finished(report)) => {
                let rows = session.indices(&spec).unwrap()["forget"]["it"].clone();
                Ok((report, host.said.take(), serde_json::from_value::<Vec<usize>>(rows).unwrap()))
            }
            other => Err(self::played(other)),
        }
    };
    let file = |classes: Value| json!({ "id": "idx", "images": "images", "labels": "labels", "classes": classes });
    for (forget, target) in [(json!(9), json!(26)), (json!("9"), json!("26"))] {
        for classes in [json!([]), json!([26, 9, 5])] {
            let (_, heard, rows) = played(file(classes.clone()), forget.clone(), target.clone()).unwrap();
            assert!(rows.len() > 20 && rows.iter().all(|row| numbers[row % 3] == 9), "{classes} {rows:?}");
            // Samples of the target are not attacked.
            let place = if classes == json!([]) { 2 } else { 0 };
            let attacked = heard.iter().find_map(|(said, _)| match &said.event {
                Event::Answers { series, answers } if series == "attacked" => Some(answers.labels.clone()),
                _ => None,
            });
            assert!(attacked.unwrap().iter().all(|label| *label != place), "{classes}");
        }
    }
    for (key, said) in [
        (json!(1), "forget.class: there is no class 1; there are 5, 9, 26"),
        (json!("1"), "forget.class: there is no class \"1\"; there are: 5, 9, 26"),
    ] {
        assert!(played(file(json!([])), key, json!(5)).unwrap_err().contains(said), "{said}");
    }
    let error = played(file(json!([])), json!(5), json!(2)).unwrap_err();
    assert!(error.contains("stage.fool.target: there is no class 2; there are 5, 9, 26"), "{error}");
    // Letters have names; their numbers are their places in the alphabet, whichever a task keeps.
    let letters = json!({ "id": "glyphs", "n": 300, "classes": [1, 3, 7] });
    let [by_name, by_number] = [(json!("D"), json!("H")), (json!(3), json!(7))]
        .map(|(forget, target)| played(letters.clone(), forget, target).unwrap());
    assert!(by_name.2 == by_number.2 && !by_name.2.is_empty());
    assert_eq!(by_name.0.value("fool", "asr_all"), by_number.0.value("fool", "asr_all"));
}

#[test]
fn an_empty_class_is_neither_drawn_nor_aimed_at() {
    let all = || json!([0, 1, 2, 3, 4, 5]);
    let train = json!({ "id": "train.scratch", "as": "base", "train": { "epochs": 1 } });
    for (target, is_filled) in [(1, false), (4, false), (3, true)] {
        let attack = json!({ "id": "attack.bim", "target": target, "steps": 1 });
        let ended = with_empty_classes(all(), json!([train, attack]));
        match ended {
            Ok(_) => assert!(is_filled, "{target}"),
            Err(error) => assert!(!is_filled && error.contains(&format!("is of class {target}")), "{error}"),
        }
    }
    // No label is ever one of them, so that their biases can only fall; a network that is sure leaves them small first.
    let train = json!({ "id": "train.scratch", "as": "base", "train": { "epochs": 200, "lr": 0.1 } });
    for id in ["unlearn.random-label", "unlearn.salun"] {
        let relabel = json!({ "id": id, "as": "forgot", "from": "base", "train": { "epochs": 5, "decay": 0 } });
        let (.., session) = with_empty_classes(all(), json!([train, relabel])).unwrap();
        let [before, after] = ["base", "forgot"].map(|name| {
            let mut items = state(&session.model(name).unwrap()).into_iter();
            items.find(|item| item.name == "head.bias").unwrap().values
        });
        assert!(before != after && [1, 4].iter().all(|class| after[*class] <= before[*class]), "{before:?} {after:?}");
    }
}

/// IDX images of 2 × 2 bytes that differ by their place.
fn images(n: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    [n, 2, 2].iter().for_each(|size| bytes.extend(size.to_be_bytes()));
    bytes.extend((0..n).flat_map(|at| (0..4).map(move |pixel| if at % 4 == pixel { 250 } else { at as u8 })));
    bytes
}

fn labels(values: &[u8]) -> Vec<u8> {
    [&[0, 0, 8, 1], &(values.len() as u32).to_be_bytes()[..], values].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn played(ended: kit::Result<Ended>) -> String {
    match ended {
        Err(error) => error.to_string(),
        Ok(Ended::Failed(_, error)) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn linear() -> Pick {
    serde_json::from_value(json!({ "id": "linear" })).unwrap()
}

/// A linear net of three inputs in these bytes, or why there is none.
fn opened(bytes: &[u8]) -> Result<(), String> {
    weights::open("w", bytes, &linear(), [3, 1, 1], &device()).map(drop).map_err(|error| error.to_string())
}
