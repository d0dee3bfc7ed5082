//! Images and labels from files in the format of MNIST (IDX).

use super::gunzip::Gunzip;
use super::{DataSet, RawSet, stratified};
use crate::error::{Error, Result};
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Kind, Noun, Wrong};
use std::collections::BTreeSet;
use std::io::{ErrorKind, Read};

/// The user's own files.
pub struct Idx;

impl DataSet for Idx {
    type Config = Config;
    const ID: &str = "idx";
    const TITLE: &str = "Your own files (IDX)";
    const HELP: &str = "Images and labels in the format of MNIST, plain or gzip; they never leave this device";
    const LICENCE: &str = "Your own data";
    const KIND: Kind = Kind::Images;

    fn nouns() -> Vec<Noun> {
        vec![Noun::new("image", "images", false)]
    }

    async fn load(at: &str, config: &Config, host: &dyn Host) -> Result<RawSet> {
        for (key, file) in [("images", &config.images), ("labels", &config.labels)] {
            if file.is_empty() {
                return Err(Error::input(format!("{at}.{key}"), format!("the file of the {key} is not named yet")));
            }
        }
        let read = async |key: &str, file: &str| match host.asset(file).await {
            Err(Error::Input(wrong)) => Err(Error::input(format!("{at}.{key}"), wrong.to_string())),
            read => read,
        };
        // Says of which file, and of which key of the task, something is wrong.
        let placed = |wrong: Wrong| {
            let file = match wrong.what.as_str() {
                "images" => &config.images,
                "labels" => &config.labels,
                "test_images" => config.test_images.as_ref().unwrap_or(&config.images),
                _ => config.test_labels.as_ref().unwrap_or(&config.labels),
            };
            Error::input(format!("{at}.{}: {file}", wrong.what), wrong.why)
        };
        let (images, labels) = (read("images", &config.images).await?, read("labels", &config.labels).await?);
        let train = Pair { images: &images, labels: &labels };
        match (&config.test_images, &config.test_labels) {
            (Some(images), Some(labels)) => {
                let (images, labels) = (read("test_images", images).await?, read("test_labels", labels).await?);
                parse(train, Some(Pair { images: &images, labels: &labels })).map_err(placed)
            }
            (None, None) => parse(train, None).map_err(placed),
            _ => Err(Error::input(at, "`test_images` and `test_labels` go together; one is missing")),
        }
    }
}

/// Names of the files, which the page or the command line provides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// File of the images, such as train-images-idx3-ubyte.gz.
    pub images: String,
    /// File of their labels, such as train-labels-idx1-ubyte.gz.
    pub labels: String,
    /// File of the test images; without it a tenth of the images is the test split.
    pub test_images: Option<String>,
    /// File of the test images' labels.
    pub test_labels: Option<String>,
}

/// The contents of an image file and of its label file.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The image file, plain or gzip.
    pub images: &'a [u8],
    /// The label file, plain or gzip.
    pub labels: &'a [u8],
}

/// Largest number of values in one file, each of one byte.
const LIMIT: usize = 512 << 20;

/// Largest header: four bytes, and the sizes of four dimensions.
const HEADER: usize = 20;

/// Deflate packs at most this many bytes into one: two one-bit codes repeat 258 bytes.
const DEFLATE_RATIO: usize = 1032;

/// Reads IDX files of unsigned bytes (<http://yann.lecun.com/exdb/mnist/>), plain or gzip. Images are `[n, pixels]`,
/// `[n, height, width]` or `[n, channels, height, width]` with 1 or 3 channels. A tenth of `train` is held out as the
/// valid split, and another as the test split unless `test` is given.
///
/// The files may come from anyone, so every size is checked before memory is allocated for it.
pub fn parse(train: Pair<'_>, test: Option<Pair<'_>>) -> std::result::Result<RawSet, Wrong> {
    let mut raw = read_pair(train, ["images", "labels"])?;
    let tenth = raw.len() / 10;
    [raw.train, raw.valid, raw.test] = stratified(&raw.labels, tenth, if test.is_none() { tenth } else { 0 });
    // The classes are those that training has, by the numbers in the file: EMNIST's letters begin at 1.
    let numbers: BTreeSet<u16> = raw.labels.iter().copied().collect();
    if let Some(test) = test {
        let test = read_pair(test, ["test_images", "test_labels"])?;
        if test.shape != raw.shape {
            let why = format!("a sample is {} there, but {} in `images`", times(&test.shape), times(&raw.shape));
            return Err(Wrong::new("test_images", why));
        }
        raw.inputs.try_reserve_exact(test.inputs.len()).map_err(|_| no_memory("test_images"))?;
        if let Some(label) = test.labels.iter().find(|label| !numbers.contains(label)) {
            let why = format!("there are images of class {label}, of which `labels` has none");
            return Err(Wrong::new("test_labels", why));
        }
        raw.test = (raw.len() as u32..(raw.len() + test.len()) as u32).collect();
        raw.inputs.extend(test.inputs);
        raw.labels.extend(test.labels);
    }
    let numbers: Vec<u16> = numbers.into_iter().collect();
    for label in &mut raw.labels {
        *label = numbers.binary_search(label).expect("every label is among them") as u16;
    }
    raw.classes = numbers.iter().map(u16::to_string).collect();
    Ok(raw)
}

/// Reads one pair; the set has no split yet. The two strings are the settings that name the files.
fn read_pair(pair: Pair<'_>, [images, labels]: [&str; 2]) -> std::result::Result<RawSet, Wrong> {
    let Array { sizes, values: inputs } = read(images, pair.images, |byte| f32::from(byte) / 255.0)?;
    let (n, shape) = match sizes[..] {
        [n, pixels] => (n, [1, 1, pixels]),
        [n, height, width] => (n, [1, height, width]),
        [n, channels @ (1 | 3), height, width] => (n, [channels, height, width]),
        [_, channels, ..] => {
            let why = format!("there are {channels} channels, where 1 or 3 would be right, before height and width");
            return Err(Wrong::new(images, why));
        }
        _ => return Err(Wrong::new(images, "the file has one dimension, as labels do; images have two to four")),
    };
    let Array { sizes, values } = read(labels, pair.labels, u16::from)?;
    if sizes.len() != 1 {
        let why = format!("the file has {} dimensions, as images do; labels have one", sizes.len());
        return Err(Wrong::new(labels, why));
    }
    if n != sizes[0] {
        return Err(Wrong::new(labels, format!("there are {} labels for {n} images", sizes[0])));
    }
    Ok(RawSet { shape, inputs, labels: values, ..RawSet::default() })
}

/// An array as an IDX file holds it.
struct Array<T> {
    /// Sizes of one to four dimensions, none of them zero.
    sizes: Vec<usize>,
    /// All values in row-major order.
    values: Vec<T>,
}

/// Reads one file. `key` is the setting that names it, for errors.
fn read<T>(key: &str, bytes: &[u8], convert: impl Fn(u8) -> T) -> std::result::Result<Array<T>, Wrong> {
    let packed = bytes.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn Read> = if packed { Box::new(Gunzip::new(bytes, HEADER + LIMIT)) } else { Box::new(bytes) };
    let failed = |error: std::io::Error, at: &str| match error.kind() {
        ErrorKind::UnexpectedEof => Wrong::new(key, format!("the file ends within its {at}; it may be cut off")),
        _ => Wrong::new(key, format!("the file cannot be unpacked: {error}")),
    };

    let mut word = [0; 4];
    let mut next = || reader.read_exact(&mut word).map(|()| word).map_err(|error| failed(error, "header"));
    let [zero, zeros, kind, dims] = next()?;
    if [zero, zeros] != [0, 0] {
        return Err(Wrong::new(key, "this is no IDX file: the first two bytes are not zero"));
    }
    if kind != 0x08 {
        return Err(Wrong::new(
            key,
            format!("the values are of type {kind:#04x}; only unsigned bytes (0x08) are read"),
        ));
    }
    if !(1..=4).contains(&dims) {
        return Err(Wrong::new(key, format!("the file has {dims} dimensions; one to four are read")));
    }
    let sizes =
        (0..dims).map(|_| Ok(u32::from_be_bytes(next()?) as usize)).collect::<std::result::Result<Vec<_>, Wrong>>()?;
    let total = sizes.iter().try_fold(1_usize, |total, size| total.checked_mul(*size).filter(|total| *total <= LIMIT));
    let total = match total {
        Some(0) => return Err(Wrong::new(key, format!("the file is empty: its sizes are {}", times(&sizes)))),
        Some(total) => total,
        None => {
            let why = format!("{} values are more than the {} MB that are read", times(&sizes), LIMIT >> 20);
            return Err(Wrong::new(key, why));
        }
    };
    if total / if packed { DEFLATE_RATIO } else { 1 } > bytes.len() {
        return Err(Wrong::new(key, format!("the file is too short for {} values; it may be cut off", times(&sizes))));
    }

    let mut values = Vec::new();
    values.try_reserve_exact(total).map_err(|_| no_memory(key))?;
    let mut block = [0; 1 << 14];
    while values.len() < total {
        let part = block.len().min(total - values.len());
        reader.read_exact(&mut block[..part]).map_err(|error| failed(error, "values"))?;
        values.extend(block[..part].iter().map(|byte| convert(*byte)));
    }
    // Reading on to the end also makes gzip verify its checksum.
    match reader.read(&mut block).map_err(|error| failed(error, "values"))? {
        0 => Ok(Array { sizes, values }),
        _ => Err(Wrong::new(key, format!("the file goes on after its {} values", times(&sizes)))),
    }
}

fn no_memory(key: &str) -> Wrong {
    Wrong::new(key, "the file does not fit into memory")
}

fn times(sizes: &[usize]) -> String {
    sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, sizes.len() as u8];
        bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
        bytes.extend(values);
        bytes
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn parse_one(images: &[u8], labels: &[u8]) -> std::result::Result<RawSet, Wrong> {
        parse(Pair { images, labels }, None)
    }

    fn said(images: &[u8], labels: &[u8]) -> String {
        parse_one(images, labels).unwrap_err().to_string()
    }

    #[test]
    fn files_are_read_plain_and_packed() {
        let values: Vec<u8> = (0..120).collect();
        let labels = idx(&[20], &[0, 1].repeat(10));
        for (sizes, shape) in [
            (&[20, 6][..], [1, 1, 6]),
            (&[20, 3, 2], [1, 3, 2]),
            (&[20, 1, 2, 3], [1, 2, 3]),
            (&[20, 3, 2, 1], [3, 2, 1]),
        ] {
            let images = idx(sizes, &values);
            for (images, labels) in [(images.clone(), labels.clone()), (gzip(&images), gzip(&labels))] {
                let raw = parse(Pair { images: &images, labels: &labels }, None).unwrap();
                assert_eq!((raw.shape, raw.len(), raw.classes.len()), (shape, 20, 2));
                assert!(raw.inputs.iter().zip(&values).all(|(input, value)| *input == f32::from(*value) / 255.0));
                assert_eq!([raw.train.len(), raw.valid.len(), raw.test.len()], [16, 2, 2]);
            }
        }
    }

    #[test]
    fn second_pair_is_the_test_split() {
        let [images, labels] = [idx(&[10, 1, 2], &[7; 20]), idx(&[10], &[0, 1, 2, 4, 0, 1, 2, 4, 0, 1])];
        let [test_images, test_labels] = [idx(&[3, 1, 2], &[9; 6]), idx(&[3], &[4, 1, 2])];
        let train = Pair { images: &images, labels: &labels };
        let raw = parse(train, Some(Pair { images: &test_images, labels: &test_labels })).unwrap();
        assert_eq!([raw.train.len(), raw.valid.len()], [9, 1]);
        assert_eq!((raw.test, raw.labels.len(), raw.inputs.len(), raw.classes.len()), (vec![10, 11, 12], 13, 26, 4));
        let wide = idx(&[3, 2, 1], &[9; 6]);
        let error = parse(train, Some(Pair { images: &wide, labels: &test_labels })).unwrap_err();
        assert_eq!(error.what, "test_images");
    }

    #[test]
    fn classes_are_those_that_training_has() {
        let images = idx(&[20, 1, 2], &[7; 40]);
        let classes = |labels: &[u8]| parse_one(&images, &idx(&[20], labels)).unwrap();
        // EMNIST's letters begin at 1; a number may be left out.
        let raw = classes(&[1, 26, 9, 26].repeat(5));
        assert_eq!(raw.classes, ["1", "9", "26"]);
        assert_eq!(raw.labels[..4], [0, 2, 1, 2]);
        // One label makes one class, whatever its number; the task refuses it.
        assert_eq!(classes(&[5; 20]).classes, ["5"]);
        let labels = idx(&[20], &[0, 1].repeat(10));
        let [test_images, test_labels] = [idx(&[3, 1, 2], &[9; 6]), idx(&[3], &[1, 0, 2])];
        let train = Pair { images: &images, labels: &labels };
        let error = parse(train, Some(Pair { images: &test_images, labels: &test_labels })).unwrap_err();
        assert_eq!(error.to_string(), "test_labels: there are images of class 2, of which `labels` has none");
    }

    #[test]
    fn files_cut_anywhere_are_refused() {
        let [images, labels] = [idx(&[2, 2, 2], &[3; 8]), idx(&[2], &[0, 1])];
        for (whole, other, first) in [(&images, &labels, true), (&labels, &images, false)] {
            for whole in [whole.clone(), gzip(whole)] {
                for end in 0..whole.len() {
                    let cut = &whole[..end];
                    let (images, labels) = if first { (cut, &other[..]) } else { (&other[..], cut) };
                    assert!(parse(Pair { images, labels }, None).is_err(), "{end} of {}", whole.len());
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let [images, labels] = [idx(&[2, 2, 2], &[3; 8]), idx(&[2], &[0, 1])];
        for (bytes, text) in [
            (vec![], "within its header"),
            (b"PNG....".to_vec(), "no IDX file"),
            ([&[0, 0, 0x0d, 3], &images[4..]].concat(), "type 0x0d"),
            ([&[0, 0, 8, 9], &images[4..]].concat(), "9 dimensions"),
            (labels.clone(), "one dimension"),
            (idx(&[2, 0, 2], &[]), "empty"),
            (idx(&[2, 2, 2], &[3; 9]), "goes on"),
            (idx(&[2, 4, 1, 1], &[3; 8]), "4 channels"),
            (idx(&[u32::MAX, u32::MAX, u32::MAX, u32::MAX], &[]), "512 MB"),
            (idx(&[1 << 15, 1 << 10, 1], &[]), "too short"),
            (gzip(&idx(&[1 << 15, 1 << 10, 1], &[])), "too short"),
            (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], "cannot be unpacked"),
        ] {
            let said = said(&bytes, &labels);
            assert!(said.contains(text), "{text}: {said}");
        }
        assert!(said(&images, &images).contains("labels have one"));
        assert!(said(&images, &idx(&[3], &[0; 3])).contains("3 labels for 2 images"));
    }

    #[test]
    fn several_gzip_members_are_one_file() {
        let (images, labels) = (idx(&[20, 2, 3], &(0..120).collect::<Vec<u8>>()), idx(&[20], &[0, 1].repeat(10)));
        let members = |bytes: &[u8]| [gzip(&bytes[..9]), gzip(&[]), gzip(&bytes[9..])].concat();
        let [whole, cut] = [(&images, &labels), (&members(&images), &members(&labels))]
            .map(|(images, labels)| parse_one(images, labels).unwrap());
        assert_eq!((&whole.inputs, &whole.labels, whole.shape), (&cut.inputs, &cut.labels, cut.shape));
        // A second file behind the first one is more than was announced.
        let twice = [gzip(&images), gzip(&images)].concat();
        assert!(said(&twice, &labels).contains("goes on after its 20 × 2 × 3 values"));
    }

    #[test]
    fn damaged_sum_is_refused() {
        let mut images = gzip(&idx(&[2, 2, 2], &[3; 8]));
        let at = images.len() - 6;
        images[at] ^= 1;
        assert!(said(&images, &idx(&[2], &[0, 1])).contains("cannot be unpacked"));
    }

    #[test]
    fn mnist_is_read() {
        let folder = std::env::var("PALIMPSEST_DATA").unwrap_or_else(|_| "../../../shared/data".into());
        let file = |name: &str| std::fs::read(format!("{folder}/mnist/{name}"));
        let (Ok(images), Ok(labels)) = (file("t10k-images-idx3-ubyte.gz"), file("t10k-labels-idx1-ubyte.gz")) else {
            println!("skipped: there is no {folder}/mnist; PALIMPSEST_DATA names the folder");
            return;
        };
        let raw = parse(Pair { images: &images, labels: &labels }, None).unwrap();
        assert_eq!((raw.shape, raw.len()), ([1, 28, 28], 10_000));
        let mut counts = [0; 10];
        for label in &raw.labels {
            counts[usize::from(*label)] += 1;
        }
        assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    }
}
