//! The zero-retrain forgetting score (Chundawat et al. 2022, arXiv:2205.08096): how near are answers on what was
//! forgotten to those of a network that knows nothing?

use kit::learn::test;
use kit::run::{Measure, MeasureJob};
use kit::stats::{Tested, jensen_shannon, jensen_shannon_of_code, mean};
use kit::{Cx, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Family, Metric, Needs, Row};

/// What the network is compared with.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Random networks; the score is the mean over them.
    #[schemars(range(min = 1, max = 100))]
    pub networks: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { networks: 3 }
    }
}

/// Compares the answers on the forget set with those of random networks of the same kind.
pub struct Zrf;

impl Measure for Zrf {
    async fn measure(config: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let split = job.split.expect("its card asks for one");
        let own = test(job.net, &split.forget, cx).await?;
        let (mut scores, mut of_code) = (Vec::new(), Vec::new());
        for draw in 0..config.networks {
            let random = job.net.drawn_anew(&mut cx.rng("zrf", 0, draw), &cx.device)?;
            let random = test(&random, &split.forget, cx).await?;
            scores.push(100.0 * (1.0 - over(&own, &random, jensen_shannon)));
            of_code.push(100.0 * (1.0 - over(&own, &random, jensen_shannon_of_code)));
        }
        let row = |key: &str, values: &[f64]| {
            let found = mean(values);
            let seeds = Some(values.len()).filter(|seeds| *seeds > 1);
            found.value.is_finite().then(|| Row {
                spread: found.deviation,
                seeds,
                ..Row::new(&cx.stage, key, found.value)
            })
        };
        Ok([row("zrf", &scores), row("zrf_code", &of_code)].into_iter().flatten().collect())
    }
}

/// Mean divergence of the answers of two networks on the same samples.
fn over(a: &Tested, b: &Tested, divergence: fn(&[f32], &[f32]) -> f64) -> f64 {
    (0..a.len()).map(|at| divergence(a.row(at), b.row(at))).sum::<f64>() / a.len() as f64
}

impl Method for Zrf {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.zrf",
        title: "Zero-retrain forgetting",
        family: Family::Measure,
        authors: "Chundawat, Tarun, Mandal, Kankanhalli",
        year: 2022,
        paper: "Can Bad Teaching Induce Forgetting? Unlearning in Deep Networks using an Incompetent Teacher, AAAI \
            2023, arXiv:2205.08096, eq. 5",
        equation: r"100 \cdot \Big(1 - \frac{1}{|D_f|} \sum_{x \in D_f} \text{JS}(p_u(x) \, \| \, p_r(x))\Big)",
        summary: "Does it answer on what it forgot as a network that knows nothing?",
        notes: "Natural logarithms: between 30.7 and 100. Near the retrained network's value is good, not 100. Random \
            networks are drawn as the network's kind is, three of them; the spread is over these. Released code takes \
            the divergence the other way round and divides by the number of classes, which hides most of a difference: \
            that form stands beside it, to compare with tables of papers.",
        needs: Needs { access: Access::Scores, ..Needs::FORGET },
        metrics: &[
            Metric::new(
                "zrf",
                "ZRF",
                "%",
                Direction::Near,
                "likeness of the answers on the forget set to those of random networks, mean over these",
            ),
            Metric::new(
                "zrf_code",
                "ZRF of code",
                "%",
                Direction::Near,
                "the score as released code computes it: another divergence, divided by the number of classes",
            ),
        ],
    };

    fn tiny(_: Config) -> Config {
        Config { networks: 2 }
    }
}
