//! What holds against all attacks at once (Tramèr and Boneh 2019, arXiv:1904.13000).

use kit::run::{Leaves, Measure, MeasureJob, Place};
use kit::{Cx, Error, Method, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use spec::{Access, Card, Direction, Exhibit, Family, Metric, Needs, Row};

/// There is nothing to set.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

/// Joins what earlier attacks on its network have left, sample by sample.
pub struct NormUnion;

impl Measure for NormUnion {
    fn check_place(place: &Place<'_>) -> Result {
        let joins = |left: &&Leaves| left.on == place.name && left.task == place.task.name && !left.has_target;
        let joined: Vec<&Leaves> = place.attacks.iter().filter(joins).collect();
        let n = place.task.test.len();
        let why = match joined.iter().find(|left| left.samples != n) {
            Some(other) => format!("it joins attacks on its own {n} samples, and one attacks {}", other.samples),
            None if joined.len() < 2 => {
                let (name, count) = (place.name, joined.len());
                format!(
                    "it joins attacks without a target on \"{name}\", and there are {count}; at least two are right"
                )
            }
            None => return Ok(()),
        };
        Err(Error::input(Self::ID, why))
    }

    async fn measure(_: &Config, job: &MeasureJob<'_>, cx: &mut Cx) -> Result<Vec<Row>> {
        let attacks = job
            .attacks
            .iter()
            .filter(|(_, left)| left.on == job.name && left.task == job.task.name && left.target.is_none());
        let (names, held): (Vec<String>, Vec<Vec<bool>>) = attacks
            .map(|(name, left)| (name.clone(), (0..left.view.len()).map(|at| left.done.attacked.right(at)).collect()))
            .unzip();
        let n = job.task.test.len();
        let Joined { union, mean, table } = Joined::of(&held);
        cx.show(Exhibit::Matrix {
            series: "what each attack breaks".into(),
            rows: names,
            columns: ["holds", "broken by it alone"].map(String::from).into(),
            values: table.into_iter().map(|row| row.map(Some).into()).collect(),
            unit: "%".into(),
            diverging: false,
        });
        Ok(vec![Row::share(&cx.stage, "union_accuracy", union, n), Row::new(&cx.stage, "mean_robust_accuracy", mean)])
    }
}

/// All in percent of the samples.
struct Joined {
    union: f64,
    mean: f64,
    /// For each attack what holds against it, and what it alone has broken.
    table: Vec<[f64; 2]>,
}

impl Joined {
    /// Of at least one attack, for each whether a sample holds against it.
    fn of(held: &[Vec<bool>]) -> Self {
        let n = held[0].len();
        let share = |count: usize| 100.0 * count as f64 / n as f64;
        let broken = |at: usize| held.iter().filter(|held| !held[at]).count();
        let of = |own: &Vec<bool>| {
            let alone = (0..n).filter(|at| !own[*at] && broken(*at) == 1).count();
            [share(own.iter().filter(|held| **held).count()), share(alone)]
        };
        let table: Vec<[f64; 2]> = held.iter().map(of).collect();
        let mean = table.iter().map(|[held, _]| held).sum::<f64>() / table.len() as f64;
        Self { union: share((0..n).filter(|at| broken(*at) == 0).count()), mean, table }
    }
}

impl Method for NormUnion {
    type Config = Config;
    const CARD: Card = Card {
        id: "measure.norm-union",
        title: "All attacks at once",
        family: Family::Measure,
        authors: "Tramèr, Boneh",
        year: 2019,
        paper: "Adversarial Training and Robustness for Multiple Perturbations, NeurIPS 2019, arXiv:1904.13000, \
            section 2",
        equation: r"\frac{100}{n} \sum_i \min_a [f(x_i^{(a)}) = y_i]",
        summary: "How many samples hold against every one of these attacks?",
        notes: "Of the attacks without a target that stand before it on the same network and task, whatever their \
            norms; those that are crafted on other networks count too. A sample holds if it is answered rightly after \
            each of them. Each norm should be given its strongest attack.",
        needs: Needs { access: Access::Labels, attacks: Some(2), ..Needs::ANY },
        metrics: &[
            Metric::new(
                "mean_robust_accuracy",
                "Mean over attacks",
                "%",
                Direction::Up,
                "right answers under attack, mean over the attacks",
            ),
            Metric::new(
                "union_accuracy",
                "All attacks",
                "%",
                Direction::Up,
                "samples that are answered rightly after each of the attacks",
            ),
        ],
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand.
    #[test]
    fn a_sample_holds_against_all_or_not_at_all() {
        let held = |samples: [usize; 3]| (1..=5).map(|at| samples.contains(&at)).collect::<Vec<bool>>();
        let joined = Joined::of(&[held([1, 2, 3]), held([1, 3, 4]), held([1, 2, 4])]);
        assert!((joined.union - 20.0).abs() < 1e-12 && (joined.mean - 60.0).abs() < 1e-12);
        assert_eq!(joined.table, [[60.0, 20.0]; 3]);
    }
}
