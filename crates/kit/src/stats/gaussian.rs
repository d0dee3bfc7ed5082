//! Classes as Gaussians with one covariance.

/// A Gaussian for each class, with one covariance for all (Lee et al. 2018, arXiv:1807.03888, eq. 1).
pub struct Gaussians {
    /// Mean of each class that has samples, `[width]`.
    means: Vec<Vec<f64>>,
    /// Lower triangle L of the covariance's Cholesky factorisation, `[width, width]` in row-major order.
    factor: Vec<f64>,
    width: usize,
    /// The shrinkage that was needed: the share of the mean variance that was put in place of the covariance.
    pub shrinkage: f64,
}

impl Gaussians {
    /// Fits features `[n, width]` of samples of these classes. `shrinkage` puts so much of the mean variance in place
    /// of the covariance; where that has no inverse, ten times as much is taken, at most all. `None` of no samples, and
    /// where all features are constant.
    pub fn fit(features: &[f32], labels: &[u16], shrinkage: f64) -> Option<Self> {
        let (n, classes) = (labels.len(), labels.iter().map(|label| usize::from(*label) + 1).max()?);
        let width = features.len() / n;
        let row = |at: usize| features[at * width..][..width].iter().map(|value| f64::from(*value));
        let mut sums = vec![(vec![0.0; width], 0_usize); classes];
        for (at, label) in labels.iter().enumerate() {
            let (sum, count) = &mut sums[usize::from(*label)];
            sum.iter_mut().zip(row(at)).for_each(|(sum, value)| *sum += value);
            *count += 1;
        }
        let mean = |(sum, count): &(Vec<f64>, usize)| sum.iter().map(|sum| sum / (*count).max(1) as f64).collect();
        let means: Vec<Vec<f64>> = sums.iter().map(mean).collect();
        let mut covariance = vec![0.0; width * width];
        for (at, label) in labels.iter().enumerate() {
            let rest: Vec<f64> = row(at).zip(&means[usize::from(*label)]).map(|(value, mean)| value - mean).collect();
            for (i, a) in rest.iter().enumerate() {
                covariance[i * width..][..=i].iter_mut().zip(&rest).for_each(|(sum, b)| *sum += a * b / n as f64);
            }
        }
        let variance = (0..width).map(|i| covariance[i * width + i]).sum::<f64>() / width as f64;
        let mut shrinkage = shrinkage.clamp(0.0, 1.0);
        let factor = loop {
            let shrunk = (0..width * width).map(|at| {
                let eye = if at / width == at % width { variance } else { 0.0 };
                (1.0 - shrinkage) * covariance[at] + shrinkage * eye
            });
            match cholesky(shrunk.collect(), width) {
                Some(factor) => break factor,
                None if shrinkage >= 1.0 => return None,
                None => shrinkage = (10.0 * shrinkage).clamp(1e-6, 1.0),
            }
        };
        let means = means.into_iter().zip(&sums).filter(|(_, (_, count))| *count > 0).map(|(mean, _)| mean).collect();
        Some(Self { means, factor, width, shrinkage })
    }

    /// The squared Mahalanobis distance of features `[width]` from the nearest class.
    pub fn distance(&self, features: &[f32]) -> f64 {
        let squared = |mean: &Vec<f64>| {
            // L z = x − μ, from the first row to the last.
            let mut z = vec![0.0; self.width];
            for i in 0..self.width {
                let row = &self.factor[i * self.width..][..self.width];
                let known: f64 = row[..i].iter().zip(&z).map(|(l, z)| l * z).sum();
                z[i] = (f64::from(features[i]) - mean[i] - known) / row[i];
            }
            z.iter().map(|z| z * z).sum::<f64>()
        };
        self.means.iter().map(squared).fold(f64::INFINITY, f64::min)
    }
}

/// The lower triangle L of a symmetric matrix = L Lᵀ, of which the lower triangle is given; `None` where it is not
/// positive definite.
fn cholesky(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for i in 0..n {
        for j in 0..=i {
            let (before, current) = a.split_at_mut(i * n);
            let row = if j == i { &current[..j] } else { &before[j * n..][..j] };
            let known: f64 = current[..j].iter().zip(row).map(|(a, b)| a * b).sum();
            let rest = current[j] - known;
            if j < i {
                current[j] = rest / before[j * n + j];
            } else if rest > 1e-12 * current[i].abs() && rest > 0.0 {
                current[i] = rest.sqrt();
            } else {
                return None;
            }
        }
    }
    Some(a)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scikit-learn, `EmpiricalCovariance` and `ShrunkCovariance` of the residuals.
    #[test]
    fn distances_are_scikit_learns() {
        let features = [0.0, 0.0, 2.0, 0.0, 0.0, 2.0, 4.0, 4.0, 6.0, 4.0, 5.0, 7.0];
        let labels = [0, 0, 0, 1, 1, 1];
        let points = [[1.0, 1.0], [3.0, 3.0], [10.0, -5.0]];
        for (shrinkage, expected) in
            [(0.0, [0.275_862_07, 9.931_034_48, 85.344_827_59]), (0.1, [0.263_775_57, 9.495_920_42, 87.263_887_33])]
        {
            let fit = Gaussians::fit(&features, &labels, shrinkage).unwrap();
            assert_eq!(fit.shrinkage, shrinkage);
            for (point, expected) in points.iter().zip(expected) {
                assert!((fit.distance(point) - expected).abs() < 1e-7 * expected.max(1.0), "{shrinkage} {point:?}");
            }
        }
    }

    #[test]
    fn a_feature_that_is_always_zero_needs_shrinkage() {
        let fit = Gaussians::fit(&[0.0, 0.0, 1.0, 0.0, 3.0, 0.0], &[0, 0, 2], 0.0).unwrap();
        assert!(fit.shrinkage > 0.0 && fit.distance(&[0.5, 0.0]) < 1e-9 && fit.distance(&[0.5, 1.0]) > 1.0);
        assert!(Gaussians::fit(&[1.0, 1.0], &[0, 0], 0.0).is_none() && Gaussians::fit(&[], &[], 0.0).is_none());
    }
}
