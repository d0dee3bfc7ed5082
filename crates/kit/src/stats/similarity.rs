//! How alike two sets of answers or features of the same samples are.

use super::Tested;

/// Linear centred kernel alignment of two sets of features of the same `n` samples, each `[n, width]` in row-major
/// order: 0 to 1 (Kornblith et al. 2019, arXiv:1905.00414, eq. 3 with linear kernels). In the form of Gram matrices,
/// which does not depend on the widths. 0 where one of them is constant.
pub fn linear_cka(x: &[f32], y: &[f32], n: usize) -> f64 {
    let (x, y) = (gram(x, n), gram(y, n));
    let inner = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let norm = (inner(&x, &x) * inner(&y, &y)).sqrt();
    if norm > 0.0 { inner(&x, &y) / norm } else { 0.0 }
}

/// The Gram matrix of features whose columns are centred, `[n, n]`.
fn gram(features: &[f32], n: usize) -> Vec<f64> {
    let width = features.len() / n.max(1);
    let mut centred: Vec<f64> = features.iter().map(|value| f64::from(*value)).collect();
    for column in 0..width {
        let mean = (0..n).map(|row| centred[row * width + column]).sum::<f64>() / n as f64;
        (0..n).for_each(|row| centred[row * width + column] -= mean);
    }
    let row = |at: usize| &centred[at * width..][..width];
    let product = |a: usize, b: usize| row(a).iter().zip(row(b)).map(|(a, b)| a * b).sum::<f64>();
    (0..n * n).map(|at| product(at / n, at % n)).collect()
}

/// Jensen-Shannon divergence of two distributions in nats, 0 to ln 2. A share of zero adds nothing.
pub fn jensen_shannon(p: &[f32], q: &[f32]) -> f64 {
    let term = |p: f64, m: f64| if p > 0.0 { p * (p / m).ln() } else { 0.0 };
    let of = |(p, q): (&f32, &f32)| {
        let (p, q) = (f64::from(*p), f64::from(*q));
        let m = (p + q) / 2.0;
        (term(p, m) + term(q, m)) / 2.0
    };
    p.iter().zip(q).map(of).sum()
}

/// What released code computes in place of [`jensen_shannon`]: the divergences the other way round, as a mean over
/// classes. Infinite where a share is zero.
pub fn jensen_shannon_of_code(p: &[f32], q: &[f32]) -> f64 {
    let of = |(p, q): (&f32, &f32)| {
        let (p, q) = (f64::from(*p), f64::from(*q));
        let m = (p + q) / 2.0;
        if m > 0.0 { m * (2.0 * m.ln() - p.ln() - q.ln()) / 2.0 } else { 0.0 }
    };
    p.iter().zip(q).map(of).sum::<f64>() / p.len() as f64
}

impl Tested {
    /// Mean Euclidean distance of the probabilities of each sample from those that another network gives the same
    /// samples. `None` of no samples.
    pub fn distance(&self, other: &Self) -> Option<f64> {
        let of = |at: usize| {
            let squares = self.row(at).iter().zip(other.row(at)).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
            squares.sum::<f64>().sqrt()
        };
        (!self.is_empty()).then(|| (0..self.len()).map(of).sum::<f64>() / self.len() as f64)
    }

    /// The share of samples that another network answers alike, 0 to 1. `None` of no samples.
    pub fn overlap(&self, other: &Self) -> Option<f64> {
        let equal = (0..self.len()).filter(|at| self.answer(*at) == other.answer(*at)).count();
        (!self.is_empty()).then(|| equal as f64 / self.len() as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.
    #[test]
    fn alignment_is_numpys() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 2.0, 2.0];
        let y = [1.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0, 1.0, 5.0, 1.0, 1.0, 1.0];
        assert!((linear_cka(&x, &y, 4) - 0.919_309_254_0).abs() < 1e-9);
        assert!((linear_cka(&x, &x, 4) - 1.0).abs() < 1e-12);
        assert_eq!(linear_cka(&x, &[1.0; 4], 4), 0.0);
    }

    /// numpy, in both forms.
    #[test]
    fn divergences_are_numpys() {
        let third = 1.0 / 3.0;
        let pairs = [([0.7_f32, 0.2, 0.1], [0.3_f32, 0.4, 0.3]), ([0.1, 0.8, 0.1], [third; 3])];
        for ((p, q), expected) in pairs.iter().zip([0.084_293_750_1, 0.115_773_469_2]) {
            assert!((jensen_shannon(p, q) - expected).abs() < 1e-7);
        }
        let code: f64 = pairs.iter().map(|(p, q)| jensen_shannon_of_code(p, q)).sum::<f64>() / 2.0;
        assert!((1.0 - code - 0.963_857_991_1).abs() < 1e-7, "{code}");
        assert!((jensen_shannon(&[1.0, 0.0], &[0.0, 1.0]) - 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(jensen_shannon_of_code(&[1.0, 0.0], &[0.0, 1.0]), f64::INFINITY);
    }
}
