use super::{Raw, stratified};
use flate2::read::ZlibDecoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::Wrong;
use std::io::Read;

pub const ID: &str = "digits";
pub const TITLE: &str = "Handwritten digits";
pub const HELP: &str = "1,797 digits of 8 × 8 pixels, written by 13 people";
pub const LICENCE: &str = "Optical Recognition of Handwritten Digits (test set) by E. Alpaydin and C. Kaynak, 1998, \
    UCI Machine Learning Repository, https://doi.org/10.24432/C50P49, licensed under CC BY 4.0; \
    as packaged by scikit-learn, repacked";

/// The digits have no settings of their own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Rows, in scikit-learn's order.
const N: usize = 1797;
const PIXELS: usize = 64;
const VALID: usize = 144;
const TEST: usize = 360;

/// Written by `tests/oracle/digits.py`: a zlib stream of all pixels (0 to 16) and then all labels, a byte each.
const PACKED: &[u8] = include_bytes!("../../../../static/data/digits.bin");

/// The set, from the bytes in the program.
pub fn load() -> Result<Raw, Wrong> {
    unpack(PACKED)
}

fn unpack(packed: &[u8]) -> Result<Raw, Wrong> {
    let damaged = || Wrong::new(ID, "the packed digits are damaged; build the program again");
    const BYTES: usize = N * (PIXELS + 1);
    let mut bytes = Vec::with_capacity(BYTES + 1);
    // One byte more than there should be: the decoder checks its sum only at the end of the stream.
    ZlibDecoder::new(packed).take(BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|_| damaged())?;
    if bytes.len() != BYTES {
        return Err(damaged());
    }
    let (pixels, labels) = bytes.split_at(N * PIXELS);
    if pixels.iter().any(|pixel| *pixel > 16) || labels.iter().any(|label| *label > 9) {
        return Err(damaged());
    }
    let labels: Vec<u16> = labels.iter().map(|label| u16::from(*label)).collect();
    let [train, valid, test] = stratified(&labels, VALID, TEST);
    Ok(Raw {
        name: TITLE.into(),
        licence: LICENCE.into(),
        shape: [1, 8, 8],
        inputs: pixels.iter().map(|pixel| f32::from(*pixel) / 16.0).collect(),
        labels,
        classes: (0..10).map(|digit| digit.to_string()).collect(),
        train,
        valid,
        test,
        ..Raw::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Figures printed by `tests/oracle/digits.py`.
    #[test]
    fn equals_scikit_learn() {
        let raw = load().unwrap();
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

    #[test]
    fn damage_is_refused() {
        for end in [0, 1, 100, PACKED.len() - 1] {
            assert!(unpack(&PACKED[..end]).is_err(), "{end}");
        }
        let mut flipped = PACKED.to_vec();
        flipped[20_000] ^= 1;
        assert!(unpack(&flipped).is_err());
    }
}
