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
    /// The number by which a run file knows each class, in the order of the labels; empty where that is its place.
    pub class_numbers: Vec<u16>,
    /// Whether these are the numbers of a file of labels. Then a class can be kept that no sample has.
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
    /// The number by which a run file knows each class, in the order of the labels.
    pub fn numbers_of_classes(&self) -> Vec<u16> {
        match self.class_numbers.is_empty() {
            true => (0..self.classes.len() as u16).collect(),
            false => self.class_numbers.clone(),
        }
    }

    /// How many samples there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no sample.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}
