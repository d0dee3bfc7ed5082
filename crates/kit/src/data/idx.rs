//! Images and labels from files in the format of MNIST (IDX).

mod file;

use super::{DataSet, RawSet, stratified};
use crate::error::{Error, Result};
use crate::host::Host;
use file::{File, times};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Kind, Noun, Wrong};
use std::collections::BTreeSet;

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
                parse(train, Some(Pair { images: &images, labels: &labels }), config.transpose).map_err(placed)
            }
            (None, None) => parse(train, None, config.transpose).map_err(placed),
            _ => Err(Error::input(at, "`test_images` and `test_labels` go together; one is missing")),
        }
    }
}

/// Names of the files, which the page or the command line provides.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// File of the images, such as train-images-idx3-ubyte.gz. Pixels are whole numbers from 0 to 255, or numbers with
    /// a fraction from 0 to 1. A tenth of the images is for validation.
    pub images: String,
    /// File of their labels, such as train-labels-idx1-ubyte.gz; of QMNIST's tables the first column is read.
    pub labels: String,
    /// File of the test images; without it a tenth of the images is the test split.
    pub test_images: Option<String>,
    /// File of the test images' labels.
    pub test_labels: Option<String>,
    /// Swap rows and columns of every image: EMNIST's files hold their images so.
    pub transpose: bool,
}

/// The contents of an image file and of its label file.
#[derive(Clone, Copy)]
pub struct Pair<'a> {
    /// The image file, plain or gzip.
    pub images: &'a [u8],
    /// The label file, plain or gzip.
    pub labels: &'a [u8],
}

/// Largest number of images in a file.
const MOST: usize = 1 << 24;

/// Columns of the label tables of QMNIST, whose first one is the class.
const QMNIST: usize = 8;

/// Reads IDX files (<http://yann.lecun.com/exdb/mnist/>), plain or gzip, of any type that the format has. Images are
/// `[n, pixels]`, `[n, height, width]` or `[n, channels, height, width]` with 1 or 3 channels. Pixels of whole numbers
/// lie between 0 and 255 and are divided by 255, whatever their type; those of floating-point numbers lie between 0 and
/// 1 and stay. Labels are whole numbers `[n]`, or `[n, 8]` of 32 bits as in QMNIST
/// (<https://github.com/facebookresearch/qmnist>). `transpose` swaps rows and columns of each image. A tenth of `train`
/// is held out as the valid split, and another as the test split unless `test` is given.
///
/// The files may come from anyone, so every size is checked before memory is allocated for it.
pub fn parse(train: Pair<'_>, test: Option<Pair<'_>>, transpose: bool) -> std::result::Result<RawSet, Wrong> {
    let train = Opened::of(train, ["images", "labels"], transpose)?;
    let test = test.map(|test| Opened::of(test, ["test_images", "test_labels"], transpose)).transpose()?;
    if let Some(test) = test.as_ref().filter(|test| test.shape != train.shape) {
        let why = format!("a sample is {} there, but {} in `images`", times(&test.shape), times(&train.shape));
        return Err(Wrong::new("test_images", why));
    }
    let (n, held) = (train.n, test.as_ref().map_or(0, |test| test.n));
    let mut raw = RawSet { shape: train.shape, by_number: true, ..RawSet::default() };
    let room = raw.inputs.try_reserve_exact((n + held) * raw.shape.iter().product::<usize>());
    room.and_then(|()| raw.labels.try_reserve_exact(n + held)).map_err(|_| no_memory("images"))?;
    train.read(&mut raw)?;
    // The classes are those that training has, by the numbers in the file: EMNIST's letters begin at 1.
    let numbers: BTreeSet<u16> = raw.labels.iter().copied().collect();
    let tenth = n / 10;
    [raw.train, raw.valid, raw.test] = stratified(&raw.labels, tenth, if test.is_none() { tenth } else { 0 });
    if let Some(test) = test {
        test.read(&mut raw)?;
        raw.test = (n as u32..(n + held) as u32).collect();
        if let Some(label) = raw.labels[n..].iter().find(|label| !numbers.contains(label)) {
            let why = format!("there are images of class {label}, of which `labels` has none");
            return Err(Wrong::new("test_labels", why));
        }
    }
    let numbers: Vec<u16> = numbers.into_iter().collect();
    for label in &mut raw.labels {
        *label = numbers.binary_search(label).expect("every label is among them") as u16;
    }
    raw.classes = numbers.iter().map(u16::to_string).collect();
    raw.class_numbers = numbers;
    if transpose {
        transposed(&mut raw);
    }
    Ok(raw)
}

/// A pair whose headers fit each other; its values are not read yet.
struct Opened<'a> {
    n: usize,
    shape: [usize; 3],
    images: File<'a>,
    labels: File<'a>,
}

impl<'a> Opened<'a> {
    /// The two strings are the settings that name the files.
    fn of(pair: Pair<'a>, [images, labels]: [&'static str; 2], transpose: bool) -> std::result::Result<Self, Wrong> {
        let images = File::open(images, pair.images)?;
        let (n, shape) = match images.sizes[..] {
            [_, _] if transpose => {
                return Err(images.wrong("the images are single rows; `transpose` is for images with a height"));
            }
            [n, pixels] => (n, [1, 1, pixels]),
            [n, height, width] => (n, [1, height, width]),
            [n, channels @ (1 | 3), height, width] => (n, [channels, height, width]),
            [_, channels, ..] => {
                let why =
                    format!("there are {channels} channels, where 1 or 3 would be right, before height and width");
                return Err(images.wrong(why));
            }
            _ => return Err(images.wrong("the file has one dimension, as labels do; images have two to four")),
        };
        if n > MOST {
            return Err(images.wrong(format!("there are {n} images; at most {MOST} are read")));
        }
        let labels = File::open(labels, pair.labels)?;
        let is_table = labels.sizes[1..] == [QMNIST] && labels.is_of_ints();
        if labels.sizes.len() > 1 && !is_table {
            let why = "labels have one dimension, or eight columns of 32-bit whole numbers as those of QMNIST";
            return Err(labels.wrong(format!("the file is {}; {why}", times(&labels.sizes))));
        }
        if n != labels.sizes[0] {
            return Err(labels.wrong(format!("there are {} labels for {n} images", labels.sizes[0])));
        }
        Ok(Self { n, shape, images, labels })
    }

    /// Adds images and labels to a set that has room for them.
    fn read(self, raw: &mut RawSet) -> std::result::Result<(), Wrong> {
        let most = if self.images.is_whole() { 255.0_f32 } else { 1.0 };
        let pixel = |value: f64| {
            let is_right = (0.0..=f64::from(most)).contains(&value);
            let wrong =
                || format!("there is a pixel of {value:?}; in a file of this type they lie between 0 and {most}");
            is_right.then(|| value as f32 / most).ok_or_else(wrong)
        };
        let label = |value: f64| {
            let is_right = value.trunc() == value && (0.0..=f64::from(u16::MAX)).contains(&value);
            let wrong = || format!("there is a label of {value:?}; they are whole numbers from 0 to {}", u16::MAX);
            is_right.then_some(value as u16).ok_or_else(wrong)
        };
        let columns = self.labels.sizes[1..].iter().product();
        self.images.read(1, &mut raw.inputs, pixel)?;
        self.labels.read(columns, &mut raw.labels, label)
    }
}

/// Swaps rows and columns of every image.
fn transposed(raw: &mut RawSet) {
    let [channels, height, width] = raw.shape;
    for plane in raw.inputs.chunks_exact_mut(height * width) {
        let old = plane.to_vec();
        for (at, pixel) in plane.iter_mut().enumerate() {
            *pixel = old[at % height * width + at / height];
        }
    }
    raw.shape = [channels, width, height];
}

fn no_memory(key: &str) -> Wrong {
    Wrong::new(key, "the file does not fit into memory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn idx(sizes: &[u32], values: &[u8]) -> Vec<u8> {
        typed(8, sizes, values)
    }

    fn typed(code: u8, sizes: &[u32], values: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, sizes.len() as u8];
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
        parse(Pair { images, labels }, None, false)
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
                let raw = parse(Pair { images: &images, labels: &labels }, None, false).unwrap();
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
        let raw = parse(train, Some(Pair { images: &test_images, labels: &test_labels }), false).unwrap();
        assert_eq!([raw.train.len(), raw.valid.len()], [9, 1]);
        assert_eq!((raw.test, raw.labels.len(), raw.inputs.len(), raw.classes.len()), (vec![10, 11, 12], 13, 26, 4));
        let wide = idx(&[3, 2, 1], &[9; 6]);
        let error = parse(train, Some(Pair { images: &wide, labels: &test_labels }), false).unwrap_err();
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
        let error = parse(train, Some(Pair { images: &test_images, labels: &test_labels }), false).unwrap_err();
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
                    assert!(parse(Pair { images, labels }, None, false).is_err(), "{end} of {}", whole.len());
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let [images, labels] = [idx(&[2, 2, 2], &[3; 8]), idx(&[2], &[0, 1])];
        for (bytes, text) in [
            (vec![], "the file is empty"),
            (gzip(&[]), "the file is empty"),
            (images[..3].to_vec(), "within its header"),
            (images[..9].to_vec(), "within its header"),
            (b"PNG....".to_vec(), "no IDX file"),
            ([&[0, 0, 0x0a, 3], &images[4..]].concat(), "type 0x0a; IDX has 0x08, 0x09, 0x0b"),
            ([&[0, 0, 8, 9], &images[4..]].concat(), "9 dimensions"),
            (labels.clone(), "one dimension"),
            (idx(&[2, 0, 2], &[]), "empty"),
            (idx(&[2, 2, 2], &[3; 9]), "goes on"),
            (idx(&[2, 4, 1, 1], &[3; 8]), "4 channels"),
            (idx(&[u32::MAX, u32::MAX, u32::MAX, u32::MAX], &[]), "more than the 268435456 that are read"),
            (gzip(&idx(&[300_000, 1000], &[])), "more than the 268435456 that are read"),
            (idx(&[20_000_000, 2], &vec![0; 40_000_000]), "at most 16777216 are read"),
            (idx(&[1 << 15, 1 << 10, 1], &[]), "too short"),
            (gzip(&idx(&[1 << 15, 1 << 10, 1], &[])), "too short"),
            (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff], "cannot be unpacked"),
            ([gzip(&images), vec![10]].concat(), "another byte follows the end of its compressed data"),
            ([gzip(&images), b"</html>".to_vec()].concat(), "other bytes follow the end of its compressed data"),
            ([gzip(&images), vec![0; 512]].concat(), "other bytes follow the end of its compressed data"),
            ([gzip(&images), gzip(&[3])].concat(), "goes on"),
            ([gzip(&images[..20]), gzip(&images[20..])[..9].to_vec()].concat(), "may be cut off"),
        ] {
            let said = said(&bytes, &labels);
            assert!(said.contains(text), "{text}: {said}");
        }
        assert!(said(&images, &images).contains("labels have one"));
        assert!(said(&images, &idx(&[3], &[0; 3])).contains("3 labels for 2 images"));
    }

    #[test]
    fn every_type_is_read() {
        let labels = idx(&[4], &[0, 1, 0, 1]);
        let whole = [0, 51, 102, 127_i16];
        let parts = [0.0, 0.25, 0.7, 1.0_f64];
        for (code, bytes) in [
            (0x08, whole.iter().map(|value| *value as u8).collect()),
            (0x09, whole.iter().map(|value| *value as u8).collect()),
            (0x0b, whole.iter().flat_map(|value| value.to_be_bytes()).collect()),
            (0x0c, whole.iter().flat_map(|value| i32::from(*value).to_be_bytes()).collect()),
            (0x0d, parts.iter().flat_map(|value| (*value as f32).to_be_bytes()).collect::<Vec<u8>>()),
            (0x0e, parts.iter().flat_map(|value| value.to_be_bytes()).collect()),
        ] {
            let expected = match code {
                0x0d | 0x0e => parts.map(|value| value as f32),
                _ => whole.map(|value| f32::from(value) / 255.0),
            };
            for images in [typed(code, &[4, 1, 1], &bytes), gzip(&typed(code, &[4, 1, 1], &bytes))] {
                assert_eq!(parse_one(&images, &labels).unwrap().inputs, expected, "{code:#04x}");
                assert!(said(&images[..images.len() - 1], &labels).contains("cut off"), "{code:#04x}");
            }
            // The same file as labels: those between 0 and 1 are none.
            let raw = parse_one(&idx(&[4, 1, 1], &[0; 4]), &typed(code, &[4], &bytes));
            match code {
                0x0d | 0x0e => assert!(raw.unwrap_err().why.contains("there is a label of 0.25"), "{code:#04x}"),
                _ => assert_eq!(raw.unwrap().classes, ["0", "51", "102", "127"], "{code:#04x}"),
            }
        }
    }

    #[test]
    fn pixels_and_labels_out_of_range_are_refused() {
        let (images, labels) = (idx(&[2, 1, 1], &[0, 1]), idx(&[2], &[0, 1]));
        let float = |value: f32| typed(0x0d, &[2, 1, 1], &[value.to_be_bytes(), 0.5_f32.to_be_bytes()].concat());
        let double = |value: f64| typed(0x0e, &[2, 1, 1], &[value.to_be_bytes(), 0.5_f64.to_be_bytes()].concat());
        let int = |value: i32| typed(0x0c, &[2, 1, 1], &[value.to_be_bytes(), 1_i32.to_be_bytes()].concat());
        for (bytes, text) in [
            (float(255.0), "there is a pixel of 255.0; in a file of this type they lie between 0 and 1"),
            (float(-0.1), "there is a pixel of -0.1"),
            (float(f32::NAN), "there is a pixel of NaN"),
            (double(1e300), "there is a pixel of 1e300"),
            (double(f64::INFINITY), "there is a pixel of inf"),
            (int(256), "there is a pixel of 256.0; in a file of this type they lie between 0 and 255"),
            (int(-1), "there is a pixel of -1.0"),
            (typed(0x09, &[2, 1, 1], &[0x80, 1]), "there is a pixel of -128.0"),
        ] {
            let said = said(&bytes, &labels);
            assert!(said.starts_with("images: ") && said.contains(text), "{said}");
        }
        let int = |value: i32| typed(0x0c, &[2], &[value.to_be_bytes(), 1_i32.to_be_bytes()].concat());
        for (bytes, text) in [
            (int(-1), "there is a label of -1.0; they are whole numbers from 0 to 65535"),
            (int(65536), "there is a label of 65536.0"),
            (typed(0x0e, &[2], &[0.5_f64.to_be_bytes(), f64::NAN.to_be_bytes()].concat()), "a label of 0.5"),
            (typed(0x0d, &[2], &[f32::NAN.to_be_bytes(); 2].concat()), "there is a label of NaN"),
        ] {
            let said = said(&images, &bytes);
            assert!(said.starts_with("labels: ") && said.contains(text), "{said}");
        }
    }

    /// QMNIST's tables: eight columns of 32-bit whole numbers, of which the first is the class.
    #[test]
    fn the_first_column_of_a_table_is_the_class() {
        let images = idx(&[3000, 1, 1], &[9; 3000]);
        let class = |row: i32| row % 3 + 4;
        // Series, writer, index of the digit, class in hexadecimal, global index, duplicate, reserved.
        let rows = (0..3000).flat_map(|row| [class(row), 4, 2100, row, 0x30 + class(row), row, 0, -1]);
        let table: Vec<u8> = rows.flat_map(i32::to_be_bytes).collect();
        for labels in [typed(0x0c, &[3000, 8], &table), gzip(&typed(0x0c, &[3000, 8], &table))] {
            let raw = parse_one(&images, &labels).unwrap();
            assert_eq!(raw.classes, ["4", "5", "6"]);
            assert!(raw.labels.iter().zip(0..).all(|(label, row)| i32::from(*label) == row % 3));
        }
        let six: Vec<u8> = [0_i32; 18_000].iter().flat_map(|value| value.to_be_bytes()).collect();
        for labels in [typed(0x0c, &[3000, 6], &six), idx(&[3000, 8], &[0; 24_000]), typed(0x0d, &[3000, 8], &table)] {
            let said = said(&images, &labels);
            assert!(said.contains("eight columns of 32-bit whole numbers"), "{said}");
        }
    }

    #[test]
    fn images_are_transposed_where_it_is_asked() {
        let labels = idx(&[20], &[1, 26].repeat(10));
        let raw = |sizes: &[u32]| {
            let images = idx(sizes, &(0..120).collect::<Vec<u8>>());
            parse(Pair { images: &images, labels: &labels }, None, true)
        };
        let first = |sizes: &[u32], n: usize| -> Vec<f32> {
            raw(sizes).unwrap().inputs[..n].iter().map(|pixel| pixel * 255.0).collect()
        };
        // Two rows of three become three rows of two.
        assert_eq!(raw(&[20, 2, 3]).unwrap().shape, [1, 3, 2]);
        assert_eq!(first(&[20, 2, 3], 6), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(first(&[20, 3, 1, 2], 6), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(raw(&[20, 3, 1, 2]).unwrap().shape, [3, 2, 1]);
        assert!(raw(&[20, 6]).unwrap_err().why.contains("`transpose` is for images with a height"));
        // Shapes are compared as they are in the files, and test images are transposed too.
        let [images, tested] = [idx(&[20, 2, 3], &[0; 120]), idx(&[2, 2, 3], &(0..12).collect::<Vec<u8>>())];
        let test_labels = idx(&[2], &[1, 26]);
        let test = Some(Pair { images: &tested, labels: &test_labels });
        let raw = parse(Pair { images: &images, labels: &labels }, test, true).unwrap();
        assert_eq!(raw.inputs[120..126], [0.0, 3.0, 1.0, 4.0, 2.0, 5.0].map(|pixel: f32| pixel / 255.0));
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
    #[ignore = "PALIMPSEST_DATA has to name a folder with mnist/"]
    fn mnist_is_read() {
        let folder = std::env::var("PALIMPSEST_DATA").unwrap();
        let file = |name: &str| std::fs::read(format!("{folder}/mnist/{name}")).unwrap();
        let [images, labels] = ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"].map(file);
        let raw = parse(Pair { images: &images, labels: &labels }, None, false).unwrap();
        assert_eq!((raw.shape, raw.len()), ([1, 28, 28], 10_000));
        let mut counts = [0; 10];
        for label in &raw.labels {
            counts[usize::from(*label)] += 1;
        }
        assert_eq!(counts, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    }
}
