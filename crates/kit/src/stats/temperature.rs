//! The temperature that makes a classifier's confidence fit its accuracy.

/// The bounds of 1 / T.
const BOUNDS: [f64; 2] = [0.01, 100.0];

/// A temperature, and how well the logits divided by it fit the labels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Temperature {
    /// T: above 1, the classifier was too sure.
    pub value: f64,
    /// Mean negative log-likelihood with T.
    pub loss: f64,
    /// Whether T stands at one of its bounds, 0.01 and 100, where no best one exists: all samples are answered rightly,
    /// or worse than by chance.
    pub is_bound: bool,
}

/// The temperature of least negative log-likelihood (Guo et al. 2017, arXiv:1706.04599, section 4.2) of logits `[n,
/// classes]` with these labels. In β = 1 / T the loss is convex; it is solved by Newton's method inside a bracket, to a
/// gradient of 1e-10. `None` of no samples.
pub fn temperature(logits: &[f32], classes: usize, labels: &[u16]) -> Option<Temperature> {
    let n = labels.len() as f64;
    let at = |beta: f64| {
        let (mut loss, mut slope, mut curve) = (0.0, 0.0, 0.0);
        for (row, label) in logits.chunks(classes).zip(labels) {
            let row: Vec<f64> = row.iter().map(|z| f64::from(*z)).collect();
            let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = row.iter().map(|z| (beta * (z - most)).exp()).collect();
            let sum: f64 = weights.iter().sum();
            let mean = weights.iter().zip(&row).map(|(w, z)| w * z).sum::<f64>() / sum;
            let square = weights.iter().zip(&row).map(|(w, z)| w * (z - mean).powi(2)).sum::<f64>() / sum;
            let truth = row[usize::from(*label)];
            loss += sum.ln() + beta * (most - truth);
            slope += mean - truth;
            curve += square;
        }
        (loss / n, slope / n, curve / n)
    };
    if labels.is_empty() {
        return None;
    }
    let found = |beta: f64, is_bound| Temperature { value: 1.0 / beta, loss: at(beta).0, is_bound };
    let [mut low, mut high] = BOUNDS;
    let (_, slope, curve) = at(1.0);
    if curve < 1e-12 && slope.abs() <= 1e-10 {
        // Whatever it is, the answers stay as unsure as they are.
        return Some(found(1.0, false));
    }
    if at(low).1 >= 0.0 {
        return Some(found(low, true));
    }
    if at(high).1 <= 0.0 {
        return Some(found(high, true));
    }
    let mut beta = 1.0;
    for _ in 0..50 {
        let (_, slope, curve) = at(beta);
        if slope.abs() <= 1e-10 {
            break;
        }
        *(if slope < 0.0 { &mut low } else { &mut high }) = beta;
        let newton = beta - slope / curve;
        beta = if curve < 1e-12 || !(low..high).contains(&newton) { (low + high) / 2.0 } else { newton };
    }
    Some(found(beta, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGITS: [f32; 15] = [2.0, 0.0, 0.0, 0.0, 3.0, 0.0, 1.0, 0.0, 2.0, 4.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    const LABELS: [u16; 5] = [0, 1, 0, 0, 2];

    /// scipy, `minimize_scalar`.
    #[test]
    fn the_best_temperature_is_scipys() {
        let found = temperature(&LOGITS, 3, &LABELS).unwrap();
        assert!((found.value - 1.120_019_594_138_2).abs() < 1e-9 && (found.loss - 0.662_438_210_4).abs() < 1e-9);
        assert!(!found.is_bound);
        let scaled = LOGITS.map(|z| 10.0 * z);
        assert!((temperature(&scaled, 3, &LABELS).unwrap().value - 11.200_195_941_382).abs() < 1e-7);
    }

    #[test]
    fn what_cannot_be_calibrated_is_told() {
        let right = temperature(&[2.0, 0.0, 0.0, 2.0], 2, &[0, 1]).unwrap();
        assert!(right.is_bound && right.value < 0.011, "{right:?}");
        let wrong = temperature(&[2.0, 0.0, 0.0, 2.0], 2, &[1, 0]).unwrap();
        assert!(wrong.is_bound && wrong.value > 99.0, "{wrong:?}");
        let flat = temperature(&[1.0; 4], 2, &[0, 1]).unwrap();
        assert_eq!((flat.value, flat.is_bound), (1.0, false));
        assert_eq!(temperature(&[], 2, &[]), None);
    }
}
