//! How far a classifier's confidence is from its accuracy.

use super::Tested;

/// Calibration of a classifier on some samples. Confidence is the probability of the class that it names.
#[derive(Clone, Debug, PartialEq)]
pub struct Calibration {
    /// Bins of confidence that have samples, ascending.
    pub bins: Vec<Bin>,
    /// Expected calibration error, 0 to 1: the mean distance of confidence and accuracy over bins, weighted by samples.
    pub ece: f64,
    /// The largest of these distances.
    pub mce: f64,
    /// Root of the mean square of these distances.
    pub rmsce: f64,
    /// Mean confidence minus accuracy: above zero it is too sure.
    pub gap: f64,
}

/// Samples of like confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// How many samples.
    pub count: usize,
    /// Their mean confidence, 0 to 1.
    pub confidence: f64,
    /// The share of them that is answered rightly, 0 to 1.
    pub accuracy: f64,
}

/// How samples are put into bins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bins {
    /// So many of equal width; a value on an edge is of the lower one (Guo et al. 2017, section 2).
    EqualWidth(usize),
    /// So many with equally many samples each, in the order of confidence, then of the samples (Nguyen and O'Connor
    /// 2015).
    EqualMass(usize),
}

impl Calibration {
    /// From the confidence of each sample, and whether it was answered rightly. `None` of no samples.
    pub fn of(confidences: &[f64], right: &[bool], bins: Bins) -> Option<Self> {
        let n = confidences.len();
        if n == 0 {
            return None;
        }
        let mut sums: Vec<(usize, f64, usize)> = Vec::new();
        let mut add = |bin: usize, at: usize| {
            sums.resize(sums.len().max(bin + 1), (0, 0.0, 0));
            let (count, confidence, hits) = &mut sums[bin];
            (*count, *confidence, *hits) = (*count + 1, *confidence + confidences[at], *hits + usize::from(right[at]));
        };
        match bins {
            Bins::EqualWidth(most) => {
                let bin = |confidence: f64| ((confidence * most as f64).ceil() as usize).clamp(1, most) - 1;
                (0..n).for_each(|at| add(bin(confidences[at]), at));
            }
            Bins::EqualMass(most) => {
                let mut order: Vec<usize> = (0..n).collect();
                order.sort_by(|a, b| confidences[*a].total_cmp(&confidences[*b]));
                for bin in 0..most {
                    order[bin * n / most..(bin + 1) * n / most].iter().for_each(|at| add(bin, *at));
                }
            }
        }
        let bin = |(count, confidence, hits): (usize, f64, usize)| Bin {
            count,
            confidence: confidence / count as f64,
            accuracy: hits as f64 / count as f64,
        };
        let bins: Vec<Bin> = sums.into_iter().filter(|(count, ..)| *count > 0).map(bin).collect();
        let over = |of: &dyn Fn(&Bin) -> f64| bins.iter().map(|bin| bin.count as f64 / n as f64 * of(bin)).sum::<f64>();
        let distance = |bin: &Bin| (bin.accuracy - bin.confidence).abs();
        Some(Self {
            ece: over(&distance),
            mce: bins.iter().map(distance).fold(0.0, f64::max),
            rmsce: over(&|bin| distance(bin).powi(2)).sqrt(),
            gap: over(&|bin| bin.confidence - bin.accuracy),
            bins,
        })
    }
}

impl Tested {
    /// Probability of the class that is named, for each sample.
    pub fn confidences(&self) -> Vec<f64> {
        (0..self.len())
            .map(|at| f64::from(self.probabilities[at * self.classes + usize::from(self.named[at])]))
            .collect()
    }

    /// The probabilities of a sample.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.probabilities[at * self.classes..][..self.classes]
    }

    /// Cross-entropy with the true class, for each sample, in nats. A probability that is 0 in single precision counts
    /// as 1e-45.
    pub fn losses(&self) -> Vec<f64> {
        self.confidence_in_label().into_iter().map(|p| -f64::from(p).max(1e-45).ln()).collect()
    }

    /// Mean squared distance of the probabilities from the true answer (Brier 1950): 0 to 2. `None` of no samples.
    pub fn brier(&self) -> Option<f64> {
        let of = |at: usize| {
            let truth = |class: usize| f64::from(u8::from(class == usize::from(self.labels[at])));
            self.row(at).iter().enumerate().map(|(class, p)| (f64::from(*p) - truth(class)).powi(2)).sum::<f64>()
        };
        (!self.is_empty()).then(|| (0..self.len()).map(of).sum::<f64>() / self.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIDENCES: [f64; 8] = [0.95, 0.91, 0.85, 0.61, 0.63, 0.41, 0.35, 0.55];
    const RIGHT: [bool; 8] = [true, true, false, true, false, false, true, true];

    /// torchmetrics 1.9, `multiclass_calibration_error` with the norms l1, max and l2.
    #[test]
    fn errors_are_torchmetrics() {
        let of = |bins| Calibration::of(&CONFIDENCES, &RIGHT, bins).unwrap();
        for (bins, ece, mce, rmsce) in
            [(15, 0.3425, 0.85, 0.440_879_80), (10, 0.3425, 0.85, 0.440_766_38), (5, 0.205, 0.65, f64::NAN)]
        {
            let found = of(Bins::EqualWidth(bins));
            assert!((found.ece - ece).abs() < 1e-7 && (found.mce - mce).abs() < 1e-7, "{bins}: {found:?}");
            assert!(rmsce.is_nan() || (found.rmsce - rmsce).abs() < 1e-7, "{bins}: {found:?}");
            assert!((found.gap - (5.26 / 8.0 - 5.0 / 8.0)).abs() < 1e-12);
        }
        for (bins, ece) in [(4, 0.3375), (3, 0.145)] {
            assert!((of(Bins::EqualMass(bins)).ece - ece).abs() < 1e-12, "{bins}");
        }
    }

    /// By hand, in double precision.
    #[test]
    fn an_edge_belongs_to_the_bin_below() {
        let confidences = [0.95, 0.9, 0.85, 0.6, 0.6, 0.4, 1.0 / 3.0, 0.55];
        for (bins, ece) in [(15, 0.289_583_33), (10, 0.164_583_33), (5, 0.152_083_33)] {
            let found = Calibration::of(&confidences, &RIGHT, Bins::EqualWidth(bins)).unwrap();
            assert!((found.ece - ece).abs() < 1e-7, "{bins}: {found:?}");
        }
        let ends = Calibration::of(&[0.0, 1.0], &[false, true], Bins::EqualWidth(10)).unwrap();
        assert_eq!((ends.bins.len(), ends.ece), (2, 0.0));
        assert_eq!(Calibration::of(&[], &[], Bins::EqualMass(3)), None);
    }

    #[test]
    fn scores_of_probabilities() {
        let tested = Tested::of(vec![0, 1], vec![0, 1], 2, vec![0.0, 0.0, 200.0, 0.0]).unwrap();
        assert_eq!(tested.confidences(), [0.5, 1.0]);
        assert_eq!(tested.brier(), Some((0.5 + 2.0) / 2.0));
        let losses = tested.losses();
        assert!((losses[0] - 2.0_f64.ln()).abs() < 1e-12 && (losses[1] - 103.6163).abs() < 1e-3, "{losses:?}");
    }
}
