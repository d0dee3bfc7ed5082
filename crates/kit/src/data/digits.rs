//! The handwritten digits of scikit-learn, from the bytes in the program.

use super::{DataSet, RawSet, stratified};
use crate::error::Result;
use crate::host::Host;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Kind, Noun};

/// Optical recognition of handwritten digits, test set.
pub struct Digits;

impl DataSet for Digits {
    type Config = Config;
    const ID: &str = "digits";
    const TITLE: &str = "Handwritten digits";
    const HELP: &str = "1,797 digits of 8 × 8 pixels, written by 13 people";
    const LICENCE: &str = "Optical Recognition of Handwritten Digits (test set) by E. Alpaydin and C. Kaynak, 1998, \
    UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0; \
    as packaged by scikit-learn, repacked";
    const KIND: Kind = Kind::Images;

    fn nouns() -> Vec<Noun> {
        vec![Noun::new("digit", "digits", true).classes(&WORDS)]
    }

    async fn load(_: &str, _: &Config, _: &dyn Host) -> Result<RawSet> {
        Ok(load())
    }
}

/// Each digit as a word, singular and plural.
pub const WORDS: [(&str, &str); 10] = [
    ("zero", "zeros"),
    ("one", "ones"),
    ("two", "twos"),
    ("three", "threes"),
    ("four", "fours"),
    ("five", "fives"),
    ("six", "sixes"),
    ("seven", "sevens"),
    ("eight", "eights"),
    ("nine", "nines"),
];

/// The digits have no settings of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Images, in scikit-learn's order.
const N: usize = 1797;
const PIXELS: usize = 64;
const VALID: usize = 144;
const TEST: usize = 360;

/// One byte a value, as `tests/oracle/digits.py` writes them: first pixel 0 of all images (0 to 16), then pixel 1 of
/// all images and so on; at the end all labels.
const BYTES: &[u8; N * (PIXELS + 1)] = include_bytes!("../../../../static/data/digits.bin");

/// The set, from the bytes in the program.
pub fn load() -> RawSet {
    let (pixels, labels) = BYTES.split_at(N * PIXELS);
    let image = |at: usize| pixels.iter().skip(at).step_by(N).map(|pixel| f32::from(*pixel) / 16.0);
    let labels: Vec<u16> = labels.iter().map(|label| u16::from(*label)).collect();
    let [train, valid, test] = stratified(&labels, VALID, TEST);
    RawSet {
        shape: [1, 8, 8],
        inputs: (0..N).flat_map(image).collect(),
        labels,
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        train,
        valid,
        test,
        ..RawSet::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures printed by `tests/oracle/digits.py`.
    #[test]
    fn equals_scikit_learn() {
        let raw = load();
        let mut counts = [0; 10];
        for label in &raw.labels {
            counts[usize::from(*label)] += 1;
        }
        assert_eq!(counts, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        let sum = |rows: std::ops::Range<usize>| {
            let inputs = &raw.inputs[rows.start * PIXELS..rows.end * PIXELS];
            inputs.iter().map(|input| f64::from(*input) * 16.0).sum::<f64>()
        };
        assert_eq!(sum(0..N), 561_718.0);
        for (row, label, ink) in [(0, 0, 294.0), (1, 1, 313.0), (1000, 1, 268.0), (1796, 8, 392.0)] {
            assert_eq!((raw.labels[row], sum(row..row + 1)), (label, ink), "row {row}");
        }
        assert_eq!(raw.inputs[8..16], [0.0, 0.0, 13.0, 15.0, 10.0, 15.0, 5.0, 0.0].map(|pixel: f32| pixel / 16.0));
        assert_eq!([raw.train.len(), raw.valid.len(), raw.test.len()], [1293, 144, 360]);
    }
}
