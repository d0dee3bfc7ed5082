//! How a classifier answered on some samples, and the figures that follow from it.

use crate::error::{Error, Result};
use spec::{Answers, Event, best_class};

/// A network's answers on `n` samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// Ids of the samples, `[n]`.
    pub ids: Vec<u32>,
    /// Their true classes, `[n]`.
    pub labels: Vec<u16>,
    /// How many classes the network knows.
    pub classes: usize,
    /// The classes that the network names, by its logits, `[n]`.
    pub named: Vec<u16>,
    /// Probability of every class, `[n, classes]` in row-major order.
    pub probabilities: Vec<f32>,
}

/// Softmax over each row of `[n, classes]`. Computed in `f32` on the host, so equal logits give equal probabilities on
/// every device.
///
/// # Errors
/// A logit is no finite number: the answer would be the first class, which is none.
pub fn softmax(mut logits: Vec<f32>, classes: usize) -> Result<Vec<f32>> {
    let bad = |row: &&[f32]| row.iter().any(|x| !x.is_finite());
    let (samples, of) = (logits.chunks(classes).filter(bad).count(), logits.len() / classes);
    if samples > 0 {
        return Err(Error::NoNumbers { samples, of });
    }
    for row in logits.chunks_mut(classes) {
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = libm::expf(*x - max));
        let sum: f32 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    Ok(logits)
}

/// A share in percent; `None` of nothing.
pub fn percent(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| 100.0 * part as f64 / of as f64)
}

impl Tested {
    /// The answers of a network of so many classes that gives these logits, `[n, classes]`.
    ///
    /// # Errors
    /// A logit is no finite number.
    pub fn of(ids: Vec<u32>, labels: Vec<u16>, classes: usize, logits: Vec<f32>) -> Result<Self> {
        let named = logits.chunks(classes).map(best_class).collect();
        Ok(Self { ids, labels, classes, named, probabilities: softmax(logits, classes)? })
    }

    /// How many samples were tested.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether no sample was tested.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.probabilities.chunks(self.classes)
    }

    /// The class that the network names for sample `at`; the first one where the largest logits are equal.
    pub fn answer(&self, at: usize) -> u16 {
        self.named[at]
    }

    /// Whether sample `at` is classified correctly.
    pub fn right(&self, at: usize) -> bool {
        self.answer(at) == self.labels[at]
    }

    /// Share of correct answers in percent; `None` where there are no samples.
    pub fn accuracy(&self) -> Option<f64> {
        percent((0..self.len()).filter(|at| self.right(*at)).count(), self.len())
    }

    /// The samples that are of none of these classes.
    pub fn without(&self, classes: &[u16]) -> Self {
        let kept: Vec<usize> = (0..self.len()).filter(|at| !classes.contains(&self.labels[*at])).collect();
        Self {
            ids: kept.iter().map(|at| self.ids[*at]).collect(),
            labels: kept.iter().map(|at| self.labels[*at]).collect(),
            classes: self.classes,
            named: kept.iter().map(|at| self.named[*at]).collect(),
            probabilities: kept
                .iter()
                .flat_map(|at| &self.probabilities[at * self.classes..][..self.classes])
                .copied()
                .collect(),
        }
    }

    /// Accuracy of each class in percent; `None` for a class without samples.
    pub fn by_class(&self) -> Vec<Option<f32>> {
        let mut counts = vec![(0_u32, 0_u32); self.classes];
        for (at, label) in self.labels.iter().enumerate() {
            if let Some((right, all)) = counts.get_mut(usize::from(*label)) {
                *right += u32::from(self.right(at));
                *all += 1;
            }
        }
        counts.into_iter().map(|(right, all)| (all > 0).then(|| 100.0 * right as f32 / all as f32)).collect()
    }

    /// The probability of the true class, for each sample.
    pub fn confidence_in_label(&self) -> Vec<f32> {
        self.rows().zip(&self.labels).map(|(row, label)| row[usize::from(*label)]).collect()
    }

    /// Class, confidence and the second highest probability of each sample.
    pub fn answers(&self) -> Answers {
        Answers::of(self.ids.clone(), self.labels.clone(), self.named.clone(), self.rows())
    }

    /// [`Self::answers`] as an event of this series.
    pub fn event(&self, series: &str) -> Event {
        Event::Answers { series: series.into(), answers: self.answers() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested() -> Tested {
        Tested {
            ids: vec![5, 6, 9],
            labels: vec![0, 1, 1],
            classes: 3,
            named: vec![0, 0, 1],
            probabilities: vec![0.7, 0.2, 0.1, 0.5, 0.4, 0.1, 0.1, 0.8, 0.1],
        }
    }

    #[test]
    fn accuracy_counts_right_answers() {
        assert!((tested().accuracy().unwrap() - 66.666_666).abs() < 1e-4);
        let none = Tested { ids: vec![], labels: vec![], classes: 3, named: vec![], probabilities: vec![] };
        assert_eq!((none.accuracy(), none.by_class()), (None, vec![None; 3]));
        assert_eq!(tested().by_class(), [Some(100.0), Some(50.0), None]);
        assert_eq!(tested().confidence_in_label(), [0.7, 0.4, 0.8]);
        let ones = tested().without(&[0]);
        assert_eq!(
            (&ones.ids[..], ones.accuracy(), ones.by_class()),
            (&[6, 9][..], Some(50.0), vec![None, Some(50.0), None])
        );
        assert_eq!((tested().without(&[2]), tested().without(&[0, 1]).accuracy()), (tested(), None));
    }

    /// In single precision the probabilities of both are equal; softmax of the second row is 0 at all but the first.
    #[test]
    fn answers_are_of_logits_that_probabilities_cannot_tell_apart() {
        for (logits, named) in [
            ([0.0, 1e-9, -5.0], 1),
            ([20.0, 20.000_002, 3.0], 1),
            ([-200.0, -200.0, -199.999_98], 2),
            ([3.0, 7.0, 7.0], 1),
        ] {
            let tested = Tested::of(vec![0], vec![named], 3, logits.to_vec()).unwrap();
            assert_eq!((tested.answer(0), tested.accuracy()), (named, Some(100.0)), "{logits:?}");
            let answers = tested.answers();
            assert_eq!((answers.classes[0], answers.confidences[0]), (named, tested.probabilities[usize::from(named)]));
        }
        assert!(Tested::of(vec![0], vec![0], 3, vec![0.0, f32::NAN, 1.0]).is_err());
    }

    #[test]
    fn softmax_sums_to_one_even_for_large_logits() {
        let p = softmax(vec![1000.0, 0.0, -1000.0, 1.0, 1.0, 1.0], 3).unwrap();
        assert_eq!(p[0], 1.0);
        assert!((p[3..].iter().sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
