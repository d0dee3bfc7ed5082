//! How well a score tells two sets of samples apart. A larger score means the second one.

/// The logarithm of one over the largest of a row's probabilities, from its logits. It orders alike as that
/// probability, which in single precision is 1 for many samples.
pub fn unsureness(logits: &[f32]) -> f64 {
    let best = usize::from(spec::best_class(logits));
    let others = logits.iter().enumerate().filter(|(at, _)| *at != best);
    others.map(|(_, z)| (f64::from(*z) - f64::from(logits[best])).exp()).sum::<f64>().ln_1p()
}

/// The energy of a row of logits: -T log Σ exp(z / T) (Liu et al. 2020, arXiv:2010.03759, eq. 4).
pub fn energy(logits: &[f32], temperature: f64) -> f64 {
    let most = f64::from(logits[usize::from(spec::best_class(logits))]);
    let sum: f64 = logits.iter().map(|z| ((f64::from(*z) - most) / temperature).exp()).sum();
    -(most + temperature * sum.ln())
}

/// The area under the ROC curve: the probability that a score of `outside` is larger than one of `inside`, ties by half
/// (Mann and Whitney 1947). `None` where one of them is empty.
pub fn auroc(inside: &[f64], outside: &[f64]) -> Option<f64> {
    let mut all: Vec<(f64, bool)> = inside.iter().map(|score| (*score, false)).collect();
    all.extend(outside.iter().map(|score| (*score, true)));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Equal scores share the mean of their ranks.
    let (mut ranks, mut at) = (0.0, 0);
    while at < all.len() {
        // What is no number equals nothing, not even itself.
        let end = at + all[at..].iter().take_while(|(score, _)| *score == all[at].0).count().max(1);
        let rank = (at + 1 + end) as f64 / 2.0;
        ranks += rank * all[at..end].iter().filter(|(_, is_outside)| *is_outside).count() as f64;
        at = end;
    }
    let (n, m) = (inside.len() as f64, outside.len() as f64);
    (n > 0.0 && m > 0.0).then(|| (ranks - m * (m + 1.0) / 2.0) / (n * m))
}

/// The largest share of `outside` that a threshold takes for outside while it takes at most `fpr` of `inside` for it,
/// 0 to 1. Equal scores are taken together. `None` where one of them is empty.
pub fn tpr_at(inside: &[f64], outside: &[f64], fpr: f64) -> Option<f64> {
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let share = |of: &[f64], least: f64| of.iter().filter(|score| **score >= least).count() as f64 / of.len() as f64;
    let fits = |least: &&f64| share(inside, **least) <= fpr;
    let best = inside.iter().chain(outside).filter(fits).map(|least| share(outside, *least));
    Some(best.fold(0.0, f64::max))
}

/// The share of `outside` that is taken for inside by the least threshold that takes 95 % of `inside` for inside, 0 to
/// 1.
pub fn fpr_at_95(inside: &[f64], outside: &[f64]) -> Option<f64> {
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let share = |of: &[f64], most: f64| of.iter().filter(|score| **score <= most).count() as f64 / of.len() as f64;
    let fits = |most: &&f64| share(inside, **most) >= 0.95;
    let least = inside.iter().chain(outside).filter(fits).map(|most| share(outside, *most));
    Some(least.fold(1.0, f64::min))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy; a constant added to all logits shifts the energy alone.
    #[test]
    fn scores_are_numpys() {
        for (logits, largest, at_one, at_two) in [
            ([3.0_f32, 1.0, 0.2, -1.0], 0.823_410_56_f64, -3.194_300_34, -4.119_016_35),
            ([0.0; 4], 0.25, -1.386_294_36, -2.772_588_72),
            ([1000.0, 0.0, 0.0, 0.0], 1.0, -1000.0, -1000.0),
        ] {
            assert!((unsureness(&logits) + largest.ln()).abs() < 1e-7, "{logits:?}");
            assert!((energy(&logits, 1.0) - at_one).abs() < 1e-6 && (energy(&logits, 2.0) - at_two).abs() < 1e-6);
            let shifted = logits.map(|z| z + 7.0);
            assert!((unsureness(&shifted) - unsureness(&logits)).abs() < 1e-5);
            assert!((energy(&shifted, 1.0) - energy(&logits, 1.0) + 7.0).abs() < 1e-4);
        }
    }

    /// scikit-learn, `roc_auc_score` and `roc_curve`.
    #[test]
    fn curves_are_scikit_learns() {
        let negated = |values: &[f64]| values.iter().map(|value| -value).collect::<Vec<f64>>();
        let inside = negated(&[0.9, 0.8, 0.8, 0.7, 0.6, 0.5, 0.5, 0.4, 0.3, 0.2]);
        let outside = negated(&[0.8, 0.5, 0.3, 0.3, 0.1]);
        assert!((auroc(&inside, &outside).unwrap() - 0.7).abs() < 1e-12);
        for (fpr, tpr) in [(0.05, 0.2), (0.1, 0.2), (0.2, 0.6)] {
            assert!((tpr_at(&inside, &outside, fpr).unwrap() - tpr).abs() < 1e-12, "{fpr}");
        }
        assert!((fpr_at_95(&inside, &outside).unwrap() - 0.8).abs() < 1e-12);
        assert_eq!((auroc(&[1.0], &[1.0]), auroc(&[0.0], &[1.0]), auroc(&[], &[1.0])), (Some(0.5), Some(1.0), None));
        assert_eq!(tpr_at(&[1.0; 3], &[1.0; 3], 0.05), Some(0.0));
        assert!(auroc(&[f64::NAN, 1.0], &[f64::NAN]).is_some());
    }
}
