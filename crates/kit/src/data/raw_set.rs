//! A data set on the host, before it is uploaded.

use std::collections::BTreeMap;

/// What a [`DataSet`](super::DataSet) loads.
#[derive(Clone, Debug, Default)]
pub struct RawSet {
    /// `[channels, height, width]` of an image; `[dims, 1, 1]` of a point.
    pub shape: [usize; 3],
    /// `[n, channels, height, width]` in row-major order; images lie in [0, 1], 0 is the background of digits.
    pub inputs: Vec<f32>,
    /// Class of each sample, `[n]`.
    pub labels: Vec<u16>,
    /// Name of each class, in the order of the labels.
    pub classes: Vec<String>,
    /// Whether a run file knows classes by the number that is their name, as a file of labels has it, and not by their
    /// place in the list. Then a class can be kept that no sample has.
    pub by_number: bool,
    /// What else is known of each sample (shape, style, colour …) as small integers `[n]` by factor. Empty for most
    /// sets.
    pub factors: BTreeMap<String, Vec<u16>>,
    /// Names of the values of each factor.
    pub factor_names: BTreeMap<String, Vec<String>>,
    /// Real-valued properties of each sample (rotation, scale, shift), `[n]` by property: for regression, or as
    /// nuisances.
    pub numbers: BTreeMap<String, Vec<f32>>,
    /// Rows to train on, sorted. The split is fixed: no run's seed changes it.
    pub train: Vec<u32>,
    /// Rows held out to choose settings, sorted.
    pub valid: Vec<u32>,
    /// Rows held out for the figures, sorted.
    pub test: Vec<u32>,
}

impl RawSet {
    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}
