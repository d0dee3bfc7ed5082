//! Do the gradients of networks point the same way? (Kariyappa and Qureshi 2019, arXiv:1901.09981)

use kit::attack::{AttackLoss, Victim, attack_loss};
use kit::data::CHUNK;
use kit::learn::test;
use kit::nets::Net;
use kit::run::{Measure, MeasureJob, Place};
use kit::stats::mean_of;
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Exhibit, Family, MOST_WITH, Metric, Needs, Row};

/// How many samples are compared.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Test samples, each class with its share; all where there are fewer.
    #[schemars(range(min = 1, max = 100_000))]
    pub samples: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { samples: 1000 }
    }
}

/// Compares the gradients of the loss with respect to the inputs, for its network and those under `with`.
pub struct GradientCosine;

impl Measure for GradientCosine {
    fn check_place(place: &Place<'_>) -> Result {
        place.check_others(Self::ID, Net::knows)
    }

    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let view = job.task.test.share(config.samples as usize);
        let nets = job.nets();
        let mut gradients: Vec<Vec<f32>> = Vec::with_capacity(nets.len());
        let loss = attack_loss(AttackLoss::Ce, false);
        for (_, net) in &nets {
            // An error where its answers are no numbers.
            test(net, &view, cx).await?;
            let victim = Victim::of(net, Access::Gradients, &cx.cost);
            let mut all = Vec::new();
            for rows in view.rows.chunks(CHUNK) {
                let batch = view.batch(rows);
                all.extend(cx.read(victim.gradient(&batch.x, &batch.y, &*loss)?.gradient).await?);
                cx.breathe().await?;
            }
            gradients.push(all);
        }
        let size: usize = view.set.shape.iter().product();
        let table = |of: &dyn Fn(f64) -> f64| -> Vec<Vec<Mean>> {
            let pair = |a: usize, b: usize| mean_cosine(&gradients[a], &gradients[b], size, of);
            (0..nets.len()).map(|a| (0..nets.len()).map(|b| pair(a, b)).collect()).collect()
        };
        let (cosines, signs) = (table(&|x| x), table(&sign));
        let pairs = || (0..nets.len()).flat_map(|a| (a + 1..nets.len()).map(move |b| (a, b)));
        let over = |table: &[Vec<Mean>]| mean_of(pairs().filter_map(|(a, b)| table[a][b].value));
        let names: Vec<String> = nets.iter().map(|(name, _)| (*name).to_owned()).collect();
        cx.show(Exhibit::Matrix {
            series: "cosine of the gradients".into(),
            rows: names.clone(),
            columns: names,
            values: cosines.iter().map(|row| row.iter().map(|mean| mean.value).collect()).collect(),
            unit: String::new(),
            diverging: true,
        });
        let coherence = pairs().filter_map(|(a, b)| Some(cosines[a][b].value?.exp())).sum::<f64>().ln();
        let left_out = pairs().map(|(a, b)| cosines[a][b].left_out).max().unwrap_or(0);
        let figures = [
            ("gradient_cosine", over(&cosines)),
            ("sign_cosine", over(&signs)),
            ("coherence", Some(coherence).filter(|coherence| coherence.is_finite())),
            ("no_gradient", Some(left_out as f64)),
        ];
        Ok(figures.into_iter().filter_map(|(key, value)| Some(Row::new(&cx.stage, key, value?))).collect())
    }
}

/// A mean over samples, without those that have no gradient.
struct Mean {
    value: Option<f64>,
    left_out: usize,
}

/// The mean cosine of the angles between two lists of gradients of `size` elements each, after `of` was applied to each
/// element.
fn mean_cosine(a: &[f32], b: &[f32], size: usize, of: &dyn Fn(f64) -> f64) -> Mean {
    const LEAST: f64 = 1e-12;
    let (mut sum, mut known, mut left_out) = (0.0, 0, 0);
    for (a, b) in a.chunks(size).zip(b.chunks(size)) {
        let inner = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| of((*a).into()) * of((*b).into())).sum::<f64>();
        let (left, right) = (inner(a, a).sqrt(), inner(b, b).sqrt());
        let cosine = inner(a, b) / (left * right);
        match left >= LEAST && right >= LEAST && cosine.is_finite() {
            true => (sum, known) = (sum + cosine, known + 1),
            false => left_out += 1,
        }
    }
    Mean { value: (known > 0).then(|| sum / f64::from(known)), left_out }
}

/// -1, 0 or 1.
fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

impl Method for GradientCosine {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.gradient-cosine",
        title: "Gradient alignment",
        family: Family::Measure,
        authors: "Kariyappa, Qureshi",
        year: 2019,
        paper: "Improving Adversarial Robustness of Ensembles with Diversity Training, arXiv:1901.09981, eq. 4 and 6",
        equation: r"\frac{\langle g_a, g_b \rangle}{\| g_a \| \, \| g_b \|}, \quad g = \nabla_x \ell(f(x), y)",
        summary: "Do these networks have the same weak directions, so that attacks transfer?",
        notes: "Cross-entropy, at the clean inputs; mean over samples, then over pairs of networks. A sample without a \
            gradient (length below 1e-12) is left out of its pair and counted. The cosine of the signs stands beside \
            it, as attacks of the maximum norm see signs alone. Coherence is the paper's: the logarithm of the sum of \
            the exponentials over pairs. Two random directions of d elements have a cosine of about 1/√d.",
        needs: Needs { access: Access::Gradients, with: [1, MOST_WITH], ..Needs::ANY },
        metrics: &[
            Metric::new("coherence", "Coherence", "", Direction::None, "log of the summed exponentials of the cosines"),
            Metric::new(
                "gradient_cosine",
                "Cosine",
                "",
                Direction::None,
                "cosine of the gradients, mean over samples and pairs of networks: near 1, attacks on one fool all",
            ),
            Metric::new(
                "no_gradient",
                "No gradient",
                "",
                Direction::None,
                "samples that were left out of a pair because a gradient is zero; of the pair with the most",
            ),
            Metric::new(
                "sign_cosine",
                "Cosine of signs",
                "",
                Direction::None,
                "as the cosine, of the signs of the gradients",
            ),
        ],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numpy.
    #[test]
    fn cosines_are_numpys() {
        let g = [[1.0_f32, 0.0, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]];
        let of = |a: usize, b: usize| mean_cosine(&g[a], &g[b], 3, &|x| x).value.unwrap();
        assert!((of(0, 1) - 0.6).abs() < 1e-7 && of(0, 2).abs() < 1e-12 && of(1, 2).abs() < 1e-12);
        let coherence = [of(0, 1), of(0, 2), of(1, 2)].map(f64::exp).iter().sum::<f64>().ln();
        assert!((coherence - 1.340_804_93).abs() < 1e-7);
        let signs = mean_cosine(&g[0], &g[1], 3, &sign).value.unwrap();
        assert!((signs - 0.5_f64.sqrt()).abs() < 1e-12);
        let none = mean_cosine(&[0.0; 3], &g[1], 3, &|x| x);
        assert_eq!((none.value, none.left_out), (None, 1));
    }
}
