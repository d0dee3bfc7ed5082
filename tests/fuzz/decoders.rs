//! What reads strangers' files, and valid ones of each kind.

use crate::link as page;
use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use kit::data::idx::{Pair, parse};
use kit::nets::layers::{Layer, LowRank, LowRankConv};
use kit::nets::{Net, weights};
use kit::seed::Rng;
use kit::store;
use serde_json::json;
use spec::{Pick, Reports, RunSpec};
use std::fs;
use std::io::{Read, Write};
use std::sync::LazyLock;

type Said = Result<(), String>;

/// For formats in which all that is read stands in the file.
pub fn nothing(_: &[u8]) -> usize {
    0
}

fn repository(file: &str) -> Vec<u8> {
    fs::read(format!("{}/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    // As the command line says it.
    std::str::from_utf8(bytes).map_err(|_| "this is no text file".into())
}

// IDX and gzip

/// A file of this type with these sizes, its values counting up to the modulus.
fn typed(code: u8, sizes: &[u32], modulus: u32) -> Vec<u8> {
    let mut bytes = vec![0, 0, code, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    for value in (0..sizes.iter().product()).map(|at| at % modulus) {
        match code {
            0x08 | 0x09 => bytes.push(value as u8),
            0x0b => bytes.extend((value as i16).to_be_bytes()),
            0x0c => bytes.extend((value as i32).to_be_bytes()),
            0x0d => bytes.extend((value as f32 / modulus as f32).to_be_bytes()),
            _ => bytes.extend((f64::from(value) / f64::from(modulus)).to_be_bytes()),
        }
    }
    bytes
}

static IMAGES: LazyLock<Vec<u8>> = LazyLock::new(|| typed(0x08, &[20, 2, 3], 120));
static LABELS: LazyLock<Vec<u8>> = LazyLock::new(|| typed(0x08, &[20], 4));

pub fn idx_files() -> Vec<Vec<u8>> {
    let codes = [0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e];
    let images = codes.map(|code| typed(code, &[20, 2, 3], 120));
    let more = [&[20, 3, 2, 2][..], &[20, 1, 2, 2], &[20, 5]].map(|sizes| typed(0x08, sizes, 120));
    let labels = [0x08, 0x0b, 0x0c].map(|code| typed(code, &[20], 4));
    images.into_iter().chain(more).chain(labels).chain([typed(0x0c, &[20, 8], 4)]).collect()
}

/// As images beside right labels, or as labels beside right images.
pub fn idx(bytes: &[u8]) -> Said {
    let images = read_idx(Pair { images: bytes, labels: &LABELS });
    let labels = read_idx(Pair { images: &IMAGES, labels: bytes });
    if head(bytes).get(3) == Some(&1) { labels } else { images }
}

fn read_idx(pair: Pair) -> Said {
    for transpose in [false, true] {
        let raw = match parse(pair, None, transpose) {
            Err(wrong) if transpose && wrong.to_string().contains("`transpose`") => continue,
            read => read.map_err(|wrong| wrong.to_string())?,
        };
        assert_eq!((raw.inputs.len(), raw.labels.len()), (raw.len() * raw.shape.iter().product::<usize>(), raw.len()));
        assert!(raw.inputs.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        assert!(raw.labels.iter().all(|label| usize::from(*label) < raw.classes.len()));
        assert_eq!(raw.train.len() + raw.valid.len() + raw.test.len(), raw.len());
    }
    Ok(())
}

/// Header of a file, plain or gzip, as far as it goes.
fn head(bytes: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    // What is broken is cut off.
    let _ = match bytes.starts_with(&[0x1f, 0x8b]) {
        true => GzDecoder::new(bytes).take(20).read_to_end(&mut head),
        false => bytes.take(20).read_to_end(&mut head),
    };
    head
}

/// Four bytes for each value that the header announces, of as many as are read at most.
pub fn idx_size(bytes: &[u8]) -> usize {
    let head = head(bytes);
    let sizes = head.get(4..).unwrap_or_default().chunks_exact(4).take(head.get(3).map_or(0, |dims| (*dims).into()));
    let sizes = sizes.map(|size| u32::from_be_bytes(size.try_into().unwrap()) as usize);
    sizes.fold(4, usize::saturating_mul).min(4 << 28)
}

pub fn gzip_files() -> Vec<Vec<u8>> {
    let plain = idx_files();
    let packed = plain.iter().map(|file| packed(file));
    packed.chain(plain.clone()).collect()
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// What is not packed is packed first, so that its checksum is right.
pub fn gzip(bytes: &[u8]) -> Said {
    if bytes.starts_with(&[0, 0]) { idx(&packed(bytes)) } else { idx(bytes) }
}

// Weights

fn linear() -> Pick {
    serde_json::from_value(json!({ "id": "linear" })).unwrap()
}

pub fn weight_files() -> Vec<Vec<u8>> {
    let nets = [
        json!({ "id": "linear" }),
        json!({ "id": "mlp", "widths": [4, 3] }),
        json!({ "id": "cnn", "channels": [2], "norm": true, "hidden": [3] }),
        json!({ "id": "resnet", "width": 2, "blocks": [1] }),
        json!({ "id": "vit", "patch": 2, "width": 4, "depth": 1, "heads": 2 }),
    ];
    // Each alone, and with a branch of low rank beside every layer.
    let saved = nets.into_iter().flat_map(|net| {
        let pick = serde_json::from_value(net).unwrap();
        [false, true].map(|is_adapted| {
            let rng = &mut Rng::of(1, "fuzz", &[]);
            let mut net = Net::with(&pick, [1, 4, 4], 3, rng, &device()).unwrap();
            net.layers(|_, layer| match layer {
                _ if !is_adapted => {}
                Layer::Dense(layer) => layer.adapter = Some(LowRank::new(layer.dims(), 2, 1.5, 0.0, rng, &device())),
                Layer::Conv(layer) => {
                    layer.adapter = Some(LowRankConv::new(layer.dims(), 2, 1.5, 0.0, rng, &device()));
                }
                Layer::Norm(_) | Layer::LayerNorm(_) | Layer::Embedding(_) => {}
            });
            pollster::block_on(weights::save(&net.for_classes(&["a", "b", "c"].map(String::from)))).unwrap()
        })
    });
    let stored = ["wrapped-bf16", "wrapped-f16", "wrapped-f64"];
    saved.chain(stored.map(|name| repository(&format!("tests/goldens/{name}.safetensors")))).collect()
}

// Finished work

const WORK: &str = "the key of a work";

/// With files of two sizes, and with none.
pub fn works() -> Vec<Vec<u8>> {
    let about = json!({ "rows": [{ "stage": "a", "key": "ta", "value": 98.5 }], "seconds": 1.25 });
    [vec![], vec![vec![7; 40], vec![]]].map(|files| store::written(WORK, &about, &files)).to_vec()
}

pub fn work(bytes: &[u8]) -> Said {
    let (about, files) = store::read::<serde_json::Value>(WORK, bytes).ok_or("it is as good as none")?;
    assert_eq!(store::read(WORK, &store::written(WORK, &about, &files)), Some((about, files)));
    Ok(())
}

fn device() -> burn::tensor::Device {
    engine::Opened::cpu(spec::Why::Chosen).device
}

/// As a network that describes itself, else as the one that a run file describes.
pub fn weights(bytes: &[u8]) -> Said {
    let said = |error: kit::Error| error.to_string();
    let device = device();
    let net = match weights::open_any("w", bytes, &device) {
        Err(error) if error.to_string().contains("does not say which network") => {
            weights::open("w", bytes, &linear(), [8, 1, 1], &device).map_err(said)?
        }
        opened => opened.map_err(said)?,
    };
    let saved = pollster::block_on(weights::save(&net)).unwrap();
    let again = weights::open_any("w", &saved, &device).expect("what is saved can be opened");
    assert!(pollster::block_on(weights::save(&again)).unwrap() == saved);
    Ok(())
}

// Run files, reports and links

/// Shipped recipes, and one file with every key.
pub fn run_files() -> Vec<Vec<u8>> {
    let recipes = ["adapters", "attacks", "digits-mlp", "half-digits", "letters-to-forgetting", "moons"];
    let every = r#"
        version = 1
        name = "all 𝛿"
        seed = 7
        repeats = 2
        retrain_seeds = 3
        every = 20
        look = 100
        device = "cpu"
        tasks.zebra = { id = "digits", tilt = 30 }
        tasks."a b" = { id = "moons" }
        model = { id = "mlp", widths = [8] }
        forget = { id = "class", class = 3 }
        grid."stage.fool.epsilon" = [0.1, "8/255"]
        stage = [
            { id = "train.scratch", as = "base", train = { epochs = 2 } },
            { id = "attack.fgsm", as = "fool", from = "base", epsilon = "8/255" },
            { id = "unlearn.finetune", as = "forgot", from = "base", train = { epochs = 1 } },
            { id = "train.scratch", as = "own", on = "a b", model = { id = "linear" } },
        ]
    "#;
    let recipes = recipes.map(|name| repository(&format!("static/recipes/{name}.toml")));
    recipes.into_iter().chain([every.into()]).collect()
}

pub fn run_files_in_json() -> Vec<Vec<u8>> {
    let spec = |file: &Vec<u8>| RunSpec::read(text(file).unwrap()).unwrap();
    run_files().iter().map(|file| serde_json::to_vec_pretty(&spec(file)).unwrap()).collect()
}

pub fn run_file(bytes: &[u8]) -> Said {
    let spec = RunSpec::read(text(bytes)?).map_err(|wrong| wrong.to_string())?;
    comes_back(&spec);
    engine::check(&spec).map_err(|error| error.to_string())
}

fn comes_back(spec: &RunSpec) {
    let (toml, json) = (spec.to_toml(), serde_json::to_string(spec).unwrap());
    for (form, read) in
        [("TOML", RunSpec::read(&toml)), ("JSON", RunSpec::read(&json)), ("a link", page::decode(&page::encode(spec)))]
    {
        assert!(read.as_ref() == Ok(spec), "as {form} it comes back changed: {toml}\n{json}");
    }
}

pub fn reports() -> Vec<Vec<u8>> {
    let stored = repository("tests/stored/report.json");
    let reports = Reports::read(text(&stored).unwrap()).unwrap();
    let list = serde_json::to_vec(&reports.reports).unwrap();
    vec![serde_json::to_vec_pretty(&reports).unwrap(), list, stored]
}

pub fn report(bytes: &[u8]) -> Said {
    let reports = Reports::read(text(bytes)?).map_err(|wrong| wrong.to_string())?;
    let json = serde_json::to_string(&reports).unwrap();
    assert!(Reports::read(&json).as_ref() == Ok(&reports), "it comes back changed: {json}");
    comes_back(&reports.run);
    Ok(())
}

/// Links, and what they hold unpacked.
pub fn links() -> Vec<Vec<u8>> {
    let files = run_files_in_json();
    let spec = |file: &Vec<u8>| RunSpec::read(text(file).unwrap()).unwrap();
    let links: Vec<Vec<u8>> = files.iter().map(|file| page::encode(&spec(file)).into()).collect();
    files.into_iter().chain(links).collect()
}

/// What is not packed is packed first, so that its checksum is right.
pub fn link(bytes: &[u8]) -> Said {
    let spec = match bytes.starts_with(b"{") {
        true => page::decode(&page::packed(bytes)),
        false => page::decode(text(bytes)?),
    };
    comes_back(&spec.map_err(|wrong| wrong.to_string())?);
    Ok(())
}
