//! A support vector machine on one feature.
//!
//! Written here because libraries solve the dual problem with the whole kernel matrix or one row of it at a time: with
//! twice 10,000 samples 3.2 GB, or minutes. On one feature in [0, 1] the kernel is a product of a few numbers for each
//! sample, so that an interior point method solves the same problem in some 20 passes over the samples.

use std::array::from_fn;

/// A support vector machine with the kernel exp(−(x − z)²), for one feature in [0, 1].
pub(super) struct Svm {
    /// Σ yᵢ αᵢ φ(xᵢ).
    weights: [f64; RANK],
    bias: f64,
}

/// Upper bound of every αᵢ.
const C: f64 = 3.0;
/// Numbers of φ. Around the middle of [0, 1], exp(−(x − z)²) = exp(−x²) exp(−z²) Σ (2xz)ᵏ / k!, where 2xz is at most
/// one half: what follows after so many terms is below the rounding of a double.
const RANK: usize = 14;
/// The solver stops at this mean product of a bound's slack and its multiplier. LIBSVM stops where the conditions of
/// the optimum are violated by 1e-3; there the answers for points near the boundary still depend on its steps.
const GAP: f64 = 3e-11;
/// It converges in some 20 steps; this many end it where rounding leaves nothing to gain.
const STEPS: usize = 60;
/// A step goes this share of the way to the nearest bound.
const SHORT_OF_BOUND: f64 = 0.995;
/// A sample counts as a member where the decision is above this: a decision of rounding alone is none.
const ROUNDING: f64 = 1e-9;

/// φ(x), and 1 for the bias.
type Row = [f64; RANK + 1];

/// φ(x), with φ(x) · φ(z) = exp(−(x − z)²).
fn features(x: f64) -> [f64; RANK] {
    let x = x - 0.5;
    let mut next = libm::exp(-x * x);
    from_fn(|k| {
        let value = next;
        next *= x * (2.0 / (k + 1) as f64).sqrt();
        value
    })
}

impl Svm {
    /// Fits members (+1) and others (−1), at least one of each.
    pub(super) fn fit(members: &[f32], others: &[f32]) -> Self {
        let signed = |x: &f32, sign: f64| -> Row {
            let phi = features(f64::from(*x));
            from_fn(|k| sign * phi.get(k).copied().unwrap_or(1.0))
        };
        let rows = members.iter().map(|x| signed(x, 1.0)).chain(others.iter().map(|x| signed(x, -1.0)));
        let rows: Vec<Row> = rows.collect();
        let weights = Dual::of(&rows).solve();
        Self { weights, bias: bias(&weights, &rows, members.len()) }
    }

    /// The decision function at `z`.
    pub(super) fn decide(&self, z: f64) -> f64 {
        self.bias + features(z).iter().zip(self.weights).map(|(x, weight)| x * weight).sum::<f64>()
    }

    /// Whether it takes `z` for a member.
    pub(super) fn is_member(&self, z: f32) -> bool {
        self.decide(f64::from(z)) > ROUNDING
    }
}

/// The bias that costs least with these weights: the middle of the interval where as many members as others lie on the
/// wrong side of their margins, which is LIBSVM's rule too.
fn bias(weights: &[f64; RANK], rows: &[Row], members: usize) -> f64 {
    // Where each sample's own loss begins or ends.
    let mut ends: Vec<f64> = rows
        .iter()
        .map(|row| row[RANK] * (1.0 - row.iter().zip(weights).map(|(x, weight)| x * weight).sum::<f64>()))
        .collect();
    ends.sort_unstable_by(f64::total_cmp);
    (ends[members - 1] + ends[members]) / 2.0
}

/// The dual problem, min ½ ‖Σ αᵢ yᵢ φ(xᵢ)‖² − Σ αᵢ with 0 ≤ αᵢ ≤ C and Σ yᵢ αᵢ = 0, by a primal-dual interior point
/// method with Mehrotra's corrector (Fine, Scheinberg 2001, "Efficient SVM training using low-rank kernel
/// representations"; here the system is solved for weights and bias).
struct Dual<'a> {
    /// yᵢ (φ(xᵢ), 1).
    rows: &'a [Row],
    alpha: Vec<f64>,
    /// Multipliers of 0 ≤ αᵢ and of αᵢ ≤ C.
    low: Vec<f64>,
    high: Vec<f64>,
    bias: f64,
}

/// A direction of a step.
struct Direction {
    alpha: Vec<f64>,
    low: Vec<f64>,
    high: Vec<f64>,
    bias: f64,
}

impl<'a> Dual<'a> {
    fn of(rows: &'a [Row]) -> Self {
        let all = |value| vec![value; rows.len()];
        Self { rows, alpha: all(C / 2.0), low: all(1.0), high: all(1.0), bias: 0.0 }
    }

    /// Σ αᵢ yᵢ φ(xᵢ) of the solution.
    fn solve(mut self) -> [f64; RANK] {
        for _ in 0..STEPS {
            let gap = self.gap(None);
            if gap < GAP {
                break;
            }
            let system = System::of(&self);
            let straight = self.direction(&system, 0.0, None);
            let share = self.gap(Some((&straight, self.reach(&straight)))) / gap;
            let step = self.direction(&system, share * share * share * gap, Some(&straight));
            let length = SHORT_OF_BOUND * self.reach(&step);
            // Rounding leaves no way to go.
            if length <= 1e-9 {
                break;
            }
            for (values, step) in
                [(&mut self.alpha, &step.alpha), (&mut self.low, &step.low), (&mut self.high, &step.high)]
            {
                values.iter_mut().zip(step).for_each(|(value, step)| *value += length * step);
            }
            self.bias += length * step.bias;
        }
        let sum = self.sum();
        from_fn(|k| sum[k])
    }

    /// Σ αᵢ yᵢ (φ(xᵢ), 1).
    fn sum(&self) -> Row {
        let mut sum = [0.0; RANK + 1];
        for (row, alpha) in self.rows.iter().zip(&self.alpha) {
            sum.iter_mut().zip(row).for_each(|(sum, x)| *sum += alpha * x);
        }
        sum
    }

    /// The mean product of slack and multiplier, now or after a step of this length.
    fn gap(&self, step: Option<(&Direction, f64)>) -> f64 {
        let at = |i: usize| match step {
            Some((step, length)) => [
                self.alpha[i] + length * step.alpha[i],
                self.low[i] + length * step.low[i],
                self.high[i] + length * step.high[i],
            ],
            None => [self.alpha[i], self.low[i], self.high[i]],
        };
        let products = (0..self.rows.len()).map(at).map(|[alpha, low, high]| low * alpha + high * (C - alpha));
        products.sum::<f64>() / (2 * self.rows.len()) as f64
    }

    /// How far a step may go until it meets a bound, at most 1.
    fn reach(&self, step: &Direction) -> f64 {
        let until = |value: f64, step: f64| if step < 0.0 { -value / step } else { f64::INFINITY };
        let of = |i: usize| {
            until(self.alpha[i], step.alpha[i])
                .min(until(C - self.alpha[i], -step.alpha[i]))
                .min(until(self.low[i], step.low[i]))
                .min(until(self.high[i], step.high[i]))
        };
        (0..self.rows.len()).map(of).fold(1.0, f64::min)
    }

    /// Newton's step towards products of slack and multiplier that are `target`, with the products of `straight` as
    /// the corrector.
    fn direction(&self, system: &System, target: f64, straight: Option<&Direction>) -> Direction {
        let n = self.rows.len();
        let bend = |i: usize| straight.map_or([0.0; 2], |it| [it.alpha[i] * it.low[i], -it.alpha[i] * it.high[i]]);
        let wanted = |i: usize| {
            let [low, high] = bend(i);
            [target - low - self.alpha[i] * self.low[i], target - high - (C - self.alpha[i]) * self.high[i]]
        };
        let mut right = [0.0; RANK + 1];
        right[RANK] = system.sum[RANK];
        let mut residual = vec![0.0; n];
        for (i, row) in self.rows.iter().enumerate() {
            let [low, high] = wanted(i);
            residual[i] = low / self.alpha[i] - high / (C - self.alpha[i]) - system.slope[i];
            let weight = residual[i] / system.diagonal[i];
            right.iter_mut().zip(row).for_each(|(right, x)| *right += weight * x);
        }
        let change = solved(&system.factor, right);
        let mut step = Direction { alpha: residual, low: vec![0.0; n], high: vec![0.0; n], bias: change[RANK] };
        for (i, row) in self.rows.iter().enumerate() {
            let [low, high] = wanted(i);
            let along: f64 = row.iter().zip(change).map(|(x, change)| x * change).sum();
            let alpha = (step.alpha[i] - along) / system.diagonal[i];
            step.alpha[i] = alpha;
            step.low[i] = (low - self.low[i] * alpha) / self.alpha[i];
            step.high[i] = (high + self.high[i] * alpha) / (C - self.alpha[i]);
        }
        step
    }
}

/// What both directions of a step share.
struct System {
    /// [`Dual::sum`].
    sum: Row,
    /// The derivative of the Lagrangian by each αᵢ.
    slope: Vec<f64>,
    /// The second derivative that the bounds add to each αᵢ.
    diagonal: Vec<f64>,
    /// The Cholesky factor of the system for weights and bias.
    factor: [Row; RANK + 1],
}

impl System {
    fn of(dual: &Dual<'_>) -> Self {
        let Dual { rows, alpha, low, high, bias } = dual;
        let sum = dual.sum();
        let mut at = sum;
        at[RANK] = *bias;
        let (mut slope, mut diagonal) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        let mut matrix = [[0.0; RANK + 1]; RANK + 1];
        (0..RANK).for_each(|k| matrix[k][k] = 1.0);
        for (i, row) in rows.iter().enumerate() {
            slope.push(row.iter().zip(at).map(|(x, at)| x * at).sum::<f64>() - 1.0 - low[i] + high[i]);
            let here = low[i] / alpha[i] + high[i] / (C - alpha[i]);
            diagonal.push(here);
            for (k, line) in matrix.iter_mut().enumerate() {
                let weight = row[k] / here;
                line[..=k].iter_mut().zip(row).for_each(|(cell, x)| *cell += weight * x);
            }
        }
        Self { sum, slope, diagonal, factor: cholesky(matrix) }
    }
}

/// The lower triangular factor of a positive definite matrix, of which the lower half is read.
fn cholesky(mut matrix: [Row; RANK + 1]) -> [Row; RANK + 1] {
    for i in 0..=RANK {
        for j in 0..=i {
            let rest = matrix[i][j] - (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum::<f64>();
            matrix[i][j] = if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / matrix[j][j] };
        }
    }
    matrix
}

/// The solution of a system whose matrix has this Cholesky factor.
fn solved(factor: &[Row; RANK + 1], mut right: Row) -> Row {
    for i in 0..=RANK {
        right[i] = (right[i] - (0..i).map(|k| factor[i][k] * right[k]).sum::<f64>()) / factor[i][i];
    }
    for i in (0..=RANK).rev() {
        right[i] = (right[i] - (i + 1..=RANK).map(|k| factor[k][i] * right[k]).sum::<f64>()) / factor[i][i];
    }
    right
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
            // Where nothing can be told, scikit-learn's answer is that of the sign of a zero.
            let told = forget.iter().filter(|z| machine.decide(f64::from(**z)).abs() > ROUNDING);
            let members = told.clone().filter(|z| machine.is_member(**z)).count();
            let percent = 100.0 * (1.0 - members as f64 / forget.len() as f64);
            if told.count() > 0 {
                assert!((percent - case["mia"].as_f64().unwrap()).abs() < 1e-9, "{name}: {percent}");
            }
        }
    }
}
