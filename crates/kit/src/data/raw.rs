use spec::Kind;
use std::collections::BTreeMap;

/// A set on the host, before it is uploaded.
#[derive(Clone, Debug, Default)]
pub struct Raw {
    pub name: String,
    /// Attribution and licence, as the page shows it.
    pub licence: String,
    /// `[channels, height, width]` of an image; `[dims, 1, 1]` of a point.
    pub shape: [usize; 3],
    pub points: bool,
    /// `[n, channels, height, width]`, row-major; images lie in [0, 1], 0 is the background of digits.
    pub inputs: Vec<f32>,
    pub labels: Vec<u16>,
    pub classes: Vec<String>,
    /// What else is known of every sample: shape, style, colour …, as small integers. Empty for most sets.
    pub factors: BTreeMap<String, Vec<u16>>,
    /// Names of the values of every factor.
    pub factor_names: BTreeMap<String, Vec<String>>,
    /// What is known of every sample as a number, for regression or as a nuisance: rotation, scale, shift.
    pub numbers: BTreeMap<String, Vec<f32>>,
    /// Rows of the fixed split, each sorted; no run seed changes them.
    pub train: Vec<u32>,
    pub valid: Vec<u32>,
    pub test: Vec<u32>,
}

impl Raw {
    pub fn kind(&self) -> Kind {
        if self.points { Kind::Points } else { Kind::Images }
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}
