//! A support vector machine on one feature.
//!
//! Written here because linfa-svm stores the whole kernel matrix: 3.2 GB for twice 10,000 samples. On one feature a row
//! of the kernel is cheap to compute again.

/// A support vector machine on one feature with the kernel exp(−(x − z)²).
pub(super) struct Svm {
    /// The training samples.
    x: Vec<f64>,
    /// yᵢ αᵢ.
    weight: Vec<f64>,
    bias: f64,
}

/// Upper bound of every αᵢ.
const C: f64 = 3.0;
/// Largest violation of the optimality conditions. LIBSVM stops at 1e-3, where the answers for points near the boundary
/// still depend on the order of its steps.
const TOLERANCE: f64 = 1e-6;
/// The solver stops after so many steps even if it has not converged.
const STEPS: usize = 200_000;

impl Svm {
    /// Sequential minimal optimisation with second-order working sets (Fan, Chen, Lin 2005, WSS 2), members +1.
    pub(super) fn fit(members: &[f32], others: &[f32]) -> Self {
        let x: Vec<f64> = members.iter().chain(others).map(|x| f64::from(*x)).collect();
        let y: Vec<f64> = members.iter().map(|_| 1.0).chain(others.iter().map(|_| -1.0)).collect();
        let n = x.len();
        let row = |i: usize| -> Vec<f64> { x.iter().map(|z| kernel(x[i], *z)).collect() };
        let mut alpha = vec![0.0_f64; n];
        let mut gradient = vec![-1.0_f64; n];
        let up = |alpha: &[f64], t: usize| if y[t] > 0.0 { alpha[t] < C } else { alpha[t] > 0.0 };
        let low = |alpha: &[f64], t: usize| if y[t] > 0.0 { alpha[t] > 0.0 } else { alpha[t] < C };
        for _ in 0..STEPS {
            let score = |t: usize| -y[t] * gradient[t];
            let Some(i) = (0..n).filter(|t| up(&alpha, *t)).max_by(|a, b| score(*a).total_cmp(&score(*b))) else {
                break;
            };
            let of_i = row(i);
            let (mut j, mut gain, mut least) = (None, f64::INFINITY, f64::INFINITY);
            for t in (0..n).filter(|t| low(&alpha, *t)) {
                least = least.min(score(t));
                let difference = score(i) - score(t);
                if difference > 0.0 {
                    let curvature = (2.0 - 2.0 * of_i[t]).max(1e-12);
                    let step = -difference * difference / curvature;
                    if step < gain {
                        (j, gain) = (Some(t), step);
                    }
                }
            }
            let Some(j) = j.filter(|_| score(i) - least > TOLERANCE) else { break };
            let of_j = row(j);
            let curvature = (2.0 - 2.0 * of_i[j]).max(1e-12);
            // A step along y keeps Σ yα = 0. It ends at the nearer bound of the box [0, C]².
            let room = |t: usize, sign: f64| if y[t] * sign > 0.0 { C - alpha[t] } else { alpha[t] };
            let step = ((score(i) - score(j)) / curvature).min(room(i, 1.0)).min(room(j, -1.0));
            let (before_i, before_j) = (alpha[i], alpha[j]);
            alpha[i] = snap(alpha[i] + y[i] * step);
            alpha[j] = snap(alpha[j] - y[j] * step);
            let (di, dj) = (y[i] * (alpha[i] - before_i), y[j] * (alpha[j] - before_j));
            for t in 0..n {
                gradient[t] += y[t] * (of_i[t] * di + of_j[t] * dj);
            }
        }
        let bias = bias(&alpha, &gradient, &y);
        let weight = alpha.iter().zip(&y).map(|(alpha, y)| alpha * y).collect();
        Self { x, weight, bias }
    }

    /// The decision function at `z`; positive means member.
    pub(super) fn decide(&self, z: f64) -> f64 {
        self.bias + self.x.iter().zip(&self.weight).map(|(x, weight)| weight * kernel(*x, z)).sum::<f64>()
    }
}

/// RBF kernel with γ = 1.
fn kernel(x: f64, z: f64) -> f64 {
    libm::exp(-(x - z) * (x - z))
}

/// Sets α to a bound that it has reached up to rounding.
fn snap(alpha: f64) -> f64 {
    if alpha < 1e-12 {
        0.0
    } else if alpha > C - 1e-12 {
        C
    } else {
        alpha
    }
}

/// The mean over free support vectors, else the middle of the interval that the bounds allow (LIBSVM's rule).
fn bias(alpha: &[f64], gradient: &[f64], y: &[f64]) -> f64 {
    let (mut low, mut high, mut sum, mut free) = (f64::NEG_INFINITY, f64::INFINITY, 0.0, 0);
    for t in 0..y.len() {
        let value = y[t] * gradient[t];
        if alpha[t] > 0.0 && alpha[t] < C {
            sum += value;
            free += 1;
        } else if (alpha[t] == 0.0) == (y[t] > 0.0) {
            high = high.min(value);
        } else {
            low = low.max(value);
        }
    }
    -if free > 0 { sum / f64::from(free) } else { (low + high) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// `tests/oracle/mia.py`: scikit-learn's SVC at its default and at a tight tolerance.
    #[test]
    fn agrees_with_scikit_learn() {
        let golden: Value = serde_json::from_str(include_str!("../../../../tests/goldens/mia.json")).unwrap();
        let list = |value: &Value| -> Vec<f32> {
            value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap() as f32).collect()
        };
        for (name, case) in golden["cases"].as_object().unwrap() {
            let machine = Svm::fit(&list(&case["members"]), &list(&case["others"]));
            let forget = list(&case["forget"]);
            let exact = list(&case["decision_tight"]);
            for (z, exact) in forget.iter().zip(&exact) {
                let ours = machine.decide(f64::from(*z));
                assert!((ours - f64::from(*exact)).abs() < 1e-5, "{name}: {ours} {exact}");
            }
            let members = forget.iter().filter(|z| machine.decide(f64::from(**z)) >= 0.0).count();
            let percent = 100.0 * (1.0 - members as f64 / forget.len() as f64);
            assert!((percent - case["mia"].as_f64().unwrap()).abs() < 1e-9, "{name}: {percent}");
        }
    }
}
