//! How much of a set is held out for validation: a setting that every set has.

use super::{RawSet, stratified};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A setting of every set beside its own.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Validation {
    /// Share of what is not for testing that is held out, to watch training by and to choose settings; with 0 all of
    /// it is trained on. Without this setting the set has its own split.
    #[schemars(range(min = 0.0, max = 0.5))]
    pub validation: Option<f64>,
}

impl Validation {
    /// Splits what is not for testing anew, if that is asked for.
    pub(super) fn apply(&self, raw: &mut RawSet) {
        let Some(share) = self.validation else { return };
        let mut rows = [&raw.train[..], &raw.valid].concat();
        rows.sort_unstable();
        let labels: Vec<u16> = rows.iter().map(|row| raw.labels[*row as usize]).collect();
        let held = (share * rows.len() as f64).round() as usize;
        let [train, valid, _] = stratified(&labels, held, 0);
        let at = |places: Vec<u32>| places.into_iter().map(|place| rows[place as usize]).collect();
        (raw.train, raw.valid) = (at(train), at(valid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;

    fn split(share: Option<f64>) -> RawSet {
        let mut raw = digits::load();
        Validation { validation: share }.apply(&mut raw);
        raw
    }

    #[test]
    fn the_rest_is_split_anew_and_the_test_split_stays() {
        let own = split(None);
        for (share, held) in [(0.0, 0), (0.1, 144), (0.25, 359), (0.5, 719)] {
            let raw = split(Some(share));
            assert_eq!([raw.train.len(), raw.valid.len(), raw.test.len()], [1437 - held, held, 360], "{share}");
            assert_eq!(raw.test, own.test);
            let mut all = [&raw.train[..], &raw.valid, &raw.test].concat();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..1797), "{share}");
            // Each class has its share.
            for class in 0..10 {
                let count = |rows: &[u32]| rows.iter().filter(|row| raw.labels[**row as usize] == class).count() as f64;
                let wanted = share * (count(&raw.train) + count(&raw.valid));
                assert!((count(&raw.valid) - wanted).abs() <= 1.0, "{share}: {} of {wanted}", count(&raw.valid));
            }
        }
    }
}
